from odoo import api, fields, models
from odoo.exceptions import UserError


class B2bCostCenter(models.Model):
    """What a customer books an order on."""

    _name = "b2b.cost.center"
    _description = "Cost centre of a B2B customer"
    _order = "code, id"
    _rec_names_search = ("code", "name")

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        domain=[("parent_id", "=", False)],
    )
    code = fields.Char(required=True)
    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    budget_ids = fields.One2many(
        comodel_name="b2b.budget", inverse_name="cost_center_id", string="Budgets"
    )
    order_ids = fields.One2many(
        comodel_name="sale.order", inverse_name="cost_center_id", string="Orders"
    )

    _code_uniq = models.Constraint(
        "UNIQUE(partner_id, code)", "This customer has a cost centre with that code already."
    )

    @api.depends("code", "name")
    def _compute_display_name(self):
        for center in self:
            center.display_name = f"{center.code or ''} {center.name or ''}".strip()

    def write(self, vals):
        """Override of `base` to leave a cost centre that is used with its customer.

        :raise UserError: when what was ordered on it would be taken from another customer's budget
        """
        if "partner_id" in vals:
            # Whoever may not write hears that first; the refusal below names it.
            self.check_access("write")
            moved = self.filtered(lambda center: center.partner_id.id != vals["partner_id"])
            if moved._is_used():
                raise UserError(
                    self.env._(
                        "%(center)s is used by orders, invoices, rules or colleagues of its"
                        " customer, and stays there. Make a new cost centre for the other one.",
                        center=", ".join(moved.mapped("display_name")),
                    )
                )
        return super().write(vals)

    def _is_used(self):
        """Whether something of the customer is on one of these.

        :rtype: bool
        """
        models = "sale.order", "account.move", "b2b.approval.rule", "b2b.member"
        return any(
            # sudo: what the user does not see counts, too
            self.env[model]
            .sudo()
            .with_context(active_test=False)
            .search_count([("cost_center_id", "in", self.ids)], limit=1)
            for model in models
        )

    @api.model
    def _get_of_customer(self, customer):
        """Return the cost centres from which a customer's buyers choose, in sudo mode.

        :param res.partner customer: the company
        :rtype: b2b.cost.center
        """
        # sudo: the caller asks for the own company of a buyer
        return self.sudo().search([("partner_id", "=", customer.id)])
