from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestRules(ApprovalCommon):
    """Which orders need an approval, and whose."""

    def _tasks(self, approval):
        return [(task.sequence, task.member_ids) for task in approval.task_ids]

    def test_without_rules_nothing_changes(self):
        approval = self._request()
        self.assertFalse(approval)
        self.assertEqual(self.cart.b2b_qualifier, "order")
        self.assertTrue(self.cart.name.startswith("B2B/"))

    def test_rule_makes_a_request_of_the_cart(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request(client_order_ref="PO-7", b2b_note="Please")
        order = approval.order_id
        self.assertEqual(order, self.cart)
        self.assertEqual((order.b2b_qualifier, order.state), ("approval", "draft"))
        self.assertFalse(order.name.startswith("B2B/"))
        self.assertEqual((order.client_order_ref, order.b2b_note), ("PO-7", "Please"))
        self.assertFalse(order.order_status_id)
        self.assertFalse(order.status_history_ids)
        self.assertEqual(approval.state, "pending")
        self.assertEqual(approval.requested_by_id, self.buyer_user.partner_id)
        today = self.env["b2b.agreement"]._get_today(self.company)
        self.assertEqual(approval.expires_on.date(), today + timedelta(days=14))
        new = self._get_cart(create=True)
        self.assertNotEqual(new, order, "a new cart can be begun")

    def test_days_are_set_per_company(self):
        self._create_approval_rule((10, self.anna))
        self.company.b2b_approval_days = 3
        approval = self._request()
        today = self.env["b2b.agreement"]._get_today(self.company)
        self.assertEqual(approval.expires_on.date(), today + timedelta(days=3))

    def test_last_day_is_a_whole_one(self):
        self._create_approval_rule((10, self.anna))
        for zone, moment, end in (
            ("UTC", "2040-01-01 09:00:00", "2040-01-15 23:59:59"),
            ("Europe/Warsaw", "2040-01-01 23:30:00", "2040-01-16 22:59:59"),
            ("America/New_York", "2040-01-02 03:00:00", "2040-01-16 04:59:59"),
        ):
            for buyers, sellers in ((zone, "Asia/Tokyo"), (False, zone)):
                self.cart.partner_id.tz = buyers
                self.company.partner_id.tz = sellers
                with self.subTest(zone=zone, buyers=buyers), freeze_time(moment):
                    expiry = self.env["b2b.approval"]._get_expiry(self.cart)
                    self.assertEqual(fields.Datetime.to_string(expiry), end)

    def test_archived_rules_and_those_of_others_do_not_fit(self):
        self._create_approval_rule((10, self.anna), active=False)
        rival = self._create_approval_rule(partner_id=self.rival.id)
        self.assertTrue(rival)
        self.assertFalse(self._request())

    def test_amount_is_strictly_above(self):
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        rule = self._create_approval_rule(
            (10, self.anna), condition="amount", amount=cart.amount_untaxed
        )
        self.assertFalse(self._request(cart))
        rule.amount = cart.amount_untaxed - 0.01
        self.assertTrue(self._request(self._new_cart()))

    def test_category_of_any_article_fits_with_those_above_it(self):
        above = self.env["product.category"].create({"name": "Above"})
        below = self.env["product.category"].create({"name": "Below", "parent_id": above.id})
        self._create_approval_rule(
            (10, self.anna), condition="category", category_ids=[(6, 0, above.ids)]
        )
        self.assertFalse(self._request())
        self.product.categ_id = below
        self.assertTrue(self._request(self._new_cart()))

    def test_address_is_new_until_an_order_was_placed(self):
        self._create_approval_rule((10, self.anna), condition="address")
        approval = self._request()
        self.assertTrue(approval)
        self._as(approval, self.anna_user).approve()
        self.assertFalse(self._request(self._new_cart()), "it went there before")
        self.env["sale.order"].search([("b2b_qualifier", "=", "order")])._action_cancel()
        self.assertTrue(self._request(self._new_cart()), "a cancelled one does not count")

    def test_rule_of_a_cost_center_fits_it_only(self):
        self._create_approval_rule((10, self.anna), cost_center_id=self.center.id)
        self.assertFalse(self._request())
        self.assertTrue(self._request(self._new_cart(), cost_center_id=str(self.center.id)))

    def test_limit_without_a_rule_asks_any_approver(self):
        self.member.order_limit = 1
        approval = self._request()
        self.assertTrue(approval.task_ids.is_for_any)
        self._as(approval, self.bob_user).approve()
        self.assertEqual(approval.state, "approved")
        self.assertEqual(approval.order_id.b2b_qualifier, "order")

    def test_limit_with_a_rule_asks_its_members(self):
        self.member.order_limit = 1
        self._create_approval_rule((10, self.anna), condition="member_limit")
        approval = self._request()
        self.assertEqual(self._tasks(approval), [(10, self.anna)])

    def test_steps_of_all_rules_are_joined_and_nobody_is_asked_twice(self):
        self._create_approval_rule((10, self.anna), (20, self.bob))
        self._create_approval_rule((10, self.anna), (20, self.anna | self.bob))
        approval = self._request()
        self.assertEqual(
            self._tasks(approval), [(10, self.anna), (20, self.bob), (20, self.anna | self.bob)]
        )
        self._as(approval, self.anna_user).approve()
        self.assertEqual(approval.step, 20)
        open_tasks = approval.task_ids.filtered(lambda task: not task.decision_id)
        self.assertEqual(open_tasks.member_ids, self.bob, "Anna has decided the other one")
        self._as(approval, self.bob_user).approve()
        self.assertEqual(approval.state, "approved")

    def test_steps_of_one_sequence_are_each_decided_side_by_side(self):
        self._create_approval_rule((10, self.anna))
        self._create_approval_rule((10, self.bob))
        approval = self._request()
        self._as(approval, self.bob_user).approve()
        self.assertEqual((approval.state, approval.step), ("pending", 10))
        self._as(approval, self.anna_user).approve()
        self.assertEqual(approval.state, "approved")

    def test_step_without_anybody_is_decided_by_administrators(self):
        self._create_approval_rule((10, self.anna))
        self.anna_user.active = False
        approval = self._request()
        self._as(approval, self.admin_user).approve()
        self.assertEqual(approval.state, "approved")

    def test_own_order_is_decided_by_others_unless_the_company_allows_it(self):
        self.member.may_approve = True
        self._create_approval_rule((10, self.member))
        approval = self._request()
        with self.assertRaises(UserError):
            self._as(approval, self.buyer_user).approve()
        self._as(approval, self.admin_user).approve()
        self.customer.b2b_approve_own = True
        approval = self._request(self._new_cart())
        self._as(approval, self.buyer_user).approve()
        self.assertEqual(approval.state, "approved")

    def test_nobody_to_decide_is_refused_in_words(self):
        self._create_approval_rule((10, self.anna), name="Every order")
        self.anna_user.active = False
        self.administrator.is_administrator = False
        with self.assertRaises(UserError) as caught:
            self._request()
        self.assertIn("Every order", str(caught.exception))
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        self.assertFalse(self.cart._get_b2b_approval())

    def test_only_administrator_is_the_buyer_himself(self):
        self._create_approval_rule((10, self.anna))
        self.anna_user.active = False
        cart = self._create_draft("cart", [(self.product, 1)], user=self.admin_user)
        with self.assertRaises(UserError):
            self._place(self._get_cart(self.admin_user).browse(cart.id))

    def test_member_of_a_step_may_approve_from_then_on(self):
        member = self._create_member(self.buyer2_user)
        self._create_approval_rule((10, member))
        self.assertTrue(member.may_approve)

    def test_strangers_decide_no_step(self):
        with self.assertRaises(ValidationError):
            self._create_approval_rule((10, self.rival_admin))

    def test_cost_center_is_read_from_the_form(self):
        other = self.env["b2b.cost.center"].create(
            {"partner_id": self.rival.id, "code": "1", "name": "Rival"}
        )
        cart = self._get_cart()
        for text in (str(other.id), "999999999", "x", "0x1"):
            _values, problems = cart._prepare_b2b_checkout_values(
                self.agreement, {"cost_center_id": text}
            )
            self.assertEqual(len(problems), 1, text)
        self.member.cost_center_id = self.center
        values, problems = cart._prepare_b2b_checkout_values(self.agreement, {})
        self.assertEqual(values["cost_center_id"], self.center.id, "the buyer's own by default")
        values, problems = cart._prepare_b2b_checkout_values(self.agreement, {"cost_center_id": ""})
        self.assertFalse(values["cost_center_id"] or problems)
        self.customer.b2b_cost_center_required = True
        _values, problems = cart._prepare_b2b_checkout_values(
            self.agreement, {"cost_center_id": ""}
        )
        self.assertTrue(problems)

    def test_checkout_with_approvals_takes_few_queries_more(self):
        groups = self.env["product.category"].create({"name": "Group"})
        self.product.categ_id = groups
        plain = self._new_cart_with(3)
        self._place(plain)
        plain = self._new_cart_with(3)
        with self._count_queries() as without:
            self._place(plain)
        values = [
            {"condition": "always"},
            {"condition": "amount", "amount": 1},
            {"condition": "category", "category_ids": [(6, 0, groups.ids)]},
            {"condition": "address"},
            {"condition": "member_limit"},
        ]
        steps = ((10, self.anna), (20, self.bob), (30, self.anna | self.bob))
        for index, one in enumerate(values):
            self._create_approval_rule(*(steps if not index else steps[:1]), **one)
        self._create_budget(1e6, policy="approval")
        self.member.order_limit = 1
        form = {"cost_center_id": str(self.center.id)}
        self._place(self._new_cart_with(3), **form)
        counts = []
        for size in (3, 9):
            cart = self._new_cart_with(size)
            with self._count_queries() as count:
                self._place(cart, **form)
            counts.append(count[0])
            self.assertEqual(cart.b2b_qualifier, "approval")
        self.assertNoMoreQueries(counts[0], counts[1])
        self.assertLessEqual(counts[1], without[0] + 25, (without, counts))

    def _new_cart_with(self, size):
        products = self.env["product.product"].browse()
        for number in range(size):
            products |= self._create_product(name=f"P{number}", list_price=10 + number)
        products.categ_id = self.product.categ_id
        self._get_cart().unlink()
        cart = self._create_draft("cart", [(product, 2) for product in products])
        return self._get_cart().browse(cart.id)
