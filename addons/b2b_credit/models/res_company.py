from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_credit_policy = fields.Selection(
        selection=[
            ("inform", "The buyer is told"),
            ("approval", "The order waits for a salesperson"),
            ("block", "The order is refused"),
        ],
        string="Orders above the credit limit",
        default="inform",
        required=True,
        # How much is tolerated is no business of customers, who may read their supplier.
        groups="base.group_user",
        help="What happens when a customer with an agreement places an order that exceeds the"
        " credit limit: in the B2B shop, in the public shop, or by accepting a quotation.",
    )
    b2b_overdue_days = fields.Integer(
        string="Overdue counts as exceeded after",
        groups="base.group_user",
        help="An invoice overdue for more days than this counts as an exceeded limit; 0 = never.",
    )

    _b2b_overdue_days_not_negative = models.Constraint(
        "CHECK (b2b_overdue_days IS NULL OR b2b_overdue_days >= 0)",
        "The days overdue cannot be negative.",
    )
