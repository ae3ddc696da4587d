from odoo import api, fields, models
from odoo.fields import Domain


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
        """Override of `base` to forget access rules that name the former company of a user."""
        res = super().write(vals)
        if {"parent_id", "is_company"} & vals.keys():
            # Record rules are cached with the commercial partner of the user in them.
            self.env.registry.clear_cache()
        return res

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

    def _get_b2b_agreements(self, company=None):
        """Return the agreements in force today, in one query.

        :param company: `res.company` record, the current company by default
        :return: `{partner id: b2b.agreement record in sudo mode}`; customers without one are left
            out
        :rtype: dict
        """
        # Buyers and sellers alike are told which agreement rules their prices.
        Agreement = self.env["b2b.agreement"].sudo()
        partners_sudo = self.sudo()
        agreements = Agreement.search(
            Agreement._get_in_force_domain(company or self.env.company)
            & Domain("partner_id", "in", partners_sudo.commercial_partner_id._origin.ids)
        )
        by_partner = {agreement.partner_id.id: agreement for agreement in agreements}
        return {
            partner.id: by_partner[commercial_id]
            for partner in partners_sudo
            if (commercial_id := partner.commercial_partner_id._origin.id) in by_partner
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
