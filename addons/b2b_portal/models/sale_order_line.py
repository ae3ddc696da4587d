from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    b2b_last_price = fields.Float(
        string="Price at the last order",
        min_display_digits="Product Price",
        copy=False,
        help="Untaxed price when the template was last ordered, to tell what changed since.",
    )
