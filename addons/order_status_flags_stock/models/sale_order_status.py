from odoo import api, models


class SaleOrderStatus(models.Model):
    _inherit = "sale.order.status"

    @api.model
    def _get_shipping_events(self):
        """Override of `order_status_flags` to name the delivery of everything."""
        return (*super()._get_shipping_events(), "delivery_done")

    @api.model
    def _get_part_shipping_events(self):
        """Override of `order_status_flags` to name the delivery of a part."""
        return (*super()._get_part_shipping_events(), "delivery_started")
