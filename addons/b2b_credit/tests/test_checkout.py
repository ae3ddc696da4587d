from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCreditCheckout(CreditCommon):
    def setUp(self):
        super().setUp()
        self._login(self.buyer_user)
        self.total = self.cart.amount_total

    def _checkout(self):
        response = self._get("/my/b2b/checkout")
        _action, data = self._form(response, "Place order")
        return self._post("/my/b2b/checkout", data)

    def _placed(self):
        self.env.invalidate_all()
        return self.cart.b2b_qualifier == "order"

    # === WITHIN === #

    def test_nothing_configured_changes_nothing(self):
        self._create_invoice(1000000, 500)
        self.assertNotIn("credit", self._get("/my/b2b/checkout").text)
        self._checkout()
        self.assertTrue(self._placed())
        self.assertFalse(self.cart.b2b_credit_hold)
        self.assertFalse(self.env["b2b.credit.check"].search([]))

    def test_exactly_met_is_within(self):
        self._set_limit(self.total, "block")
        self._checkout()
        self.assertTrue(self._placed())

    # === ABOVE === #

    def test_block(self):
        self._set_limit(self.total - 0.01, "block")
        self.assertIn("exceeds your credit", " ".join(self._alerts(self._get("/my/b2b/cart"))))
        response = self._checkout()
        self.assertIn("exceeds your credit", " ".join(self._alerts(response)))
        self.assertFalse(self._placed())

    def test_block_is_a_rule_of_the_model(self):
        self._set_limit(1, "block")
        with self.assertRaisesRegex(UserError, "exceeds your credit"):
            self._place()
        self.assertFalse(self._placed())

    def test_open_items_and_orders_count(self):
        self._set_limit(self.total * 2, "block")
        order = self._create_order([(self.product_b, 1)])
        order.action_confirm()
        self._create_invoice(self.total)
        with self.assertRaisesRegex(UserError, "exceeds"):
            self._place()
        order._action_cancel()
        self._place()

    def test_inform(self):
        self._set_limit(1, "inform")
        self.assertIn("exceeds your credit", " ".join(self._alerts(self._get("/my/b2b/checkout"))))
        self._checkout()
        self.assertTrue(self._placed())
        self.assertFalse(self.cart.b2b_credit_hold)

    def test_notice_is_renewed_with_the_amounts(self):
        """It stands where the script of the checkout puts what the server says anew."""
        self._set_limit(1, "inform")
        page = self._page(self._get("/my/b2b/checkout"))
        said = page.xpath("//*[contains(@class, 'o_b2b_notices')]")[0].text_content()
        self.assertIn("exceeds your credit", said)

    def test_approval_holds(self):
        self._set_limit(1, "approval")
        text = " ".join(self._alerts(self._get("/my/b2b/checkout")))
        self.assertIn("before we confirm", text)
        self._checkout()
        self.assertTrue(self._placed())
        self.assertTrue(self.cart.b2b_credit_hold)
        self.assertIn("credit limit", self.cart.b2b_credit_hold_reason)
        self.assertTrue(self.cart.name.startswith("B2B/"))

    def test_event(self):
        status = self.env["sale.order.status"].create(
            {
                "name": "Being looked at",
                "category": "in_progress",
                "event_ids": [(4, self.env.ref("b2b_credit.event_credit_hold").id)],
            }
        )
        self._set_limit(1, "approval")
        self._place()
        self.assertEqual(self.cart.order_status_id, status)

    def test_event_is_on_no_status(self):
        event = self.env.ref("b2b_credit.event_credit_hold")
        found = self.env["sale.order.status"].search([("event_ids", "in", event.ids)])
        self.assertFalse(found)

    def test_settings_lead_to_the_limit(self):
        arch = self.env["res.config.settings"].get_view(view_type="form")["arch"]
        setting = etree.fromstring(arch).xpath("//setting[@id='b2b_credit_policy']")[0]
        self.assertTrue(setting.xpath(".//field[@name='account_use_credit_limit']"))

    # === OVERDUE === #

    def test_overdue(self):
        self.company.write({"b2b_credit_policy": "block", "b2b_overdue_days": 10})
        self._create_invoice(1, 10)
        self.assertFalse(self.cart._get_b2b_credit_words(), "exactly met is within")
        self._create_invoice(1, 11)
        with self.assertRaisesRegex(UserError, "overdue"):
            self._place()
        self.company.b2b_overdue_days = 0
        self._place()

    # === WHO IS TOLD WHAT === #

    def test_colleague_without_the_right_hears_no_amounts(self):
        self._set_limit(12345, "block")
        self._create_invoice(54321)
        cart = self._create_draft("cart", [(self.product, 1)], user=self.looker_user)
        (words,) = cart.with_user(self.looker_user).sudo()._get_b2b_credit_words()
        self.assertIn("colleague who sees invoices", words)
        for amount in ("12,345", "54,321"):
            self.assertNotIn(amount, words)

    def test_notice_says_that_the_order_can_be_placed(self):
        others = self._create_draft("cart", [(self.product, 1)], user=self.looker_user)
        carts = ((self.cart, self.buyer_user), (others, self.looker_user))
        for policy, words in (("inform", "all the same"), ("approval", "before we confirm")):
            self._set_limit(1, policy)
            for cart, user in carts:
                notice = " ".join(cart.with_user(user).sudo()._get_b2b_credit_notice())
                self.assertIn("exceeds", notice)
                self.assertIn(words, notice)
                self.assertNotIn("ask a colleague", notice, "nothing is refused")

    def test_nothing_is_promised_beside_a_refusal(self):
        self._set_limit(1, "inform")
        self.assertIn("all the same", self._get("/my/b2b/checkout").text)
        self.member.may_order = False
        response = self._get("/my/b2b/checkout")
        self.assertIn("order for Buyer Ltd", " ".join(self._alerts(response)))
        self.assertNotIn("all the same", response.text)

    def test_nothing_is_promised_where_a_choice_may_be_refused(self):
        orders = self.registry["sale.order"]
        self.patch(orders, "_may_b2b_checkout_refuse", lambda order: True)
        for policy in ("inform", "approval"):
            self._set_limit(1, policy)
            (notice,) = self.cart._get_b2b_credit_notice()
            self.assertIn("exceeds", notice)

    def test_amounts_in_the_words(self):
        self._set_limit(100, "block")
        self._create_invoice(60)
        (words,) = self.cart._get_b2b_credit_words()
        for amount in ("100.00", "60.00", "40.00"):
            self.assertIn(amount, words)

    def test_rivals_debts_are_not_mine(self):
        self._set_limit(self.total, "block")
        self._create_invoice(1000, 100, partner=self.rival)
        self._place()
