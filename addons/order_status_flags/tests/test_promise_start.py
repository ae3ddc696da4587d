from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ..promise_install import assign_promises
from .outbox import OutboxCommon

NOON = datetime(2030, 6, 3, 12)
LATER = NOON + timedelta(days=10)


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestPromiseStart(OutboxCommon):
    """An order of the shop waits for the customer's money: nobody is late until it is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.order_status_delay_days = 2

    def _create_sent(self, **values):
        line = {"product_id": self.product.id, "customer_lead": 3}
        order = self._create_order(confirm=False, order_line=[Command.create(line)], **values)
        order.document_type = "web"
        order.action_quotation_sent()
        self._end_transaction()
        return order

    def _end_transaction(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.flush_all()

    def _let_time_pass(self):
        with self.enter_registry_test_mode():
            self.env.ref("order_status_flags.ir_cron_promise").method_direct_trigger()
        self.env.invalidate_all()

    def _delays(self, order):
        return self._rows(order).filtered(lambda row: row.mail_kind == "delay")

    def assertNoLateness(self, order):
        self._end_transaction()
        self._let_time_pass()
        found = self.env["sale.order"].search([("promise_state", "in", ("at_risk", "late"))])
        self.assertNotIn(order, found)
        self.assertNotIn(order.promise_state, ("at_risk", "late"))
        promise = order._get_customer_promise()
        self.assertFalse(promise["is_late"] or promise["is_moved"])
        self.assertFalse(self._delays(order))

    def test_unpaid_order_is_not_late(self):
        order = self._create_sent()
        self.assertEqual((order.state, order.promised_date), ("sent", date(2030, 6, 6)))
        self.assertTrue(order._get_customer_promise()["is_shown"], "what is expected is told")
        self.assertNoLateness(order)
        with freeze_time(LATER):
            self.assertNoLateness(order)
            self.assertFalse(order._get_customer_promise()["is_shown"], "a day that has passed")
            order.commitment_date = LATER + timedelta(days=30)
            self.assertNoLateness(order)

    def test_payment_starts_the_promise(self):
        order = self._create_sent()
        with freeze_time(LATER):
            order.action_confirm()
            self.assertNoLateness(order)
            self.assertEqual(order.promised_date, date(2030, 6, 16))
            self.assertEqual(order.promise_state, "on_time")
        with freeze_time(LATER + timedelta(days=4)):
            self._let_time_pass()
            self.assertEqual(order.promise_state, "late")
            self.assertEqual(self._delays(order).mail_state, "pending")

    def test_given_days_stay(self):
        requested = self._create_sent(commitment_date=LATER + timedelta(days=5))
        moved = self._create_sent()
        moved._move_promise(date(2030, 6, 20), "agreed by phone")
        with freeze_time(LATER):
            (requested | moved).action_confirm()
            self.assertEqual(requested.promised_date, date(2030, 6, 18))
            self.assertEqual(moved.promised_date, date(2030, 6, 6))
            self.assertEqual(moved.promise_moved_date, date(2030, 6, 20))

    def test_what_was_delivered_all_the_same_is_kept(self):
        order = self._create_sent()
        order.set_order_status(self.fulfilled.id, notify=False)
        self.assertEqual(order.promise_state, "kept")

    def test_confirmed_order_is_late_as_before(self):
        order = self._create_order(commitment_date=NOON + timedelta(days=3))
        with freeze_time(LATER):
            self._let_time_pass()
            self.assertEqual(order.promise_state, "late")
            self.assertTrue(order._get_customer_promise()["is_late"])

    def test_upgrade_tells_the_same(self):
        order = self._create_sent()
        self.env.cr.execute(
            "UPDATE sale_order SET promised_date = NULL, promise_state = 'late' WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        with freeze_time(LATER):
            assign_promises(self.env)
            self.assertEqual((order.promised_date, order.promise_state), (date(2030, 6, 6), "none"))

    def test_options_not_chosen_and_returns_promise_nothing(self):
        def line(days, quantity):
            return {
                "product_id": self.product.id,
                "customer_lead": days,
                "product_uom_qty": quantity,
            }

        aside = [line(30, 0), line(30, -1)]
        order, empty = (
            self._create_order(order_line=[Command.create(vals) for vals in lines])
            for lines in ([line(2, 1), *aside], aside)
        )
        self.assertEqual(order.promised_date, date(2030, 6, 5))
        self.assertFalse(empty.promised_date)
        (order | empty)._write_status_fields({"promised_date": False})
        self.env.flush_all()
        assign_promises(self.env)
        self.assertEqual(order.promised_date, date(2030, 6, 5))
        self.assertFalse(empty.promised_date)

    def test_many_take_no_query_per_order(self):
        counts = []
        for size in (2, 2, 20):
            orders = self.env["sale.order"].union(*(self._create_sent() for _i in range(size)))
            with freeze_time(LATER), self._count_queries() as queries:
                orders._start_promises()
            self.assertEqual(set(orders.mapped("promised_date")), {date(2030, 6, 16)})
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])
