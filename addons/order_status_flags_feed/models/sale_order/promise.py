from datetime import datetime, time

from odoo import api, models

from odoo.addons.order_status_flags.promise import Delivery

from ..sale_order_erp_document import FINAL_KINDS

# A document of the ERP has a day and no time: that day, wherever the company is.
NOON = time(12)


class SaleOrder(models.Model):
    """What the ERP's documents tell about the promise: goods that left there are no longer open.

    Whatever Odoo's own transfers say: where an ERP keeps the books, nobody validates them.
    """

    _inherit = "sale.order"

    @api.depends(
        "erp_document_ids.kind",
        "erp_document_ids.state",
        "erp_document_ids.covers",
        "erp_document_ids.date",
    )
    def _compute_promise(self):
        """Override of `order_status_flags` to follow the documents of the ERP."""
        return super()._compute_promise()

    def _get_deliveries(self):
        """Override of `order_status_flags` to tell which orders the ERP has shipped as a whole."""
        deliveries = super()._get_deliveries()
        documents = self.env["sale.order.erp.document"].search(
            [("order_id", "in", self.ids), ("state", "=", "open"), ("kind", "in", FINAL_KINDS)]
        )
        for order, found in documents.grouped("order_id").items():
            # An invoice may come before the goods: it counts where the ERP tells no deliveries.
            notes = found.filtered(lambda document: document.kind == "delivery") or found
            whole = notes.filtered(lambda document: document.covers == "all")
            if whole:
                day = max(document.date or document.changed_at.date() for document in whole)
                deliveries[order.id] = Delivery(done=datetime.combine(day, NOON), is_known=True)
        return deliveries
