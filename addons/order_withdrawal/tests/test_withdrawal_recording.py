import json
from threading import Thread
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race
from odoo.addons.order_withdrawal.declaration import Declaration

RECORDING = "odoo.addons.order_withdrawal.models.sale_withdrawal.recording"
NAME = "Anna of the test of recording"
PROCESSING = "odoo.addons.order_withdrawal.models.sale_withdrawal.processing"


@tagged("post_install", "-at_install")
class TestWithdrawalRecording(Race, TransactionCase):
    """Real transactions: what is committed when, and what two of them do at the same moment."""

    def setUp(self):
        super().setUp()
        self.company_id = self.env.ref("base.main_company").id
        self.addCleanup(self._clean)

    def _clean(self):
        with self._transaction() as env:
            # Those of this test alone; its rows and mails go with them.
            env.cr.execute("DELETE FROM sale_withdrawal WHERE partner_name = %s", [NAME])
            env.cr.execute(
                "DELETE FROM mail_activity WHERE res_model = 'sale.withdrawal' AND res_id NOT IN"
                " (SELECT id FROM sale_withdrawal)"
            )
            env.cr.commit()

    def _values(self, token="one", **values):
        declaration = Declaration(name=NAME, email="recording@example.com", form_token=token)
        place = {
            "source": "form",
            "company_id": self.company_id,
            "order_id": False,
            "reference": "X-1",
            "lines": {},
            "lang": "en_US",
            "tz": "UTC",
            **values,
        }
        return declaration, place

    def _prepare(self, env, **kwargs):
        declaration, place = self._values(**kwargs)
        return env["sale.withdrawal"]._prepare_record_values(declaration, "Words", place, "")

    def _count(self):
        with self._transaction() as env:
            return env["sale.withdrawal"].search_count([("partner_name", "=", NAME)])

    @staticmethod
    def _real_cursors():
        """Have the registry open real connections, as a server does."""
        return patch(
            "odoo.orm.registry.Registry.cursor",
            lambda self, readonly=False: db_connect(get_db_name()).cursor(),
        )

    def test_record_is_committed_whatever_becomes_of_the_request(self):
        with self._real_cursors(), self._transaction() as env:
            receipt = env["sale.withdrawal"]._record(self._prepare(env))
            env.cr.rollback()
        self.assertTrue(receipt.name.startswith("WD/"))
        self.assertEqual(self._count(), 1)

    def test_record_waits_for_no_lock_of_an_order(self):
        with self._real_cursors(), self._transaction() as env:
            env.cr.execute("SELECT id FROM sale_order ORDER BY id LIMIT 1 FOR UPDATE")
            found = env.cr.fetchone()
            values = self._prepare(env, order_id=found[0] if found else 1)
            env["sale.withdrawal"]._record(values)
            self.assertEqual(self._count(), 1)
            env.cr.rollback()

    def test_same_form_at_the_same_moment_is_one_record(self):
        receipts = []

        def send():
            with self._transaction() as env:
                receipts.append(env["sale.withdrawal"]._record(self._prepare(env)))

        with self._real_cursors(), mute_logger("odoo.sql_db", RECORDING):
            threads = [Thread(target=send) for _n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        self.assertEqual(self._count(), 1)
        self.assertEqual(len(receipts), 4)
        self.assertEqual(len({receipt.name for receipt in receipts}), 1)

    def test_connection_that_breaks_is_tried_again(self):
        model = type(self.env["sale.withdrawal"])
        insert, broken = model._insert_once, []

        def break_once(this, values):
            if not broken:
                broken.append(True)
                insert(this, values)
                raise psycopg2.OperationalError("server closed the connection")
            return insert(this, values)

        with (
            self._real_cursors(),
            patch.object(model, "_insert_once", break_once),
            mute_logger(RECORDING),
            self._transaction() as env,
        ):
            env["sale.withdrawal"]._record(self._prepare(env))
        self.assertEqual(self._count(), 1)

    def test_connection_that_breaks_at_the_commit_leaves_one_record(self):
        """Nobody knows whether it came through; a form without a token is there once as well."""
        model = type(self.env["sale.withdrawal"])
        insert, broken = model._insert_once, []

        def commit_and_break(this, values):
            receipt = insert(this, values)
            if not broken:
                broken.append(True)
                this.env.cr.commit()
                raise psycopg2.OperationalError("server closed the connection")
            return receipt

        with (
            self._real_cursors(),
            patch.object(model, "_insert_once", commit_and_break),
            mute_logger(RECORDING),
            self._transaction() as env,
        ):
            values = self._prepare(env, token="")
            env["sale.withdrawal"]._record(values)
            other = self._prepare(env, token="")
            self.assertNotEqual(values["submission_key"], other["submission_key"])
        self.assertEqual(self._count(), 1)

    def test_those_that_always_fail_keep_no_other_waiting(self):
        with self._real_cursors(), self._transaction() as env:
            bad = env["sale.withdrawal"]._record(self._prepare(env, token="bad"))
            good = env["sale.withdrawal"]._record(self._prepare(env, token="good"))
        model = type(self.env["sale.withdrawal"])
        acknowledge = model._acknowledge

        def fail(this):
            if this.id == bad.withdrawal_id:
                raise ValueError("out of order")
            return acknowledge(this)

        with (
            self._transaction() as env,
            patch.object(model, "_acknowledge", fail),
            mute_logger(PROCESSING),
        ):
            after = env["sale.withdrawal"]._process_pending(1, bad.withdrawal_id - 1)
            self.assertEqual(after, bad.withdrawal_id)
            env["sale.withdrawal"]._process_pending(1, after)
            self.assertEqual(env["sale.withdrawal"].browse(good.withdrawal_id).step, "complete")
            env.cr.rollback()

    def test_killed_after_the_record_is_taken_up_by_the_outbox(self):
        """`kill -9` between the two: the transaction of the steps was never committed."""
        with self._real_cursors(), self._transaction() as env:
            receipt = env["sale.withdrawal"]._record(self._prepare(env))
        with self._transaction() as env:
            statement = env["sale.withdrawal"].browse(receipt.withdrawal_id)
            statement._acknowledge()
            env.cr.rollback()  # killed before the commit
        with self._transaction() as env:
            statement = env["sale.withdrawal"].browse(receipt.withdrawal_id)
            self.assertEqual(statement.step, "recorded")
            self.assertFalse(statement.mail_ids)
            env["sale.withdrawal"]._process_pending()
            self.assertEqual(statement.step, "complete")
            self.assertEqual(len(statement.mail_ids), 1)
            env.cr.rollback()

    def test_killed_between_the_steps_does_none_twice(self):
        with self._real_cursors(), self._transaction() as env:
            receipt = env["sale.withdrawal"]._record(self._prepare(env))
        with self._transaction() as env:
            env["sale.withdrawal"].browse(receipt.withdrawal_id)._acknowledge()
            env.cr.commit()
        with self._transaction() as env:
            env["sale.withdrawal"]._process_pending()
            env["sale.withdrawal"]._process_pending()
            statement = env["sale.withdrawal"].browse(receipt.withdrawal_id)
            self.assertEqual(len(statement.mail_ids), 1)
            env.cr.rollback()

    def test_steps_that_fail_do_not_reach_the_page(self):
        model = type(self.env["sale.withdrawal"])
        declaration, place = self._values()
        with (
            self._real_cursors(),
            patch.object(model, "_acknowledge", side_effect=ValueError("out of order")),
            mute_logger(PROCESSING),
            self._transaction() as env,
        ):
            receipt = env["sale.withdrawal"]._submit(declaration, "Words", place)
        self.assertTrue(receipt.name)
        self.assertEqual(self._count(), 1)

    def test_strangers_at_the_same_moment_get_one_mail(self):
        """The unique key decides, since neither sees the row of the other."""
        with self._real_cursors(), self._transaction() as env:
            first = env["sale.withdrawal"]._record(self._prepare(env, token="one"))
            second = env["sale.withdrawal"]._record(self._prepare(env, token="two"))
        with self._transaction() as holder, self._transaction() as waiting:
            waiting["sale.withdrawal"].browse(second.withdrawal_id).read(["name"])
            holder["sale.withdrawal"].browse(first.withdrawal_id)._acknowledge()
            holder.flush_all()

            def call():
                waiting["sale.withdrawal"].browse(second.withdrawal_id)._acknowledge()
                waiting.flush_all()

            self._run_against(holder, waiting, call)
        with self._transaction() as env:
            states = env["sale.withdrawal.mail"].search([("withdrawal_id.partner_name", "=", NAME)])
            self.assertEqual(sorted(states.mapped("mail_state")), ["pending", "suppressed"])

    def test_declared_quantities_are_kept_with_the_record(self):
        with self._real_cursors(), self._transaction() as env:
            receipt = env["sale.withdrawal"]._record(self._prepare(env, lines={7: 2.5}))
        with self._transaction() as env:
            statement = env["sale.withdrawal"].browse(receipt.withdrawal_id)
            self.assertEqual(json.loads(statement.declared_lines), {"7": 2.5})

    def test_superuser_runs_what_a_visitor_declares(self):
        with self._real_cursors(), self._transaction() as env:
            public = api.Environment(env.cr, env.ref("base.public_user").id, {})
            receipt = public["sale.withdrawal"]._record(self._prepare(env))
        with self._transaction() as env:
            statement = env["sale.withdrawal"].browse(receipt.withdrawal_id)
            self.assertEqual(statement.create_uid.id, SUPERUSER_ID)
