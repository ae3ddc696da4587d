from odoo.tests import tagged

from .credit_notes import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestWithdrawalCreditCases(CreditNoteCommon):
    """What is credited of orders that were cancelled, lowered, or billed with others."""

    # === INVOICES OF SEVERAL ORDERS === #

    def test_invoice_of_several_orders(self):
        charge = self.charge
        self.patch(
            type(self.env["sale.order.line"]),
            "_is_delivery",
            lambda line: line.product_id == charge,
        )
        order, other = (
            self._create_untaxed_order(
                [
                    (self.product, 5, price),
                    (self.charge, 1, 7),
                    (self.product, 1, -discount),
                ]
            )
            for price, discount in ((10, 11), (4, 3))
        )
        invoice = (order | other)._create_invoices(final=True)
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 46 + 24)
        statement = self._enter(order)
        self.assertEqual(self._credit(statement).amount_total, 46)
        part = self._enter(other, line_ids=self._lines(other, 5))
        self.assertEqual(self._credit(part).amount_total, 24)
