from datetime import datetime
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..status_change import StatusChange
from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestWriterIsHeard(OrderStatusCommon):
    """Whoever overrides `write` hears of each change, whatever caused it, and once.

    The override lies where `base_automation` puts its own: outside of all others.
    """

    def setUp(self):
        super().setUp()
        self.heard = []
        self.react = lambda order: None
        model = self.registry["sale.order"]
        origin = model.write
        test = self

        def listening(orders, vals):
            before = {order.id: order.order_status_id for order in orders}
            res = origin(orders, vals)
            for order in orders if "order_status_id" in vals else ():
                if order.order_status_id != before[order.id]:
                    test.heard.append((order, order.order_status_id, test._rows(order)[-1]))
                    test.react(order)
            return res

        self.patch(model, "write", listening)

    def assertHeard(self, order, status):
        ((heard, entered, row),) = self.heard
        self.assertEqual((heard, entered), (order, status))
        self.assertEqual(row.status_id, status, "the row of the change is there already")
        self.assertChain(order)

    def _cancel_as_customer(self, order):
        order._customer_cancel("", self.customer)

    def _by_wizard(self, order):
        wizard = self.env["sale.order.status.wizard"].create(
            {
                "order_ids": [(6, 0, order.ids)],
                "action": "status",
                "status_id": self.in_progress.id,
            }
        )
        wizard.action_apply()

    def test_each_way_is_heard_once(self):
        flag, in_progress = self.flag_in_progress, self.in_progress
        ways = {
            "write": lambda o: o.write({"order_status_id": in_progress.id}),
            "write of other fields too": lambda o: o.write(
                {"order_status_id": in_progress.id, "client_order_ref": "PO-1"}
            ),
            "write of a flag": lambda o: o.write({"order_flag_id": flag.id}),
            "set_order_status": lambda o: o.set_order_status(in_progress.id),
            "set_order_flag": lambda o: o.set_order_flag(flag.id),
            "wizard": self._by_wizard,
        }
        for way, change in ways.items():
            order = self._create_order()
            self.heard.clear()
            with self.subTest(way=way):
                change(order)
                self.assertHeard(order, in_progress)

    def test_event_and_customer_are_heard(self):
        order = self._create_order()
        self.assertHeard(order, self.saved)
        self.heard.clear()
        self._cancel_as_customer(order)
        self.assertHeard(order, self.rejected)

    def test_create_is_heard(self):
        order = self._create_order(confirm=False, state="sale", order_status_id=self.in_progress.id)
        self.assertHeard(order, self.in_progress)

    def test_same_status_again_is_not_heard(self):
        order = self._create_order()
        self.heard.clear()
        order.set_order_status(self.saved.id)
        order.set_order_flag(self._create_flag().id)
        self.assertFalse(self.heard)

    def test_tracking_is_switched_off_for_the_writer_only(self):
        order = self._create_order()
        contexts = []
        self.react = lambda order: contexts.append(order.env.context)
        order.set_order_status(self.in_progress.id)
        self.assertFalse(contexts[0].get("tracking_disable"))

    # === WHAT OTHERS DO IN BETWEEN === #

    def test_status_set_in_between_keeps_the_chain(self):
        def react(order):
            if order.order_status_id == self.in_progress:
                order.set_order_status(self.fulfilled.id)

        for change in (
            lambda o: o.set_order_status(self.in_progress.id),
            lambda o: o.write({"order_status_id": self.in_progress.id}),
            lambda o: o.write({"order_flag_id": self.flag_in_progress.id}),
        ):
            order = self._create_order()
            self.react = react
            change(order)
            self.assertEqual(order.order_status_id, self.fulfilled)
            self.assertEqual(order.customer_status_id, self.fulfilled)
            self.assertEqual(len(self._rows(order)), 3)
            self.assertChain(order)

    def test_status_of_another_order_of_the_same_call_keeps_the_chain(self):
        first, second = self._create_orders(2)
        self.heard.clear()

        def react(order):
            if order == first and order.order_status_id == self.in_progress:
                # With a context of its own, as code that knows nothing of us may have one.
                second.with_env(self.env(context={})).set_order_status(self.fulfilled.id)

        self.react = react
        changes = [
            StatusChange(order, flag=self.flag_in_progress, flag_note=f"note {order.id}")
            for order in (first, second)
        ]
        self.env["sale.order"]._change_status(changes, source="flag")
        self.assertEqual(first.order_status_id, self.in_progress)
        self.assertEqual(second.order_status_id, self.fulfilled)
        self.assertEqual(second.order_flag_note, f"note {second.id}")
        self.assertEqual(
            self._rows(second).status_id, self.saved | self.in_progress | self.fulfilled
        )
        self.assertChain(first)
        self.assertChain(second)

    def test_nothing_else_gets_in_with_the_writers_values(self):
        order = self._create_order()

        def react(order):
            with self.assertRaises(UserError):
                order.write({"order_status_date": datetime(2020, 1, 1)})
            with self.assertRaises(UserError):
                order.write({"customer_status_id": self.fulfilled.id})

        self.react = react
        order.set_order_status(self.in_progress.id)
        for forged in (True, {order.id: {"was_placed": False}}, [[order.id, {}]]):
            with self.assertRaises(UserError):
                order.with_context(order_status_write=forged).write({"was_placed": False})

    def test_override_that_leaves_values_out_parts_no_order_from_its_history(self):
        order = self._create_order()
        model = self.registry["sale.order"]
        origin = model.write

        def deaf(orders, vals):
            return origin(orders, {k: v for k, v in vals.items() if k != "order_status_id"})

        with patch.object(model, "write", deaf):
            order.set_order_status(self.in_progress.id)
        self.assertChain(order)
        self.assertEqual(order.order_status_id, self.in_progress)

    # === HOOK === #

    def test_hook_is_called_once_with_what_was_applied(self):
        calls = []

        def hook(orders, changes):
            rows = [self._rows(change.order)[-1].id for change in changes]
            calls.append((orders, [change.history_id for change in changes] == rows))

        orders = self._create_orders(3)
        orders[0].set_order_status(self.in_progress.id)
        with patch.object(self.registry["sale.order"], "_after_status_changes", hook):
            orders.set_order_status(self.in_progress.id)
            orders.set_order_status(self.in_progress.id)
        self.assertEqual(calls, [(orders[1:], True)])
