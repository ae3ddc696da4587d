from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.order_status_flags.status_change import StatusChange

from .common import RuleCommon

LOGGER = "odoo.addons.order_status_flags_automation.models.base_automation.rule"
STATUS, FLAG = "on_order_status_set", "on_order_flag_set"


@tagged("post_install", "-at_install")
class TestRules(RuleCommon):
    def test_rule_runs_once_whatever_sets_the_status(self):
        self._create_rule(STATUS, self.in_progress)
        flag, status = self.flag_in_progress, self.in_progress
        ways = {
            "plain write": lambda o: o.write({"order_status_id": status.id}),
            "with others": lambda o: o.write({"order_status_id": status.id, "note": "x"}),
            "flag": lambda o: o.write({"order_flag_id": flag.id}),
            "set_order_status": lambda o: o.set_order_status(status.id),
            "set_order_flag": lambda o: o.set_order_flag(flag.id),
            "seller": lambda o: o.with_user(self.seller).set_order_status(status.id),
        }
        for way, change in ways.items():
            order = self._create_order()
            with self.subTest(way=way):
                change(order)
                self.assertEqual(self._runs(order), 1)
                change(order)
                self.assertEqual(self._runs(order), 1, "the same status again is no change")

    def test_rules_of_odoo_beside_ours_run_once(self):
        """Odoo's own trigger on the same field, by its own patch of `write`."""
        field = self.env["ir.model.fields"]._get("sale.order", "order_status_id")
        rule = self._create_rule(
            STATUS,
            self.in_progress,
            {"state": "code", "code": "record['note'] = (record.note or '') + 'o'"},
        )
        rule.write(
            {
                "trigger": "on_create_or_write",
                "trigger_field_ids": [(6, 0, field.ids)],
                "filter_domain": f"[('order_status_id', '=', {self.in_progress.id})]",
            }
        )
        self._create_rule(STATUS, self.in_progress)
        for change in (
            lambda o: o.write({"order_status_id": self.in_progress.id}),
            lambda o: o.set_order_status(self.in_progress.id),
        ):
            order = self._create_order()
            order.note = False
            change(order)
            self.assertEqual(self._runs(order), 1)
            self.assertEqual(str(order.note).count("o"), 1)

    def test_rule_on_save_runs_once_for_a_flag_and_its_note(self):
        """Of many orders at once, whose notes would else be written before their flag."""
        orders = self._create_orders(5)
        rule = self._create_rule(
            STATUS,
            self.in_progress,
            {"state": "code", "code": "record['note'] = (record.note or '') + 'o'"},
        )
        names = ("order_flag_id", "order_flag_note")
        domain = [("model", "=", "sale.order"), ("name", "in", names)]
        fields = self.env["ir.model.fields"].search(domain)
        rule.write({"trigger": "on_create_or_write", "trigger_field_ids": [(6, 0, fields.ids)]})
        orders.note = False
        changes = [
            StatusChange(order, flag=self.flag_in_progress, flag_note=order.name)
            for order in orders
        ]
        orders._change_status(changes, source="flag")
        self.assertEqual([str(order.note).count("o") for order in orders], [1] * 5)
        self.assertEqual(orders.mapped("order_flag_note"), orders.mapped("name"))

    def test_events_and_customers_are_met(self):
        self._create_rule(STATUS, self.saved)
        self._create_rule(STATUS, self.rejected)
        order = self._create_order()
        self.assertEqual(self._runs(order), 1)
        order._customer_cancel("", self.customer)
        self.assertEqual(self._runs(order), 2)

    def test_flag_rule(self):
        flag = self._create_flag()
        self._create_rule(FLAG, flag)
        order = self._create_order()
        order.set_order_flag(flag.id)
        order.set_order_flag(flag.id, note="only a note")
        order.set_order_status(self.in_progress.id)
        self.assertEqual(self._runs(order), 1)
        order.set_order_flag(False)
        order.set_order_flag(flag.id)
        self.assertEqual(self._runs(order), 2)

    def test_undo_runs_no_rule_once_more(self):
        """The order has what it had before, and what the rules tell was told then."""
        flag = self._create_flag()
        order = self._create_order()
        order.set_order_status(self.packed.id)
        order.set_order_flag(flag.id)
        rules = self._create_rule(STATUS, self.packed) | self._create_rule(FLAG, flag)
        for change in (
            lambda: order.set_order_status(self.in_progress.id),
            lambda: order.set_order_flag(False),
        ):
            change()
            order.action_undo_status()
        self.assertEqual((order.order_status_id, order.order_flag_id), (self.packed, flag))
        self.assertEqual(self._runs(order), 0)
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET date = date - interval '31 days'"
            " WHERE order_id = %s AND undone_id IS NULL",
            [order.id],
        )
        for rule in rules:
            self.assertNotIn(order, rule._find_met_orders())

    def test_history_is_there_when_the_rule_runs(self):
        code = "record['client_order_ref'] = record.status_history_ids[:1].status_id.name"
        self._create_rule(STATUS, self.in_progress, {"state": "code", "code": code})
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual(order.client_order_ref, "In progress")

    def test_domain_and_archived_rules(self):
        rule = self._create_rule(
            STATUS, self.in_progress, filter_domain="[('amount_total', '>', 1000000)]"
        )
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual(self._runs(order), 0)
        rule.filter_domain = "[('amount_total', '>', 1)]"
        order.set_order_status(self.saved.id)
        order.set_order_status(self.in_progress.id)
        self.assertEqual(self._runs(order), 1)
        rule.active = False
        order.set_order_status(self.saved.id)
        order.set_order_status(self.in_progress.id)
        self.assertEqual(self._runs(order), 1)

    def test_import_of_the_archive_runs_nothing(self):
        self._create_rule(STATUS, self.in_progress)
        order = self._create_order()
        order.with_context(import_file=True).write({"order_status_id": self.in_progress.id})
        self.assertEqual(self._runs(order), 0)
        names = ["partner_id/.id", "state", "order_status_id/.id"]
        row = [str(self.customer.id), "sale", str(self.in_progress.id)]
        done = self.env["sale.order"].load(names, [row])
        self.assertTrue(done["ids"], done["messages"])
        imported = self.env["sale.order"].browse(done["ids"])
        self.assertEqual((imported.order_status_id, self._runs(imported)), (self.in_progress, 0))

    def test_rule_sees_what_an_earlier_rule_left(self):
        self._create_rule(STATUS, self.in_progress, self._set_status(self.packed))
        self._create_rule(STATUS, self.in_progress)
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual(order.order_status_id, self.packed)
        self.assertEqual(self._runs(order), 0, "it is no longer in progress")

    # === FAILURES === #

    def _create_failing_rule(self):
        code = "if record.client_order_ref == 'bad': raise UserError('no toner')\n"
        code += "record['client_order_ref'] = 'done'"
        return self._create_rule(
            STATUS, self.saved, {"state": "code", "code": code}, name="Print it"
        )

    def test_failing_rule_stops_no_business_step(self):
        self._create_failing_rule()
        orders = self._create_orders(3, confirm=False)
        orders[1].client_order_ref = "bad"
        with self.assertLogs(LOGGER, "WARNING") as logs:
            orders.with_user(self.seller).action_confirm()
        self.assertEqual(orders.mapped("state"), ["sale"] * 3)
        self.assertEqual(orders.order_status_id, self.saved)
        self.assertEqual(orders.mapped("client_order_ref"), ["done", "bad", "done"])
        self.assertEqual(len(logs.output), 1)
        told = " ".join(orders[1].message_ids.mapped("body"))
        self.assertIn("The automation rule “Print it” failed: no toner", told)
        for order in orders:
            self.assertChain(order)

    def test_failing_rule_sends_nothing_twice(self):
        """Webhooks of Odoo's leave after the commit, and no savepoint takes them back."""
        hook = {
            "state": "webhook",
            "webhook_url": "http://localhost/hook",
            "webhook_field_ids": self.env["ir.model.fields"]._get("sale.order", "name").ids,
        }
        code = "if record.client_order_ref == 'bad': raise UserError('no toner')"
        self._create_rule(STATUS, self.saved, hook, {"state": "code", "code": code})
        orders = self._create_orders(3, confirm=False)
        orders[1].client_order_ref = "bad"
        waiting = self.env.cr.postcommit._funcs
        count = len(waiting)
        with self.assertLogs(LOGGER, "WARNING"):
            orders.action_confirm()
        hooks = [func for func in list(waiting)[count:] if func.__name__ == "_add_post_commit"]
        self.assertEqual(len(hooks), 2)

    def test_failure_is_told_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self._create_failing_rule().with_context(lang="pl_PL").name = "Drukuj"
        self.env.company.partner_id.lang = "pl_PL"
        order = self._create_order(client_order_ref="bad", confirm=False)
        with self.assertLogs(LOGGER, "WARNING"):
            order.with_user(self.seller).with_context(lang="en_US").action_confirm()
        (told,) = order.message_ids.filtered(lambda message: "no toner" in message.body)
        self.assertIn("Drukuj", told.body)
        self.assertEqual(told.author_id, self.env.ref("base.partner_root"))

    def test_failing_rule_is_an_error_for_who_sets_the_status(self):
        rule = self._create_failing_rule()
        rule.trg_field_ref = self.packed.id
        order = self._create_order(client_order_ref="bad")
        with self.assertRaisesRegex(UserError, "no toner"):
            order.set_order_status(self.packed.id)

    def test_clash_of_a_rule_is_the_callers_to_try_again(self):
        self._create_failing_rule()
        order = self._create_order(confirm=False)
        model = type(self.env["base.automation"])
        with (
            patch.object(model, "_process_orders", side_effect=SerializationFailure),
            self.assertRaises(SerializationFailure),
        ):
            order.action_confirm()

    # === CIRCLES === #

    def _assert_stopped(self, order, change):
        with self.assertLogs(LOGGER, "WARNING") as logs:
            change()
        self.assertIn(order.name, logs.output[0])
        self.assertIn("There", logs.output[0])
        self.assertIn("in a circle", " ".join(order.message_ids.mapped("body")))
        self.assertLessEqual(len(self._rows(order)), 5)
        self.assertChain(order)

    def test_rules_that_set_each_others_status_are_stopped(self):
        self._create_rule(STATUS, self.packed, self._set_status(self.in_progress), name="There")
        self._create_rule(STATUS, self.in_progress, self._set_status(self.packed), name="Back")
        for change in (
            lambda o: o.write({"order_status_id": self.packed.id}),
            lambda o: o.set_order_status(self.packed.id),
        ):
            order = self._create_order()
            self._assert_stopped(order, lambda change=change, order=order: change(order))
            self.assertEqual(order.order_status_id, self.packed)

    def test_circle_is_stopped_where_code_drops_the_context(self):
        code = "env(context={})['sale.order'].browse(record.id).set_order_status(%s)"
        for name, begin, target in (
            ("There", self.packed, self.in_progress),
            ("Back", self.in_progress, self.packed),
        ):
            self._create_rule(STATUS, begin, {"state": "code", "code": code % target.id}, name=name)
        order = self._create_order()
        self._assert_stopped(order, lambda: order.set_order_status(self.packed.id))

    def test_rule_runs_again_after_it_was_stopped(self):
        self._create_rule(STATUS, self.packed)
        order = self._create_order()
        for _round in range(2):
            order.set_order_status(self.packed.id)
            order.set_order_status(self.saved.id)
        self.assertEqual(self._runs(order), 2)

    # === WHAT A RULE MUST BE === #

    def test_rule_needs_a_reference_and_orders(self):
        with self.assertRaises(ValidationError):
            self._create_rule(STATUS, self.env["sale.order.status"])
        with self.assertRaises(ValidationError):
            self._create_rule(
                STATUS, self.packed, model_id=self.env["ir.model"]._get("res.partner").id
            )
        rule = self._create_rule(FLAG, self._create_flag())
        self.assertEqual(rule.trg_field_ref_model_name, "sale.order.flag")
        with self.assertRaises(ValidationError):
            rule.trg_field_ref = 10**8

    def test_without_rules_nothing_is_asked(self):
        orders = self._create_orders(6)
        orders[0].set_order_status(self.packed.id)
        counts = []
        for order in orders[1:]:
            with self._count_queries() as count:
                order.set_order_status(self.packed.id)
            counts += count
            if order == orders[2]:
                self._create_rule(STATUS, self.saved)
                self.env["base.automation"]._get_order_rules()
        self.assertNoMoreQueries(counts[1], counts[-1])
