from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .credit_notes import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestWithdrawalLooseCreditNote(CreditNoteCommon):
    """Credit notes that name the article alone, and reverse no invoice."""

    def _create_order_in_two_invoices(self, discount=0):
        """Return an order of 5 x 10, invoiced as three and two, and its invoices."""
        lines = [(self.product, 5, 10)]
        if discount:
            lines.append((self.product, 1, -discount))
        order = self._create_untaxed_order(lines)
        first = order._create_invoices(final=True)
        first.invoice_line_ids[0].quantity = 3
        first.action_post()
        second = order._create_invoices(final=True)
        second.action_post()
        self.assertEqual(second.invoice_line_ids.quantity, 2)
        return order, first | second

    def _credit_loosely(self, *given, unit=None):
        """Return a posted credit note that reverses no invoice.

        :param given: line of the order, quantity, price
        """
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "quantity": quantity,
                            "price_unit": price,
                            "product_uom_id": (unit or line.product_uom_id).id,
                            "tax_ids": [Command.clear()],
                            "sale_line_ids": [Command.set(line.ids)],
                        }
                    )
                    for line, quantity, price in given
                ],
            }
        )
        note.action_post()
        self.assertFalse(note.reversed_entry_id)

    def test_loose_credit_note_counts_once_over_the_invoices(self):
        order, invoices = self._create_order_in_two_invoices()
        self._credit_loosely((order.order_line, 1, 10))
        made = self._credit(self._enter(order))
        self.assertEqual(made.reversed_entry_id, invoices)
        self.assertEqual(sum(made.invoice_line_ids.mapped("quantity")), 4)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(self._enter(order))

    def test_loose_credit_note_of_more_than_an_invoice(self):
        order, _invoices = self._create_order_in_two_invoices()
        self._credit_loosely((order.order_line, 4, 10))
        made = self._credit(self._enter(order))
        self.assertEqual(made.invoice_line_ids.mapped("quantity"), [1])

    def test_loose_credit_note_in_another_unit(self):
        order, _invoices = self._create_order_in_two_invoices()
        unit = order.order_line.product_uom_id
        pair = self.env["uom.uom"].create(
            {"name": "Pair", "relative_factor": 2, "relative_uom_id": unit.id}
        )
        self._credit_loosely((order.order_line, 2, 20), unit=pair)
        made = self._credit(self._enter(order))
        self.assertEqual(sum(made.invoice_line_ids.mapped("quantity")), 1)

    def test_loose_and_linked_credit_notes(self):
        order, _invoices = self._create_order_in_two_invoices()
        self._credit(self._enter(order, line_ids=self._lines(order, 2))).action_post()
        self._credit_loosely((order.order_line, 1, 10))
        made = self._credit(self._enter(order))
        self.assertEqual(sum(made.invoice_line_ids.mapped("quantity")), 2)

    def test_two_lines_of_an_article_on_one_invoice(self):
        """What one line has given back is not taken off the other as well."""
        order = self._create_web_order()
        order.order_line.write({"price_unit": 10, "tax_ids": [Command.clear()]})
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 3
        invoice.invoice_line_ids.copy(
            {"quantity": 2, "move_id": invoice.id}
        ).sale_line_ids = order.order_line
        invoice.action_post()
        self.assertEqual(order.order_line.qty_invoiced, 5)
        self._credit(self._enter(order, line_ids=self._lines(order, 2)))
        made = self._credit(self._enter(order))
        self.assertEqual(sum(made.invoice_line_ids.mapped("quantity")), 3)

    def test_loose_credit_note_of_the_delivery(self):
        order = self._create_invoiced_order(charge=True)
        self._credit_loosely((order.order_line[2], 1, 7))
        self.assertEqual(self._credit(self._enter(order)).amount_total, 110)

    def test_discount_of_which_a_loose_credit_note_has_a_share(self):
        order, invoices = self._create_order_in_two_invoices(discount=3)
        self._credit_loosely((order.order_line[0], 1, 10), (order.order_line[1], 1, -1))
        self.assertEqual(sum(invoices.mapped("amount_total")), 47)
        self.assertEqual(sum(self._credit(self._enter(order)).mapped("amount_total")), 38)

    # === TAKEN BACK BY A LATER INVOICE === #

    def _create_order_with_article_taken_back(self):
        """Return an order of a box (20) and a pot of paint (30), and a statement about the box.

        The first invoice has the box; the second one has the paint, and takes the box back.
        """
        order = self._create_untaxed_order([(self.product, 1, 20), (self.second, 0, 30)])
        order._create_invoices().action_post()
        statement = self._enter(order, line_ids=self._lines(order, 1))
        for line, quantity in zip(order.order_line, (0, 1), strict=True):
            line.product_uom_qty = quantity
        invoice = order._create_invoices(final=True)
        invoice.action_post()
        self.assertEqual(sorted(invoice.invoice_line_ids.mapped("quantity")), [-1, 1])
        self.assertEqual((invoice.move_type, invoice.amount_total), ("out_invoice", 10))
        return order, statement

    def test_article_that_was_taken_back_is_no_discount(self):
        order, _statement = self._create_order_with_article_taken_back()
        part = self._enter(order, line_ids=self._lines(order, 0, 1)[1:])
        self.assertEqual(self._credit(part).amount_total, 30)

    def test_article_that_was_taken_back_is_not_credited_once_more(self):
        order, statement = self._create_order_with_article_taken_back()
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(statement)
        self.assertEqual(sum(self._credit(self._enter(order)).mapped("amount_total")), 30)

    # === DOWN PAYMENTS === #

    def _create_order_with_down_payment(self):
        """Return an invoiced order of 5 x 10, of which 20 were invoiced before, and their line."""
        order = self._create_web_order()
        order.order_line.write({"price_unit": 10, "tax_ids": [Command.clear()]})
        self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "fixed",
                "fixed_amount": 20,
            }
        ).create_invoices()
        order.invoice_ids.action_post()
        last = order._create_invoices(final=True)
        last.action_post()
        self.assertEqual(last.amount_total, 30)
        advance = order.order_line.filtered("is_downpayment").filtered("price_unit")
        return order, advance

    def test_down_payment_is_no_article(self):
        order, advance = self._create_order_with_down_payment()
        self.assertIn(advance, order.order_line)
        self.assertEqual(order.order_line._filter_withdrawable(), order.order_line[0])

    def test_down_payment(self):
        order, _advance = self._create_order_with_down_payment()
        self.assertEqual(sum(self._credit(self._enter(order)).mapped("amount_total")), 50)

    def test_down_payment_that_was_given_back_loosely(self):
        order, advance = self._create_order_with_down_payment()
        self._credit_loosely((advance, 1, 20))
        self.assertEqual(sum(self._credit(self._enter(order)).mapped("amount_total")), 30)
