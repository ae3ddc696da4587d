from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ... import rights


class B2bMember(models.Model):
    """What one contact of a customer may do in the B2B portal.

    A contact without a record has what `res.partner.b2b_default_rights` of the company says. Ask
    by `res.partner._b2b_may(right)`, never by the fields. Whoever lost the access, or left the
    company, has an archived record: it gives no right, and what he decided keeps its name.
    Every change is a note in the log of the company.
    """

    _name = "b2b.member"
    _description = "Colleague of a B2B customer"
    _order = "company_partner_id, partner_id, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Contact",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        compute="_compute_company_partner_id",
        store=True,
        precompute=True,
        required=True,
        index=True,
        ondelete="cascade",
        help="The company for which these rights are. They end when the contact leaves it.",
    )
    active = fields.Boolean(default=True)
    may_order = fields.Boolean(
        string="May order",
        default=True,
        help="Off: sees the shop, prices, templates and the cart, but cannot order.",
    )
    may_approve = fields.Boolean(
        string="May approve", help="May decide on orders of colleagues that need an approval."
    )
    may_see_finance = fields.Boolean(
        string="Sees invoices",
        default=True,
        help="Off: the pages of invoices are closed to this contact.",
    )
    is_administrator = fields.Boolean(
        string="Administrator",
        help="Invites colleagues, changes their rights and takes their access away.",
    )
    order_limit = fields.Monetary(
        string="Order limit",
        help="Untaxed, in the currency of the selling company; 0 = no limit. An order above it"
        " needs an approval.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    has_login = fields.Boolean(
        string="Has a login", compute="_compute_has_login", compute_sudo=True
    )

    _partner_uniq = models.UniqueIndex(
        "(partner_id) WHERE active", "This contact is a colleague already."
    )
    _order_limit_positive = models.Constraint(
        "CHECK (order_limit >= 0)", "An order limit cannot be negative."
    )

    # === COMPUTE METHODS === #

    # Not on the company of the contact: whoever moves leaves the rights behind.
    @api.depends("partner_id")
    def _compute_company_partner_id(self):
        for member in self:
            member.company_partner_id = member.partner_id.commercial_partner_id

    @api.depends_context("company")
    def _compute_currency_id(self):
        self.currency_id = self.env.company.currency_id

    @api.depends("partner_id.user_ids.active")
    def _compute_has_login(self):
        for member in self:
            member.has_login = bool(member.partner_id.user_ids)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base` to note in the log of the company who may what from now on."""
        members = super().create(vals_list)
        self._forget_cached_rights()
        for member in members:
            member._note_b2b_change({})
        return members

    def write(self, vals):
        """Override of `base` to note each change, and to leave the company an administrator.

        :raise UserError: when the last administrator would give up being one
        """
        # sudo: the rights, whoever may change them
        members = self.sudo()
        before = {member: member._read_b2b_rights() for member in members}
        leaving = members._get_leaving_administrators(vals)
        members._check_b2b_administrator(leaving)
        res = super().write(vals)
        self._forget_cached_rights()
        for member in members:
            member._note_b2b_change(before[member])
        return res

    def unlink(self):
        """Override of `base` to note whose rights are the company's default again.

        :raise UserError: when the last administrator would give up being one
        """
        members = self.sudo()  # as in `write`
        members._check_b2b_administrator(members.filtered("is_administrator"))
        for member in members:
            body = self.env._(
                "%(colleague)s has the default rights of the company again.",
                colleague=member.partner_id.name,
            )
            member.company_partner_id._post_b2b_note(body)
        self._forget_cached_rights()
        return super().unlink()

    @api.model
    def _forget_cached_rights(self):
        """Have rights asked anew: now, and once others see the change.

        Record rules and logins are cached with the rights of their user. In a server of threads
        somebody else's request may fill the cache between a change and its commit, with what was
        right before; the user would keep it until something else clears the cache.
        """
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)

    # === RIGHTS === #

    def _get_rights(self):
        """Return what this colleague may; nothing once the access was taken away.

        :return: of `rights.FIELDS`
        :rtype: frozenset
        """
        self.ensure_one()
        if not self.active:
            return frozenset()
        return frozenset(right for right, name in rights.FIELDS.items() if self[name])

    def _get_leaving_administrators(self, vals):
        """Return who of these would be administrator no more after a write.

        :param dict vals: of `write`
        """
        if vals.get("is_administrator", True) and vals.get("active", True):
            return self.browse()
        return self.filtered(lambda member: member.active and member.is_administrator)

    def _check_b2b_administrator(self, leaving):
        """Keep the last administrator from removing himself; the seller may remove him.

        :param b2b.member leaving: who would be administrator no more
        :raise UserError: for the last one
        """
        own = leaving.filtered(lambda member: member.partner_id == self.env.user.partner_id)
        if not own:
            return
        administrators = own.company_partner_id._lock_b2b_administrators()
        if not administrators - leaving:
            raise UserError(
                self.env._(
                    "You are the last administrator of %(company)s. Make a colleague administrator"
                    " first.",
                    company=own.company_partner_id.name,
                )
            )

    # === NOTES === #

    def _get_b2b_noted_fields(self):
        """Hook: return the fields whose changes are told in the log of the company.

        :rtype: list[str]
        """
        return [*rights.FIELDS.values(), "order_limit", "active"]

    def _read_b2b_rights(self):
        """Return what a note says of each field, by its name.

        :rtype: dict
        """
        self.ensure_one()
        return {name: self._format_b2b_field(name) for name in self._get_b2b_noted_fields()}

    def _format_b2b_field(self, name):
        field, value = self._fields[name], self[name]
        if field.type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if field.type == "monetary":
            return format_amount(self.env, value, self.currency_id)
        if field.type == "many2one":
            return value.display_name or "–"
        if field.type == "date":
            return format_date(self.env, value) or "–"
        return str(value or "–")

    def _note_b2b_change(self, before):
        """Write into the log of the company what changed.

        :param dict before: of `_read_b2b_rights`; empty = the record is new
        """
        labels = {
            name: "" if name == "active" else self._fields[name]._description_string(self.env)
            for name in self._get_b2b_noted_fields()
        }
        labels["active"] = self.env._("Access")
        after = self._read_b2b_rights()
        changes = [
            self.env._("%(name)s: %(value)s", name=labels[name], value=value)
            for name, value in after.items()
            if before.get(name) != value and (before or name != "active")
        ]
        if changes:
            colleague = self.partner_id.name or self.partner_id.email
            head = self.env._("Rights of %(colleague)s", colleague=colleague)
            self.company_partner_id._post_b2b_note(head, changes)
