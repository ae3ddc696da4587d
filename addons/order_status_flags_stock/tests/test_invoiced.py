from odoo.tests import tagged

from .common import StockStatusCommon


@tagged("post_install", "-at_install")
class TestInvoicedWithReturns(StockStatusCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.invoice_policy = "delivery"
        cls.fulfilled = cls.env.ref("order_status_flags.status_fulfilled")

    def _invoice(self, order, quantity):
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = quantity
        invoice.action_post()
        return invoice

    def _take_back(self, picking, quantity, exchange=False):
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        wizard.product_return_moves.quantity = quantity
        action = wizard.action_create_exchanges() if exchange else wizard.action_create_returns()
        self._ship(self.env["stock.picking"].browse(action["res_id"]))

    def test_what_came_back_and_was_credited_was_invoiced(self):
        """Half of it: the quantities alone look as if the first invoice had been corrected."""
        order = self._create_order(6)
        first = order.picking_ids
        self._ship(first, 3)
        invoice = self._invoice(order, 3)
        self._take_back(first, 3)
        invoice._reverse_moves([{}]).action_post()
        self._ship(self._open_transfers(order))
        self._invoice(order, 3)
        self.assertEqual(order.order_status_id, self.fulfilled)

    def test_corrected_invoice_of_a_half_counts_once(self):
        order = self._create_order(6)
        self._ship(order.picking_ids)
        self._invoice(order, 3)._reverse_moves([{}]).action_post()
        self._invoice(order, 3)
        self.assertEqual(order.order_status_id, self.shipped)

    def test_exchanged_goods_are_no_reason_of_a_credit_note(self):
        order = self._create_order(6)
        picking = order.picking_ids
        self._ship(picking)
        self._take_back(picking, 3, exchange=True)
        self._ship(self._open_transfers(order))
        self._invoice(order, 3)._reverse_moves([{}]).action_post()
        self._invoice(order, 3)
        self.assertEqual(order.order_status_id, self.shipped)
