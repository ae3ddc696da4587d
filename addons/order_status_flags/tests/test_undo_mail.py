from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .outbox import OutboxCommon


@tagged("post_install", "-at_install")
class TestUndoMail(OutboxCommon):
    """The e-mail that waits behind an internal status, when a mistake after that is undone."""

    def setUp(self):
        super().setUp()
        self.company.order_status_mail_delay = 5
        self.hidden = self._create_status("Checked", is_public=False)
        self.order = self._create_order().with_user(self.seller)

    def _wait_behind_internal_status(self, orders=None):
        """Return the rows whose e-mail waits, while the orders are in an internal status."""
        orders = orders or self.order
        orders.set_order_status(self.in_progress.id)
        orders.set_order_status(self.hidden.id)
        rows = orders.sudo().status_history_ids.filtered(lambda r: r.status_id == self.in_progress)
        self.assertEqual(set(rows.mapped("mail_state")), {"pending"})
        return rows

    def _mistake(self, status=None):
        self.order.set_order_status((status or self.fulfilled).id)

    def _run_due(self):
        """Let the time pass for which e-mails are held back; return what the customer gets."""
        pending = self._rows(self.order).filtered(lambda row: row.mail_state == "pending")
        pending.filtered("mail_due").mail_due = fields.Datetime.now()
        return [mail["subject"] for mail in self._run()]

    def _assert_told_once(self):
        (subject,) = self._run_due()
        self.assertIn("In progress", subject)
        self.assertEqual(self._run_due(), [])

    def test_overtaken_mail_is_due_again(self):
        """The customer sees its status again, and would never read of it."""
        rejected = self._create_status("Held", category="rejected", sequence=60, is_public=False)
        for status in (self.fulfilled, self.rejected, rejected):
            with self.subTest(status=status.name):
                self.order = self._create_order().with_user(self.seller)
                row = self._wait_behind_internal_status()
                due = row.mail_due
                self._mistake(status)
                self.assertEqual(row.mail_state, "superseded")
                self.order.action_undo_status()
                self.assertEqual((row.mail_state, row.mail_due), ("pending", due))
                self.assertEqual(self.order.sudo().customer_status_id, self.in_progress)
                self._assert_told_once()

    def test_mail_that_was_in_the_queue_is_made_anew(self):
        row = self._wait_behind_internal_status()
        row.mail_due = fields.Datetime.now()
        self._send_status_mails()
        mail = row.mail_mail_id
        self._mistake()
        self.assertEqual((row.mail_state, mail.state), ("superseded", "cancel"))
        self.order.action_undo_status()
        self.assertFalse(row.mail_mail_id)
        self._assert_told_once()
        self.assertEqual(row.mail_state, "sent")

    def test_mail_that_left_is_not_sent_again(self):
        row = self._wait_behind_internal_status()
        self.assertEqual(len(self._run_due()), 1)
        self._mistake()
        self.order.action_undo_status()
        self.assertEqual(row.mail_state, "sent")
        self.assertEqual(self._run_due(), [])

    def test_mail_that_was_overtaken_twice_leaves_once(self):
        row = self._wait_behind_internal_status()
        for status in (self.fulfilled, self.rejected):
            self._mistake(status)
            self.order.action_undo_status()
            self.assertEqual(row.mail_state, "pending")
            # The button a second time; the mistake is undone already.
            with self.assertRaisesRegex(UserError, "nothing to undo"):
                self.order.action_undo_status()
        self._assert_told_once()

    def test_mail_that_came_back_by_another_undo_leaves_once(self):
        row = self._wait_behind_internal_status()
        self.order.action_undo_status()
        undoing = self._rows(self.order)[-1]
        self.assertEqual((row.mail_state, undoing.mail_state), ("superseded", "pending"))
        self.order.set_order_status(self.hidden.id)
        self._mistake()
        self.order.action_undo_status()
        self.assertEqual((row.mail_state, undoing.mail_state), ("superseded", "pending"))
        self._assert_told_once()

    def test_what_a_later_status_has_overtaken_stays_so(self):
        row = self._wait_behind_internal_status()
        template = self.in_progress.mail_template_id.id
        self.order.set_order_status(self._create_status("Ready", mail_template_id=template).id)
        self.order.set_order_status(self.hidden.id)
        self._mistake()
        self.order.action_undo_status()
        self.assertEqual(row.mail_state, "superseded")
        (subject,) = self._run_due()
        self.assertIn("Ready", subject)

    def test_mail_behind_an_internal_rejection_stays_overtaken(self):
        row = self._wait_behind_internal_status()
        held = self._create_status("Held", category="rejected", is_public=False)
        self.order.set_order_status(held.id)
        self._mistake()
        self.order.action_undo_status()
        self.assertEqual(row.mail_state, "superseded")
        self.assertEqual(self._run_due(), [])

    def test_what_the_customer_knows_is_not_told_again(self):
        self.order.set_order_status(self.in_progress.id)
        self.assertEqual(len(self._run_due()), 1)
        self.order.set_order_status(self.fulfilled.id)
        self.order.set_order_status(self.in_progress.id)
        self.assertEqual(self._run_due(), [], "back at what he knows")
        self.order.set_order_status(self.hidden.id)
        self._mistake(self.rejected)
        self.order.action_undo_status()
        self.assertEqual(self._run_due(), [])

    def test_overtaken_mails_take_no_query_per_order(self):
        counts = []
        for size in (2, 2, 20):
            orders = self._create_orders(size).with_user(self.seller)
            rows = self._wait_behind_internal_status(orders)
            orders.set_order_status(self.fulfilled.id)
            with self._count_queries() as queries:
                orders.action_undo_status()
            self.assertEqual(set(rows.mapped("mail_state")), {"pending"})
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])
