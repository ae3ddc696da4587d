from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .outbox import OutboxCommon


@tagged("post_install", "-at_install")
class TestUndo(OutboxCommon):
    def setUp(self):
        super().setUp()
        self.company.order_status_mail_delay = 5
        self.order = self._create_order()
        self.mine = self.order.with_user(self.seller)

    def _values(self):
        self.env.flush_all()
        self.env.invalidate_all()
        names = (
            *("order_status_id", "order_status_date", "order_flag_id", "order_flag_note"),
            *("customer_status_id", "state"),
        )
        return [self.order[name] for name in names]

    def _age(self, seconds):
        """Let the history be older."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET date = date - %s * interval '1 second'"
            " WHERE order_id = %s",
            [seconds, self.order.id],
        )
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_date = order_status_date"
            " - %s * interval '1 second' WHERE id = %s",
            [seconds, self.order.id],
        )
        self.env.invalidate_all()

    def test_undo_is_offered_to_who_did_it(self):
        self.assertFalse(self.mine.can_undo_status)
        self.mine.set_order_status(self.in_progress.id)
        self.assertTrue(self.mine.can_undo_status)
        self.assertFalse(self.order.with_user(self.manager).can_undo_status)
        self.mine.action_undo_status()
        self.assertFalse(self.mine.can_undo_status)

    def test_status_flag_note_and_date_are_as_before(self):
        first, second = self._create_flag("First", default_note="default"), self._create_flag("Two")
        hidden = self._create_status("Checked", is_public=False)
        before = [
            lambda: None,
            lambda: self.mine.set_order_flag(first.id, note="note"),
            lambda: self.mine.write({"order_flag_id": first.id, "order_flag_note": False}),
            lambda: self.mine.set_order_status(hidden.id),
        ]
        changes = [
            lambda: self.mine.set_order_status(self.fulfilled.id, note="why"),
            lambda: self.mine.set_order_flag(self.flag_in_progress.id, note="other"),
            lambda: self.mine.write({"order_flag_id": second.id}),
            lambda: self.mine.write({"order_status_id": self.fulfilled.id}),
            lambda: self.mine.set_order_status(hidden.id),
        ]
        for prepare in before:
            for change in changes:
                self.order = self._create_order()
                self.mine = self.order.with_user(self.seller)
                prepare()
                self._age(100)
                values, count = self._values(), len(self._rows(self.order))
                change()
                if len(self._rows(self.order)) == count:
                    continue  # it was there already
                self.assertNotEqual(self._values(), values)
                self.assertIs(self.mine.action_undo_status(), True)
                self.assertEqual(self._values(), values)
                self.assertEqual(len(self._rows(self.order)), count + 2)
                row = self._rows(self.order)[-1]
                self.assertEqual(row.undone_id, self._rows(self.order)[-2])
                self.assertIn("Undone", row.note)
                self.assertChain(self.order)

    def test_flag_is_cleared_and_comes_back(self):
        self.mine.set_order_flag(self.flag_in_progress.id, note="A note")
        self._age(100)
        self.mine.set_order_flag(False)
        self.mine.action_undo_status()
        self.assertEqual(self.order.order_flag_id, self.flag_in_progress)
        self.assertEqual(self.order.order_flag_note, "A note")

    def test_customer_sees_no_trace(self):
        timeline = self.order._get_customer_timeline()
        self.mine.set_order_status(self.fulfilled.id)
        self.mine.action_undo_status()
        self.assertEqual(self.order._get_customer_timeline(), timeline)
        self.fulfilled.is_public = False
        self.fulfilled.is_public = True
        self.assertEqual(self.order.customer_status_id, self.saved)

    def test_waiting_mail_leaves_once_when_an_internal_status_is_undone(self):
        for handed_over in (False, True):
            order = self._create_order().with_user(self.seller)
            order.set_order_status(self.in_progress.id)
            rows = self._rows(order)
            rows[-1].mail_due = fields.Datetime.now()
            if handed_over:
                self._send_status_mails()
                self.assertTrue(rows[-1].mail_mail_id)
            order.set_order_status(self._create_status("Checked", is_public=False).id)
            order.action_undo_status()
            self.assertEqual(rows[-1].mail_state, "superseded")
            self._rows(order)[-1].mail_due = fields.Datetime.now()
            self.assertEqual(len(self._run()), 1)
            self.assertEqual(self._rows(order)[-1].mail_state, "sent")

    def test_nobody_is_mailed_about_what_was_undone(self):
        self.mine.set_order_status(self.in_progress.id)
        self.mine.action_undo_status()
        self.env["sale.order.status.history"].search(
            [("mail_state", "=", "pending")]
        ).mail_due = fields.Datetime.now()
        self.assertEqual(self._run(), [])
        self.assertNotIn("pending", self._rows(self.order).mapped("mail_state"))

    def test_waiting_mail_is_due_again_as_before(self):
        self.mine.set_order_status(self.in_progress.id)
        due = self._rows(self.order)[-1].mail_due
        self.mine.set_order_status(self.fulfilled.id)
        self.mine.action_undo_status()
        row = self._rows(self.order)[-1]
        self.assertEqual((row.mail_state, row.mail_due), ("pending", due))
        row.mail_due = fields.Datetime.now()
        (mail,) = self._run()
        self.assertIn("In progress", mail["subject"])
        self.assertEqual(row.mail_state, "sent")

    def test_mail_that_left_cannot_be_undone(self):
        self.company.order_status_mail_delay = 0
        self.mine.set_order_status(self.in_progress.id)
        self._run()
        with self.assertRaisesRegex(UserError, "told by e-mail"):
            self.mine.action_undo_status()
        self.assertEqual(self.order.order_status_id, self.in_progress)

    def test_mail_in_the_queue_is_withdrawn(self):
        self.company.order_status_mail_delay = 0
        self.mine.set_order_status(self.in_progress.id)
        self._send_status_mails()
        mail = self._rows(self.order)[-1].mail_mail_id
        self.assertEqual(mail.state, "outgoing")
        self.mine.action_undo_status()
        self.assertEqual(mail.state, "cancel")

    # === REFUSED === #

    def _assert_refused(self, words, orders=None):
        values = self._values()
        with self.assertRaisesRegex(UserError, words):
            (orders or self.mine).action_undo_status()
        self.assertEqual(self._values(), values)

    def test_after_a_minute_it_is_too_late(self):
        self.mine.set_order_status(self.in_progress.id)
        self._age(59)
        self.assertTrue(self.mine.can_undo_status)
        self._age(3)
        self.assertFalse(self.mine.can_undo_status)
        self._assert_refused("too late")

    def test_what_came_after_counts(self):
        self.mine.set_order_status(self.in_progress.id)
        self.order.with_user(self.manager).set_order_flag(self._create_flag().id)
        self._assert_refused("somebody else")
        order = self._create_order().with_user(self.seller)
        order.set_order_status(self.in_progress.id)
        order.sudo()._trigger_status_event("invoice_posted")
        self._assert_refused("by itself", order)

    def test_nothing_to_undo(self):
        self.mine.set_order_status(self.in_progress.id)
        self.mine.action_undo_status()
        self._assert_refused("nothing to undo")
        self._assert_refused("by itself", self._create_order().with_user(self.seller))
        quotation = self._create_order(confirm=False).with_user(self.seller)
        self._assert_refused("nothing to undo", quotation)

    def test_all_or_none(self):
        others = self._create_order().with_user(self.seller)
        self.mine.set_order_status(self.in_progress.id)
        self._assert_refused("by itself", self.mine | others)

    def test_flag_that_cancelled_stays(self):
        flag = self._create_flag("Cancel", cancel_order=True)
        self.mine.set_order_flag(flag.id)
        self.assertEqual(self.order.state, "cancel")
        self.assertFalse(self.mine.can_undo_status)
        with self.assertRaises(UserError):
            self.mine.action_undo_status()

    def test_undo_cancels_nothing_in_odoo(self):
        """A flag that was set before may have become one that cancels."""
        flag = self._create_flag("Waits", status_id=self.rejected.id)
        self.mine.set_order_flag(flag.id)
        for locked in (False, True):
            self.order.locked = False
            self._age(100)
            self.mine.set_order_flag(self.flag_in_progress.id)
            flag.cancel_order = True
            self.order.locked = locked
            self.mine.action_undo_status()
            self.assertEqual((self.order.order_flag_id, self.order.state), (flag, "sale"))
            self.assertEqual(self.order.order_status_id, self.rejected)

    # === REJECTED, BUT GOES ON === #

    def _reject_and_go_on(self, orders):
        """Reject the orders, and let what contradicts it happen."""
        orders.set_order_status(self.rejected.id)
        orders.sudo()._tell_against_rejection("order_confirmed")
        orders.sudo()._tell_against_rejection("invoice_posted")
        for self.order in orders.sudo():
            self._age(100)

    def _marks(self, order):
        return sorted(order.sudo().activity_ids.mapped("summary"))

    def test_marks_of_a_rejected_order_come_back(self):
        self._reject_and_go_on(self.mine)
        confirmed, invoiced = before = self._marks(self.mine)
        self.assertIn("Confirmed", confirmed)
        for _time in range(2):
            self.mine.set_order_status(self.in_progress.id)
            self.assertFalse(self.order.activity_ids or self.order.is_against_rejection)
            self.mine.action_undo_status()
            self.assertEqual(self._marks(self.mine), before)
            self.assertTrue(self.order.is_against_rejection)
            self.assertEqual(set(self.order.activity_ids.mapped("user_id")), {self.seller})
            self._age(100)
        # What somebody has looked after, or closed by an earlier change, stays closed.
        self.order.activity_ids.filtered(lambda a: a.summary == confirmed).action_feedback()
        self.env.invalidate_all()
        self.mine.set_order_status(self.in_progress.id)
        self.mine.action_undo_status()
        self.assertEqual(self._marks(self.mine), [invoiced])
        self._age(100)
        self.mine.set_order_status(self.in_progress.id)
        self._age(100)
        self.mine.set_order_status(self.rejected.id)
        self._age(100)
        self.mine.set_order_status(self.in_progress.id)
        self.mine.action_undo_status()
        self.assertEqual(self._marks(self.mine), [])

    def test_marks_that_nobody_takes_back_are_removed(self):
        self._reject_and_go_on(self.mine)
        self.mine.set_order_status(self.in_progress.id)
        marks = (
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search([("res_model", "=", "sale.order"), ("res_id", "=", self.order.id)])
        )
        self.assertEqual(len(marks), 2)
        self.env["sale.order"]._gc_closed_rejections()
        self.assertEqual(marks.exists(), marks, "the minute is not over")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_activity SET write_date = write_date - interval '2 minutes'"
            " WHERE id IN %s",
            [marks._ids],
        )
        self.env.invalidate_all()
        self.env["sale.order"]._gc_closed_rejections()
        self.assertFalse(marks.exists())

    def test_marks_take_no_query_per_order(self):
        counts = {"close": [], "undo": []}
        for size in (2, 2, 20):
            orders = self._create_orders(size).with_user(self.seller)
            self._reject_and_go_on(orders)
            with self._count_queries() as queries:
                orders.set_order_status(self.in_progress.id)
            counts["close"].append(queries[0])
            with self._count_queries() as queries:
                orders.action_undo_status()
            counts["undo"].append(queries[0])
            self.assertEqual({len(self._marks(order)) for order in orders}, {2})
        for _few, some, many in counts.values():
            self.assertNoMoreQueries(some, many)

    def test_way_back_needs_no_arrow(self):
        self.in_progress.next_status_ids = self.fulfilled
        self.mine.set_order_status(self.in_progress.id)
        self.mine.action_undo_status()
        self.assertEqual(self.order.order_status_id, self.saved)
        self.assertFalse(self._rows(self.order)[-1].is_forced)

    def test_what_is_archived_comes_back(self):
        """An order keeps its status and flag when they are archived, and has them again."""
        status, flag = self._create_status("Old"), self._create_flag("Old")
        self.mine.set_order_status(status.id)
        self.mine.set_order_flag(flag.id)
        self._age(100)
        status.active = flag.active = False
        values = self._values()
        for change in (
            lambda: self.mine.set_order_status(self.fulfilled.id),
            lambda: self.mine.set_order_flag(self.flag_in_progress.id),
        ):
            change()
            self.assertTrue(self.mine.can_undo_status)
            self.mine.action_undo_status()
            self.assertEqual(self._values(), values)
            self._age(100)
            values = self._values()
        with self.assertRaisesRegex(UserError, "archived"):
            self._create_order().set_order_status(status.id)

    def test_email_about_no_change_does_not_count(self):
        """A stranger may ask for the link at any moment, and a date may pass."""
        self.mine.set_order_status(self.in_progress.id)
        self.env["sale.order.status.history"].sudo()._queue_links(self.order.sudo())
        self.env.invalidate_all()
        self.assertTrue(self.mine.can_undo_status)
        self.mine.action_undo_status()
        self.assertEqual(self.order.order_status_id, self.saved)
        self.assertEqual(self._rows(self.order)[1].mail_state, "superseded")
        self.assertEqual(self._rows(self.order)[2].mail_state, "pending", "the link")
        self.assertChain(self.order)

    def test_first_status_set_by_hand_is_undone_to_none(self):
        self.company.order_status_on_sales_orders = False
        order = self._create_order().with_user(self.seller)
        order.set_order_status(self.in_progress.id)
        order.action_undo_status()
        self.assertFalse(order.order_status_id or order.customer_status_id)
        self.assertFalse(order.order_status_date)

    def test_who_may_undo(self):
        self.mine.set_order_status(self.in_progress.id)
        users = [
            new_test_user(self.env, "undo_portal", groups="base.group_portal"),
            new_test_user(self.env, "undo_employee", groups="base.group_user"),
            new_test_user(self.env, "undo_own", groups="sales_team.group_sale_salesman"),
            self.env.ref("base.public_user"),
        ]
        self.order.user_id = self.manager
        for user in users:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                call_kw(
                    self.env(user=user)["sale.order"], "action_undo_status", [self.order.ids], {}
                )
        self._assert_refused("somebody else", self.order.with_user(self.manager))

    def test_query_count(self):
        orders = self._create_orders(10).with_user(self.seller)
        orders.set_order_status(self.in_progress.id)
        orders[0].mapped("can_undo_status")
        with self._count_queries() as few:
            orders[:2].mapped("can_undo_status")
        with self._count_queries() as many:
            orders.mapped("can_undo_status")
        self.assertNoMoreQueries(few[0], many[0])

    def test_orders_with_different_histories_are_undone_together(self):
        """Each has its own status, flag, note and dates again."""
        flag, hidden = self._create_flag("F"), self._create_status("Checked", is_public=False)
        orders = self._create_orders(5).with_user(self.seller)
        orders[1].set_order_flag(flag.id, note="note")
        orders[2].set_order_status(hidden.id)
        orders[3].set_order_status(self.in_progress.id)
        orders[4].set_order_status(self.in_progress.id)
        orders[4].action_undo_status()
        for seconds, self.order in enumerate(orders.sudo(), 100):
            self._age(seconds)
        values = []
        for self.order in orders.sudo():
            values.append(self._values())
        orders.set_order_status(self.fulfilled.id)
        orders.action_undo_status()
        for self.order, before in zip(orders.sudo(), values, strict=True):
            self.assertEqual(self._values(), before)
            self.assertChain(self.order)

    def test_all_or_none_when_one_email_is_leaving(self):
        orders = self._create_orders(2).with_user(self.seller)
        orders.set_order_status(self.in_progress.id)
        History = self.registry["sale.order.status.history"]
        leaving = orders[1].sudo().status_history_ids[:1]
        withdraw = History._withdraw_mails
        with (
            patch.object(History, "_withdraw_mails", lambda rows: withdraw(rows - leaving)),
            self.assertRaisesRegex(UserError, f"{orders[1].name} has been told by e-mail"),
            self.env.cr.savepoint(),
        ):
            orders.action_undo_status()
        self.assertEqual(orders.order_status_id, self.in_progress)

    def test_undo_takes_no_query_per_order(self):
        hidden = self._create_status("Checked", is_public=False)
        counts = []
        for size in (2, 2, 20):
            orders = self._create_orders(size).with_user(self.seller)
            orders.set_order_status(hidden.id)
            orders[::2].set_order_status(self.in_progress.id)
            orders[::2].action_undo_status()
            orders.set_order_status(self.fulfilled.id)
            with self._count_queries() as queries:
                orders.action_undo_status()
            self.assertEqual(orders.order_status_id, hidden)
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])

    def test_minute_is_counted_from_the_change(self):
        self.mine.set_order_status(self.in_progress.id)
        row = self._rows(self.order)[-1]
        self.assertLess(fields.Datetime.now() - row.date, timedelta(seconds=30))
