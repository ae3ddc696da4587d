from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    b2b_part_numbers = fields.Boolean(related="company_id.b2b_part_numbers", readonly=False)
