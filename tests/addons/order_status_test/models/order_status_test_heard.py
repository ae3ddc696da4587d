from odoo import fields, models


class OrderStatusTestHeard(models.Model):
    """What an override, the hook or an automation rule heard of a change."""

    _name = "order.status.test.heard"
    _description = "Heard Change of an Order Status"

    listener = fields.Char(required=True)
    order_id = fields.Many2one("sale.order", required=True, ondelete="cascade")
    status_id = fields.Many2one("sale.order.status")
    row_status_id = fields.Many2one("sale.order.status")
