from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import WithdrawalOutboxCommon


@tagged("post_install", "-at_install")
class TestWithdrawalPart(WithdrawalOutboxCommon):
    """A part that was stated in words does not become the whole order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lamp = cls.env["product.product"].create({"name": "Blue lamp", "type": "consu"})
        cls.order = cls._create_web_order(
            order_line=[
                Command.create({"product_id": product.id, "product_uom_qty": quantity})
                for product, quantity in ((cls.product, 5), (cls.lamp, 2))
            ]
        )
        cls.paint_line, cls.lamp_line = cls.order.order_line

    def _state(self, **values):
        statement = self._declare(reason="Only the blue lamp", **values)
        self.assertTrue(statement.is_verified)
        return statement.with_user(self.seller)

    def test_part_is_entered_from_the_words(self):
        statement = self._state()
        self.assertTrue(self.order._is_withdrawn_from())
        words, fingerprint = statement.statement, statement.statement_hash
        mails, before = statement.mail_ids, statement.message_ids
        self.assertTrue(statement.may_enter_part)
        self.assertTrue(statement.action_enter_part({str(self.lamp_line.id): 1}))
        self.assertEqual(statement.line_ids.order_line_id, self.lamp_line)
        self.assertEqual(statement.line_ids.quantity, 1)
        self.assertTrue(statement.is_part_entered)
        self.assertEqual((statement.statement, statement.statement_hash), (words, fingerprint))
        self.assertEqual(statement.mail_ids, mails)
        trace = statement.message_ids - before
        self.assertEqual(trace.author_id, self.seller.partner_id)
        self.assertIn("Blue lamp", trace.body)
        self.assertFalse(self.order._is_withdrawn_from(), "it can be paid")
        statement.action_accept()
        self.assertEqual(self.order.state, "sale")

    def test_page_names_the_articles(self):
        statement = self._state()
        (told,) = self.order._get_customer_withdrawals()
        self.assertEqual((told["is_whole"], told["articles"]), (True, []))
        statement.action_enter_part({self.lamp_line.id: 1})
        (told,) = self.order._get_customer_withdrawals()
        self.assertFalse(told["is_whole"])
        self.assertEqual(told["articles"], [statement.line_ids._describe()])

    def test_part_by_the_dialog(self):
        statement = self._state()
        wizards = self.env["sale.withdrawal.part"].with_user(self.seller)
        with Form(wizards.with_context(default_withdrawal_id=statement.id)) as form:
            self.assertEqual(len(form.line_ids), 2)
            with form.line_ids.edit(1) as line:
                self.assertEqual(line.ordered_quantity, 2)
                line.quantity = 2
        form.record.action_enter()
        self.assertEqual(statement.line_ids.order_line_id, self.lamp_line)
        self.assertEqual(statement.line_ids.quantity, 2)
        Form(statement)
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "order_withdrawal.report_withdrawal_case_action", statement.ids
        )
        self.assertIn("from the words of the statement", html.decode())

    def test_part_is_entered_once(self):
        statement = self._state()
        statement.action_enter_part({self.lamp_line.id: 1})
        self.assertFalse(statement.may_enter_part)
        with self.assertRaisesRegex(UserError, "known already"):
            statement.action_enter_part({self.lamp_line.id: 2})

    def test_quantities_that_are_no_part(self):
        statement = self._state()
        other = self._create_web_order()
        line = self.lamp_line.id
        for quantities, words in (
            ({}, "which articles"),
            (None, "which articles"),
            ([1], "which articles"),
            ({line: 0}, "which articles"),
            ({line: "x"}, "which articles"),
            ({line: float("nan")}, "which articles"),
            ({line: float("inf")}, "which articles"),
            ({line: 3}, "were ordered"),
            ({line: -1}, "were ordered"),
            ({other.order_line.id: 1}, "no article"),
            ({line: 2, self.paint_line.id: 5}, "whole order"),
        ):
            with self.subTest(quantities), self.assertRaisesRegex(UserError, words):
                statement.action_enter_part(quantities)
        self.assertFalse(statement.line_ids)

    def test_part_of_what_was_answered_is_refused(self):
        quantities = {self.lamp_line.id: 1}
        for answer, args in (("action_decline", ("No",)), ("action_done", ())):
            statement = self._state()
            getattr(statement, answer)(*args)
            with self.assertRaisesRegex(UserError, "answered already"):
                statement.action_enter_part(quantities)
        self.order._create_invoices().action_post()
        statement = self._state()
        statement.action_create_credit_note()
        with self.assertRaisesRegex(UserError, "answered already"):
            statement.action_enter_part(quantities)

    def test_part_of_what_was_chosen_on_a_page_is_refused(self):
        statement = self._declare("tracking", self.order).with_user(self.seller)
        with self.assertRaisesRegex(UserError, "order's own page"):
            statement.action_enter_part({self.lamp_line.id: 1})

    def test_part_needs_an_order_that_is_certain(self):
        statement = self._declare(email="stranger@example.com").with_user(self.seller)
        with self.assertRaisesRegex(UserError, "match"):
            statement.action_enter_part({self.lamp_line.id: 1})
        statement.action_match(self.order.id)
        self.assertTrue(statement.action_enter_part({self.lamp_line.id: 1}))

    def test_part_of_a_letter(self):
        statement = self._enter(self.order)
        self.assertTrue(statement.action_enter_part({self.lamp_line.id: 1}))

    def test_dialog_tells_nothing_of_orders_of_others(self):
        statement = self._state()
        stranger = self.env["res.users"].create(
            {
                "name": "Own",
                "login": "wd_part_own",
                "group_ids": [Command.set(self.env.ref("sales_team.group_sale_salesman").ids)],
            }
        )
        wizards = self.env["sale.withdrawal.part"].with_user(stranger)
        with self.assertRaises(AccessError):
            wizards.create({"withdrawal_id": statement.id}).read(["statement"])
