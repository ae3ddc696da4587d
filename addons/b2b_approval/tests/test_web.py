from odoo.tests import tagged

from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestWeb(ApprovalCommon):
    """A cart of the public shop, where nobody is asked: it has to go through the B2B shop."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.web = cls._create_order(
            [(cls.product, 2)], partner_id=cls.buyer_user.partner_id.id, document_type="web"
        )

    def _problems(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        order = self.web.with_user(user or self.buyer_user).sudo()
        problems = order._get_b2b_web_problems()
        self.assertEqual(order._get_b2b_acceptance_problems(self.buyer_user.partner_id), problems)
        return " ".join(problems)

    def test_without_rules_nothing_is_refused(self):
        self.assertFalse(self._problems())
        self._create_budget(1, policy="block")
        self.member.cost_center_id = self.center
        self.assertFalse(self._problems(), "it is on no cost centre")

    def test_rule_limit_and_new_address_lead_to_the_b2b_shop(self):
        self.member.order_limit = 1
        self.assertIn("Above the order limit", self._problems())
        self.member.order_limit = 0
        rule = self._create_approval_rule((10, self.anna), name="Always", condition="always")
        for part in ("Always", "/my/b2b", self.customer.name):
            self.assertIn(part, self._problems())
        rule.write({"condition": "amount", "amount": self.web.amount_untaxed})
        self.assertFalse(self._problems(), "exactly met is within")
        rule.amount -= 0.01
        self.assertTrue(self._problems())
        rule.condition = "address"
        self.assertTrue(self._problems())
        rule.active = False
        placed = self._place()
        rule.active = True
        self.web.partner_shipping_id = placed.sudo().partner_shipping_id
        self.assertFalse(self._problems(), "an order went there before")

    def test_cost_center_that_is_required(self):
        self.customer.b2b_cost_center_required = True
        self.assertIn("cost centres", self._problems())
        self.center.active = False
        self.assertFalse(self._problems())

    def test_right_to_order_comes_first(self):
        self._create_approval_rule((10, self.anna))
        self.member.may_order = False
        self.assertNotIn("/my/b2b", self._problems())

    def test_order_that_is_placed_is_paid(self):
        self._create_approval_rule((10, self.anna))
        self.web.state = "sent"  # placed already, waits for its money
        self.assertFalse(self.web._get_b2b_acceptance_problems(self.buyer_user.partner_id))
