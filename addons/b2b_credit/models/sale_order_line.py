from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    # Orders with a down payment are looked through also when they are invoiced; they are few.
    _b2b_down_payment_idx = models.Index("(order_id) WHERE is_downpayment")
