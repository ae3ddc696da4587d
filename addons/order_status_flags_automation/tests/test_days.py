from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError, LockError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .common import CRON, DaysCommon

DAYS = LOGGER = "odoo.addons.order_status_flags_automation.models.base_automation.days"


@tagged("post_install", "-at_install")
class TestDays(DaysCommon):
    def test_rule_switches_the_scheduled_action_on(self):
        cron = self.env.ref(CRON)
        rule = self._create_days_rule()
        self.assertTrue(cron.active)
        interval = timedelta(**{cron.interval_type: cron.interval_number})
        self.assertLessEqual(interval, timedelta(hours=1))
        self.assertEqual((rule.trg_date_range, rule.trg_date_range_type), (3, "day"))
        rule.active = False
        self.assertFalse(cron.active)

    def test_once_for_each_time_the_order_enters_the_status(self):
        self._create_days_rule()
        young, old = self._pack(2.9), self._pack(3.1)
        for _run in range(2):
            self._run_cron()
            self.assertEqual((self._runs(young), self._runs(old)), (0, 1))
        old.set_order_status(self.in_progress.id)
        old.set_order_status(self.packed.id)
        self._run_cron()
        self.assertEqual(self._runs(old), 1)
        self._age(old, 4)
        self._run_cron()
        self.assertEqual(self._runs(old), 2)

    def test_order_that_has_left_the_status_is_not_met(self):
        self._create_days_rule()
        order = self._pack(4)
        order.set_order_status(self.fulfilled.id)
        self._run_cron()
        self.assertEqual(self._runs(order), 0)

    def test_domain_and_units(self):
        self._create_days_rule(filter_domain="[('client_order_ref', '=', False)]")
        self._create_days_rule(days=5, trg_date_range_type="hour", name="Hours")
        named, plain = self._pack(4, client_order_ref="PO"), self._pack(0.3)
        self._run_cron()
        self.assertEqual((named.client_order_ref, self._runs(plain)), ("PO+", 1))

    def test_status_of_the_installation_is_not_met(self):
        self._create_days_rule()
        order = self._pack(10)
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET source = 'install' WHERE order_id = %s",
            [order.id],
        )
        self._run_cron()
        self.assertEqual(self._runs(order), 0)

    def test_flag_after_the_installation_changes_nothing(self):
        """It is no change of the status, which is still the one of the installation."""
        self._create_days_rule()
        flagged, moved = self._pack(10), self._pack(10)
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET source = 'install' WHERE order_id IN %s",
            [(flagged.id, moved.id)],
        )
        for order in (flagged, moved):
            order.set_order_flag(self._create_flag().id)
        moved.set_order_status(self.in_progress.id)
        moved.set_order_status(self.packed.id)
        for order in (flagged, moved):
            self._age(order, 10)
        self._run_cron()
        self.assertEqual((self._runs(flagged), self._runs(moved)), (0, 1))

    def test_run_of_another_rule_does_not_count(self):
        order = self._pack(4)
        self._create_days_rule()
        self._run_cron()
        rule = self._create_days_rule(name="Later")
        self.assertEqual(rule._find_due_orders([]), order)
        self.assertFalse(rule._find_due_orders(order.ids))

    def test_what_is_done_is_looked_up_for_each_order_by_an_index(self):
        """A list of all that was done is the archive, and does not fit into memory."""
        rule = self._create_days_rule()
        query = self.env["sale.order"]._search(rule._get_due_domain())
        self.env.cr.execute("SELECT set_config('enable_seqscan', 'off', true)")
        plan = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        self.env.cr.execute("SELECT set_config('enable_seqscan', 'on', true)")
        plan = "\n".join(line for (line,) in plan)
        self.assertIn("order_status_rule_run_once", plan)
        self.assertIn("sale_order_status_history_timeline_idx", plan)
        self.assertNotIn("hashed SubPlan", plan)
        self.assertNotIn("Seq Scan", plan)

    def _import_long_ago(self, order):
        order.with_context(import_file=True).write({"order_status_id": self.packed.id})
        self._age(order, 4)
        self.env.cr.execute(
            "UPDATE order_status_rule_run SET entered = entered - interval '4 days'"
            " WHERE order_id = %s",
            [order.id],
        )

    def test_imported_status_is_not_met_by_a_rule_that_is_switched_on_later(self):
        rule = self._create_days_rule(active=False)
        order, other = self._create_order(), self._pack(4)
        self._import_long_ago(order)
        rule.active = True
        self._run_cron()
        self.assertEqual((self._runs(order), self._runs(other)), (0, 1))

    def test_imported_status_is_not_met(self):
        self._create_days_rule()
        order = self._create_order()
        order.with_context(import_file=True).write({"order_status_id": self.packed.id})
        self.env.flush_all()
        for query in (
            "UPDATE sale_order SET order_status_date = '2026-01-01' WHERE id = %s",
            "UPDATE order_status_rule_run SET entered = '2026-01-01' WHERE order_id = %s",
        ):
            self.env.cr.execute(query, [order.id])
        self.env.invalidate_all()
        self._run_cron()
        self.assertEqual(self._runs(order), 0)

    def test_action_that_moves_the_order_on(self):
        self._create_days_rule(self._set_status(self.fulfilled))
        orders = self._pack(4) | self._pack(5)
        self._run_cron()
        self.assertEqual(orders.order_status_id, self.fulfilled)
        self.assertEqual(set(orders.status_history_ids[:1].mapped("source")), {"event"})

    def test_one_that_fails_stops_no_other_and_is_tried_again(self):
        code = "if record.client_order_ref == 'bad': raise UserError('no')\n"
        code += "record['client_order_ref'] = 'done'"
        self._create_days_rule({"state": "code", "code": code})
        bad, good = self._pack(4, client_order_ref="bad"), self._pack(4)
        with self.assertLogs(LOGGER, "WARNING"):
            self._run_cron()
        self.assertEqual((bad.client_order_ref, good.client_order_ref), ("bad", "done"))
        bad.client_order_ref = "fine now"
        with mute_logger(LOGGER):
            self._run_cron()
        self.assertEqual(bad.client_order_ref, "done")

    def test_undo_does_not_run_it_twice(self):
        self._create_days_rule()
        order = self._pack(4)
        self._run_cron()
        order.set_order_status(self.fulfilled.id)
        order.action_undo_status()
        self._run_cron()
        self.assertEqual(self._runs(order), 1)

    def test_marks_of_left_statuses_are_forgotten(self):
        self._create_days_rule(order_status_since="2020-01-01")
        order = self._pack(100)
        self._run_cron()
        runs = self.env["order.status.rule.run"]
        runs._gc_left_statuses()
        self.assertEqual(runs.search_count([("order_id", "=", order.id)]), 1)
        order.set_order_status(self.fulfilled.id)
        self.env.flush_all()
        runs._gc_left_statuses()
        self.assertEqual(runs.search_count([("order_id", "=", order.id)]), 0)

    # === TIME, AND WHAT GOES WRONG === #

    @contextmanager
    def _in_short_turns(self):
        """The time of a run is up after each batch of two orders."""
        cron = type(self.env["ir.cron"])
        commit = cron._commit_progress

        def commit_and_stop(self, processed=0, **values):
            commit(self, processed, **values)
            return 0 if processed else 60

        with patch(f"{DAYS}.BATCH", 2), patch.object(cron, "_commit_progress", commit_and_stop):
            yield

    def test_what_is_left_when_the_time_is_up_is_done_at_once(self):
        self._create_days_rule()
        other = self._create_rule_of_odoo()
        orders = [self._pack(4) for _n in range(5)]
        with self._in_short_turns():
            self._run_cron()
        self.assertEqual([self._runs(order) for order in orders], [1] * 5)
        self.assertTrue(other.last_run)

    def test_turn_without_time_leaves_all_for_the_next(self):
        """A turn that begins without time is not the end of the run."""
        self._create_days_rule()
        other = self._create_rule_of_odoo()
        order = self._pack(4)
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0) as commit:
            self.env["base.automation"]._cron_process_time_based_actions()
        self.assertEqual(commit.call_args.kwargs, {"remaining": 1})
        self.assertFalse(self._runs(order) or other.last_run)

    def test_failing_orders_stand_in_nobodys_way(self):
        """They are the oldest, and each turn would begin with them."""
        code = "if record.client_order_ref == 'bad': raise UserError('no')\n"
        code += "record['client_order_ref'] = 'done'"
        self._create_days_rule({"state": "code", "code": code}, name="First")
        note = "record['note'] = (record.note or '') + 'o'"
        self._create_days_rule({"state": "code", "code": note}, name="Second")
        other = self._create_rule_of_odoo()
        bad = [self._pack(4, client_order_ref="bad") for _n in range(4)]
        good = self._pack(4)
        everyone = self.env["sale.order"].concat(*bad, good)
        everyone.note = False
        for _run in range(2):
            with self._in_short_turns(), self.assertLogs(LOGGER, "WARNING") as logs:
                self._run_cron()
            self.assertEqual(len(logs.output), 4, "each is tried once a run")
            self.assertEqual(good.client_order_ref, "done")
            self.assertEqual([str(order.note).count("o") for order in everyone], [1] * 5)
        self.assertTrue(other.last_run)

    def test_broken_rule_stops_no_other(self):
        self._create_days_rule(filter_domain="[('gone', '=', 1)]", name="Broken")
        self._create_days_rule()
        other, order = self._create_rule_of_odoo(), self._pack(4)
        with self.assertLogs(LOGGER, "WARNING"):
            self._run_cron()
        self.assertEqual(self._runs(order), 1)
        self.assertTrue(other.last_run)

    def test_clash_with_another_transaction_passes(self):
        clashing = self._create_days_rule(name="Clash")
        self._create_days_rule()
        other, order = self._create_rule_of_odoo(), self._pack(4)
        model = type(self.env["base.automation"])
        process = model._process_orders

        def clash(rule, orders):
            if rule == clashing:
                raise SerializationFailure
            return process(rule, orders)

        cron = self.env.ref(CRON)
        of_cron = [("cron_id", "=", cron.id)]
        self.env["ir.cron.trigger"].search(of_cron).unlink()
        with patch.object(model, "_process_orders", clash):
            self._run_cron()
        self.assertFalse(cron.failure_count)
        self.assertFalse(self.env["ir.cron.trigger"].search(of_cron), "no restart at once")
        self.assertEqual(self._runs(order), 1, "it stops no other rule")
        self.assertTrue(other.last_run)
        self._run_cron()
        self.assertEqual(self._runs(order), 2)

    def test_turns_are_kept_when_a_following_rule_is_broken(self):
        rule = self._create_days_rule({"state": "code", "code": "raise UserError('no')"})
        self._create_days_rule(filter_domain="[('gone', '=', 1)]", name="Broken")
        order = self._pack(4)
        with self.assertLogs(LOGGER, "WARNING"):
            self._run_cron()
        self.assertTrue(rule.last_run)
        self.assertEqual(rule.order_tried_until, order.id)

    def test_each_run_outside_the_scheduled_action_tries_all(self):
        rule = self._create_days_rule({"state": "code", "code": "raise UserError('no')"})
        self._pack(4)
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=60):
            for _run in range(2):
                with self.assertLogs(LOGGER, "WARNING"):
                    rule._run_on_due_orders()

    def test_rules_are_saved_while_the_scheduled_action_runs(self):
        rule = self._create_days_rule()
        cron = type(self.env["ir.cron"])
        with (
            patch.object(cron, "lock_for_update", side_effect=LockError("runs")),
            patch.object(cron, "try_lock_for_update", lambda cron, **_options: cron.browse()),
        ):
            rule.trg_date_range = 4
            self._create_days_rule(name="Another")
        self.assertEqual(rule.trg_date_range, 4)

    def test_scheduled_action_that_runs_often_enough_is_left_as_it_is(self):
        cron = self.env.ref(CRON)
        rule = self._create_days_rule()
        for before, after in (
            ((45, "minutes"), (45, "minutes")),
            ((90, "minutes"), (1, "hours")),
            ((4, "hours"), (1, "hours")),
        ):
            cron.interval_number, cron.interval_type = before
            rule.trg_date_range += 1
            self.assertEqual((cron.interval_number, cron.interval_type), after)
            self.assertTrue(cron.active)

    # === SWITCHING IT ON === #

    def test_orders_of_long_ago_are_not_met(self):
        """Due 30 days ago at most when the rule is switched on."""
        ages = (2, 4, 32, 34, 800)
        orders = [self._pack(days) for days in ages]
        self._create_days_rule()
        for _run in range(2):
            self._run_cron()
            self.assertEqual([self._runs(order) for order in orders], [0, 1, 1, 0, 0])

    def test_rule_in_force_meets_what_it_has_not_met_yet(self):
        """The limit stays where it was when the rule was switched on."""
        rule = self._create_days_rule()
        order = self._pack(35)
        rule.order_status_since = fields.Datetime.now() - timedelta(days=365)
        self._run_cron()
        self.assertEqual(self._runs(order), 1)

    def test_rule_switched_on_again_leaves_the_time_between_alone(self):
        rule = self._create_days_rule(order_status_since="2020-01-01")
        rule.active = False
        self.assertFalse(rule.order_status_since)
        old, recent = self._pack(300), self._pack(10)
        rule.active = True
        self._run_cron()
        self.assertEqual((self._runs(old), self._runs(recent)), (0, 1))

    def test_changed_rule_leaves_alone_what_it_did_not_meet_before(self):
        for values in (
            {"trg_field_ref": self.packed.id},
            {"trg_date_range": 3},
            {"trg_date_range_type": "day"},
            {"filter_domain": "[]"},
        ):
            rule = self._create_rule(
                "on_days_in_order_status",
                self.in_progress,
                trg_date_range=500,
                order_status_since="2020-01-01",
            )
            with self.subTest(values=values):
                rule.write(values)
                age = fields.Datetime.now() - rule.order_status_since
                self.assertAlmostEqual(age / timedelta(days=30), 1, places=2)

    def test_administrator_says_since_when(self):
        """Given while the rule is off, together with another change, or later."""
        old = self._pack(300)
        since = fields.Datetime.now() - timedelta(days=365)
        rule = self._create_days_rule(active=False, order_status_since=since)
        self.assertEqual(rule.order_due_count, 1)
        rule.active = True
        self.assertEqual(rule.order_status_since, since)
        rule.write({"trg_date_range": 4, "order_status_since": since})
        self.assertEqual(rule.order_status_since, since)
        self._run_cron()
        self.assertEqual(self._runs(old), 1)

    def test_copy_begins_anew(self):
        rule = self._create_days_rule(order_status_since="2020-01-01")
        self.assertGreater(rule.copy().order_status_since.year, 2020)

    def test_form_tells_how_many_are_met(self):
        rule = self._create_days_rule(active=False)
        due, old, young = self._pack(5), self._pack(100), self._pack(1)
        self.assertFalse(rule.order_status_since)
        with self._count_queries() as counts:
            rule.invalidate_recordset()
            self.assertEqual(rule.order_due_count, 1)
        self.assertLessEqual(counts[0], 6)
        action = rule.action_view_due_orders()
        self.assertEqual(self.env["sale.order"].search(action["domain"]), due)
        with Form(rule) as form:
            form.trg_date_range = 500
            self.assertEqual(form.order_due_count, 0)
            form.trg_date_range = 1
            self.assertEqual(form.order_due_count, 2)
        rule.active = True
        self._run_cron()
        self.assertEqual([self._runs(order) for order in due | old | young], [1, 0, 1])
        self.assertEqual(rule.order_due_count, 0)

    def test_form_opens_with_a_domain_that_makes_no_sense(self):
        rule = self._create_days_rule(active=False, filter_domain="[('gone', '=', 1)]")
        self.assertEqual(rule.order_due_count, 0)
        rule.filter_domain = "[('name', '=', nobody)]"
        self.assertEqual(rule.order_due_count, 0)

    def test_form_opens_with_what_is_no_domain(self):
        rule = self._create_days_rule(active=False)
        for nonsense in ("5", "[5]", "[('amount_total', '>', [1])]", "[('id', '=', 'x')]"):
            with self.subTest(nonsense):
                rule.filter_domain = nonsense
                self.assertEqual(rule.order_due_count, 0)

    def test_other_rules_have_no_limit(self):
        rule = self._create_rule("on_order_status_set", self.packed)
        self.assertFalse(rule.order_status_since or rule.order_due_count)

    def test_due_orders_are_for_administrators(self):
        rule = self._create_days_rule()
        portal = new_test_user(self.env, "rule_portal", groups="base.group_portal")
        for user in (self.seller, self.manager, portal, self.env.ref("base.public_user")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                rule.with_user(user).action_view_due_orders()

    def test_queries_do_not_grow_with_what_is_done(self):
        rule = self._create_days_rule()
        for count in (2, 8):
            for _order in range(count):
                self._pack(4)
            self._run_cron()
        with self._count_queries() as counts:
            self.assertFalse(rule._find_due_orders([]))
        self.assertLessEqual(counts[0], 6)
        self.assertLess(rule.last_run, fields.Datetime.now() + timedelta(seconds=1))
