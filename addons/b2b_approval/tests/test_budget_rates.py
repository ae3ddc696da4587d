from odoo.exceptions import UserError
from odoo.tests import tagged

from .budgets import BudgetCommon


@tagged("post_install", "-at_install")
class TestBudgetRates(BudgetCommon):
    """Orders in another currency than the budget."""

    def _sell_at(self, price):
        """Give the article a price that follows no rate."""
        self._create_rule(
            applied_on="0_product_variant",
            product_id=self.product.id,
            compute_price="fixed",
            fixed_price=price,
        )

    def test_foreign_currency_counts_at_the_rate_of_the_day(self):
        rate = self._sell_in_another_currency(4.0)
        budget = self._create_budget(1000)
        order = self._place(**self.form)
        self.assertEqual(order.currency_id, rate.currency_id)
        self.assertAlmostEqual(self._use(budget)[1], order.amount_untaxed / 4, places=2)
        rate.rate = 2.0
        self.assertAlmostEqual(self._use(budget)[1], order.amount_untaxed / 4, places=2)

    def test_weak_currency_counts_to_the_cent(self):
        rate = self._sell_in_another_currency(16249.7).rate
        budget = self._create_budget(1_000_000)
        self.cart.order_line.product_uom_qty = 2000
        order = self._place(**self.form)
        spent = self.company.currency_id.round(order.amount_untaxed / rate)
        self.assertAlmostEqual(self._use(budget)[1], spent, places=2)

    def test_each_order_is_rounded_as_it_is_checked(self):
        """Ten orders of 3.33 are exactly met by 33.30, whatever their exact amounts add up to."""
        self._sell_in_another_currency(3.0)
        self._sell_at(5.0)  # two of them are 3.33
        budget = self._create_budget(33.30, policy="block")
        for number in range(10):
            self._place(self._new_cart() if number else None, **self.form)
        self.assertEqual(self._use(budget)[1:], (33.3, 0))
        with self.assertRaises(UserError):
            self._place(self._new_cart(), **self.form)

    def test_credit_note_gives_back_at_the_rate_of_the_order(self):
        rate = self._sell_in_another_currency(4.0)
        self._sell_at(100.0)
        self.product.invoice_policy = "order"
        budget = self._create_budget(1000)
        order = self.env["sale.order"].browse(self._place(**self.form).id)
        self.assertEqual(self._use(budget)[1], 50)
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        for worth in (8.0, 2.0):
            rate.rate = worth
            refund = invoice._reverse_moves()
            refund.action_post()
            self.assertEqual(self._use(budget)[1], 0, worth)
            refund.button_draft()
            refund.invoice_line_ids.quantity = 1
            refund.action_post()
            self.assertEqual(self._use(budget)[1], 25, worth)
            refund.button_draft()

    def test_request_within_the_budget_is_approved_whatever_the_rate_became(self):
        rate = self._sell_in_another_currency(4.0)
        self._sell_at(100.0)
        budget = self._create_budget(50, policy="block")
        self._create_approval_rule((10, self.anna))
        approval = self._request(**self.form)
        rate.rate = 3.0
        self._as(approval, self.anna_user).approve()
        self.assertEqual(approval.state, "approved")
        self.assertEqual(self._use(budget), (0, 50, 0))

    def test_rate_is_one_of_the_currency_in_which_it_is_ordered(self):
        budget = self._create_budget(1000)
        self._create_approval_rule((10, self.anna))
        approval = self._request(**self.form)
        self._sell_in_another_currency(4.0)
        self._as(approval, self.anna_user).approve(accept_changes=True)
        order = approval.sudo().order_id
        self.assertEqual(order.currency_id, self.pricelist.currency_id)
        self.assertAlmostEqual(self._use(budget)[1], order.amount_untaxed / 4, places=2)
