from unittest.mock import patch

from odoo.tests import tagged

from .common import DaysCommon

LOGGER = "odoo.addons.order_status_flags_automation.models.base_automation.days"


@tagged("post_install", "-at_install")
class TestDaysFailures(DaysCommon):
    """What an order says about a rule that failed on it and is tried again every hour."""

    def _run_an_hour_later(self, rule):
        rule.order_tried_until = 0  # of one second, two runs would be taken for one
        self._run_cron()

    def test_failure_is_told_once_for_each_time_the_order_enters_the_status(self):
        code = "if record.client_order_ref == 'bad': raise UserError('no toner')\n"
        code += "record['client_order_ref'] = (record.client_order_ref or '') + '+'"
        rule = self._create_days_rule({"state": "code", "code": code}, name="Print it")
        bad, good = self._pack(4, client_order_ref="bad"), self._pack(4)

        def told(order):
            bodies = " ".join(order.message_ids.mapped("body"))
            return bodies.count("The automation rule “Print it” failed: no toner")

        for _hour in range(3):
            with self.assertLogs(LOGGER, "WARNING"):
                self._run_an_hour_later(rule)
            self.assertEqual((told(bad), told(good), self._runs(good)), (1, 0, 1))
        bad.set_order_status(self.in_progress.id)
        bad.set_order_status(self.packed.id)
        self._age(bad, 5)
        with self.assertLogs(LOGGER, "WARNING"):
            self._run_an_hour_later(rule)
        self.assertEqual(told(bad), 2)
        bad.client_order_ref = False
        for _hour in range(2):
            self._run_an_hour_later(rule)
            self.assertEqual((told(bad), self._runs(bad)), (2, 1), "mended, and done once")

    def test_order_that_cannot_be_told_of_a_failure_stops_no_other(self):
        code = "if record.client_order_ref == 'bad': raise UserError('no')\n"
        code += "record['client_order_ref'] = 'done'"
        rule = self._create_days_rule({"state": "code", "code": code})
        self._pack(4, client_order_ref="bad")
        good = self._pack(4)

        def fail(_rule, _order, _error):
            raise ValueError("no log")

        with patch.object(type(rule), "_note_failure", fail), self.assertLogs(LOGGER, "WARNING"):
            self._run_cron()
        self.assertEqual(good.client_order_ref, "done")
