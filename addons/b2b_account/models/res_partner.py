from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.sql import column_exists

from .. import rights
from ..vat_number import VAT_NUMBER

# Kinds of addresses that invoices go to; Odoo makes `other` for goods and invoices alike.
BILLING_TYPES = frozenset({"invoice", "other"})


class ResPartner(models.Model):
    _inherit = "res.partner"

    b2b_default_rights = fields.Selection(
        selection=[("all", "Order and see invoices"), ("look", "Only look")],
        string="Colleagues without own rights",
        default="all",
        groups="sales_team.group_sale_salesman",
        help="What contacts of this company may do in the B2B portal when nobody said so for them.",
    )
    b2b_member_ids = fields.One2many(
        comodel_name="b2b.member",
        inverse_name="company_partner_id",
        string="Colleagues",
        groups="sales_team.group_sale_salesman",
        # Whose access was taken away can get it back.
        context={"active_test": False},
    )
    b2b_membership_ids = fields.One2many(
        comodel_name="b2b.member",
        inverse_name="partner_id",
        string="Rights in companies",
        groups="sales_team.group_sale_salesman",
        context={"active_test": False},
    )
    b2b_own_member_id = fields.Many2one(
        comodel_name="b2b.member",
        string="Rights in the company",
        compute="_compute_b2b_own_member_id",
        # sudo: buyers read no members; who reads the field is said by its groups
        compute_sudo=True,
        groups="sales_team.group_sale_salesman",
    )

    # Who registers is looked for among all contacts.
    _b2b_vat_number_idx = models.Index(
        lambda registry: (
            f"USING gin (({VAT_NUMBER}) gin_trgm_ops) WHERE vat IS NOT NULL"
            if registry.has_trigram
            else ""
        )
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "commercial_partner_id",
        "b2b_membership_ids.active",
        "b2b_membership_ids.company_partner_id",
    )
    def _compute_b2b_own_member_id(self):
        names = ["partner_id", "company_partner_id", "active", *rights.FIELDS.values()]
        found = self.env["b2b.member"].with_context(active_test=False)
        found = found.search_fetch([("partner_id", "in", self.ids)], names, order="active, id")
        own = {(member.partner_id.id, member.company_partner_id.id): member.id for member in found}
        for partner in self:
            key = (partner._origin.id, partner.commercial_partner_id._origin.id)
            partner.b2b_own_member_id = own.get(key)

    # === CRUD METHODS === #

    def _auto_init(self):
        """Override of `base` to give all contacts their default at once.

        A default that is there when the column comes costs no write: of hundreds of thousands of
        contacts, each in all of its indexes, that would take minutes.
        """
        if not column_exists(self.env.cr, self._table, "b2b_default_rights"):
            self.env.cr.execute(
                """
                ALTER TABLE res_partner ADD COLUMN b2b_default_rights varchar DEFAULT 'all';
                ALTER TABLE res_partner ALTER COLUMN b2b_default_rights DROP DEFAULT;
                """
            )
        return super()._auto_init()

    def write(self, vals):
        """Override of `base` to note in the log what colleagues may without own rights."""
        if "b2b_default_rights" not in vals:
            return super().write(vals)
        changed = self.filtered(lambda one: one.b2b_default_rights != vals["b2b_default_rights"])
        res = super().write(vals)
        self.env["b2b.member"]._forget_cached_rights()
        names = dict(self._fields["b2b_default_rights"]._description_selection(self.env))
        for partner in changed:
            body = self.env._(
                "Colleagues without own rights: %(rights)s",
                rights=names[partner.b2b_default_rights or "all"],
            )
            partner._post_b2b_note(body)
        return res

    def _post_b2b_note(self, head, changes=()):
        """Post a note in the log of the company, in the name of whoever acts.

        :param str head: what it is about
        :param list changes: of it, one text each
        """
        body = Markup("<p>%s</p>") % head
        if changes:
            items = Markup("").join(Markup("<li>%s</li>") % change for change in changes)
            body += Markup("<ul>%s</ul>") % items
        # sudo: portal administrators write no messages of companies
        self.sudo().message_post(
            body=body,
            author_id=self.env.user.partner_id.id,
            message_type="notification",
            subtype_xmlid="mail.mt_note",
        )

    def _leave_b2b_customer(self, former):  # pylint: disable=missing-return
        """Override of `b2b_agreement`: the rights stay with the company and end there."""
        super()._leave_b2b_customer(former)
        members = self.env["b2b.member"].search(
            [("partner_id", "=", self.id), ("company_partner_id", "=", former.id)]
        )
        members.active = False

    # === ADDRESSES === #

    def _can_be_edited_by_current_customer(self, **kwargs):
        """Override of `portal` to keep colleagues from the e-mail address of a person.

        A login's new password and the questions of approvals go there. Odoo takes whoever is an
        invoice, delivery or other address for an address of the company, which all may change;
        where invoices go, only whoever sees them may.
        """
        editable = super()._can_be_edited_by_current_customer(**kwargs)
        if not editable or self == self._get_current_partner(**kwargs):
            return editable
        is_open = self.type not in BILLING_TYPES or self._may_set_b2b_billing(**kwargs)
        return is_open and not self._is_b2b_person()

    @api.model
    def _may_set_b2b_billing(self, **kwargs):
        """Whether the current customer makes and changes addresses that invoices go to.

        :param kwargs: as for `_get_current_partner` of `portal`
        :rtype: bool
        """
        current = self._get_current_partner(**kwargs)
        return not current or current._sees_invoices()

    def _is_b2b_person(self):
        """Whether this contact logs in, did so once, or has rights of its own in a company.

        :rtype: bool
        """
        self.ensure_one()
        # sudo: buyers read neither users nor members; closed ones may be opened again
        person = self.sudo().with_context(active_test=False)
        return bool(person.user_ids or person.b2b_membership_ids)

    def _is_b2b_invited(self):
        """Whether this contact has a login and has never used it.

        :rtype: bool
        """
        self.ensure_one()
        users = self.sudo().user_ids  # sudo: buyers and clerks read no log of others
        return bool(users) and not any(users.mapped("login_date"))

    # === RIGHTS === #

    @api.model
    def _get_b2b_page_fields(self):
        """Override of `b2b_portal` to read what buyers without rights of their own may do."""
        return [*super()._get_b2b_page_fields(), "b2b_default_rights"]

    def _b2b_may(self, right):
        """Whether this contact may do something for its company, as things are now.

        The one answer for page, JSON route, RPC and token. Works for users who read no members.

        :param str right: `order`, `approve`, `see_finance` or `administrate`, see `rights.py`
        :rtype: bool
        """
        return right in self._get_b2b_rights()

    def _sees_invoices(self):
        """Override of `order_status_flags` to show invoices to whom the customer lets see them."""
        self.ensure_one()
        # sudo: asked for customers; the seller's own people go by Odoo's rights alone
        users = self.sudo().user_ids
        is_staff = any(not user.share for user in users)
        return super()._sees_invoices() and (is_staff or self._b2b_may(rights.SEE_FINANCE))

    def _get_b2b_rights(self):
        """Return all that this contact may do for its company.

        :return: of `rights.FIELDS`
        :rtype: frozenset
        """
        self.ensure_one()
        partner = self.sudo()  # buyers read neither members nor the company's default
        member = partner._get_b2b_member()
        if member:
            return member._get_rights()
        return rights.DEFAULTS[partner.commercial_partner_id.b2b_default_rights or "all"]

    def _get_b2b_member(self):
        """Return the record of this contact in its company, archived too, in sudo mode.

        :return: empty when the company's default rights count
        :rtype: b2b.member
        """
        self.ensure_one()
        return self.sudo().b2b_own_member_id  # sudo: see `_get_b2b_rights`

    def _get_b2b_administrators(self):
        """Return the company's administrators who can log in, in sudo mode.

        :rtype: b2b.member
        """
        # sudo: buyers are told whom to ask
        members = (
            self.env["b2b.member"]
            .sudo()
            .search(
                [
                    ("company_partner_id", "in", self.sudo().commercial_partner_id.ids),
                    ("is_administrator", "=", True),
                ]
            )
        )
        return members.filtered("has_login")

    def _lock_b2b_administrators(self):
        """Let one administrator of the company at a time change something, and return them all.

        Their rows are written, not only locked: who leaves, or clicks a button twice, at the same
        moment waits, gets a serialization failure here, and Odoo runs it again on fresh data.

        :rtype: b2b.member
        """
        administrators = self._get_b2b_administrators()
        self.env.cr.execute(
            """
            UPDATE b2b_member SET active = active
             WHERE id IN (SELECT id FROM b2b_member WHERE id = ANY(%s) ORDER BY id FOR UPDATE)
            """,
            [administrators.ids],
        )
        return administrators
