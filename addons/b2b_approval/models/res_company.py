from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_approval_days = fields.Integer(
        string="Days for an approval",
        default=14,
        help="After that many days, a request that nobody decided on expires.",
    )

    _b2b_approval_days_positive = models.Constraint(
        "CHECK (b2b_approval_days BETWEEN 1 AND 36500)",
        "The days for an approval must lie between 1 and 36500.",
    )
