from itertools import combinations

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from ..naming import may_name


class ResPartner(models.Model):
    _inherit = "res.partner"

    b2b_agreement_ids = fields.One2many(
        comodel_name="b2b.agreement",
        inverse_name="partner_id",
        string="Agreements",
        groups="sales_team.group_sale_salesman",
    )
    b2b_agreement_count = fields.Integer(
        compute="_compute_b2b_agreement_count", groups="sales_team.group_sale_salesman"
    )
    b2b_agreement_id = fields.Many2one(
        comodel_name="b2b.agreement",
        string="B2B agreement",
        compute="_compute_b2b_agreement_id",
        search="_search_b2b_agreement_id",
        compute_sudo=True,
        help="Agreement in force today of the customer's company.",
    )

    # === COMPUTE METHODS === #

    @api.depends("b2b_agreement_ids")
    def _compute_b2b_agreement_count(self):
        counts = dict(
            self.env["b2b.agreement"]._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.b2b_agreement_count = counts.get(partner.commercial_partner_id, 0)

    @api.depends(
        "commercial_partner_id.b2b_agreement_ids.company_id",
        "commercial_partner_id.b2b_agreement_ids.date_end",
        "commercial_partner_id.b2b_agreement_ids.date_start",
        "commercial_partner_id.b2b_agreement_ids.state",
    )
    @api.depends_context("company")
    def _compute_b2b_agreement_id(self):
        agreements = self._get_b2b_agreements()
        for partner in self:
            partner.b2b_agreement_id = agreements.get(partner.id)

    @api.model
    def _search_b2b_agreement_id(self, operator, value):
        """Search customers by their agreement in force.

        :param str operator: `in` or `any`; others are derived from these by Odoo
        :rtype: Domain
        """
        if operator not in ("in", "any"):
            return NotImplemented
        Agreement = self.env["b2b.agreement"]
        in_force = Agreement._get_in_force_domain(self.env.company)
        if operator != "in":
            found = Agreement.search(in_force & value)
            # sudo: who may find the agreement may find its customer
            return Domain("commercial_partner_id", "in", found.sudo().partner_id.ids)
        # As the computed field, this answers who has an agreement, whoever asks.
        ids = [agreement_id for agreement_id in value if agreement_id]
        found = Agreement.sudo().search(in_force & Domain("id", "in", ids))
        domain = Domain("commercial_partner_id", "in", found.partner_id.ids)
        if len(ids) < len(value):
            # sudo: as above
            everyone = Agreement.sudo().search(in_force)
            domain |= Domain("commercial_partner_id", "not in", everyone.partner_id.ids)
        return domain

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: what belongs to a company stays with it when a contact leaves.

        :raise UserError: when a customer with an open agreement would become a contact
        """
        if not {"parent_id", "is_company"} & vals.keys():
            return super().write(vals)
        # sudo: what follows happens whoever may change the contact
        below = self.sudo().with_context(active_test=False).search([("id", "child_of", self.ids)])
        before = {partner: partner.commercial_partner_id for partner in below}
        res = super().write(vals)
        # Record rules are cached with the commercial partner of the user in them.
        self.env.registry.clear_cache()
        self._check_b2b_party()
        left = below.filtered(
            lambda partner: before[partner] not in (partner, partner.commercial_partner_id)
        )
        for partner in left:
            partner._leave_b2b_customer(before[partner])
        return res

    def _check_b2b_party(self):
        """Refuse to make contacts of customers whose agreement would lose its effect.

        :raise UserError: naming customer and agreement, to whoever may read them
        """
        # sudo: agreements count, whoever changes the customer
        agreements = self.env["b2b.agreement"].sudo().search([("partner_id", "in", self.ids)])
        for agreement in agreements:
            partner = agreement.partner_id
            if partner == partner.commercial_partner_id or not agreement._is_open():
                continue
            if not may_name(agreement, partner | partner.commercial_partner_id):
                raise UserError(
                    self.env._(
                        "An agreement holds for this customer, and would hold for no contact of"
                        " another company. End it first, or ask a salesperson to."
                    )
                )
            raise UserError(
                self.env._(
                    "%(customer)s is the customer of the agreement %(agreement)s, which holds for"
                    " no contact of %(company)s. End the agreement first.",
                    customer=partner.name,
                    agreement=agreement.name,
                    company=partner.commercial_partner_id.name,
                )
            )

    def _check_b2b_merge(self):
        """Refuse to make one customer of several whose signed agreements overlap.

        :raise UserError: naming the agreements, to whoever may read them; a person decides which
            one ends
        """
        # sudo: agreements count, whoever merges
        signed = self.env["b2b.agreement"].sudo()
        signed = signed.search([("partner_id", "in", self.ids), ("state", "=", "signed")])
        for one, other in combinations(signed, 2):
            if one._shares_days(other):
                if not may_name(one | other, (one | other).partner_id):
                    raise UserError(
                        self.env._(
                            "These customers have agreements for the same time. End one of them,"
                            " or ask a salesperson to, then merge."
                        )
                    )
                raise UserError(
                    self.env._(
                        "%(customer)s and %(other_customer)s have agreements for the same time:"
                        " %(agreement)s and %(other)s. End one of them, then merge.",
                        customer=one.partner_id.display_name,
                        other_customer=other.partner_id.display_name,
                        agreement=one.name,
                        other=other.name,
                    )
                )

    def _get_b2b_left(self, before):
        """Return the companies that contacts have left by being merged into this one.

        :param dict before: `{contact in sudo mode: its company}` of all that were merged
        :rtype: res.partner
        """
        # sudo: a company that this contact is none of
        left = self.sudo().browse()
        if len(self) == 1:
            left = left.union(*(former for one, former in before.items() if one not in self))
        return left.exists() - self.sudo().commercial_partner_id  # sudo: as above

    def _leave_b2b_customer(self, former):
        """Part this contact (sudo) from the company that it has left.

        Hook: other addons part it from what they keep. Here, it follows the agreements of that
        company no more, gets none of their messages, and reads them by no link that it was sent.

        :param res.partner former: the company
        """
        self.ensure_one()
        followed = self.env["mail.followers"].search(
            [("res_model", "=", "b2b.agreement"), ("partner_id", "=", self.id)]
        )
        Agreement = self.env["b2b.agreement"]
        followed.filtered(
            lambda follower: Agreement.browse(follower.res_id).partner_id == former
        ).unlink()
        Agreement.search([("partner_id", "=", former.id)])._renew_links()

    # === BUSINESS METHODS === #

    def _get_b2b_agreement(self, company=None):
        """Return the agreement in force today of the customer's commercial partner.

        Asked anew at each call, in one query: an agreement that ends at midnight or is terminated
        is not returned any more. Works for users who cannot read agreements.

        :param company: `res.company` record, the current company by default
        :return: `b2b.agreement` record in sudo mode, empty when there is none
        """
        self.ensure_one()
        # sudo: empty, in the mode of the full ones
        return self._get_b2b_agreements(company).get(self.id, self.env["b2b.agreement"].sudo())

    def _get_b2b_agreement_of_page(self, company=None):
        """Return the agreement in force; a page that only reads asks for it once.

        Several parts of a page ask, and nothing changes an agreement while a page is made. Most
        of them only want to know whether there is one: it is read when one of them reads it.

        :param company: `res.company` record, the current company by default
        :return: `b2b.agreement` record in sudo mode, empty when there is none
        """
        if not request or request.httprequest.method not in ("GET", "HEAD"):
            return self._get_b2b_agreement(company)
        known = request.__dict__.setdefault("b2b_agreements_of_page", {})
        company = company or self.env.company
        asked = self.id, company.id, self.env.cr
        if asked not in known:
            # sudo: whose customer a contact is does not depend on who asks
            customer = self.sudo().commercial_partner_id
            known[asked] = self.env["b2b.agreement"]._find_in_force(customer, company)
        return known[asked].with_env(self.sudo().with_company(company).env)

    def _get_b2b_agreements(self, company=None):
        """Return the agreements in force today, in one query.

        :param company: `res.company` record, the current company by default
        :return: `{partner id: b2b.agreement record in sudo mode}`; customers without one are left
            out
        :rtype: dict
        """
        # Buyers and sellers alike are told which agreement rules their prices.
        company = company or self.env.company
        Agreement = self.env["b2b.agreement"].sudo().with_company(company)
        partners_sudo = self.sudo()
        # Read at once: whoever asks for an agreement goes on to what it says.
        agreements = Agreement.search_fetch(
            Agreement._get_in_force_domain(company)
            & Domain("partner_id", "in", partners_sudo.commercial_partner_id._origin.ids)
        )
        # The company's own agreement comes last, and beats those of its parents.
        agreements = agreements.sorted(lambda agreement: len(agreement.company_id.parent_ids))
        by_partner = {agreement.partner_id.id: agreement for agreement in agreements}
        return {
            partner.id: by_partner[commercial_id]
            for partner in partners_sudo
            if (commercial_id := partner.commercial_partner_id._origin.id) in by_partner
        }

    def _find_b2b_agreements(self, company=None):
        """Return what `_get_b2b_agreements` does, by a quicker query that does not read them.

        For what asks for every customer, of whom most have no agreement, as each new order does.

        :param company: `res.company` record, the current company by default
        :return: `{partner id: b2b.agreement record in sudo mode}`
        :rtype: dict
        """
        partners_sudo = self.sudo()  # as in `_get_b2b_agreements`
        by_customer = self.env["b2b.agreement"]._find_each_in_force(
            partners_sudo.commercial_partner_id._origin, company or self.env.company
        )
        return {
            partner.id: by_customer[customer_id]
            for partner in partners_sudo
            if (customer_id := partner.commercial_partner_id._origin.id) in by_customer
        }

    # === ACTIONS === #

    def action_view_b2b_agreements(self):
        """Open the agreements of the customer.

        :return: window action
        :rtype: dict
        """
        self.ensure_one()
        commercial_partner = self.commercial_partner_id
        return {
            **self.env["ir.actions.actions"]._for_xml_id("b2b_agreement.b2b_agreement_action"),
            "domain": [("partner_id", "=", commercial_partner.id)],
            "context": {"default_partner_id": commercial_partner.id},
        }
