from odoo import models
from odoo.tools import SQL


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _compute_qty_invoiced(self):
        """Override of `sale` to notice what other apps settle, which post no invoice of the order.

        Nobody else tells: the till only links its lines to those of the order.
        """
        res = super()._compute_qty_invoiced()
        settled = self.filtered(lambda line: line.qty_invoiced and line._is_invoiced_elsewhere())
        settled._filter_increased("qty_invoiced").order_id._follow_other_apps()
        return res

    def _filter_increased(self, name):
        """Return the lines of which a quantity, just computed, is further than in the database.

        :param str name: of the field
        """
        lines = self._origin
        if not lines:
            return lines
        # No flush: the value before is wanted.
        before = dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, COALESCE(%s, 0) FROM sale_order_line WHERE id IN %s",
                    SQL.identifier(name),
                    lines._ids,
                )
            )
        )
        return lines.filtered(
            lambda line: (
                line.product_uom_id.compare(abs(line[name]), abs(before.get(line.id, 0))) > 0
            )
        )

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
        """Whether posted customer invoices and receipts, and what other apps have settled, cover
        the ordered quantity.

        What was credited has been invoiced all the same: goods came back, or were too dear. Only
        where the line is billed again by a later invoice, one that was credited as a whole does
        not count: the one that corrects it does.
        """
        self.ensure_one()
        posted = self.invoice_lines.filtered(
            lambda line: (
                line.parent_state == "posted"
                and line.move_type in ("out_invoice", "out_receipt")
                and line.quantity
            )
        )
        # Later is what was made later: when an invoice was posted is nowhere kept.
        last = max(posted.move_id.ids, default=0)
        credited = posted.filtered(
            lambda line: line.move_id.id != last and line.move_id._is_credited_as_a_whole()
        )
        invoiced = self._get_quantity_invoiced_elsewhere()
        invoiced += self._sum_invoice_lines(posted - credited)
        if credited:
            # Nothing corrects what was credited as goods came back.
            taken_back = self._get_quantity_taken_back()
            invoiced += taken_back and min(taken_back, self._sum_invoice_lines(credited))
        ordered = self.product_uom_qty
        if ordered < 0:
            invoiced, ordered = -invoiced, -ordered
        return self.product_uom_id.compare(invoiced, ordered) >= 0

    def _sum_invoice_lines(self, lines):
        """Return the quantity of these invoice lines in the unit of the order line."""
        return sum(
            line.product_uom_id._compute_quantity(line.quantity, self.product_uom_id)
            for line in lines
        )

    def _get_quantity_taken_back(self):
        """Return the quantity of goods that came back to be refunded, and were not sent again.

        Hook: addons that know of deliveries fill it.
        """
        self.ensure_one()
        return 0.0

    def _get_quantity_invoiced_elsewhere(self):
        """Return the quantity that other apps count as invoiced, and that no invoice has.

        The till settles orders so (`pos_sale`).
        """
        self.ensure_one()
        if not self.qty_invoiced:
            return 0.0
        signs = {"out_invoice": 1, "out_refund": -1}
        # As `sale` computes it, drafts included.
        by_invoices = sum(
            line.product_uom_id._compute_quantity(line.quantity, self.product_uom_id)
            * signs.get(line.move_id.move_type, 0)
            for line in self._get_invoice_lines()
            if line.move_id.state != "cancel" or line.move_id.payment_state == "invoicing_legacy"
        )
        more = self.qty_invoiced - by_invoices
        return min(more, 0.0) if self.product_uom_qty < 0 else max(more, 0.0)

    def _is_invoiced_elsewhere(self):
        """Whether another app, and no invoice of the order, has settled some of the line."""
        quantity = self._get_quantity_invoiced_elsewhere()
        return bool(quantity) and not self.product_uom_id.is_zero(quantity)

    def _is_handed_over(self):
        """Whether the customer has goods of this line, by whichever app: none can be cancelled.

        What is billed on is cost, and no goods that the customer ordered.
        """
        self.ensure_one()
        # In this order: of most lines nothing is delivered, and their articles need not be read.
        return self._is_delivered() and self.product_type == "consu" and not self.is_expense

    def _is_delivered(self):
        return bool(self.qty_delivered) and not self.product_uom_id.is_zero(self.qty_delivered)

    def _is_carried_out(self):
        """Whether work was done for this line, by whichever app (hours, milestones, by hand)."""
        self.ensure_one()
        return self._is_delivered() and not self._is_handed_over()

    def _is_on_tracking_page(self):
        """Whether the public page names this line: a product that the customer ordered.

        Options that were not ordered have no quantity.
        """
        self.ensure_one()
        # In this order: down payments have no unit.
        return self._is_article() and self.product_uom_id.compare(self.product_uom_qty, 0) > 0

    def _is_article(self):
        """Whether the line is a product, whatever its quantity.

        Notes may hold anything; down payments, discounts, vouchers and what is paid with them are
        money, and are called by its amount.
        """
        self.ensure_one()
        return not (
            self.display_type
            or self.is_downpayment
            or self._is_discount_line()
            or self._is_global_discount()
            or (
                self.price_subtotal < 0
                and self.currency_id.compare_amounts(self.price_subtotal, 0) < 0
            )
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
