from odoo import api, models

from odoo.addons.order_status_flags.codebook_finding import CodebookFinding

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

    @api.model
    def _get_shipping_events(self):
        """Override of `order_status_flags` to name what the ERP has delivered in full."""
        return (*super()._get_shipping_events(), "erp_shipped")

    @api.model
    def _find_codebook_findings(self):
        """Override of `order_status_flags` to find mappings of a feed to archived flags."""
        mappings = self.env["order.flag.feed.mapping"].search([("flag_id.active", "=", False)])
        return [
            *super()._find_codebook_findings(),
            *(
                CodebookFinding(
                    "archived_target",
                    mapping,
                    self.env._(
                        "“%(external)s” of the feed “%(feed)s” means the flag “%(flag)s”, which is"
                        " archived: such rows are refused.",
                        external=mapping.external_flag,
                        feed=mapping.feed_id.name,
                        flag=mapping.flag_id.name,
                    ),
                )
                for mapping in mappings
            ),
        ]
