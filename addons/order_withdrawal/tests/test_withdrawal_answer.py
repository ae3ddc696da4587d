from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import WithdrawalOutboxCommon

TEMPLATE = "order_withdrawal.mail_template_withdrawal_accepted"
SEND_BACK = "send back"
PAY_BACK = "pay back"
MAY_WAIT = "We may wait"
NOT_SENT = "Nothing will be sent"


@tagged("post_install", "-at_install")
class TestWithdrawalAnswer(WithdrawalOutboxCommon):
    """An acceptance is told, with what is true of the case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.write({"taxes_id": [Command.clear()]})

    def _mailed(self):
        """Override to leave out what customers are told of the status of their orders."""
        return [mail for mail in super()._mailed() if "withdrawal" in mail["subject"]]

    def _hand_over(self, order, quantity=5):
        """Have the customer receive goods, without any app of transfers."""
        order.order_line.qty_delivered_method = "manual"
        order.order_line.qty_delivered = quantity

    def _pay(self, order):
        invoice = order._create_invoices()
        invoice.action_post()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({}).action_create_payments()

    def _accept(self, statement):
        """Return the e-mail about an acceptance."""
        self._mailed()
        statement.with_user(self.seller).action_accept()
        (mail,) = self._mailed()
        self.assertEqual(mail["subject"], f"Your withdrawal {statement.name} is accepted")
        return mail

    def _kinds(self, statement):
        return statement.mail_ids.mapped("kind")

    def _assert_told(self, text, *told):
        for words in (SEND_BACK, PAY_BACK, MAY_WAIT, NOT_SENT):
            self.assertEqual(words in text, words in told, words)

    # === WHAT IT SAYS === #

    def test_acceptance_of_what_was_not_sent_nor_paid(self):
        statement = self._declare()
        mail = self._accept(statement)
        self.assertEqual(mail["to"], ["buyer@example.com"])
        self.assertEqual(self.order.state, "cancel")
        self.assertIn(self.order.name, mail["text"])
        self._assert_told(mail["text"], NOT_SENT)
        self.assertNotIn("earlier answer", mail["text"])
        self.assertNotIn("It is about", mail["text"])

    def test_acceptance_of_goods_that_are_out(self):
        self.company.partner_id.write({"street": "Mill Lane 7", "city": "Riverton"})
        with freeze_time("2026-11-26 12:00:00"):
            statement = self._declare()
            self._hand_over(self.order)
            mail = self._accept(statement)
        self._assert_told(mail["text"], SEND_BACK)
        for words in ("12/10/2026", "Mill Lane 7", "Riverton", self.company.name):
            self.assertIn(words, mail["text"])

    def test_acceptance_of_goods_that_another_system_has_shipped(self):
        """An ERP that ships tells it by documents: Odoo has neither transfer nor quantity."""
        with patch.object(type(self.order), "_is_shipped_elsewhere", lambda order: True):
            mail = self._accept(self._declare())
        self._assert_told(mail["text"], SEND_BACK)
        self.assertEqual(self.order.state, "sale", "what is with the customer is not cancelled")

    def test_done_at_once_is_an_answer(self):
        statement = self._declare()
        self._hand_over(self.order)
        self._mailed()
        statement.with_user(self.seller).action_done()
        (mail,) = self._mailed()
        self.assertEqual(mail["subject"], f"Your withdrawal {statement.name} is accepted")
        self._assert_told(mail["text"])
        accepted = self._enter(self._create_order())
        self._accept(accepted)
        accepted.with_user(self.seller).action_done()
        self.assertFalse(self._mailed(), "told when it was accepted")

    def test_acceptance_of_goods_that_are_out_and_paid(self):
        with freeze_time("2026-11-26 12:00:00"):
            statement = self._declare()
            self._hand_over(self.order)
            self._pay(self.order)
            mail = self._accept(statement)
        self._assert_told(mail["text"], SEND_BACK, PAY_BACK, MAY_WAIT)
        self.assertIn("12/10/2026", mail["text"].split(PAY_BACK)[-1])

    def test_acceptance_of_what_was_paid_and_not_sent(self):
        statement = self._declare()
        self._pay(self.order)
        mail = self._accept(statement)
        self._assert_told(mail["text"], PAY_BACK, NOT_SENT)

    def test_acceptance_after_the_period_names_no_day_that_is_over(self):
        with freeze_time("2026-10-01 12:00:00"):
            statement = self._declare()
            self._hand_over(self.order)
            self._pay(self.order)
        with freeze_time("2026-11-26 12:00:00"):
            mail = self._accept(statement)
        self._assert_told(mail["text"], SEND_BACK, PAY_BACK, MAY_WAIT)
        self.assertNotIn("at the latest on", mail["text"])
        self.assertNotIn("The last day", mail["text"])
        self.assertIn("without undue delay", mail["text"].split(PAY_BACK)[-1])

    def test_acceptance_of_a_part_names_it(self):
        statement = self._enter(self.order, line_ids=self._lines(self.order, 2))
        mail = self._accept(statement)
        self._assert_told(mail["text"])
        self.assertIn(statement.line_ids._describe(), mail["text"])

    def test_acceptance_of_a_part_that_was_not_sent_asks_for_nothing_else(self):
        other = self.env["product.product"].create({"name": "Other", "type": "consu"})
        order = self._create_web_order(
            order_line=[
                Command.create({"product_id": product.id, "product_uom_qty": 5})
                for product in (self.product, other)
            ]
        )
        statement = self._enter(order, line_ids=self._lines(order, 2))
        order.order_line[1].qty_delivered_method = "manual"
        order.order_line[1].qty_delivered = 5
        self._assert_told(self._accept(statement)["text"])

    def test_acceptance_of_a_service_asks_for_no_goods(self):
        self.product.type = "service"
        order = self._create_web_order()
        statement = self._enter(order)
        order.order_line.qty_delivered = 5
        self._assert_told(self._accept(statement)["text"])

    def test_acceptance_after_a_refusal_takes_its_place(self):
        statement = self._declare()
        statement.action_decline("The seal was opened")
        self._mailed()
        self.assertIn("place of our earlier answer", self._accept(statement)["text"])

    # === WHO GETS IT, ONCE === #

    def test_acceptance_is_told_once(self):
        statement = self._declare()
        self._accept(statement)
        statement.action_accept()
        statement.action_done()
        with self.assertRaises(UserError):
            statement.action_accept()
        statement.action_reopen()
        self.assertFalse(self._mailed())
        self.assertEqual(self._kinds(statement), ["received", "accepted"])

    def test_refusal_calls_an_acceptance_off(self):
        statement = self._declare()
        self._mailed()
        statement.action_accept()
        statement.action_decline("The seal was opened")
        (mail,) = self._mailed()
        self.assertIn("The seal was opened", mail["text"])
        accepted = statement.mail_ids.filtered(lambda row: row.kind == "accepted")
        self.assertEqual(accepted.mail_state, "failed")
        self.assertFalse(statement.has_failed_mail)
        self.assertIn("earlier answer", self._accept(statement)["text"])

    def test_acceptance_that_was_read_is_not_told_again(self):
        """A refusal that was called off before it left has changed nothing for the customer."""
        statement = self._declare()
        self._accept(statement)
        statement.action_decline("The seal was opened")
        statement.action_accept()
        self.assertFalse(self._mailed())

    def test_acceptance_reaches_no_stranger(self):
        statement = self._declare(email="stranger@example.com")
        self._mailed()
        statement.action_accept()
        mails = self._mailed()
        self.assertEqual(
            [mail["to"] for mail in mails], [["stranger@example.com"]] * 2, "vouched for by now"
        )
        self.assertEqual(self._kinds(statement), ["received", "received", "accepted"])

    def test_acceptance_without_any_address(self):
        self.customer.email = False
        statement = self._enter(self.order)
        statement.action_accept()
        self.assertFalse(statement.mail_ids)

    def test_acceptance_that_failed_is_seen_and_sent_again(self):
        statement = self._declare()
        self._mailed()
        statement.action_accept()
        self._refuse(statement)
        self.assertTrue(statement.has_failed_mail)
        statement.with_user(self.seller).action_send_acknowledgement()
        (mail,) = self._mailed()
        self.assertIn("We accept your withdrawal", mail["text"])
        self.assertFalse(statement.has_failed_mail)
        statement.mail_ids[-1]._mark_failed("gone")
        self.assertTrue(statement.has_failed_mail)
        statement._set(state="declined")
        self.assertFalse(statement.has_failed_mail, "it need not reach anybody")

    def test_accepted_before_there_was_such_a_mail(self):
        """A button that sends the acknowledgement again tells nobody of an old acceptance."""
        statement = self._declare()
        self._refuse(statement)
        statement._set(state="accepted")
        statement.action_send_acknowledgement()
        (mail,) = self._mailed()
        self.assertIn("receipt, not an acceptance", mail["text"])
        self.assertEqual(self._kinds(statement), ["received"])

    def test_acceptance_for_an_address_that_was_mended(self):
        statement = self._enter(self.order, email=False)
        self._mailed()
        statement.action_accept()
        self._refuse(statement)
        self.customer.email = "mended@example.com"
        statement.action_send_acknowledgement()
        emails = statement.mail_ids.filtered(lambda mail: mail.kind == "accepted").mapped("email")
        self.assertEqual(len(emails), len(set(emails)))

    # === TEMPLATE === #

    def test_archived_template_tells_of_no_acceptance(self):
        template = self.env.ref(TEMPLATE)
        first, second = self._declare("tracking", self.order), self._declare()
        self._mailed()
        first.action_accept()
        template.active = False
        second.action_accept()
        self.assertFalse(self._mailed())
        self.assertEqual(self._kinds(second), ["received"])
        self.assertFalse(first.has_failed_mail, "nobody wants it")
        self.assertIn("archived", first.mail_ids[-1].mail_error)

    def test_acceptance_leaves_without_its_template(self):
        self.env.cr.execute(
            "DELETE FROM ir_model_data WHERE module = 'order_withdrawal'"
            " AND name = 'mail_template_withdrawal_accepted'"
        )
        self.env.registry.clear_cache()
        statement = self._declare()
        self._hand_over(self.order)
        self._pay(self.order)
        self._assert_told(self._accept(statement)["text"], SEND_BACK, PAY_BACK, MAY_WAIT)

    def test_template_of_acceptances_is_archived_not_deleted(self):
        with self.assertRaisesRegex(UserError, "no such e-mail is sent any more"):
            self.env.ref(TEMPLATE).unlink()

    # === PAGE === #

    def test_page_tells_of_the_acceptance(self):
        statement = self._declare()
        statement.action_accept()
        (told,) = self.order._get_customer_withdrawals()
        self.assertEqual(told["state"], "accepted")
