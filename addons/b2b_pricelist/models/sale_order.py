from odoo import fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    is_b2b_pricelist = fields.Boolean(related="pricelist_id.is_b2b", groups="base.group_user")
