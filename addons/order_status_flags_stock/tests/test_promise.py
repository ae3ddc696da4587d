from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from odoo.addons.order_status_flags.promise_install import assign_promises
from odoo.addons.order_status_flags.status_change import StatusChange

from ..deliveries import select_deliveries
from .common import StockStatusCommon

NOON = datetime(2030, 6, 3, 12, 0)


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestPromiseOfDeliveries(StockStatusCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.partner_id.tz = "Europe/Warsaw"
        cls.env.company.security_lead = 0
        cls.product.sale_delay = 7

    def _state(self, order):
        self.env.flush_all()
        return order.promise_date, order.promise_state

    def _moves(self, order):
        return order.order_line.move_ids.filtered(lambda m: m.state not in ("done", "cancel"))

    def _wait_for_receipt(self, orders):
        """Have the goods of these orders come by a receipt, as a purchase on order would."""
        supplier = self.env.ref("stock.stock_location_suppliers")
        receipt = self.env["stock.move"].create(
            {
                "product_id": self.product.id,
                "product_uom_qty": 10 * len(orders),
                "product_uom": self.product.uom_id.id,
                "location_id": supplier.id,
                "location_dest_id": self.warehouse.lot_stock_id.id,
                "date": NOON + timedelta(days=3),
            }
        )
        receipt._action_confirm()
        for move in self._moves(orders):
            move.write({"move_orig_ids": [Command.link(receipt.id)]})
        self.env.flush_all()
        return receipt

    # === TODAY'S DATE === #

    def test_transfer_says_today(self):
        order = self._create_order()
        self.assertEqual(order.promised_date, order.expected_date.date())
        self.assertEqual(self._state(order), (date(2030, 6, 10), "on_time"))
        self._moves(order).date = NOON + timedelta(days=9)
        self.assertEqual(self._state(order), (date(2030, 6, 12), "at_risk"))
        order.picking_ids.scheduled_date = NOON + timedelta(days=7)
        self.assertEqual(self._state(order), (date(2030, 6, 10), "on_time"))

    def test_security_lead_time_is_no_earlier_promise(self):
        self.env.company.security_lead = 2
        order = self._create_order(commitment_date=NOON + timedelta(days=5))
        self.assertEqual(self._moves(order).date, NOON + timedelta(days=3))
        self.assertEqual(self._state(order), (date(2030, 6, 8), "on_time"))

    def test_receipt_of_the_supplier_moves_it(self):
        order = self._create_order()
        receipt = self._wait_for_receipt(order)
        self.assertEqual(self._state(order), (date(2030, 6, 10), "on_time"))
        receipt.date = NOON + timedelta(days=12)
        self.assertEqual(self._state(order), (date(2030, 6, 15), "at_risk"))
        receipt.date = NOON + timedelta(days=4)
        self.assertEqual(self._state(order), (date(2030, 6, 10), "on_time"))

    def test_requested_date_with_a_later_transfer(self):
        order = self._create_order(commitment_date=NOON + timedelta(days=5))
        self._moves(order).date = NOON + timedelta(days=8)
        self.assertEqual(self._state(order), (date(2030, 6, 11), "at_risk"))
        order.commitment_date = NOON + timedelta(days=9)
        self.assertEqual(self._state(order), (date(2030, 6, 12), "at_risk"))

    def test_line_added_later(self):
        order = self._create_order()
        slow = self._create_product(self.env, sale_delay=20)
        order.order_line = [Command.create({"product_id": slow.id, "product_uom_qty": 1})]
        self.assertEqual(self._state(order), (date(2030, 6, 23), "at_risk"))

    # === WHAT BECOMES OF IT === #

    def test_shipped_in_time_is_kept(self):
        order = self._create_order()
        self._ship(order.picking_ids)
        self.env.flush_all()
        self.assertEqual((order.promise_state, order.promise_fulfilled_on), ("kept", NOON.date()))

    def test_shipped_too_late_is_broken(self):
        order = self._create_order()
        with freeze_time(NOON + timedelta(days=8)):
            self._ship(order.picking_ids)
            self.env.flush_all()
            self.assertEqual(order.promise_state, "broken")

    def test_part_delivery_leaves_the_rest_open(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        self.env.flush_all()
        self.assertEqual(order.promise_state, "on_time")
        with freeze_time(NOON + timedelta(days=8)):
            self.env["sale.order"]._pass_promises()
            self.assertEqual(order.promise_state, "late")
            self._ship(self._open_transfers(order))
            self.env.flush_all()
            self.assertEqual(order.promise_state, "broken")

    def test_rest_given_up_is_kept(self):
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        self._open_transfers(order).action_cancel()
        self.env.flush_all()
        self.assertEqual(order.promise_state, "kept")

    def test_goods_count_and_not_the_status(self):
        order = self._create_order()
        order.set_order_status(self.env.ref("order_status_flags.status_fulfilled").id)
        self.env.flush_all()
        self.assertEqual(order.promise_state, "on_time")
        # The customer reads that all is done, and is told of no delay.
        self.assertTrue(order._get_customer_promise()["is_fulfilled"])

    def test_who_reads_that_it_was_shipped_is_told_of_no_delay(self):
        """An ERP ships and says so by a flag; Odoo's transfers stay open, and clerks see them."""
        self.env.company.order_status_delay_days = 1
        told, untold = self._create_order(), self._create_order()
        shipped = self.env.ref("order_status_flags_stock.status_shipped")
        told.set_order_status(shipped.id)
        with freeze_time(NOON + timedelta(days=20)):
            self.env["sale.order"]._pass_promises()
            self.assertEqual((told.promise_state, untold.promise_state), ("late", "late"))
            promises = (told | untold)._get_customer_promises()
            self.assertEqual([promises[o.id]["is_late"] for o in (told, untold)], [False, True])
            # Not looked at again every hour for as long as the transfers are open.
            self.assertEqual(self.env["sale.order"]._find_due_delays() & (told | untold), untold)
            self.env["sale.order"]._queue_due_delays()
        rows = self.env["sale.order.status.history"].search(
            [("order_id", "in", (told | untold).ids), ("mail_kind", "=", "delay")]
        )
        self.assertEqual(rows.order_id, untold)

    def test_status_of_a_part_too_leaves_the_delay_of_the_rest_to_be_told(self):
        self.env.company.order_status_delay_days = 1
        self.shipped.event_ids |= self.env.ref("order_status_flags_stock.event_delivery_started")
        order = self._create_order()
        self._ship(order.picking_ids, 4)
        self.assertEqual(order.order_status_id, self.shipped)
        with freeze_time(NOON + timedelta(days=20)):
            self._settle()
        self.assertEqual(self._find_told(order), order)

    def _settle(self):
        """Let what waits for the end of the transaction, and the scheduled action, happen."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env["sale.order"]._pass_promises()
        self.env["sale.order"]._queue_due_delays()

    def _find_told(self, orders):
        """Return to which of these orders an e-mail about a delay belongs."""
        rows = self.env["sale.order.status.history"].search(
            [("order_id", "in", orders.ids), ("mail_kind", "=", "delay")]
        )
        return rows.order_id

    def _check_mails_nobody(self, status, change):
        """An ERP ships and says so by a status; Odoo's transfers stay open when it changes."""
        self.env.company.order_status_delay_days = 1
        # Of the second ones the scheduled action has not noted yet that their promise has passed.
        shipped, due = (
            self._create_order() | self._create_order(commitment_date=NOON + timedelta(days=25))
            for _i in range(2)
        )
        for order in shipped:
            order.set_order_status(status.id)
        with freeze_time(NOON + timedelta(days=20)):
            self.env["sale.order"]._pass_promises()
        with freeze_time(NOON + timedelta(days=30)):
            change(status)
            self._settle()
        self.assertEqual(set((shipped | due).mapped("promise_state")), {"late"})
        self.assertEqual(self._find_told(shipped | due), due)

    def _move_event(self, status):
        events = status.event_ids
        status.event_ids = False
        new = self.env["sale.order.status"].create({"name": "On its way"})
        new.event_ids = events

    def test_event_that_goes_with_its_addon_mails_nobody(self):
        event = self.env.ref("order_status_flags_stock.event_delivery_done")
        self._check_mails_nobody(self.shipped, lambda _status: event.unlink())

    def test_status_that_is_archived_mails_nobody(self):
        self._check_mails_nobody(self.shipped, lambda status: status.action_archive())

    def test_event_that_is_moved_mails_nobody(self):
        self._check_mails_nobody(self.shipped, self._move_event)

    def test_status_that_is_hidden_mails_nobody(self):
        self._check_mails_nobody(self.shipped, lambda status: status.write({"is_public": False}))

    def test_category_that_is_no_longer_done_mails_nobody(self):
        done = self.env["sale.order.status"].create({"name": "Handed over", "category": "done"})
        self._check_mails_nobody(done, lambda status: status.write({"category": "in_progress"}))

    def test_who_was_to_be_told_before_the_codebook_changed_is_told(self):
        self.env.company.order_status_delay_days = 1
        order = self._create_order()
        status = self.env["sale.order.status"].create({"name": "Packed", "category": "new"})
        order.set_order_status(status.id)
        self.env.flush_all()
        with freeze_time(NOON + timedelta(days=20)):
            status.category = "in_progress"
            self._settle()
        self.assertEqual(self._find_told(order), order)

    def test_change_of_the_codebook_takes_no_query_per_order(self):
        self.env.company.order_status_delay_days = 1
        counts = []
        for size in (2, 2, 20):
            orders = self.env["sale.order"].union(*(self._create_order() for _i in range(size)))
            status = self.shipped.copy({"category": "done"})
            for order in orders:
                order.set_order_status(status.id)
            with freeze_time(NOON + timedelta(days=20)):
                self.env["sale.order"]._pass_promises()
                with self._count_queries() as queries:
                    status.category = "in_progress"
            self.assertEqual(orders.mapped("promise_told"), [True] * size)
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])

    def test_return_changes_nothing(self):
        order = self._create_order()
        self._ship(order.picking_ids)
        wizard = self.env["stock.return.picking"].create({"picking_id": order.picking_ids.id})
        wizard.product_return_moves.quantity = 2
        wizard.action_create_returns()
        self.env.flush_all()
        self.assertEqual(order.promise_state, "kept")

    def test_exchange_is_no_delay(self):
        """Odoo plans it for the day of the first delivery, which is long past."""
        self.env.company.order_status_delay_days = 1
        order, partly = self._create_order(), self._create_order()
        self._ship(order.picking_ids)
        self._ship(partly.picking_ids, 4)
        with freeze_time(NOON + timedelta(days=20)):
            wizard = self.env["stock.return.picking"].create({"picking_id": order.picking_ids.id})
            wizard.product_return_moves.quantity = 2
            wizard.action_create_exchanges()
            self.env.flush_all()
            self.env["sale.order"]._pass_promises()
            self.assertTrue(self._moves(order).filtered(lambda m: m._is_bound_for_customer()))
            self.assertEqual((order.promise_state, partly.promise_state), ("kept", "late"))
            self.assertEqual(order.promise_fulfilled_on, NOON.date())
            self.assertTrue(order._get_customer_promise()["is_fulfilled"])
            self.env["sale.order"]._queue_due_delays()
        rows = self.env["sale.order.status.history"].search(
            [("order_id", "in", (order | partly).ids), ("mail_kind", "=", "delay")]
        )
        self.assertEqual(rows.order_id, partly)

    def _exchange(self, picking, quantity):
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        wizard.product_return_moves.quantity = quantity
        returned = self.env["stock.picking"].browse(wizard.action_create_exchanges()["res_id"])
        self.env.flush_all()
        return returned

    def test_exchange_changes_no_promise(self):
        """Neither while it is open, nor when it leaves, whatever came of the promise."""
        dozens = {
            "product_id": self.product.id,
            "product_uom_id": self.env.ref("uom.product_uom_dozen").id,
            "product_uom_qty": 2,
        }
        kept = self._create_order(order_line=[Command.create(dozens)])
        broken = self._create_order()
        self._ship(kept.picking_ids)
        with freeze_time(NOON + timedelta(days=9)):
            self._ship(broken.picking_ids)
        with freeze_time(NOON + timedelta(days=20)):
            for order, state in ((kept, "kept"), (broken, "broken")):
                before = order.promised_date, order.promise_date, order.promise_fulfilled_on
                returned = self._exchange(order.picking_ids, 2)
                self.assertEqual(order.promise_state, state)
                self._ship(returned)
                self.assertEqual(self._state(order), (before[1], state))
                self._ship(self._open_transfers(order))
                self.assertEqual(self._state(order), (before[1], state))
                self.assertEqual(
                    (order.promised_date, order.promise_date, order.promise_fulfilled_on), before
                )
            assign_promises(self.env, select_deliveries(SQL("true")))
            self.assertEqual((kept.promise_state, broken.promise_state), ("kept", "broken"))

    def test_exchange_of_a_part_hides_no_delay(self):
        """What is sent twice is not the rest of the order."""
        order = self._create_order()
        first = order.picking_ids
        self._ship(first, 4)
        with freeze_time(NOON + timedelta(days=1)):
            returned = self._exchange(first, 4)
            self._ship(returned)
        with freeze_time(NOON + timedelta(days=2)):
            open_ = self._open_transfers(order)
            moves = open_.move_ids
            self.assertEqual(sum(moves.mapped("product_uom_qty")), 10)
            for move in moves:
                move.write({"quantity": move.product_uom_qty, "picked": True})
            moves[-1].quantity -= 2
            open_.with_context(skip_backorder=True)._action_done()
            self.assertEqual(self._state(order)[1], "on_time")
        with freeze_time(NOON + timedelta(days=20)):
            self.env["sale.order"]._pass_promises()
            self.assertEqual(order.promise_state, "late")
            self._ship(self._open_transfers(order))
            self.assertEqual(self._state(order)[1], "broken")

    def test_more_that_is_ordered_after_an_exchange_is_open(self):
        order = self._create_order()
        self._ship(order.picking_ids)
        self._ship(self._exchange(order.picking_ids, 2))
        self._ship(self._open_transfers(order))
        self.assertEqual(self._state(order)[1], "kept")
        order.order_line.product_uom_qty = 12
        self.assertTrue(self._moves(order))
        self.assertEqual(self._state(order)[1], "on_time")

    def test_cancelled(self):
        order = self._create_order()
        order._action_cancel()
        self.env.flush_all()
        self.assertEqual(order.promise_state, "none")

    def test_moved_by_hand_not_before_the_goods(self):
        order = self._create_order()
        self.assertTrue(order._get_move_refusal(date(2030, 6, 9)))
        self.assertFalse(order._get_move_refusal(date(2030, 6, 14)))
        order._move_promise(date(2030, 6, 14), "Glaze")
        self._moves(order).date = NOON + timedelta(days=20)
        self.assertEqual(self._state(order), (date(2030, 6, 23), "at_risk"))

    # === MANY === #

    def test_receipt_takes_no_query_per_order(self):
        counts = []
        for size in (2, 2, 20):
            orders = self.env["sale.order"].union(*(self._create_order() for _i in range(size)))
            receipt = self._wait_for_receipt(orders)
            with self._count_queries() as queries:
                receipt.date = NOON + timedelta(days=12)
            self.assertEqual(set(orders.mapped("promise_state")), {"at_risk"})
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])

    def test_values_of_their_own_take_no_query_per_order(self):
        """Each order is written by itself; what follows of all of them is computed at once."""
        flag = self.env.ref("order_status_flags.flag_in_progress")
        counts = []
        for size in (2, 2, 20):
            orders = self.env["sale.order"].union(*(self._create_order() for _i in range(size)))
            with self._count_queries() as queries:
                orders._change_status(
                    [StatusChange(order, flag=flag, flag_note=order.name) for order in orders],
                    source="flag",
                )
            self.assertEqual(orders.mapped("order_flag_note"), orders.mapped("name"))
            self.assertEqual(set(orders.mapped("promise_state")), {"on_time"})
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])

    def test_installation_reads_the_deliveries(self):
        orders = self.env["sale.order"].union(*(self._create_order() for _i in range(4)))
        kept, broken, risky, open_ = orders
        self._ship(kept.picking_ids)
        with freeze_time(NOON + timedelta(days=9)):
            self._ship(broken.picking_ids)
        self._moves(risky).date = NOON + timedelta(days=12)
        self.env.flush_all()
        before = [(o.promised_date, o.promise_date, o.promise_state) for o in orders]
        self.env.cr.execute(
            "UPDATE sale_order SET promised_date = NULL, promise_date = NULL,"
            " promise_state = 'none', promise_fulfilled_on = NULL WHERE id IN %s",
            [tuple(orders.ids)],
        )
        self.env.invalidate_all()
        assign_promises(self.env)
        assign_promises(self.env, select_deliveries(SQL("true")))
        after = [(o.promised_date, o.promise_date, o.promise_state) for o in orders]
        self.assertEqual([row[2] for row in after], ["kept", "broken", "at_risk", "on_time"])
        self.assertEqual(after, before)
        self.assertTrue(open_.promised_date)

    # === LIVE PAGE === #

    def test_transfers_change_the_page(self):
        order = self._create_order()
        page = order.order_tracking_token, self.env.ref("base.public_user")
        for change in (
            lambda: self._moves(order).write({"date": NOON + timedelta(days=9)}),
            lambda: order.picking_ids.write({"note": "x"}),
            lambda: self._ship(order.picking_ids),
        ):
            etag = order._find_page_etag(*page)
            self.assertEqual(order._find_page_etag(*page), etag)
            change()
            self.assertNotEqual(order._find_page_etag(*page), etag)
