from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import WithdrawalStockCommon


@tagged("post_install", "-at_install")
class TestWithdrawalReturns(WithdrawalStockCommon):
    """What comes back of orders that were lowered."""

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
