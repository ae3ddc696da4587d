from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    b2b_credit_policy = fields.Selection(
        related="company_id.b2b_credit_policy", readonly=False, required=True
    )
    b2b_overdue_days = fields.Integer(related="company_id.b2b_overdue_days", readonly=False)
