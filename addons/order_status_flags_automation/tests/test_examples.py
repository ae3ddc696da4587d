from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import RuleCommon

MODULE = "order_status_flags_automation"
CRON = "base_automation.ir_cron_data_base_automation_check"


@tagged("post_install", "-at_install")
class TestExamples(RuleCommon):
    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(CRON).method_direct_trigger()
        self.env.invalidate_all()

    def test_examples_are_switched_off(self):
        for name in ("rule_pickup_reminder", "rule_goods_late"):
            rule = self.env.ref(f"{MODULE}.{name}")
            self.assertFalse(rule.active)
            self.assertFalse(rule.action_server_ids.warning)
        self.assertFalse(self.env.ref(f"{MODULE}.status_ready_for_pickup").active)
        self.assertFalse(self.env.ref(f"{MODULE}.flag_waiting_for_goods").active)

    def test_pickup_reminder(self):
        rule = self.env.ref(f"{MODULE}.rule_pickup_reminder")
        status = self.env.ref(f"{MODULE}.status_ready_for_pickup")
        rule.active = status.active = True
        order = self._create_order()
        order.set_order_status(status.id)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_date = order_status_date - interval '3 days'"
            " WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        for _run in range(2):
            self._run_cron()
        mails = self.env["mail.mail"].search(
            [("model", "=", "sale.order"), ("res_id", "=", order.id)]
        )
        reminders = mails.filtered(lambda mail: "waiting for you" in (mail.subject or ""))
        self.assertEqual(len(reminders), 1)
        self.assertIn("at our counter", reminders.body_html)

    def test_seller_is_told_of_late_goods(self):
        rule = self.env.ref(f"{MODULE}.rule_goods_late")
        flag = self.env.ref(f"{MODULE}.flag_waiting_for_goods")
        rule.active = flag.active = True
        late, fine, other, shipped = self._create_orders(4)
        (late | fine | shipped).set_order_flag(flag.id)
        now = fields.Datetime.now()
        rule.trg_date_id = self.env["ir.model.fields"]._get("sale.order", "commitment_date")
        (late | other | shipped).commitment_date = now - timedelta(days=2)
        fine.commitment_date = now + timedelta(days=2)
        # The flag stays on it.
        shipped.set_order_status(self.fulfilled.id)
        # Two days pass: transfers, where there are any, were planned for then.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET promise_date = promise_date - 2 WHERE id IN %s"
            " AND promise_date >= CURRENT_DATE",
            [(late.id, other.id)],
        )
        self.env.invalidate_all()
        self._run_cron()
        self.assertEqual(late.activity_ids.user_id, self.seller)
        self.assertIn("waiting for goods", late.activity_ids.summary)
        self.assertFalse((fine | other | shipped).activity_ids)

    def test_uninstalling_keeps_what_is_used(self):
        status = self.env.ref(f"{MODULE}.status_ready_for_pickup")
        flag = self.env.ref(f"{MODULE}.flag_waiting_for_goods")
        status.active = flag.active = True
        order = self._create_order()
        order.set_order_status(status.id)
        uninstall_hook(self.env)
        self.assertFalse(status.active)
        self.assertFalse(self.env.ref(f"{MODULE}.status_ready_for_pickup", False))
        self.assertEqual(self.env.ref(f"{MODULE}.flag_waiting_for_goods"), flag)
        order.set_order_flag(flag.id)
        uninstall_hook(self.env)
        self.assertFalse(flag.active)
        self.assertFalse(self.env.ref(f"{MODULE}.flag_waiting_for_goods", False))
