from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .credit_notes import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestWithdrawalCreditNote(CreditNoteCommon):
    """What is credited: the goods, the delivery charge once, the discount by its share."""

    def test_whole_order(self):
        order = self._create_invoiced_order(charge=True)
        statement = self._enter(order)
        credit_note = self._credit(statement)
        self.assertEqual(credit_note.state, "draft")
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.amount_total, 117)
        self.assertEqual(credit_note.reversed_entry_id, order.invoice_ids - credit_note)
        self.assertEqual(statement.credit_note_ids, credit_note)

    def test_twice_is_refused(self):
        statement = self._enter(self._create_invoiced_order(charge=True))
        self._credit(statement)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(statement)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(self._enter(statement.order_id))

    def test_cancelled_draft_frees_it_again(self):
        statement = self._enter(self._create_invoiced_order())
        self._credit(statement).button_cancel()
        self.assertEqual(self._credit(statement).amount_total, 110)

    def test_part_has_no_delivery_charge(self):
        order = self._create_invoiced_order(charge=True)
        statement = self._enter(order, line_ids=self._lines(order, 2))
        credit_note = self._credit(statement)
        self.assertEqual(credit_note.amount_total, 20)
        self.assertEqual(credit_note.invoice_line_ids.quantity, 2)

    def test_charge_is_refunded_once(self):
        order = self._create_invoiced_order(charge=True)
        part = self._enter(order, line_ids=self._lines(order, 5))
        self.assertEqual(self._credit(part).amount_total, 50)
        whole = self._enter(order)
        self.assertEqual(self._credit(whole).amount_total, 67)
        with self.assertRaises(UserError):
            self._credit(self._enter(order))

    def test_parts_that_cover_the_order_refund_the_charge_with_the_last(self):
        order = self._create_invoiced_order(charge=True)
        first = self._enter(order, line_ids=self._lines(order, 5, 1))
        self.assertEqual(self._credit(first).amount_total, 80)
        last = self._enter(order, line_ids=self._lines(order, 0, 1)[1:])
        self.assertEqual(self._credit(last).amount_total, 37)
        with self.assertRaises(UserError):
            self._credit(self._enter(order))

    def test_part_that_is_only_received_or_declined_covers_nothing(self):
        order = self._create_invoiced_order(charge=True)
        repeat = self._enter(order, line_ids=self._lines(order, 5))
        self._enter(order, line_ids=self._lines(order, 5, 1)).action_decline("Sent twice")
        part = self._enter(order, line_ids=self._lines(order, 0, 2)[1:])
        self.assertEqual(self._credit(part).amount_total, 60)
        self.assertEqual(repeat.state, "received")

    def test_part_whose_credit_note_was_cancelled_covers_nothing(self):
        order = self._create_invoiced_order(charge=True)
        self._credit(self._enter(order, line_ids=self._lines(order, 5))).button_cancel()
        part = self._enter(order, line_ids=self._lines(order, 0, 2)[1:])
        self.assertEqual(self._credit(part).amount_total, 60)

    def test_charge_of_an_invoice_of_its_own(self):
        """What a part brings back may stand on other invoices than its articles."""
        order = self._create_invoiced_order()
        order.order_line = [
            Command.create(
                {"product_id": self.charge.id, "price_unit": 7, "tax_ids": [Command.clear()]}
            )
        ]
        self._mark_delivery(order.order_line[2])
        order._create_invoices(final=True).action_post()
        self._enter(order, line_ids=self._lines(order, 5)).action_accept()
        last = self._enter(order, line_ids=self._lines(order, 0, 2)[1:])
        self.assertEqual(sum(self._credit(last).mapped("amount_total")), 67)

    def test_discount_is_shared(self):
        order = self._create_invoiced_order(discount=11)
        part = self._enter(order, line_ids=self._lines(order, 5))
        self.assertEqual(self._credit(part).amount_total, 45)  # 50 of 110, less 11 x 50/110
        rest = self._enter(order)
        self.assertEqual(self._credit(rest).amount_total, 54)
        paid = sum(
            order.invoice_ids.filtered(lambda m: m.move_type == "out_invoice").mapped(
                "amount_total"
            )
        )
        back = sum(
            order.invoice_ids.filtered(lambda m: m.move_type == "out_refund").mapped("amount_total")
        )
        self.assertEqual(paid, back, "no cent more, no cent less")

    def test_discount_of_each_rate_of_tax_goes_back_with_its_articles(self):
        """Odoo makes one line of the discount for each rate: who paid 8 % gets 8 % back."""
        order = self._create_web_order(
            order_line=[
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom_qty": 1,
                        "price_unit": 100,
                        "tax_ids": [Command.set(self._create_tax(rate).ids)],
                    }
                )
                for product, rate in ((self.product, 23), (self.second, 8))
            ]
        )
        self._apply_discount(order)
        order._create_invoices(final=True).action_post()
        self.assertAlmostEqual(order.invoice_ids.amount_total, 207.9)
        first = self._credit(self._enter(order, line_ids=self._lines(order, 1)))
        self.assertAlmostEqual(first.amount_untaxed, 90)
        self.assertAlmostEqual(first.amount_total, 110.7)
        rest = self._credit(self._enter(order))
        self.assertAlmostEqual(rest.amount_untaxed, 90)
        self.assertAlmostEqual(rest.amount_total, 97.2)

    def test_shares_of_a_discount_lose_no_cent(self):
        order = self._create_invoiced_order(discount=10)
        amounts = []
        for _time in range(5):
            part = self._enter(order, line_ids=self._lines(order, 1))
            amounts.append(self._credit(part).amount_total)
        rest = self._enter(order)
        amounts.append(self._credit(rest).amount_total)
        self.assertAlmostEqual(sum(amounts), 100, places=2)

    # === FREE SHIPPING === #

    def _mark_shipping_reward(self, line):
        """Make a line free shipping, as `sale_loyalty` does or without that app."""
        if "reward_id" in line._fields:
            program = self.env["loyalty.program"].create(
                {
                    "name": "Free shipping",
                    "program_type": "promotion",
                    "reward_ids": [Command.create({"reward_type": "shipping"})],
                }
            )
            line.write({"reward_id": program.reward_ids[:1].id, "is_reward_line": True})
            return
        reward = line.id
        self.patch(
            type(line),
            "_is_shipping_reward",
            lambda line: reward in (line.id, line._origin.id),
        )

    def _create_order_shipped_free(self, charge=7, reward=7):
        """Return an order of 5 x 10 and 2 x 30 with a delivery, given away but for no reward."""
        charges = [charge] if reward is None else [charge, -reward]
        order = self._create_untaxed_order(
            [
                (self.product, 5, 10),
                (self.second, 2, 30),
                *((self.charge, 1, amount) for amount in charges),
            ]
        )
        self._mark_delivery(order.order_line[2])
        for line in order.order_line[3:]:
            self._mark_shipping_reward(line)
        return order

    def test_free_shipping_belongs_to_the_delivery(self):
        order = self._create_order_shipped_free(reward=5)
        order._create_invoices(final=True).action_post()
        part = self._enter(order, line_ids=self._lines(order, 5))
        self.assertEqual(self._credit(part).amount_total, 50, "no share of free shipping")
        rest = self._enter(order, line_ids=self._lines(order, 0, 2)[1:])
        credit_note = self._credit(rest)
        self.assertEqual(credit_note.amount_total, 62)
        self.assertEqual(credit_note.invoice_line_ids.mapped("price_subtotal"), [60.0, 7.0, -5.0])
        with self.assertRaises(UserError):
            self._credit(self._enter(order))

    def test_free_shipping_and_a_discount(self):
        order = self._create_order_shipped_free()
        order.order_line = [
            Command.create(
                {"product_id": self.product.id, "price_unit": -11, "tax_ids": [Command.clear()]}
            )
        ]
        order._create_invoices(final=True).action_post()
        part = self._enter(order, line_ids=self._lines(order, 5))
        self.assertEqual(self._credit(part).amount_total, 45)  # 50 of 110, less 11 x 50/110
        self.assertEqual(self._credit(self._enter(order)).amount_total, 54)

    def test_free_shipping_of_nothing_is_no_article(self):
        """A delivery that costs nothing anyway is given away for nothing."""
        order = self._create_order_shipped_free(charge=0, reward=0)
        self.assertEqual(order.order_line._filter_withdrawable(), order.order_line[:2])

    def test_discount_that_was_on_the_delivery_too(self):
        """Odoo takes a discount on the whole order off each line that is there."""
        order = self._create_order_shipped_free(charge=10, reward=None)
        self._apply_discount(order)
        order._create_invoices(final=True).action_post()
        self.assertAlmostEqual(order.invoice_ids.amount_total, 108)
        part = self._enter(order, line_ids=self._lines(order, 5))
        self.assertAlmostEqual(self._credit(part).amount_total, 45)
        self.assertAlmostEqual(self._credit(self._enter(order)).amount_total, 63)

    def test_discount_of_a_line(self):
        order = self._create_web_order(
            order_line=[
                Command.create(
                    {
                        "product_id": self.product.id,
                        "product_uom_qty": 4,
                        "price_unit": 10,
                        "discount": 25,
                        "tax_ids": [Command.clear()],
                    }
                )
            ]
        )
        order._create_invoices().action_post()
        part = self._enter(order, line_ids=self._lines(order, 1))
        self.assertEqual(self._credit(part).amount_total, 7.5)

    def test_not_invoiced_is_refused(self):
        order = self._create_web_order()
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(self._enter(order))
        order._create_invoices()  # a draft is no invoice
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(self._enter(order))

    def test_unmatched_and_declined_are_refused(self):
        with self.assertRaises(UserError):
            self._credit(self._enter(partner_name="Anna"))
        statement = self._enter(self._create_invoiced_order())
        statement.action_decline("No")
        with self.assertRaises(UserError):
            self._credit(statement)

    def test_tax_is_the_invoices(self):
        tax = self._create_tax(23)
        self.product.taxes_id = tax
        order = self._create_web_order()
        order._create_invoices().action_post()
        part = self._enter(order, line_ids=self._lines(order, 2))
        self.assertAlmostEqual(self._credit(part).amount_total, 24.6, places=2)
