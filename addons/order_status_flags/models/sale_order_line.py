from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _counts_as_invoiceable(self):
        """Whether an order is only invoiced in full when this line is."""
        self.ensure_one()
        return (
            not self.display_type
            and not self.is_downpayment
            and self.product_type != "combo"  # a heading; its parts are lines of their own
            and not self.product_uom_id.is_zero(self.product_uom_qty)
        )

    def _is_invoiced_in_full(self):
        """Whether posted customer invoices and receipts cover the ordered quantity.

        Credit notes do not count: they do not undo that the order was fulfilled.
        """
        self.ensure_one()
        invoiced = sum(
            line.product_uom_id._compute_quantity(line.quantity, self.product_uom_id)
            for line in self.invoice_lines
            if line.parent_state == "posted" and line.move_type in ("out_invoice", "out_receipt")
        )
        ordered = self.product_uom_qty
        if ordered < 0:
            invoiced, ordered = -invoiced, -ordered
        return self.product_uom_id.compare(invoiced, ordered) >= 0

    def _is_on_tracking_page(self):
        """Whether the public page names this line: what is ordered, and its headings.

        Notes may hold anything, and down payments are money.
        """
        self.ensure_one()
        return not self.is_downpayment and self.display_type != "line_note"

    def _get_tracking_page_name(self):
        """Return what the public page calls this line.

        The text of a delivery line may name its cost.
        """
        self.ensure_one()
        return self.product_id.name if self._is_delivery_charge() else self.name

    def _is_delivery_charge(self):
        """Whether the line is what the delivery costs: nothing of which one orders a quantity."""
        self.ensure_one()
        return "is_delivery" in self._fields and self.is_delivery
