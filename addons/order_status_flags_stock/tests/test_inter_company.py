from datetime import datetime, timedelta

from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from odoo.addons.order_status_flags.promise_install import assign_promises

from ..deliveries import select_deliveries
from .common import StockStatusCommon

NOON = datetime(2030, 6, 3, 12, 0)


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestInterCompany(StockStatusCommon):
    """The customer is another company of this database: Odoo delivers into a transit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.partner_id.tz = "Europe/Warsaw"
        cls.env.company.security_lead = 0
        cls.product.sale_delay = 7
        cls.transit = cls.env.ref("stock.stock_location_inter_company")
        cls.transit.active = True
        # As Odoo does for the contact of each company, once there are several.
        cls.partner.property_stock_customer = cls.transit

    def _return(self, picking, quantity, exchange=False):
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        wizard.product_return_moves.quantity = quantity
        action = wizard.action_create_exchanges() if exchange else wizard.action_create_returns()
        return self.env["stock.picking"].browse(action["res_id"])

    def test_partial_delivery_is_not_shipped(self):
        started = self._map_started()
        order = self._create_order()
        self.assertEqual(order.picking_ids.move_ids.location_dest_id, self.transit)
        self._ship(order.picking_ids, 4)
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertEqual(order.order_status_id, started)
        self.assertEqual(order.customer_cancellation_reason, "The order has already been shipped.")
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_status_id, self.shipped)

    def test_given_up_rest_is_shipped(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        self._open_transfers(order).action_cancel()
        self.assertEqual(order.order_status_id, self.shipped)

    def test_steps_in_the_warehouse_do_not_count(self):
        self.warehouse.delivery_steps = "pick_ship"
        order = self._create_order()
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_status_id, self.saved)
        self._ship(self._open_transfers(order))
        self.assertEqual(order.order_status_id, self.shipped)

    def test_promise_is_kept(self):
        order, partly = self._create_order(), self._create_order()
        self._ship(order.picking_ids)
        self._ship(partly.picking_ids, 4)
        self.env.flush_all()
        with freeze_time(NOON + timedelta(days=20)):
            self.env["sale.order"]._pass_promises()
            self.assertEqual((order.promise_state, partly.promise_state), ("kept", "late"))
            assign_promises(self.env, select_deliveries(SQL("true")))
            self.assertEqual((order.promise_state, partly.promise_state), ("kept", "late"))
            self._ship(self._open_transfers(partly))
            self.env.flush_all()
            self.assertEqual(partly.promise_state, "broken")

    def test_return_and_exchange_change_nothing(self):
        order, exchanged = self._create_order(), self._create_order()
        for one in (order, exchanged):
            self._ship(one.picking_ids)
        with freeze_time(NOON + timedelta(days=20)):
            self._ship(self._return(order.picking_ids, 2))
            self._ship(self._return(exchanged.picking_ids, 2, exchange=True))
            self.env.flush_all()
            self.assertTrue(self._open_transfers(exchanged))
            self.env["sale.order"]._pass_promises()
            for one in (order, exchanged):
                self.assertEqual(one.order_status_id, self.shipped)
                self.assertEqual(one.promise_state, "kept")

    def test_drop_shipment_of_another_company_is_no_return(self):
        self.partner.property_stock_customer = self.env.ref("stock.stock_location_customers")
        order = self._create_order()
        order.order_line.move_ids.location_id = self.transit
        self._ship(order.picking_ids)
        self.assertEqual(order.order_status_id, self.shipped)

    def test_where_goods_are_takes_no_query_per_location(self):
        places = self.env["stock.location"].create(
            [{"name": str(n), "location_id": self.warehouse.lot_stock_id.id} for n in range(12)]
        )
        inside = self.env["stock.location"].create(
            {"name": "Gate", "location_id": self.transit.id, "usage": "transit"}
        )
        self.assertTrue(inside._is_with_customer())
        counts = []
        for some in (places[:2], places):
            with self._count_queries() as queries:
                self.assertFalse(some.filtered(lambda place: place._is_with_customer()))
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts)
