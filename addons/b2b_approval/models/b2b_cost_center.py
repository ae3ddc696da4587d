from odoo import api, fields, models


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

    _code_uniq = models.Constraint(
        "UNIQUE(partner_id, code)", "This customer has a cost centre with that code already."
    )

    @api.depends("code", "name")
    def _compute_display_name(self):
        for center in self:
            center.display_name = f"{center.code or ''} {center.name or ''}".strip()

    @api.model
    def _get_of_customer(self, customer):
        """Return the cost centres from which a customer's buyers choose, in sudo mode.

        :param res.partner customer: the company
        :rtype: b2b.cost.center
        """
        # sudo: the caller asks for the own company of a buyer
        return self.sudo().search([("partner_id", "=", customer.id)])
