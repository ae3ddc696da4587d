from odoo.fields import Command
from odoo.tests import tagged

from .common import WithdrawalCommon

GOES_ON = "order_withdrawal.mail_activity_type_goes_on"


@tagged("post_install", "-at_install")
class TestWithdrawalPayment(WithdrawalCommon):
    """What a customer has withdrawn from is not to be paid, and money for it is told."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        transactions = cls.registry["payment.transaction"]
        cls.classPatch(transactions, "_create_payment", lambda self, **kw: None)
        cls.provider = cls.env["payment.provider"].create({"name": "Test", "code": "none"})
        cls.method = cls.env["payment.method"].create({"name": "Test", "code": "wd_test"})
        cls.order = cls._create_order(confirm=False, require_payment=True)
        cls.order.document_type = "web"
        cls.order.action_quotation_sent()

    def _pay(self, state="done"):
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "reference": f"{self.order.name}-{state}",
                "amount": self.order.amount_total,
                "currency_id": self.order.currency_id.id,
                "partner_id": self.order.partner_id.id,
                "operation": "online_direct",
                "sale_order_ids": [Command.set(self.order.ids)],
                "state": state,
            }
        )
        transaction.with_context(skip_sale_auto_invoice_send=True)._post_process()
        self.env.flush_all()
        self.env.invalidate_all()

    def _get_told(self):
        return self.env["mail.activity"].search_count(
            [
                ("res_model", "=", "sale.order"),
                ("res_id", "=", self.order.id),
                ("activity_type_id", "=", self.env.ref(GOES_ON).id),
            ]
        )

    def test_withdrawn_order_is_not_to_be_paid(self):
        self.assertTrue(self.order._has_to_be_paid())
        statement = self._enter(self.order)
        self.assertFalse(self.order._has_to_be_paid())
        self.assertFalse(self.order._has_to_be_signed())
        statement.action_decline("Made to measure")
        self.assertTrue(self.order._has_to_be_paid(), "the order stands")

    def test_part_of_an_order_is_paid(self):
        self.order.order_line.copy({"order_id": self.order.id})
        self._enter(self.order, line_ids=self._lines(self.order, 1))
        self.assertTrue(self.order._has_to_be_paid())

    def test_money_after_the_withdrawal_is_told_and_confirms_nothing(self):
        self._enter(self.order)
        self._pay()
        self.assertEqual(self.order.state, "sent")
        self.assertEqual(self._get_told(), 1)
        self.assertEqual(self.order.status_attention, "withdrawal_goes_on")

    def test_money_before_the_withdrawal_confirms(self):
        self._pay()
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(self._get_told(), 0)
