from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import FeedCommon


@tagged("post_install", "-at_install")
class TestChanges(FeedCommon):
    """What the change feed says; the horizon itself is tested with real transactions."""

    def setUp(self):
        super().setUp()
        # Other transactions on the database server must not matter here.
        feeds = type(self.env["order.flag.feed"])
        self.startPatcher(patch.object(feeds, "_get_settled_border", self._get_border))
        self.start = self.as_client.changes()["cursor"]
        while (page := self.as_client.changes(self.start))["changes"]:
            self.start = page["cursor"]

    def _get_border(self):
        self.env.cr.execute("SELECT pg_current_xact_id()::text::bigint")
        number = self.env.cr.fetchone()[0]
        number += self.env["sale.order.status.history"]._get_position_offset()
        return (number, True), number + 1

    def _changes(self, **kwargs):
        return self.as_client.changes(self.start, **kwargs)["changes"]

    def test_change_by_hand(self):
        order = self._create_order(external_ref="ZK 5/2026")
        order.with_user(self.seller).set_order_flag(self.flag_in_progress.id, note="Soon")
        placed, change = self._changes()
        row = self._rows(order)[-1]
        self.assertEqual(
            change,
            {
                "id": row.id,
                "order": order.name,
                "external_ref": "ZK 5/2026",
                "status": "In progress",
                "flag": "W trakcie realizacji",
                "note": "Soon",
                "date": row.date.isoformat() + "Z",
                "source": "flag",
            },
        )
        self.assertEqual(
            (placed["status"], placed["flag"], placed["source"]), ("Saved", "", "event")
        )

    def test_cancellation_by_the_customer_is_told(self):
        order = self._create_order()
        order._customer_cancel("Changed my mind", self.customer)
        change = self._changes()[-1]
        self.assertEqual((change["status"], change["source"]), ("Rejected", "customer"))
        self.assertEqual(change["note"], "Changed my mind")

    def test_own_pushes_are_left_out_those_of_other_feeds_are_not(self):
        order = self._create_order()
        other = self._create_feed(name="Other").with_user(self.client)
        self._push_one(order)
        self.assertEqual([c["source"] for c in self._changes()], ["event"])
        self._push_one(order, flag="", feed=other)
        self.assertEqual([c["source"] for c in self._changes()], ["event", "feed"])
        mine = other.changes(self.start)["changes"]
        self.assertEqual([c["source"] for c in mine], ["event", "feed"])
        self.assertEqual(mine[1]["flag"], "W trakcie realizacji")

    def test_orders_of_other_companies_and_the_archive_are_left_out(self):
        company = self.env["res.company"].create({"name": "Branch"})
        order = self._create_order()
        history = self.env["sale.order.status.history"].sudo()
        history.create(
            {
                "order_id": order.id,
                "status_id": self.saved.id,
                "date": "2026-01-01",
                "source": "install",
            }
        )
        self.env.flush_all()
        self.assertEqual([c["source"] for c in self._changes()], ["event"])
        self.env.cr.execute(
            "UPDATE sale_order SET company_id = %s WHERE id = %s", [company.id, order.id]
        )
        self.assertEqual(self._changes(), [])

    def test_pages_join_without_gap_or_overlap(self):
        orders = self._create_orders(5)
        orders.set_order_flag(self.flag_in_progress.id)
        whole = self._changes()
        self.assertEqual(len(whole), 10)
        found, cursor = [], self.start
        while True:
            page = self.as_client.changes(cursor, limit=3)
            if not page["changes"]:
                break
            self.assertLessEqual(len(page["changes"]), 3)
            found += page["changes"]
            cursor = page["cursor"]
        self.assertEqual(found, whole)
        orders[0].set_order_flag(self.flag_rejected.id)
        self.assertEqual(len(self.as_client.changes(cursor)["changes"]), 1)

    def test_mail_of_a_change_does_not_bring_it_again(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id)
        cursor = self.as_client.changes(self.start)["cursor"]
        self._rows(order)[-1].write({"mail_state": "sent"})
        self.env.flush_all()
        self.assertEqual(self.as_client.changes(cursor)["changes"], [])

    def test_bad_cursor_and_limit(self):
        for cursor in ("x", "1", "1.2.3", "-1.0", 5, True, [], "1." + "9" * 30, "١.٢"):
            with self.assertRaisesRegex(UserError, "cursor"):
                self.as_client.changes(cursor)
        for limit in (0, -1, "5", True, None, 1.5):
            with self.assertRaisesRegex(UserError, "limit"):
                self.as_client.changes(limit=limit)
        with self.assertRaisesRegex(UserError, "another database"):
            self.as_client.changes("999999999999999.0")
        self.assertLessEqual(len(self.as_client.changes(limit=10**6)["changes"]), 1000)
        for cursor in (False, None, ""):
            self.assertTrue(self.as_client.changes(cursor)["cursor"])

    def test_queries_do_not_grow_with_the_page(self):
        def count(number):
            self._create_orders(number)
            with self._count_queries() as queries:
                self.assertGreaterEqual(len(self._changes()), number)
            return queries[0]

        count(1)
        self.assertEqual(count(5), count(50))

    def test_orders_that_were_there_are_not_read(self):
        """An installation leaves a row of history for each of them, at the beginning."""
        for way in ("seqscan", "bitmapscan", "sort"):
            self.env.cr.execute(SQL("SELECT set_config(%s, 'off', true)", f"enable_{way}"))
        execute = type(self.env).execute_query

        def explain(env, query):
            return execute(env, SQL("EXPLAIN %s", query))

        with patch.object(type(self.env), "execute_query", explain):
            rows = self.feed._fetch_changes((0, 0), (10**18, False), 100)
        plan = "\n".join(line for (line,) in rows)
        self.assertIn("sale_order_status_history_feed_told_idx", plan)
        self.assertNotIn("install", plan, "the index says it")

    def test_positions_go_on_after_a_move_to_another_server(self):
        """A dump restored where transactions are counted from a lower number."""
        history = self.env["sale.order.status.history"]
        order = self._create_order()
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET feed_position = 10^15::bigint WHERE id = %s",
            [self._rows(order)[-1].id],
        )
        # The old server went on counting: a cursor lies above all rows of the dump.
        cursor = f"{10**15 + 10**9}.0"
        history._follow_new_cluster()
        offset = history._get_position_offset()
        order.set_order_flag(self.flag_in_progress.id)
        self.env.flush_all()
        self.assertEqual([c["flag"] for c in self._changes()], ["", "W trakcie realizacji"])
        changes = self.as_client.changes(cursor)["changes"]
        self.assertEqual([c["flag"] for c in changes], ["W trakcie realizacji"])
        history._follow_new_cluster()
        self.assertEqual(history._get_position_offset(), offset, "once only")
