from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race
from odoo.addons.order_status_flags.models.sale_order import writer

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestStatusRace(Race, OrderStatusCommon):
    """Two real transactions on committed orders, which are removed afterwards."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            partner = env["res.partner"].create({"name": "Race", "email": "race@example.com"})
            product = env["product.product"].create({"name": "Race", "type": "service"})
            order = env["sale.order"].create(
                {
                    "partner_id": partner.id,
                    "order_line": [(0, 0, {"product_id": product.id, "product_uom_qty": 1})],
                }
            )
            order.action_confirm()
            self.order_id = order.id
            self.addCleanup(self._remove, order.id, partner.id, product.product_tmpl_id.id)

    def _remove(self, order_id, partner_id, template_id):
        with self._transaction() as env:
            cr = env.cr
            cr.execute("DELETE FROM account_move WHERE partner_id = %s", [partner_id])
            cr.execute("DELETE FROM sale_order WHERE id = %s", [order_id])
            cr.execute(
                "DELETE FROM mail_message WHERE model = 'sale.order' AND res_id = %s", [order_id]
            )
            cr.execute("DELETE FROM res_partner WHERE id = %s", [partner_id])
            cr.execute("DELETE FROM product_template WHERE id = %s", [template_id])

    def _order(self, env):
        return env["sale.order"].browse(self.order_id)

    def _history(self):
        with self._transaction() as env:
            return [
                (row.previous_status_id.id, row.status_id.id, row.mail_state)
                for row in self._order(env).status_history_ids.sorted("id")
            ]

    def test_order_held_by_another_transaction(self):
        with self._transaction() as holder, self._transaction() as other:
            self._order(holder).set_order_status(self.in_progress.id)
            holder.flush_all()
            with (
                patch.object(writer, "LOCK_WAIT", 0.2),
                self.assertRaisesRegex(UserError, "Nothing was changed"),
            ):
                self._order(other).set_order_status(self.fulfilled.id)
            other.cr.rollback()
        self.assertEqual(len(self._history()), 2)

    def test_waiting_change_is_run_again_on_fresh_data(self):
        with self._transaction() as holder, self._transaction() as waiting:
            order = self._order(waiting)
            self.assertEqual(order.order_status_id, self.saved)  # its snapshot begins here
            self._order(holder).set_order_status(self.in_progress.id)
            holder.flush_all()
            self._run_against(holder, waiting, lambda: order.set_order_status(self.fulfilled.id))
        saved, progress, done = self.saved.id, self.in_progress.id, self.fulfilled.id
        self.assertEqual(
            [row[:2] for row in self._history()],
            [(False, saved), (saved, progress), (progress, done)],
        )

    def test_cancellation_sees_an_invoice_posted_meanwhile(self):
        with self._transaction() as env:
            self._order(env)._create_invoices()
            journal_ok = bool(self._order(env).invoice_ids)
        self.assertTrue(journal_ok)
        with self._transaction() as poster, self._transaction() as customer:
            order = self._order(customer)
            self.assertEqual(order.customer_cancellation, "allowed")
            self._order(poster).invoice_ids.action_post()
            poster.cr.commit()
            # Its snapshot is older than the invoice: the lock itself must notice that.
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                order._customer_cancel("why", order.partner_id)
            customer.cr.rollback()
            customer.transaction.reset()
            with self.assertRaisesRegex(UserError, "invoiced"):
                self._order(customer)._customer_cancel("why", order.partner_id)
            customer.cr.rollback()

    def test_two_workers_never_mail_twice(self):
        with self._transaction() as env:
            self._order(env).set_order_status(self.in_progress.id)
        with self._transaction() as first, self._transaction() as second:
            claimed = first["sale.order.status.history"]._claim_due_rows(100_000)
            self.assertIn(self.order_id, claimed.order_id.ids)
            also = second["sale.order.status.history"]._claim_due_rows(100_000)
            self.assertNotIn(self.order_id, also.order_id.ids)
            claimed._hand_over_mails()
            first.cr.commit()
            second.cr.rollback()
            second.transaction.reset()
            also = second["sale.order.status.history"]._claim_due_rows(100_000)
            self.assertNotIn(self.order_id, also.order_id.ids)
            second.cr.rollback()
        with self._transaction() as env:
            mails = env["mail.mail"].search(
                [("model", "=", "sale.order"), ("res_id", "=", self.order_id)]
            )
            self.assertEqual(len(mails), 1)

    def test_change_does_not_wait_for_the_mail_worker(self):
        with self._transaction() as env:
            self._order(env).set_order_status(self.in_progress.id)
        with self._transaction() as worker, self._transaction() as clerk:
            self.assertTrue(worker["sale.order.status.history"]._claim_due_rows(100_000))
            self._order(clerk).set_order_status(self.fulfilled.id)
            clerk.cr.commit()
            worker.cr.rollback()
        # the row the worker held is sorted out by the worker
        with self._transaction() as worker:
            rows = worker["sale.order.status.history"]._claim_due_rows(100_000)
            rows.filtered(lambda row: row.order_id.id == self.order_id)._hand_over_mails()
        self.assertEqual([row[2] for row in self._history()], ["none", "superseded", "pending"])

    # === AN UNDONE MISTAKE BEHIND AN INTERNAL STATUS === #

    def _wait_behind_internal_status(self):
        """Let an e-mail wait while the order is in a status that the customer does not see."""
        with self._transaction() as env:
            hidden = env["sale.order.status"].create(
                {"name": "Race", "category": "in_progress", "sequence": 25, "is_public": False}
            )
            self.addCleanup(self._remove_status, hidden.id)
            self._order(env).set_order_status(self.in_progress.id)
            self._order(env).set_order_status(hidden.id)

    def _remove_status(self, status_id):
        with self._transaction() as env:
            for query in (
                "DELETE FROM sale_order_status_history WHERE order_id = %(order)s",
                "UPDATE sale_order SET order_status_id = NULL WHERE id = %(order)s",
                "DELETE FROM sale_order_status WHERE id = %(status)s",
            ):
                env.cr.execute(query, {"order": self.order_id, "status": status_id})

    def _claim(self, env):
        rows = env["sale.order.status.history"]._claim_due_rows(100_000)
        return rows.filtered(lambda row: row.order_id.id == self.order_id)

    def _assert_mailed_once(self):
        with self._transaction() as env:
            self.assertFalse(self._claim(env))
            mails = env["mail.mail"].search(
                [("model", "=", "sale.order"), ("res_id", "=", self.order_id)]
            )
            self.assertEqual(len(mails.filtered(lambda mail: mail.state == "outgoing")), 1)
        states = [row[2] for row in self._history()]
        self.assertEqual(states, ["none", "pending", "none", "superseded", "none"])

    def test_worker_that_looked_before_an_undo_mails_once(self):
        self._wait_behind_internal_status()
        with self._transaction() as env:
            self._order(env).set_order_status(self.fulfilled.id)
        with self._transaction() as worker, self._transaction() as clerk:
            history = worker["sale.order.status.history"]
            self.assertTrue(history.search(history._get_due_domain()))  # its snapshot begins here
            self._order(clerk).action_undo_status()
            clerk.cr.commit()
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                self._claim(worker)
            worker.cr.rollback()
            worker.transaction.reset()
            self._claim(worker)._hand_over_mails()
        self._assert_mailed_once()

    def test_worker_that_is_at_the_mail_during_mistake_and_undo_mails_once(self):
        self._wait_behind_internal_status()
        with self._transaction() as worker, self._transaction() as clerk:
            rows = self._claim(worker)
            self.assertEqual(rows.status_id.id, self.in_progress.id)
            self._order(clerk).set_order_status(self.fulfilled.id)
            self._order(clerk).action_undo_status()
            clerk.cr.commit()
            rows._hand_over_mails()
        self._assert_mailed_once()
