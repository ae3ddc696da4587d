from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.b2b_account.tests.quotations import QuotationCommon

from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestQuotations(QuotationCommon, ApprovalCommon):
    """A quotation of the seller is accepted by the rules of the checkout, by login and by link."""

    def _accept(self, user=None, order=None):
        """Return what is refused, '' if nothing."""
        return super()._accept(user, order).get("error", "")

    def _expect_refusal(self, user, *parts, order=None):
        text = self._accept(user, order)
        for part in parts:
            self.assertIn(part, text)
        offer = order or self.offer
        self.assertEqual((offer.state, bool(offer.signature)), ("sent", False))

    def test_without_rules_as_before(self):
        self.assertFalse(self._accept(self.buyer_user))
        self.assertEqual(self.offer.state, "sale")

    def test_buyer_is_told_whom_to_ask_and_the_approver_accepts(self):
        self._create_approval_rule((10, self.anna), name="Always")
        name = self.anna_user.name
        for user in (self.buyer_user, None, self.rival_user):
            self._expect_refusal(user, "Always", self.customer.name, name)
        self._expect_refusal(self.bob_user, name)  # approves other things
        self.assertFalse(self._accept(self.anna_user))
        self.assertEqual(self.offer.state, "sale")
        self.assertFalse(self.env["b2b.approval"].search([]))

    def test_page_says_it_before(self):
        self._create_approval_rule((10, self.anna), name="Always")
        url = f"/my/orders/{self.offer.id}"
        found = "//*[@data-bs-target='#modalaccept']"
        self._login(self.buyer_user)
        response = self._get(url)
        self.assertIn(self.anna_user.name, " ".join(self._alerts(response)))
        self.assertFalse(self._page(response).xpath(found))
        self._login(self.anna_user)
        self.assertTrue(self._page(self._get(url)).xpath(found))

    def test_option_that_nobody_chose_asks_nobody(self):
        category = self.env["product.category"].create({"name": "Dear things"})
        self.product_b.categ_id = category
        self._create_approval_rule(
            (10, self.anna), condition="category", category_ids=category.ids, name="Dear"
        )
        self.offer.order_line = [
            Command.create({"product_id": self.product_b.id, "product_uom_qty": 0})
        ]
        option = self.offer.order_line[-1]
        option.product_uom_qty = 1
        self._expect_refusal(self.buyer_user, "Dear")
        option.product_uom_qty = 0
        self.assertFalse(self._accept(self.buyer_user))
        self.assertEqual(self.offer.state, "sale")

    def test_each_condition(self):
        rule = self._create_approval_rule((10, self.anna))
        amount = self.offer.amount_untaxed
        self.product.categ_id = self.env["product.category"].create({"name": "Bolts"})
        for values, is_asked in (
            ({"condition": "amount", "amount": amount}, False),
            ({"condition": "amount", "amount": amount - 0.01}, True),
            ({"condition": "category", "category_ids": self.product.categ_id.ids}, True),
            ({"condition": "address"}, True),
            ({"condition": "member_limit"}, False),
            ({"condition": "always", "cost_center_id": self.center.id}, False),
        ):
            rule.write({"cost_center_id": False, **values})
            problems = self.offer._get_b2b_acceptance_problems(self.buyer_user.partner_id)
            self.assertEqual(bool(problems), is_asked, values)
        self.offer.cost_center_id = self.center
        self.assertTrue(self.offer._get_b2b_acceptance_problems(self.buyer_user.partner_id))

    def test_limit_is_the_one_of_who_accepts(self):
        self.member.order_limit = self.offer.amount_untaxed
        self.assertFalse(self.offer._get_b2b_acceptance_problems(self.buyer_user.partner_id))
        self.member.order_limit -= 0.01
        self._expect_refusal(self.buyer_user, "limit", self.anna_user.name, self.bob_user.name)
        self._expect_refusal(None, "limit")
        self.assertFalse(self._accept(self.buyer2_user), "has none")

    def test_right_to_order_comes_first(self):
        self._create_approval_rule((10, self.anna))
        self.member.may_order = False
        self._expect_refusal(self.buyer_user, "not order")
        self.anna.may_order = False
        self._expect_refusal(self.anna_user, "not order")

    def test_several_who_decide_one_after_the_other(self):
        self._create_approval_rule((10, self.anna), (20, self.bob), name="Twice")
        for user in (self.buyer_user, self.anna_user, self.bob_user):
            self._expect_refusal(user, "Twice", "/my/b2b")

    def test_own_quotation_of_an_approver(self):
        self._create_approval_rule((10, self.anna))
        offer = self._create_offer(partner_id=self.anna_user.partner_id.id)
        self._expect_refusal(self.anna_user, self.admin_user.name, order=offer)
        self.customer.b2b_approve_own = True
        self.assertFalse(self._accept(self.anna_user, offer))

    def test_deputy(self):
        self._create_approval_rule((10, self.anna))
        self.anna.write({"deputy_id": self.bob.id, "away_from": "2000-01-01"})
        self.assertFalse(self._accept(self.bob_user))

    def test_budgets(self):
        self.offer.cost_center_id = self.center
        amount = self.offer.amount_untaxed
        budget = self._create_budget(amount, policy="block")
        partner = self.buyer_user.partner_id
        self.assertFalse(self.offer._get_b2b_acceptance_problems(partner), "exactly met is within")
        budget.amount -= 0.01
        self._expect_refusal(self.buyer_user, "budget", self.center.name)
        self._expect_refusal(self.anna_user, "budget")
        with self.assertRaisesRegex(UserError, "budget"):
            self.offer._validate_order()
        budget.policy = "approval"
        self._expect_refusal(self.buyer_user, "budget", self.anna_user.name)
        budget.policy = "warn"
        self.assertFalse(self._accept(self.buyer_user))
        self.assertLess(budget.left, 0)

    def test_draft_again_is_paid_by_the_budget_of_its_next_acceptance(self):
        past = self._create_budget(1000, date_start="2000-01-01", date_end="2000-12-31")
        present = self._create_budget(1000, date_start="2001-01-01")
        self.offer.cost_center_id = self.center
        self.offer.action_confirm()
        self.offer.write({"b2b_budget_date": "2000-06-01", "b2b_budget_rate": 2.0})
        self.assertEqual((past.spent, present.spent), (2 * self.offer.amount_untaxed, 0))
        self.offer._action_cancel()
        self.assertTrue(self.offer.b2b_budget_date, "until it is a quotation again")
        self.offer.action_draft()
        self.assertFalse(self.offer.b2b_budget_date or self.offer.b2b_budget_rate)
        self.offer.action_confirm()
        self.env.invalidate_all()
        self.assertEqual((past.spent, present.spent), (0, self.offer.amount_untaxed))

    def test_placed_order_keeps_the_day_of_its_request(self):
        order = self._place(cost_center_id=str(self.center.id)).sudo()
        day = order.b2b_budget_date
        self.assertTrue(day)
        order._action_cancel()
        order.action_draft()
        self.assertEqual(order.b2b_budget_date, day)

    def test_page_locks_nothing(self):
        self.offer.cost_center_id = self.center
        budget = self._create_budget(1, policy="approval")
        self._login(self.buyer_user)
        self._get(f"/my/orders/{self.offer.id}")
        self.env.invalidate_all()
        self.assertFalse(budget.lock_count)

    def test_retail_and_rival_have_no_rules_of_ours(self):
        self._create_approval_rule((10, self.anna))
        offer = self._create_offer(partner_id=self.retail_user.partner_id.id)
        self.assertFalse(self._accept(self.retail_user, offer))
