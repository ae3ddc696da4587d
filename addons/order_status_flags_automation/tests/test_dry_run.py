from datetime import timedelta
from random import Random

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import RuleCommon


@tagged("post_install", "-at_install")
class TestDryRun(RuleCommon):
    def _age(self, order, days):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET date = date - %s * interval '1 day'"
            " WHERE order_id = %s",
            [days, order.id],
        )
        self.env.invalidate_all()

    def _met(self, rule):
        action = rule.action_dry_run()
        return self.env[action["res_model"]].search(action["domain"])

    def test_status_rule(self):
        orders = self._create_orders(4)
        orders[:3].set_order_status(self.packed.id)
        orders[0].set_order_status(self.fulfilled.id)  # it was there, all the same
        self._age(orders[1], 31)
        rule = self._create_rule("on_order_status_set", self.packed, active=False)
        self.assertEqual(self._met(rule), orders[0] | orders[2])
        rule.filter_domain = f"[('id', '=', {orders[2].id})]"
        self.assertEqual(self._met(rule), orders[2])
        self.assertFalse(any(orders.mapped("client_order_ref")), "nothing was done")

    def test_flag_rule(self):
        flag, other = self._create_flag("One"), self._create_flag("Two")
        orders = self._create_orders(3)
        orders[0].set_order_flag(flag.id)
        self._age(orders[0], 40)
        orders[0].set_order_status(self.packed.id)  # the flag was there before
        orders[1].set_order_flag(flag.id)
        orders[1].set_order_flag(False)
        orders[2].set_order_flag(other.id)
        rule = self._create_rule("on_order_flag_set", flag, active=False)
        self.assertEqual(self._met(rule), orders[1])

    def test_days_rule(self):
        ages = {"young": 2, "due": 5, "long ago": 50, "left early": 10}
        orders = dict(zip(ages, self._create_orders(4), strict=True))
        for name, order in orders.items():
            order.set_order_status(self.packed.id)
            self._age(order, ages[name])
        early = orders["left early"]
        early.set_order_status(self.fulfilled.id)
        self._age(early, 1)
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET date = date + interval '9 days'"
            " WHERE order_id = %s AND status_id = %s",
            [early.id, self.packed.id],
        )
        rule = self._create_rule(
            "on_days_in_order_status", self.packed, active=False, trg_date_range=3
        )
        self.assertEqual(self._met(rule), orders["due"])

    def test_days_rule_meets_whoever_stayed_as_long(self):
        """Any history: what is read of it is bounded by dates, what is found is not."""
        random = Random(7)
        now = fields.Datetime.now()
        statuses = self.packed, self.in_progress, self.fulfilled
        orders, expected = self._create_orders(30), self.env["sale.order"]
        for order in orders:
            for _change in range(random.randint(1, 5)):
                order.set_order_status(random.choice(statuses).id)
        self.env.flush_all()
        for order in orders:
            rows = self._rows(order)
            ages = sorted((random.uniform(0, 70) for _row in rows), reverse=True)
            dates = [now - timedelta(days=age) for age in ages]
            for row, date in zip(rows, dates, strict=True):
                self.env.cr.execute(
                    "UPDATE sale_order_status_history SET date = %s WHERE id = %s", [date, row.id]
                )
            left = [*dates[1:], now]
            if any(
                row.status_id == self.packed
                and timedelta(days=3) <= now - entered <= timedelta(days=33)
                and until - entered >= timedelta(days=3)
                for row, entered, until in zip(rows, dates, left, strict=True)
            ):
                expected |= order
        self.env.invalidate_all()
        rule = self._create_rule(
            "on_days_in_order_status", self.packed, active=False, trg_date_range=3
        )
        self.assertTrue(0 < len(expected) < 30)
        self.assertEqual(self._met(rule) & orders, expected.sorted())

    def test_installation_is_not_met(self):
        order = self._create_order()
        order.set_order_status(self.packed.id)
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET source = 'install' WHERE order_id = %s",
            [order.id],
        )
        for trigger in ("on_order_status_set", "on_days_in_order_status"):
            self.assertFalse(self._met(self._create_rule(trigger, self.packed)))

    def test_other_rules_cannot_be_tried(self):
        rule = self.env["base.automation"].create(
            {"name": "Other", "model_id": self.model_order.id, "trigger": "on_create"}
        )
        with self.assertRaises(UserError):
            rule.action_dry_run()
