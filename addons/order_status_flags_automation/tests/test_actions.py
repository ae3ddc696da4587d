from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .common import RuleCommon

STATUS = "on_order_status_set"


@tagged("post_install", "-at_install")
class TestActions(RuleCommon):
    def test_action_goes_through_the_writer(self):
        flag = self._create_flag("Look", default_note="twice")
        self._create_rule(
            STATUS, self.in_progress, self._set_status(self.packed), self._set_flag(flag)
        )
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual((order.order_status_id, order.order_flag_id), (self.packed, flag))
        self.assertEqual(order.order_flag_note, "twice")
        self.assertEqual(self._rows(order).mapped("source")[-3:], ["manual", "event", "event"])
        self.assertChain(order)

    def test_customer_is_told_unless_switched_off(self):
        self.packed.mail_template_id = self.in_progress.mail_template_id
        rule = self._create_rule(STATUS, self.in_progress, self._set_status(self.packed))
        for notify, state in ((True, "pending"), (False, "suppressed")):
            rule.action_server_ids.order_status_notify = notify
            order = self._create_order()
            order.set_order_status(self.in_progress.id)
            self.assertEqual(self._rows(order)[-1].mail_state, state)

    def test_refused_action_stops_no_business_step(self):
        self.saved.next_status_ids = self.in_progress
        self._create_rule(STATUS, self.saved, self._set_status(self.packed))
        order = self._create_order()
        self.assertEqual((order.state, order.order_status_id), ("sale", self.saved))
        self.assertIn("may not follow", " ".join(order.message_ids.mapped("body")))

    def test_refused_action_by_hand_says_why(self):
        action = self._create_action(**self._set_status(self.packed))
        quotation = self._create_order(confirm=False)
        context = {"active_model": "sale.order", "active_ids": quotation.ids}
        with self.assertRaisesRegex(UserError, "not an order yet"):
            action.with_context(**context).run()

    def test_action_by_hand_on_many_orders(self):
        action = self._create_action(**self._set_status(self.packed))
        orders = self._create_orders(3)
        action.with_user(self.seller).with_context(
            active_model="sale.order", active_ids=orders.ids, active_id=orders[0].id
        ).run()
        self.assertEqual(orders.order_status_id, self.packed)

    def test_flag_for_a_group_is_set_by_rules_and_not_by_others(self):
        flag = self._create_flag(group_ids=self.env.ref("base.group_system").ids)
        action = self._create_action(**self._set_flag(flag))
        order = self._create_order()
        context = {"active_model": "sale.order", "active_ids": order.ids}
        # What a client sends in the place of Odoo's own key makes nobody a rule.
        for sent in ({}, {"__action_done": {}}, {"__action_done": {"base.automation": [1]}}):
            with self.subTest(sent), self.assertRaisesRegex(UserError, "not among those"):
                action.with_user(self.seller).with_context(**context, **sent).run()
        self._create_rule(STATUS, self.in_progress, self._set_flag(flag))
        order.with_user(self.seller).set_order_status(self.in_progress.id)
        self.assertEqual(order.order_flag_id, flag)

    def test_action_that_could_set_nothing_warns(self):
        action = self._create_action(state="set_order_status")
        self.assertIn("Choose the status", action.warning)
        action.order_status_id = self.packed
        self.assertFalse(action.warning)
        action = self._create_action(
            model_id=self.env["ir.model"]._get("res.partner").id, **self._set_status(self.packed)
        )
        self.assertIn("sales orders", action.warning)

    def test_actions_are_named_after_what_they_set(self):
        action = self._create_action(**self._set_status(self.packed))
        self.assertEqual(action._generate_action_name(), "Set order status: Packed")
        action.update({"state": "set_order_flag", "order_flag_id": self.flag_in_progress.id})
        self.assertEqual(action._generate_action_name(), "Set flag: In progress")
        action.order_flag_id = False
        self.assertEqual(action._generate_action_name(), "Set flag")

    def test_only_administrators_touch_rules(self):
        rule = self._create_rule(STATUS, self.packed)
        users = [
            *(self.seller, self.manager, self.env.ref("base.public_user")),
            new_test_user(self.env, "rule_portal", groups="base.group_portal"),
        ]
        for user in users:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                call_kw(self.env(user=user)["base.automation"], "action_dry_run", [rule.ids], {})
            runs = self.env["order.status.rule.run"].with_user(user)
            self.assertFalse(runs.has_access("read"))
