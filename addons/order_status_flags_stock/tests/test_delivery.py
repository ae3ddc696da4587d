from datetime import datetime

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from .common import StockStatusCommon


@tagged("post_install", "-at_install")
class TestDelivery(StockStatusCommon):
    def test_delivery_of_everything_ships_the_order(self):
        order = self._create_order()
        self.assertEqual(order.order_status_id, self.saved)
        self._ship(order.picking_ids)
        self.assertEqual(order.order_status_id, self.shipped)
        row = order.status_history_ids.sorted("id")[-1]
        self.assertEqual((row.status_id, row.source), (self.shipped, "event"))

    def test_button_validate_ships_the_order(self):
        order = self._create_order()
        order.picking_ids.button_validate()
        self.assertEqual(order.order_status_id, self.shipped)

    def test_partial_delivery_is_not_shipped(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        self.assertEqual(order.order_status_id, self.saved)
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_status_id, self.shipped)

    def test_partial_delivery_sets_the_status_of_delivery_started(self):
        started = self._map_started()
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        self.assertEqual(order.order_status_id, started)
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_status_id, self.shipped)

    def test_delivery_in_one_go_skips_delivery_started(self):
        started = self._map_started()
        order = self._create_order()
        self._ship(order.picking_ids)
        self.assertEqual(order.order_status_id, self.shipped)
        self.assertNotIn(started, order.status_history_ids.status_id)

    def test_no_backorder_means_nothing_left_to_ship(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4, backorder=False)
        self.assertEqual(order.order_status_id, self.shipped)

    def test_cancelled_backorder_means_nothing_left_to_ship(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        self._open_transfers(order).action_cancel()
        self.assertEqual(order.order_status_id, self.shipped)

    def _is_over(self, order):
        self.env.flush_all()
        condition = order._get_delivery_over_sql()
        query = SQL("SELECT %s FROM sale_order WHERE id = %s", condition, order.id)
        return self.env.execute_query(query)[0][0]

    def test_delivery_is_over_once_no_transfer_is_open(self):
        """Other addons ask, of many orders at once: what was given up is not expected."""
        order = self._create_order()
        self.assertFalse(self._is_over(order))
        self._ship(order.picking_ids, 4)
        self.assertFalse(self._is_over(order), "the rest is to come")
        self._open_transfers(order).action_cancel()
        self.assertTrue(self._is_over(order))
        dropped = order.order_line.create(
            {"order_id": order.id, "product_id": self._create_product(self.env).id}
        )
        self.assertFalse(self._is_over(order))
        dropped.move_ids.picking_id.action_cancel()
        self.assertTrue(self._is_over(order))
        dropped.move_ids.unlink()
        self.assertFalse(self._is_over(order), "goods without a transfer are yet to be ordered")

    def test_delivery_is_over_when_all_transfers_are_cancelled(self):
        order = self._create_order()
        order.picking_ids.action_cancel()
        self.assertTrue(self._is_over(order))
        quotation = order.copy()
        self.assertFalse(self._is_over(quotation))

    def test_cancelled_transfer_of_an_unshipped_order_changes_nothing(self):
        order = self._create_order()
        order.picking_ids.action_cancel()
        self.assertEqual(order.order_status_id, self.saved)

    def test_reduced_quantity_means_nothing_left_to_ship(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        order.order_line.product_uom_qty = 4
        self.assertFalse(self._open_transfers(order))
        self.assertEqual(order.order_status_id, self.shipped)

    def test_cancelling_a_partly_shipped_order_rejects_it(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        order._action_cancel()
        self.assertEqual(order.order_status_id, self.rejected)
        self.assertNotIn(self.shipped, order.status_history_ids.status_id)

    def test_return_does_not_count(self):
        started = self._map_started()
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        delivery = order.picking_ids.filtered(lambda p: p.state == "done")
        form = Form(
            self.env["stock.return.picking"].with_context(
                active_id=delivery.id, active_model="stock.picking"
            )
        )
        wizard = form.save()
        wizard.product_return_moves.quantity = 1
        returned = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        rows = len(order.status_history_ids)
        self._ship(returned)
        self.assertEqual(returned.state, "done")
        self.assertEqual(order.order_status_id, started)
        self.assertEqual(len(order.status_history_ids), rows)

    def test_internal_steps_do_not_count(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        started = self._map_started()
        order = self._create_order()
        seen = []
        while transfers := self._open_transfers(order):
            seen.append(order.order_status_id)
            self._ship(transfers)
        self.assertEqual(seen, [self.saved] * 3)
        self.assertEqual(order.order_status_id, self.shipped)
        self.assertNotIn(started, order.status_history_ids.status_id)

    def test_multi_step_rest_in_the_warehouse_is_left_to_ship(self):
        self.warehouse.delivery_steps = "pick_ship"
        started = self._map_started()
        order = self._create_order()
        pick = self._open_transfers(order)[:1]
        self._ship(pick, 4)
        delivery = self._open_transfers(order).filtered(lambda p: p.picking_type_code == "outgoing")
        self._ship(delivery, 4)
        self.assertEqual(order.order_status_id, started)

    def test_transfers_of_two_orders_in_one_call(self):
        orders = self._create_order() | self._create_order()
        self._ship(orders.picking_ids)
        self.assertEqual(orders.order_status_id, self.shipped)

    def test_warehouse_user_without_sales_rights(self):
        order = self._create_order()
        user = self.env["res.users"].create(
            {
                "name": "Magazynier",
                "login": "magazynier",
                "group_ids": [(6, 0, self.env.ref("stock.group_stock_user").ids)],
            }
        )
        order.picking_ids.with_user(user).button_validate()
        self.assertEqual(order.sudo().order_status_id, self.shipped)

    def test_shipped_goods_close_cancelling(self):
        order = self._create_order()
        self.assertEqual(order.customer_cancellation, "allowed")
        self._ship(order.picking_ids, 4)
        # A partial delivery leaves the status, and with it the qualifier, as it was.
        self.assertEqual(order.order_status_id, self.saved)
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertEqual(order.customer_cancellation_reason, "The order has already been shipped.")
        with self.assertRaisesRegex(UserError, "shipped"):
            order._customer_cancel("", self.partner)
        self.assertEqual(order.state, "sale")

    def test_accepting_fails_when_shipped_meanwhile(self):
        self.saved.cancellation_qualifier = "on_request"
        order = self._create_order()
        order._customer_cancel("", self.partner)
        self._ship(order.picking_ids, 4)
        with self.assertRaisesRegex(UserError, "shipped"):
            order.action_accept_cancellation()
        self.assertEqual(order.state, "sale")

    def test_delivery_info_names_the_date_while_goods_are_open(self):
        date = datetime(2030, 5, 6, 10, 0)
        order = self._create_order(commitment_date=date)
        self.assertEqual(order._get_customer_delivery_info()["expected_date"], date)
        self._ship(order.picking_ids)
        self.assertFalse(order._get_customer_delivery_info()["expected_date"])

    def test_delivery_info_without_a_promised_date(self):
        order = self._create_order()
        self.assertEqual(
            order._get_customer_delivery_info()["expected_date"],
            max(order.picking_ids.move_ids.mapped("date")),
        )

    def test_delivery_info_names_the_carrier(self):
        if "carrier_tracking_ref" not in self.env["stock.picking"]._fields:
            order = self._create_order()
            self._ship(order.picking_ids)
            self.assertEqual(order._get_customer_delivery_info()["carriers"], [])
            return
        carrier = self.env["delivery.carrier"].create(
            {
                "name": "Kurier",
                "product_id": self._create_product(self.env, type="service").id,
                "tracking_url": "https://carrier.example/<shipmenttrackingnumber>",
            }
        )
        order = self._create_order()
        order.picking_ids.write({"carrier_id": carrier.id, "carrier_tracking_ref": "AB 1"})
        self.assertEqual(order._get_customer_delivery_info()["carriers"], [])
        self._ship(order.picking_ids)
        self.assertEqual(
            order._get_customer_delivery_info()["carriers"],
            [{"name": "Kurier", "ref": "AB 1", "url": "https://carrier.example/AB 1"}],
        )
        carrier.tracking_url = "javascript:alert(1)"
        self.env.invalidate_all()
        self.assertFalse(order._get_customer_delivery_info()["carriers"][0]["url"])

    def test_delivery_of_many_orders_takes_no_query_per_order_for_the_status(self):
        few, many = (
            self.env["sale.order"].union(*(self._create_order() for _i in range(size)))
            for size in (2, 12)
        )
        counts = []
        for orders in (few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            orders.order_line.move_ids.fetch(["state"])
            with self._count_queries(fresh=False) as queries:
                orders._tell_deliveries()
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts)
