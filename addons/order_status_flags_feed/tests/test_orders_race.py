import time
from threading import Thread

import psycopg2

from odoo.fields import Command
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race


@tagged("post_install", "-at_install")
class TestOrdersRace(Race, BaseCase):
    """Real transactions: what commits late, what is asked for at once, what breaks off."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            partner = env["res.partner"].create({"name": "Orders race"})
            product = env["product.product"].create({"name": "Race", "type": "service"})
            self.partner_id, self.product_id = partner.id, product.id
            self.addCleanup(self._remove, partner.id, product.product_tmpl_id.id)
            self.order_id = self._place(env)
        with self._transaction() as env:
            self.other_id = self._place(env)
        with self._transaction() as env:
            feed = env["order.flag.feed"].create(
                {"name": "Race", "export_domain": f"[('partner_id', '=', {self.partner_id})]"}
            )
            self.feed_id = feed.id
        found, self.cursor = self._read_until(False, 2)
        self.assertEqual([row["id"] for row in found], [self.order_id, self.other_id])

    def _place(self, env):
        order = env["sale.order"].create(
            {
                "partner_id": self.partner_id,
                "document_type": "web",
                "order_line": [Command.create({"product_id": self.product_id})],
            }
        )
        order.action_confirm()
        return order.id

    def _remove(self, partner_id, template_id):
        with self._transaction() as env:
            cr = env.cr
            cr.execute("DELETE FROM order_flag_feed WHERE id = %s", [self.feed_id])
            cr.execute("SELECT id FROM sale_order WHERE partner_id = %s", [partner_id])
            order_ids = [row[0] for row in cr.fetchall()]
            cr.execute("DELETE FROM sale_order WHERE id = ANY(%s)", [order_ids])
            cr.execute(
                "DELETE FROM mail_message WHERE model = 'sale.order' AND res_id = ANY(%s)",
                [order_ids],
            )
            cr.execute("DELETE FROM sale_order_erp_touch WHERE order_id = ANY(%s)", [order_ids])
            cr.execute("DELETE FROM res_partner WHERE id = %s", [partner_id])
            cr.execute("DELETE FROM product_template WHERE id = %s", [template_id])

    def _feed(self, env):
        return env["order.flag.feed"].browse(self.feed_id)

    def _order(self, env, order_id=None):
        return env["sale.order"].browse(order_id or self.order_id)

    def _read_until(self, cursor, count, seconds=10):
        """Read pages until there were so many orders, or the time is over."""
        found, deadline = [], time.monotonic() + seconds
        while len(found) < count and time.monotonic() < deadline:
            with self._transaction() as env:
                page = self._feed(env).orders(cursor, limit=1)
            found += page["orders"]
            cursor = page["cursor"]
        return found, cursor

    def test_change_that_is_committed_late_is_not_lost(self):
        with self._transaction() as late, self._transaction() as early:
            self._order(late).client_order_ref = "late"
            late.flush_all()
            self._order(early, self.other_id).client_order_ref = "early"
            early.cr.commit()
            found, cursor = self._read_until(self.cursor, 1, seconds=0.5)
            self.assertEqual(found, [], "the older transaction is still open")
            late.cr.commit()
        found, cursor = self._read_until(cursor, 2)
        self.assertEqual([row["client_order_ref"] for row in found], ["late", "early"])
        self.assertEqual(self._read_until(cursor, 1, seconds=0.3)[0], [])

    def test_change_that_is_seen_before_it_is_settled_comes_at_most_twice(self):
        with self._transaction() as env:
            self._order(env).client_order_ref = "first"
        with self._transaction() as open_, self._transaction() as second:
            open_.cr.execute("SELECT pg_current_xact_id()")
            self._order(second).client_order_ref = "second"
            second.cr.commit()
            found, cursor = self._read_until(self.cursor, 1)
            self.assertEqual(
                [(row["version"], row["client_order_ref"]) for row in found], [(2, "second")]
            )
            open_.cr.commit()
        again, cursor = self._read_until(cursor, 1, seconds=1)
        self.assertEqual([row for row in again if row != found[0]], [])
        self.assertEqual(self._read_until(cursor, 1, seconds=0.3)[0], [])

    def _remove_feed(self, feed_id):
        with self._transaction() as env:
            env.cr.execute("DELETE FROM order_flag_feed WHERE id = %s", [feed_id])

    def test_feed_that_stands_before_a_change_hears_of_it_whoever_numbers_it_first(self):
        """One feed reads what is visible and not settled; the other stands just before it."""
        with self._transaction() as env:
            other = env["order.flag.feed"].create(
                {"name": "Other", "export_domain": self._feed(env).export_domain}
            )
            other_id = other.id
        self.addCleanup(self._remove_feed, other_id)
        with self._transaction() as env:
            self._order(env).client_order_ref = "one"
        # The other feed reads on as far as it can: the first change.
        deadline, cursor, found = time.monotonic() + 10, False, []
        while not any(row["client_order_ref"] == "one" for row in found):
            self.assertLess(time.monotonic(), deadline)
            with self._transaction() as env:
                page = env["order.flag.feed"].browse(other_id).orders(cursor)
            found, cursor = page["orders"], page["cursor"]
        with self._transaction() as open_, self._transaction() as writer:
            open_.cr.execute("SELECT pg_current_xact_id()")
            self._order(writer).client_order_ref = "two"
            writer.cr.commit()
            found, _cursor = self._read_until(self.cursor, 1)
            self.assertEqual(found[-1]["client_order_ref"], "two", "seen before it is settled")
            open_.cr.commit()
        deadline, texts = time.monotonic() + 10, []
        while "two" not in texts and time.monotonic() < deadline:
            with self._transaction() as env:
                page = env["order.flag.feed"].browse(other_id).orders(cursor)
            texts += [row["client_order_ref"] for row in page["orders"]]
            cursor = page["cursor"]
        self.assertIn("two", texts)

    def test_call_that_breaks_off_leaves_nothing_and_is_repeated(self):
        with self._transaction() as env:
            self._order(env).client_order_ref = "broken off"
        found, _cursor = self._read_until_rolled_back(1)
        again, _cursor = self._read_until(self.cursor, 1)
        self.assertEqual(again, found, "the same version, as if it had not been asked before")
        with self._transaction() as env:
            self.assertEqual(
                self._order(env).erp_fetch_ids.mapped("version"), [found[0]["version"]]
            )

    def _read_until_rolled_back(self, count):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with self._transaction() as env:
                page = self._feed(env).orders(self.cursor)
                env.cr.rollback()
            if len(page["orders"]) == count:
                return page["orders"], page["cursor"]
        raise AssertionError("nothing came")

    def test_two_calls_at_once_number_an_order_once(self):
        with self._transaction() as env:
            self._order(env).client_order_ref = "at once"
        found, _cursor = self._read_until_rolled_back(1)
        answers = []
        with self._transaction() as first, self._transaction() as second:
            second.cr.execute("SELECT 1")  # its snapshot begins before the first one's end
            answers.append(self._feed(first).orders(self.cursor))
            self._run_against(
                first, second, lambda: answers.append(self._feed(second).orders(self.cursor))
            )
        self.assertEqual([page["orders"] for page in answers], [found, found])

    def test_orders_do_not_wait_for_a_push_nor_for_a_clerk(self):
        with self._transaction() as push, self._transaction() as clerk:
            self._feed(push)._lock_for_push()
            clerk.cr.execute(
                "SELECT 1 FROM sale_order WHERE id = %s FOR NO KEY UPDATE", [self.order_id]
            )
            answers = []

            def read():
                with self._transaction() as env:
                    answers.append(self._feed(env).orders())

            thread = Thread(target=read)
            thread.start()
            thread.join(10)
            self.assertFalse(thread.is_alive())
        self.assertEqual(len(answers), 1)

    def _get_newest_note(self, env):
        env.cr.execute(
            "SELECT max(id) FROM sale_order_erp_touch WHERE order_id = %s", [self.order_id]
        )
        return env.cr.fetchone()[0]

    def test_lines_are_compared_until_the_order_is_noted(self):
        """Not in the transaction that has noted the order: its note moves on with each change."""
        with self._transaction() as env:
            notes = [self._get_newest_note(env)]
            for values in ("qty_to_invoice = 5", "name = 'Other'", "name = 'Other'"):
                env.cr.execute(
                    f"UPDATE sale_order_line SET {values} WHERE order_id = %s", [self.order_id]
                )
                notes.append(self._get_newest_note(env))
            env.cr.rollback()
        before, quiet, changed, again = notes
        self.assertEqual(quiet, before, "what is invoiced is nothing that an ERP reads")
        self.assertTrue(before < changed < again)

    def test_rows_are_compared_whatever_columns_come_and_go(self):
        with self._transaction() as env:
            env.cr.execute("ALTER TABLE sale_order ADD COLUMN gone integer DEFAULT 5")
            env.cr.execute("ALTER TABLE sale_order ADD COLUMN test_added numeric")
            env.cr.execute("ALTER TABLE sale_order DROP COLUMN gone")
            # What is noted now is not what the transaction before has noted.
            env.cr.execute("DELETE FROM sale_order_erp_touch")
            noted = []
            for values in (
                "order_flag_note = 'quiet', write_date = now()",
                "test_added = NULL",
                "test_added = 1",
                "test_added = 1",
                "note = repeat('long text that is not stored in its row ', 9000)",
            ):
                newest = self._get_newest_note(env)
                env.cr.execute(f"UPDATE sale_order SET {values} WHERE id = %s", [self.order_id])
                noted.append(self._get_newest_note(env) != newest)
            env.cr.rollback()
        self.assertEqual(noted, [False, False, True, False, True])

    def test_noting_a_change_waits_for_nobody(self):
        """Two transactions that note the same order do not meet."""
        with self._transaction() as first, self._transaction() as second:
            first["res.partner"].browse(self.partner_id).street = "First"
            first.flush_all()
            second.cr.execute("SET LOCAL lock_timeout = '500ms'")
            self._order(second).client_order_ref = "second"
            second.flush_all()
            with self.assertRaises(psycopg2.Error), mute_logger("odoo.sql_db"):
                # what really clashes still does
                second["res.partner"].browse(self.partner_id).street = "Second"
                second.flush_all()
            first.cr.rollback()
            second.cr.rollback()
