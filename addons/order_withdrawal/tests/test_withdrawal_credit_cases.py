from types import SimpleNamespace

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .credit_notes import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestWithdrawalCreditCases(CreditNoteCommon):
    """What is credited of orders that were cancelled, lowered, or billed with others."""

    # === REWARDS OF A CANCELLED ORDER === #

    def _let_cancelling_delete_rewards(self):
        """Have an order that is cancelled lose its rewards, as by `sale_loyalty`."""
        orders = type(self.env["sale.order"])
        cancel = orders._action_cancel

        def _action_cancel(orders):
            res = cancel(orders)
            orders.order_line.filtered(lambda line: line.price_subtotal < 0).unlink()
            return res

        self.patch(orders, "_action_cancel", _action_cancel)

    def _accept(self, statement):
        statement.with_user(self.seller).action_accept()
        self.assertEqual(statement.order_id.state, "cancel")
        self.assertFalse(
            statement.order_id.order_line.filtered(lambda line: line.price_subtotal < 0)
        )

    def test_reward_of_a_cancelled_order_is_not_paid_out(self):
        self._let_cancelling_delete_rewards()
        order = self._create_invoiced_order(discount=11)
        statement = self._enter(order)
        self._accept(statement)
        self.assertEqual(self._credit(statement).amount_total, 99)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(self._enter(order))

    def test_free_shipping_of_a_cancelled_order_is_not_paid_out(self):
        self._let_cancelling_delete_rewards()
        order = self._create_invoiced_order(discount=7, charge=True)
        statement = self._enter(order)
        self._accept(statement)
        self.assertEqual(self._credit(statement).amount_total, 110)

    def test_reward_of_an_order_that_is_cancelled_by_its_last_part(self):
        self._let_cancelling_delete_rewards()
        order = self._create_invoiced_order(discount=11)
        first = self._enter(order, line_ids=self._lines(order, 5))
        first.action_accept()
        credit_note = self._credit(first)
        credit_note.action_post()  # Odoo cancels drafts along with their order
        self.assertEqual(credit_note.amount_total, 45)
        last = self._enter(order, line_ids=self._lines(order, 0, 2)[1:])
        self._accept(last)
        self.assertEqual(self._credit(last).amount_total, 54)

    # === LOWERED ORDERS === #

    def test_part_of_an_order_that_was_lowered_by_it(self):
        order = self._create_invoiced_order()
        statement = self._enter(order, line_ids=self._lines(order, 4))
        statement.action_accept()
        order.order_line[0].product_uom_qty = 1
        self.assertEqual(self._credit(statement).amount_total, 40)

    def test_article_that_was_taken_out_of_the_order(self):
        order = self._create_invoiced_order(discount=11)
        statement = self._enter(order, line_ids=self._lines(order, 5))
        statement.action_accept()
        order.order_line[0].product_uom_qty = 0
        self.assertEqual(self._credit(statement).amount_total, 45)  # 50 of 110, less 11 x 50/110
        self.assertEqual(self._credit(self._enter(order)).amount_total, 54)

    def test_whole_order_that_was_lowered_to_what_is_delivered(self):
        order = self._create_invoiced_order()
        order.order_line[0].qty_delivered = 1
        statement = self._enter(order)
        statement.action_accept()
        for line, quantity in zip(order.order_line, (1, 0), strict=True):
            line.product_uom_qty = quantity
        self.assertEqual(self._credit(statement).amount_total, 110)

    def test_part_of_an_order_that_was_lowered_before_its_invoice(self):
        """What was withdrawn was never invoiced: the customer keeps all that was."""
        order = self._create_untaxed_order([(self.product, 2, 10)])
        statement = self._enter(order, line_ids=self._lines(order, 1))
        statement.action_accept()
        order.order_line.product_uom_qty = 1
        order._create_invoices().action_post()
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(statement)
        self.assertEqual(self._credit(self._enter(order)).amount_total, 10)

    def test_second_part_of_an_order_that_was_lowered_by_the_first(self):
        order = self._create_untaxed_order([(self.product, 5, 10)])
        parts = [self._enter(order, line_ids=self._lines(order, quantity)) for quantity in (2, 1)]
        for part in parts:
            part.action_accept()
        order.order_line.product_uom_qty = 3
        order._create_invoices().action_post()
        self.assertEqual(self._credit(parts[1]).amount_total, 10)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self._credit(parts[0])

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

    def test_rewards_of_cancelled_orders_on_one_invoice(self):
        self._let_cancelling_delete_rewards()
        orders = [
            self._create_untaxed_order([(self.product, 1, 100), (self.charge, 1, -20)])
            for _time in range(3)
        ]
        invoice = self.env["sale.order"].union(*orders)._create_invoices(final=True)
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 240)
        # The last one first: what it gives back is none of the others'.
        for order in (orders[2], orders[0], orders[1]):
            statement = self._enter(order)
            self._accept(statement)
            credit_note = self._credit(statement)
            self.assertEqual(credit_note.amount_total, 80)
            credit_note.action_post()
            self.assertEqual(statement.amount_credited, 80)
            with self.assertRaisesRegex(UserError, "Nothing is left"):
                self._credit(self._enter(order))

    # === RECEIPTS === #

    def test_receipt_is_credited_as_an_invoice(self):
        order = self._create_untaxed_order([(self.product, 5, 10), (self.second, 2, 30)])
        receipt = order._create_invoices()
        receipt.move_type = "out_receipt"
        receipt.action_post()
        self.assertFalse(order.invoice_ids, "an order lists no receipts")
        part = self._enter(order, line_ids=self._lines(order, 2))
        self.assertTrue(part.has_invoices, "the button is there")
        credit_note = self._credit(part)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.reversed_entry_id, receipt)
        self.assertEqual(credit_note.amount_total, 20)
        credit_note.action_post()
        rest = self._enter(order)
        self.assertEqual(self._credit(rest).amount_total, 90)
        self.assertEqual(rest.amount_credited, 20, "a draft is no credit yet")

    # === GIFT CARDS === #

    def _mark_card_payment(self, line):
        """Make a line the payment by a gift card, as `sale_loyalty` does or without that app."""
        if "reward_id" in line._fields:
            reward = {"reward_type": "discount", "discount_mode": "per_point", "discount": 1}
            program = self.env["loyalty.program"].create(
                {
                    "name": "Gift cards",
                    "program_type": "gift_card",
                    "reward_ids": [Command.clear(), Command.create(reward)],
                }
            )
            line.reward_id = program.reward_ids[:1]
            return
        paid = line.id
        self.patch(type(line), "_is_paid_by_card", lambda line: paid in (line.id, line._origin.id))

    def test_clerk_is_told_what_was_paid_by_gift_card(self):
        order = self._create_untaxed_order([(self.product, 1, 100), (self.charge, 1, -40)])
        statement = self._enter(order)
        self.assertEqual(Form(statement).amount_by_card, 0, "a discount is no payment")
        self._mark_card_payment(order.order_line[1])
        self.env.invalidate_all()
        self.assertEqual(Form(statement).amount_by_card, 40)
        order._create_invoices(final=True).action_post()
        self.assertEqual(self._credit(statement).amount_total, 60)

    # === DISCOUNTS ON SOME ARTICLES === #

    def test_discount_on_one_article_goes_back_with_it(self):
        order = self._create_untaxed_order(
            [(self.product, 1, 100), (self.second, 1, 100), (self.product, 1, -20)]
        )
        order._create_invoices(final=True).action_post()
        discount, chair = order.order_line[2], order.order_line[0]
        self.patch(
            type(chair),
            "_get_discounted_articles",
            lambda line: chair if line == discount else line.browse(),
        )
        lamp = self._enter(order, line_ids=self._lines(order, 0, 1)[1:])
        self.assertEqual(self._credit(lamp).amount_total, 100)
        self.assertEqual(self._credit(self._enter(order)).amount_total, 80)

    def test_discount_on_what_the_invoice_does_not_have(self):
        order = self._create_untaxed_order(
            [(self.product, 0, 100), (self.second, 2, 100), (self.product, 1, -20)]
        )
        order._create_invoices(final=True).action_post()
        chair = order.order_line[0]
        self.patch(type(chair), "_get_discounted_articles", lambda line: chair)
        lamp = self._enter(order, line_ids=self._lines(order, 0, 1)[1:])
        self.assertEqual(self._credit(lamp).amount_total, 90)

    def test_archived_article_has_had_its_discount(self):
        """A reward of `sale_loyalty`, by its fields: that app is not installed here."""
        category = self.env["product.category"].create({"name": "Lamps"})
        self.second.categ_id = self.env["product.category"].create(
            {"name": "Floor lamps", "parent_id": category.id}
        )
        self.second.active = False
        nothing = {
            "discount_product_ids": self.second.browse(),
            "discount_product_category_id": category.browse(),
            "discount_product_tag_id": self.env["product.tag"],
            "discount_product_domain": "[]",
        }
        products = self.product | self.second
        for values, found in (
            ({}, products),
            ({"discount_product_ids": self.second}, self.second),
            ({"discount_product_category_id": category}, self.second),
            ({"discount_product_domain": f"[('id', '=', {self.second.id})]"}, self.second),
        ):
            with self.subTest(values):
                reward = SimpleNamespace(**{**nothing, **values})
                reward.with_context = lambda reward=reward, **_context: reward
                domain = self.env["sale.order.line"]._get_reward_domain(reward)
                self.assertEqual(products.filtered_domain(domain), found)

    def test_cheapest_article_may_be_a_combo(self):
        """Its heading has no price: it costs what its parts do, as in `sale_loyalty`."""
        choice = self.env["product.combo"].create(
            {
                "name": "Choice",
                "combo_item_ids": [Command.create({"product_id": self.product.id})],
            }
        )
        combo = self.env["product.product"].create(
            {"name": "Set", "type": "combo", "combo_ids": [Command.set(choice.ids)]}
        )
        order = self._create_untaxed_order(
            [(combo, 1, 0), (self.second, 1, 30), (self.second, 1, 15)]
        )
        heading, dear, cheap = order.order_line
        part = {
            "product_id": self.product.id,
            "combo_item_id": choice.combo_item_ids.id,
            "linked_line_id": heading.id,
            "tax_ids": [Command.clear()],
        }
        order.order_line = [Command.create({**part, "price_unit": price}) for price in (12, 8)]
        self.assertEqual(heading.linked_line_ids.mapped("price_unit"), [12, 8])
        self.assertEqual((heading | dear)._get_cheapest(), heading)
        self.assertEqual((heading | dear | cheap)._get_cheapest(), cheap)

    def test_discount_on_one_article_of_another_tax(self):
        taxes = [self._create_tax(rate) for rate in (23, 8)]
        order = self._create_web_order(
            order_line=[
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom_qty": 1,
                        "price_unit": price,
                        "tax_ids": [Command.set(tax.ids)],
                    }
                )
                for product, price, tax in (
                    (self.product, 100, taxes[0]),
                    (self.second, 100, taxes[1]),
                    (self.product, -20, taxes[0]),
                )
            ]
        )
        order._create_invoices(final=True).action_post()
        chair = order.order_line[0]
        self.patch(type(chair), "_get_discounted_articles", lambda line: chair)
        lamp = self._enter(order, line_ids=self._lines(order, 0, 1)[1:])
        self.assertAlmostEqual(self._credit(lamp).amount_untaxed, 100)
        self.assertAlmostEqual(self._credit(self._enter(order)).amount_untaxed, 80)
