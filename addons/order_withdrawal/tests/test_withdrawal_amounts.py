from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common import WithdrawalCommon


@tagged("post_install", "-at_install")
class TestWithdrawalAmounts(WithdrawalCommon):
    """What was paid and credited: a credit note is no money."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.write({"type": "service", "taxes_id": [Command.clear()]})
        cls.order = cls._create_priced_order()
        cls.bank = cls.env["account.journal"].search(
            [("company_id", "=", cls.company.id), ("type", "=", "bank")], limit=1
        )

    @classmethod
    def _create_priced_order(cls, **values):
        """Return an order of 10 x 10."""
        line = {
            "product_id": cls.product.id,
            "product_uom_qty": 10,
            "price_unit": 10,
            "tax_ids": [Command.clear()],
        }
        return cls._create_web_order(order_line=[Command.create(line)], **values)

    def _invoice(self, order=None, quantity=10):
        order = order or self.order
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = quantity
        invoice.action_post()
        return invoice

    def _pay(self, invoices, amount=None):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoices.ids
        )
        values = {"journal_id": self.bank.id}
        wizard.create({**values, "amount": amount} if amount else values).action_create_payments()

    def _credit(self, invoice, quantity=None):
        """Return the posted credit note of a part of an invoice, or all of it."""
        reversal = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard = reversal.create({"journal_id": invoice.journal_id.id})
        wizard.refund_moves()
        note = wizard.new_move_ids
        if quantity:
            note.invoice_line_ids.quantity = quantity
        note.action_post()
        return note

    def _assert_amounts(self, paid, credited, order=None):
        statement = self._enter(order or self.order)
        self.assertAlmostEqual(statement.amount_paid, paid)
        self.assertAlmostEqual(statement.amount_credited, credited)

    def test_credited_is_not_paid(self):
        invoice = self._invoice()
        self._assert_amounts(0, 0)
        self._credit(invoice)
        self.assertEqual(invoice.amount_residual, 0, "the credit note settles the invoice")
        self._assert_amounts(0, 100)

    def test_paid_and_then_credited(self):
        invoice = self._invoice()
        self._pay(invoice)
        self._assert_amounts(100, 0)
        self._credit(invoice)
        self._assert_amounts(100, 100)

    def test_paid_and_credited_in_part(self):
        invoice = self._invoice()
        self._pay(invoice, 30)
        self._credit(invoice, 4)
        self.assertEqual(invoice.amount_residual, 30)
        self._assert_amounts(30, 40)
        self._pay(invoice)
        self._assert_amounts(60, 40)

    def test_case_follows_the_payment(self):
        invoice = self._invoice()
        statement = self._enter(self.order)
        self.assertEqual(statement.amount_paid, 0)
        self._pay(invoice, 30)
        self.assertEqual(statement.amount_paid, 30)

    def test_several_invoices(self):
        first, second = self._invoice(quantity=4), self._invoice(quantity=6)
        self._pay(first)
        note = self._credit(second)
        self.assertEqual(note.amount_residual, 0)
        self._assert_amounts(40, 60)

    def test_credit_note_that_settles_another_invoice(self):
        first, second = self._invoice(quantity=4), self._invoice(quantity=6)
        self._pay(first)
        note = self._credit(first)
        lines = (note | second).line_ids
        lines.filtered(lambda line: line.account_type == "asset_receivable").reconcile()
        self.assertEqual(second.amount_residual, 20)
        self._assert_amounts(40, 40)

    def test_receipt_counts_as_an_invoice(self):
        invoice = self.order._create_invoices()
        invoice.move_type = "out_receipt"
        invoice.action_post()
        self._pay(invoice)
        self._assert_amounts(100, 0)

    def test_invoice_of_several_orders(self):
        other = self._create_priced_order()
        invoice = (self.order | other)._create_invoices()
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 200)
        self._pay(invoice, 50)
        for order in (self.order, other):
            self._assert_amounts(25, 0, order)
        self._credit(invoice)
        for order in (self.order, other):
            self._assert_amounts(25, 100, order)

    def test_prepaid_and_invoiced_in_part(self):
        """What was paid online is more than what the invoices know of."""
        invoice = self._invoice(quantity=4)
        self._pay(invoice)
        self.patch(
            type(self.order),
            "_compute_amount_paid",
            lambda orders: [order.update({"amount_paid": 100}) for order in orders],
        )
        self.env.invalidate_all()
        self._assert_amounts(100, 0)

    def test_other_currency(self):
        """A credit note is taken off in the currency of its invoice."""
        foreign = self.env["res.currency"].search(
            [("id", "!=", self.company.currency_id.id), ("active", "=", False)], limit=1
        )
        foreign.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": foreign.id,
                "company_id": self.company.id,
                "rate": 2.0,
                "name": fields.Date.subtract(fields.Date.today(), years=1),
            }
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": foreign.id}
        )
        order = self._create_priced_order(pricelist_id=pricelist.id)
        self.assertEqual(order.currency_id, foreign)
        invoice = self._invoice(order)
        self._pay(invoice, 30)
        self._credit(invoice, 4)
        self._assert_amounts(30, 40, order)
        invoice_at_home = self._create_priced_order()._create_invoices()
        self.assertNotEqual(invoice_at_home.currency_id, foreign)
        invoice_at_home.invoice_line_ids.sale_line_ids = order.order_line
        invoice_at_home.action_post()
        self._pay(invoice_at_home)
        self._assert_amounts(230, 40, order)
