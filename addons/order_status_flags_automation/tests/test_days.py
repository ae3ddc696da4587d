from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import RuleCommon

CRON = "base_automation.ir_cron_data_base_automation_check"
LOGGER = "odoo.addons.order_status_flags_automation.models.base_automation.days"


@tagged("post_install", "-at_install")
class TestDays(RuleCommon):
    def _create_days_rule(self, *actions, days=3, **values):
        return self._create_rule(
            "on_days_in_order_status", self.packed, *actions, trg_date_range=days, **values
        )

    def _pack(self, days, **values):
        order = self._create_order(**values)
        order.set_order_status(self.packed.id)
        self._age(order, days)
        return order

    def _age(self, order, days):
        self.env.flush_all()
        for query in (
            "UPDATE sale_order SET order_status_date = order_status_date - %s * interval '1 day'"
            " WHERE id = %s",
            "UPDATE sale_order_status_history SET date = date - %s * interval '1 day'"
            " WHERE order_id = %s",
        ):
            self.env.cr.execute(query, [days, order.id])
        self.env.invalidate_all()

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(CRON).method_direct_trigger()
        self.env.invalidate_all()

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
        self._create_days_rule()
        order = self._pack(100)
        self._run_cron()
        runs = self.env["order.status.rule.run"]
        runs._gc_left_statuses()
        self.assertEqual(runs.search_count([("order_id", "=", order.id)]), 1)
        order.set_order_status(self.fulfilled.id)
        self.env.flush_all()
        runs._gc_left_statuses()
        self.assertEqual(runs.search_count([("order_id", "=", order.id)]), 0)

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
