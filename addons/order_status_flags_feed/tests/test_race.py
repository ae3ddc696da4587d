import time
from unittest.mock import patch

import psycopg2

from odoo.exceptions import LockError, UserError
from odoo.fields import Command
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race

from ..models.order_flag_feed import push
from .common import MOMENT


@tagged("post_install", "-at_install")
class TestFeedRace(Race, BaseCase):
    """Real transactions on committed orders and feeds, which are removed afterwards.

    No ``TransactionCase``: the transaction of a test class that has written something is
    open all the time, and would hold the change feed back.
    """

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            partner = env["res.partner"].create({"name": "Race", "email": "race@example.com"})
            product = env["product.product"].create({"name": "Race", "type": "service"})
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": partner.id,
                        "order_line": [Command.create({"product_id": product.id})],
                    }
                    for _i in range(2)
                ]
            )
            orders.action_confirm()
            self.order_id, self.other_id = orders.ids
            self.order_name, self.other_name = orders.mapped("name")
            self.addCleanup(self._remove, orders.ids, partner.id, product.product_tmpl_id.id)
            self.flag_id = env.ref("order_status_flags.flag_in_progress").id
            self.fulfilled_id = env.ref("order_status_flags.status_fulfilled").id
        with self._transaction() as env:
            feed = env["order.flag.feed"].create(
                {
                    "name": "Race",
                    "mapping_ids": [
                        Command.create({"external_flag": "A", "flag_id": self.flag_id})
                    ],
                }
            )
            self.feed_id = feed.id

    def _remove(self, order_ids, partner_id, template_id):
        with self._transaction() as env:
            cr = env.cr
            cr.execute("DELETE FROM order_flag_feed WHERE id = %s", [self.feed_id])
            cr.execute("DELETE FROM sale_order WHERE id = ANY(%s)", [order_ids])
            cr.execute(
                "DELETE FROM mail_message WHERE model = 'sale.order' AND res_id = ANY(%s)",
                [order_ids],
            )
            cr.execute("DELETE FROM res_partner WHERE id = %s", [partner_id])
            cr.execute("DELETE FROM product_template WHERE id = %s", [template_id])

    def _order(self, env):
        return env["sale.order"].browse(self.order_id)

    def _feed(self, env):
        return env["order.flag.feed"].browse(self.feed_id)

    def _row(self, key="k1", **values):
        return {
            "key": key,
            "order": self.order_name,
            "flag": "A",
            "changed_at": MOMENT,
            **values,
        }

    def test_two_clients_push_the_same_row(self):
        with self._transaction() as first, self._transaction() as second:
            second.cr.execute("SELECT 1")  # its snapshot begins before the first one's push
            self.assertEqual(self._feed(first).push([self._row()])[0]["result"], "applied")
            first.flush_all()
            answers = []
            self._run_against(
                first, second, lambda: answers.append(self._feed(second).push([self._row()]))
            )
        self.assertEqual(answers[0][0]["result"], "duplicate")
        with self._transaction() as env:
            rows = self._order(env).status_history_ids.sorted("id")
            self.assertEqual(rows.mapped("mail_state"), ["none", "pending"])
            results = self._feed(env).log_ids.sorted("id").mapped("result")
            self.assertEqual(results, ["applied", "duplicate"])

    def test_push_that_waits_too_long_ends_in_a_lock_error(self):
        short = patch.object(push, "FEED_WAIT", "200ms")
        with short, self._transaction() as first, self._transaction() as second:
            self._feed(first)._lock_for_push()
            with self.assertRaises(LockError), mute_logger("odoo.sql_db"):
                self._feed(second).push([self._row()])
            first.cr.rollback()
            second.cr.execute("SHOW lock_timeout")
            self.assertEqual(second.cr.fetchone()[0], "0")
            self.assertEqual(self._feed(second).push([self._row()])[0]["result"], "applied")

    def test_order_held_by_a_clerk_is_refused_and_can_be_sent_again(self):
        short = patch.object(push, "ORDER_WAIT", 0.2)
        with short, self._transaction() as clerk, self._transaction() as client:
            self._order(clerk)._lock_for_status_change()
            answer = self._feed(client).push([self._row()])[0]
            self.assertEqual(answer["result"], "refused")
            self.assertIn("Somebody else", answer["message"])
            client.cr.commit()
            clerk.cr.rollback()
            self.assertEqual(self._feed(client).push([self._row()])[0]["result"], "applied")

    def test_order_changed_meanwhile_runs_the_push_again(self):
        with self._transaction() as clerk, self._transaction() as client:
            client.cr.execute("SELECT 1")
            self._order(clerk).set_order_status(self.fulfilled_id)
            clerk.cr.commit()
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                self._feed(client).push([self._row()])
            client.cr.rollback()

    # === DOCUMENTS AND CANCELLING === #

    def _invoice_row(self, key="d1", **document):
        row = self._row(key)
        row.pop("flag")
        return {**row, "document": {"kind": "invoice", "number": "FS 1", **document}}

    def _customer_cancels(self, env):
        order = self._order(env)
        return order._customer_cancel("no more", order.partner_id)

    def _assert_never_invoiced_and_then_cancelled(self):
        """What the whole is about: no customer cancels after the invoice is there."""
        with self._transaction() as env:
            env.cr.execute(
                """
                SELECT count(*)
                  FROM sale_order_erp_document document
                  JOIN sale_order_status_history row ON row.order_id = document.order_id
                 WHERE document.order_id = %s AND document.state = 'open'
                   AND row.source = 'customer' AND row.date > document.create_date
                """,
                [self.order_id],
            )
            self.assertEqual(env.cr.fetchone(), (0,))

    def test_invoice_that_arrives_while_the_customer_looks_stops_the_cancellation(self):
        with self._transaction() as customer, self._transaction() as client:
            customer.cr.execute("SELECT 1")  # the page was opened before
            self.assertEqual(self._order(customer).customer_cancellation, "allowed")
            self.assertEqual(self._feed(client).push([self._invoice_row()])[0]["result"], "applied")
            client.cr.commit()
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                self._customer_cancels(customer)
            customer.cr.rollback()
            customer.invalidate_all()
            with self.assertRaisesRegex(UserError, "invoiced"):
                self._customer_cancels(customer)
            customer.cr.rollback()
        self._assert_never_invoiced_and_then_cancelled()

    def test_customer_who_clicks_during_the_push_waits_and_is_refused(self):
        outcome = []

        def cancel():
            try:
                outcome.append(self._customer_cancels(customer))
            except UserError as error:
                outcome.append(str(error))

        with self._transaction() as client, self._transaction() as customer:
            customer.cr.execute("SELECT 1")
            self._feed(client).push([self._invoice_row(covers="part")])
            client.flush_all()
            self._run_against(client, customer, cancel)
        self.assertEqual(outcome, ["The order has already been invoiced."])
        self._assert_never_invoiced_and_then_cancelled()

    def test_invoice_that_arrives_during_the_cancellation_tells_a_person(self):
        answers = []
        with self._transaction() as customer, self._transaction() as client:
            client.cr.execute("SELECT 1")
            self.assertEqual(self._customer_cancels(customer), "cancelled")
            customer.flush_all()
            self._run_against(
                customer,
                client,
                lambda: answers.append(self._feed(client).push([self._invoice_row()])),
            )
        self.assertEqual(answers[-1][0]["result"], "applied")
        with self._transaction() as env:
            order = self._order(env)
            self.assertEqual(order.state, "cancel")
            self.assertTrue(order.is_against_rejection)
        self._assert_never_invoiced_and_then_cancelled()

    def test_two_clients_push_the_same_document(self):
        with self._transaction() as first, self._transaction() as second:
            second.cr.execute("SELECT 1")
            self._feed(first).push([self._invoice_row()])
            first.flush_all()
            answers = []
            self._run_against(
                first,
                second,
                lambda: answers.append(self._feed(second).push([self._invoice_row("d2")])),
            )
        self.assertEqual(answers[-1][0]["result"], "unchanged")
        with self._transaction() as env:
            self.assertEqual(len(self._order(env).erp_document_ids), 1)
            self.assertEqual(
                self._order(env).status_history_ids.mapped("mail_state").count("pending"), 1
            )

    # === CURSOR === #

    def _read_until(self, cursor, wanted, seconds=60):
        """Read on until that many changes of the two orders came."""
        names = (self.order_name, self.other_name)
        found, deadline = [], time.monotonic() + seconds
        while time.monotonic() < deadline and len(found) < wanted:
            with self._transaction() as reader:
                page = self._feed(reader).changes(cursor)
            cursor = page["cursor"]
            found += [c for c in page["changes"] if c["order"] in names]
            time.sleep(0.05)
        return found, cursor

    def test_writers_that_commit_in_reverse_order_lose_no_change(self):
        _found, cursor = self._read_until(False, 2)
        pair = (self.order_id, self.other_id)
        for early_id, late_id in (pair, pair[::-1]):
            with self._transaction() as early, self._transaction() as late:
                early["sale.order"].browse(early_id).set_order_flag(
                    self.flag_id, note=f"early {early_id}"
                )
                early.flush_all()
                late["sale.order"].browse(late_id).set_order_flag(
                    self.flag_id, note=f"late {late_id}"
                )
                late.cr.commit()
                # The first writer is still open: its change will lie before the other's.
                with self._transaction() as reader:
                    page = self._feed(reader).changes(cursor)
                self.assertEqual(page["changes"], [], "nothing beyond an open transaction")
                cursor = page["cursor"]
                early.cr.commit()
            found, cursor = self._read_until(cursor, 2)
            self.assertEqual(
                [change["note"] for change in found], [f"early {early_id}", f"late {late_id}"]
            )
        found, _cursor = self._read_until(cursor, 1, seconds=0.3)
        self.assertEqual(found, [], "each change once")

    def test_row_with_the_lower_id_that_is_committed_last_is_read(self):
        """Ids are not in commit order either way: the later transaction may hold the lower."""
        _found, cursor = self._read_until(False, 2)
        with self._transaction() as first, self._transaction() as second:
            first.cr.execute("SELECT pg_current_xact_id()")  # began to write, nothing here yet
            self._order(second).set_order_flag(self.flag_id, note="second")
            second.cr.commit()
            with self._transaction() as reader:
                page = self._feed(reader).changes(cursor)
            self.assertEqual(page["changes"], [])
            first.cr.commit()
        found, _cursor = self._read_until(page["cursor"], 1)
        self.assertEqual([change["note"] for change in found], ["second"])
