from odoo.fields import Command
from odoo.tests import tagged

from .common import StockStatusCommon


@tagged("post_install", "-at_install")
class TestGoodsWithoutMoves(StockStatusCommon):
    """Goods that no transfer of the order brings: not ordered yet, or by another app."""

    def _create_mixed_order(self):
        """Return an order of goods, and of others that nothing is on its way for: a drop shipment
        whose purchase order is a draft, for example.
        """
        order = self._create_order()
        other = self._create_product(self.env, name="Dropped")
        order.order_line = [Command.create({"product_id": other.id, "product_uom_qty": 3})]
        dropped = order.order_line[1]
        moves = dropped.move_ids
        moves._action_cancel()
        moves.with_context(force_delete=True).sudo().unlink()
        self.assertFalse(dropped.move_ids)
        return order, dropped

    def _hand_over(self, line, quantity):
        """Have another app count goods as delivered (`pos_sale`, `repair`)."""
        model = self.registry["sale.order.line"]
        plain = model._prepare_qty_delivered

        def prepare(lines):
            quantities = plain(lines)
            if line in lines:
                quantities[line] += quantity
            return quantities

        self.patch(model, "_prepare_qty_delivered", prepare)
        line._compute_qty_delivered()
        self.env.flush_all()
        self.env.cr.precommit.run()

    def test_half_of_it_is_not_everything(self):
        started = self._map_started()
        order, _dropped = self._create_mixed_order()
        self._ship(order.picking_ids)
        self.assertEqual(order.order_status_id, started)

    def test_delivered_by_another_app_is_everything(self):
        order, dropped = self._create_mixed_order()
        self._ship(order.picking_ids)
        self.assertEqual(order.order_status_id, self.saved)
        self._hand_over(dropped, 3)
        self.assertEqual(order.order_status_id, self.shipped)

    def test_given_up_rest_is_everything(self):
        order, dropped = self._create_mixed_order()
        self._ship(order.picking_ids)
        dropped.product_uom_qty = 1
        self.assertEqual(order.order_status_id, self.saved)
        dropped.product_uom_qty = 0
        self.assertEqual(order.order_status_id, self.shipped)

    def test_given_up_line_of_an_unshipped_order(self):
        order, dropped = self._create_mixed_order()
        dropped.product_uom_qty = 0
        self.assertEqual(order.order_status_id, self.saved)

    def test_services_and_costs_are_not_shipped(self):
        service = self._create_product(self.env, name="Hours", type="service")
        order = self._create_order()
        order.order_line = [
            Command.create({"product_id": service.id, "product_uom_qty": 3}),
            Command.create({"product_id": self.product.id, "is_expense": True}),
        ]
        self._ship(order.picking_ids)
        self.assertEqual(order.order_status_id, self.shipped)

    def test_handed_over_at_the_till(self):
        order = self._create_order()
        order.picking_ids.action_cancel()
        self.assertEqual(order.customer_cancellation, "allowed")
        self._hand_over(order.order_line, 10)
        self.assertEqual(order.order_status_id, self.shipped)
        self.assertEqual(order.customer_cancellation, "closed")

    def test_handed_over_in_part_at_the_till(self):
        started = self._map_started()
        order = self._create_order()
        self._hand_over(order.order_line, 4)
        self.assertEqual(order.order_status_id, started)
        order.set_order_status(self.saved.id)
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertIn("delivered", order.customer_cancellation_reason)

    def test_computing_once_more_is_no_event(self):
        order = self._create_order()
        order.picking_ids.action_cancel()
        self._hand_over(order.order_line, 10)
        order.set_order_status(self.saved.id)
        order.order_line._compute_qty_delivered()
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertEqual(order.order_status_id, self.saved)


@tagged("post_install", "-at_install")
class TestShippedAlthoughRejected(StockStatusCommon):
    def _told(self, order):
        activity_type = self.env.ref("order_status_flags.mail_activity_type_against_rejection")
        return order.activity_ids.filtered(lambda a: a.activity_type_id == activity_type)

    def test_shipping_a_rejected_order_is_told(self):
        order = self._create_order()
        order.set_order_status(self.rejected.id)
        self._ship(order.picking_ids, 4)
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_status_id, self.rejected)
        self.assertEqual(
            self._told(order).mapped("summary"), ["Shipped although the order is rejected"]
        )

    def test_giving_up_the_rest_is_right(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        order.set_order_status(self.rejected.id)
        self._open_transfers(order).action_cancel()
        self.assertFalse(self._told(order))
