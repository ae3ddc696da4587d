from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    b2b_approval_days = fields.Integer(related="company_id.b2b_approval_days", readonly=False)
