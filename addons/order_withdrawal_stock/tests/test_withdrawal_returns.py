from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import WithdrawalStockCommon


@tagged("post_install", "-at_install")
class TestWithdrawalReturns(WithdrawalStockCommon):
    """What comes back of orders that were lowered, or of which something was exchanged."""

    # === LOWERED ORDERS === #

    def test_return_of_what_was_lowered_before_it_was_shipped_is_refused(self):
        order = self._create_web_order()
        statement = self._enter(order, 4)
        statement.action_accept()
        order.order_line.product_uom_qty = 6
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_line.qty_delivered, 6)
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            statement.action_create_return()
        self.assertEqual(self._returned(self._enter(order)), [6])

    def test_return_of_a_part_of_which_the_rest_was_lowered(self):
        """Of four that are withdrawn two were never shipped."""
        order = self._create_web_order()
        self._ship(order.picking_ids, 8)
        statement = self._enter(order, 4)
        statement.action_accept()
        order.order_line.product_uom_qty = 8
        self.assertEqual(self._returned(statement), [2])

    # === EXCHANGES === #

    def _exchange(self, order, quantity, product=None):
        """Have pieces of a transfer come back and be sent anew, by Odoo's own exchange."""
        picking = order.picking_ids.filtered(lambda one: not one.return_id)
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        for returned in wizard.product_return_moves:
            is_meant = product is None or returned.product_id == product
            returned.quantity = quantity if is_meant else 0
        action = wizard.action_create_exchanges()
        self._ship(self.env["stock.picking"].browse(action["res_id"]))
        sent = self._open_transfers(order)
        self.assertEqual(sent.move_ids.sale_line_id, order.order_line)
        self._ship(sent)

    def test_return_after_an_exchange(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        self._exchange(order, 2)
        self.assertEqual(order.order_line.qty_delivered, 10)
        part, whole = self._enter(order, 3), self._enter(order)
        self.assertEqual(sum(self._returned(part)), 3)
        self.assertEqual(sum(self._returned(whole)), 7)

    def test_return_of_kits_after_an_exchange_of_a_component(self):
        order = self._create_order_of_kits()
        leg = order.picking_ids.move_ids.product_id.filtered(lambda product: product.name == "Leg")
        self._exchange(order, 2, leg)
        first, second = self._enter(order, 1), self._enter(order, 1)
        for statement in (first, second):
            statement.action_create_return()
            moves = statement.sudo().return_picking_ids.move_ids
            back = {
                product.name: sum(found.mapped("product_uom_qty"))
                for product, found in moves.grouped("product_id").items()
            }
            self.assertEqual(back, {"Leg": 4, "Seat": 1})
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            self._enter(order).action_create_return()

    def test_return_of_whole_kits_after_an_exchange_of_both(self):
        order = self._create_order_of_kits()
        picking = order.picking_ids
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        for returned in wizard.product_return_moves:
            returned.quantity = returned.move_id.quantity
        action = wizard.action_create_exchanges()
        self._ship(self.env["stock.picking"].browse(action["res_id"]))
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_line.qty_delivered, 2)
        self.assertEqual(self._return_parts(self._enter(order)), {"Leg": 8, "Seat": 2})
