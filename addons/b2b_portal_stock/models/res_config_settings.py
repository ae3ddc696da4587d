from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    b2b_stock_display = fields.Selection(
        related="company_id.b2b_stock_display", readonly=False, required=True
    )
    b2b_stock_low = fields.Float(related="company_id.b2b_stock_low", readonly=False)
