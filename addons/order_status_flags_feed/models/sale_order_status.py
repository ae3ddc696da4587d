from odoo import api, models

ENGINE = "order_status_flags"
FEED = "order_status_flags_feed"
# The status, our event on it, and the events that the status ships with.
ADDED_EVENTS = [
    (f"{ENGINE}.status_saved", f"{FEED}.event_erp_registered", ("order_placed", "order_confirmed")),
    ("order_status_flags_stock.status_shipped", f"{FEED}.event_erp_shipped", ("delivery_done",)),
    (f"{ENGINE}.status_fulfilled", f"{FEED}.event_erp_invoiced", ("invoice_posted",)),
    (f"{ENGINE}.status_rejected", f"{FEED}.event_erp_cancelled", ("order_cancelled",)),
]


class SaleOrderStatus(models.Model):
    _inherit = "sale.order.status"

    @api.model
    def _get_added_events(self):
        """Override of `order_status_flags` to put what happens in the ERP on shipped statuses."""
        return super()._get_added_events() + ADDED_EVENTS
