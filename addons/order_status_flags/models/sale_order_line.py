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
        """Whether the public page names this line: a product that the customer ordered.

        Options that were not ordered have no quantity. Notes may hold anything; down payments,
        discounts, vouchers and what is paid with them are money, and are called by its amount.
        """
        self.ensure_one()
        return not (
            self.display_type
            or self.is_downpayment
            or self.product_uom_id.compare(self.product_uom_qty, 0) <= 0
            or self._is_discount_line()
            or self._is_global_discount()
            or self.currency_id.compare_amounts(self.price_subtotal, 0) < 0
        )

    def _get_tracking_page_name(self):
        """Return what the public page calls this line.

        The text of a delivery or reward, which Odoo invoices with other lines only, may name an
        amount.
        """
        self.ensure_one()
        return self.name if self._can_be_invoiced_alone() else self.product_id.name

    def _is_delivery_charge(self):
        """Whether the line is what the delivery costs: nothing of which one orders a quantity."""
        self.ensure_one()
        return self._is_delivery()
