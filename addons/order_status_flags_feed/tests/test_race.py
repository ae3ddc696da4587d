import threading
import time

import psycopg2

from odoo.exceptions import LockError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.order_status_flags.tests.test_race import TestStatusRace as StatusRace

from ..models import order_flag_feed_push
from .common import MOMENT


# Only the set-up of the base class is wanted, not its tests once more.
class FeedRace(StatusRace):
    pass


for _name in [name for name in dir(StatusRace) if name.startswith("test_")]:
    setattr(FeedRace, _name, None)


@tagged("post_install", "-at_install")
class TestFeedRace(FeedRace):
    """Real transactions on committed orders and feeds."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            feed = env["order.flag.feed"].create(
                {
                    "name": "Race",
                    "mapping_ids": [
                        Command.create(
                            {"external_flag": "A", "flag_id": self.flag_in_progress.id}
                        )
                    ],
                }
            )
            self.feed_id = feed.id
            self.order_name = self._order(env).name
        self.addCleanup(self._remove_feed)

    def _remove_feed(self):
        with self._transaction() as env:
            env.cr.execute("DELETE FROM order_flag_feed WHERE id = %s", [self.feed_id])

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
            thread = threading.Thread(
                target=self._retrying,
                args=(lambda: answers.append(self._feed(second).push([self._row()])), second),
            )
            with mute_logger("odoo.sql_db"):
                thread.start()
                thread.join(0.5)
                self.assertTrue(thread.is_alive(), "it waits")
                first.cr.commit()
                thread.join(20)
        self.assertEqual(answers[0][0]["result"], "duplicate")
        self.assertEqual([row[2] for row in self._history()], ["none", "pending"])

    def test_push_that_waits_too_long_ends_in_a_lock_error(self):
        self.patch(order_flag_feed_push, "FEED_WAIT", "200ms")
        with self._transaction() as first, self._transaction() as second:
            self._feed(first)._lock_for_push()
            with self.assertRaises(LockError), mute_logger("odoo.sql_db"):
                self._feed(second).push([self._row()])
            first.cr.rollback()
            second.cr.execute("SHOW lock_timeout")
            self.assertEqual(second.cr.fetchone()[0], "0")
            self.assertEqual(self._feed(second).push([self._row()])[0]["result"], "applied")

    def test_order_held_by_a_clerk_is_refused_and_can_be_sent_again(self):
        self.patch(order_flag_feed_push, "ORDER_WAIT", 0.2)
        with self._transaction() as clerk, self._transaction() as client:
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
            self._order(clerk).set_order_status(self.fulfilled.id)
            clerk.cr.commit()
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                self._feed(client).push([self._row()])
            client.cr.rollback()

    def _read_until(self, cursor, wanted, seconds=60):
        """Read changes until `wanted` orders' changes came; other transactions may be open."""
        found, deadline = [], time.monotonic() + seconds
        while time.monotonic() < deadline and len(found) < wanted:
            with self._transaction() as reader:
                page = self._feed(reader).changes(cursor)
            cursor = page["cursor"]
            found += [c for c in page["changes"] if c["order"] in self.names]
            time.sleep(0.05)
        return found, cursor

    def test_writers_that_commit_in_reverse_order_lose_no_change(self):
        with self._transaction() as env:
            other = self._order(env).copy()
            other.action_confirm()
            other_id, self.names = other.id, (self.order_name, other.name)
        self.addCleanup(self._remove, other_id, 0, 0)
        _found, cursor = self._read_until(False, 2)
        for early_id, late_id in ((self.order_id, other_id), (other_id, self.order_id)):
            with self._transaction() as early, self._transaction() as late:
                early["sale.order"].browse(early_id).set_order_flag(
                    self.flag_in_progress.id, note=f"early {early_id}"
                )
                early.flush_all()
                late["sale.order"].browse(late_id).set_order_flag(
                    self.flag_in_progress.id, note=f"late {late_id}"
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
        _found, cursor = self._read_until(cursor, 1, seconds=0.3)
        self.assertEqual(_found, [], "each change once")

    def test_row_with_the_lower_id_that_is_committed_last_is_read(self):
        """Ids are not in commit order either way: the later transaction may hold the lower."""
        self.names = (self.order_name,)
        _found, cursor = self._read_until(False, 1)
        with self._transaction() as first, self._transaction() as second:
            first.cr.execute("SELECT pg_current_xact_id()")  # began to write, nothing here yet
            self._order(second).set_order_flag(self.flag_in_progress.id, note="second")
            second.cr.commit()
            with self._transaction() as reader:
                page = self._feed(reader).changes(cursor)
            self.assertEqual(page["changes"], [])
            first.cr.commit()
        found, _cursor = self._read_until(page["cursor"], 1)
        self.assertEqual([change["note"] for change in found], ["second"])
