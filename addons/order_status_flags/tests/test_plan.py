from unittest.mock import patch

from odoo.tests import tagged

from ..status_change import StatusChange
from ..status_plan import Refusal, StatusCase, StatusPlan
from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestStatusPlan(OrderStatusCommon):
    """Judging and sorting, without a write."""

    def _plan(self, *changes, **options):
        plan = StatusPlan(self.env["sale.order"], **options)
        for change in changes:
            plan.add(change)
        return plan

    def test_changes_are_sorted_and_nothing_is_written(self):
        order, same, quotation = (
            self._create_order(),
            self._create_order(),
            self._create_order(confirm=False),
        )
        same.set_order_status(self.in_progress.id)
        rows = self._rows(order)
        changes = [StatusChange(o, status=self.in_progress) for o in (order, same, quotation)]
        plan = self._plan(*changes)
        self.assertEqual(plan.to_apply, changes[:1])
        self.assertEqual(plan.unchanged, changes[1:2])
        self.assertEqual(plan.refused, changes[2:])
        self.assertIn(quotation.name, changes[2].message)
        self.assertEqual([*plan.get_mail_recipients(True)], [order])
        self.assertFalse(plan.get_mail_recipients(False))
        self.assertEqual((order.order_status_id, self._rows(order)), (self.saved, rows))

    def test_changes_of_one_order_are_planned_one_on_top_of_the_other(self):
        order = self._create_order()
        self.in_progress.next_status_ids = self.rejected
        plan = self._plan(
            StatusChange(order, status=self.in_progress),
            StatusChange(order, status=self.in_progress),
            StatusChange(order, status=self.fulfilled),
        )
        outcomes = [change.outcome for change in plan.changes]
        self.assertEqual(outcomes, ["apply", "unchanged", "refused"])

    def test_order_that_an_earlier_change_cancels_counts_as_cancelled(self):
        stop = self._create_flag("Stop", cancel_order=True)
        order = self._create_order()
        plan = self._plan(
            StatusChange(order, flag=stop),
            StatusChange(order, status=self.in_progress),
            StatusChange(order, status=self.rejected),
        )
        outcomes = [change.outcome for change in plan.changes]
        self.assertEqual(outcomes, ["apply", "refused", "apply"])
        self.assertEqual(plan.orders_to_cancel, order)

    def test_orders_alike_are_judged_once_and_told_one_by_one(self):
        orders = self._create_orders(3, confirm=False)
        model = self.registry["sale.order"]
        judged = []
        origin = model._get_status_change_refusal

        def counting(rules, case):
            judged.append(case)
            return origin(rules, case)

        with patch.object(model, "_get_status_change_refusal", counting):
            plan = self._plan(*(StatusChange(o, status=self.in_progress) for o in orders))
        self.assertEqual(len(judged), 1)
        self.assertEqual(len({change.message for change in plan.refused}), 3)

    def test_rule_sees_nothing_that_is_not_compared(self):
        first, second = self._create_orders(2)
        first.client_order_ref = "on hold"
        model = self.registry["sale.order"]
        prepare = model._prepare_status_facts

        def rule(rules, case):
            self.assertFalse(rules, "no order, only its case")
            return case.client_order_ref == "on hold" and Refusal("%(order)s waits.")

        def facts(order):
            return {**prepare(order), "client_order_ref": order.client_order_ref}

        changes = [StatusChange(order, status=self.in_progress) for order in (first, second)]
        with patch.object(model, "_get_status_change_refusal", rule):
            with self.assertRaisesRegex(AttributeError, "client_order_ref"):
                self._plan(*changes)
            with patch.object(model, "_prepare_status_facts", facts):
                plan = self._plan(*changes)
        self.assertEqual(plan.refused, changes[:1])
        self.assertEqual(plan.to_apply, changes[1:])

    def test_cases_are_equal_by_all_that_they_hold(self):
        self.assertEqual(StatusCase(state="sale", x=1), StatusCase(state="sale", x=1))
        self.assertNotEqual(StatusCase(state="sale", x=1), StatusCase(state="sale", x=2))
