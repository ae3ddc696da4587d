from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_approval_days = fields.Integer(
        string="Days for an approval",
        default=14,
        help="After that many days, a request that nobody decided on expires.",
    )

    _b2b_approval_days_positive = models.Constraint(
        "CHECK (b2b_approval_days > 0)", "An approval needs at least one day."
    )
