import random
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..context_keys import DECIDING
from .common import ApprovalCommon

PAGE = "/my/b2b/approvals"


@tagged("post_install", "-at_install")
class TestTurns(ApprovalCommon):
    """Whose turn it is, and what becomes of a request that waited."""

    def _waits_for(self, approval, user):
        Approval = self.env["b2b.approval"]
        domain = Approval._get_waiting_domain(user.partner_id)
        self._login(user)
        shown = f"{PAGE}/{approval.id}" in self._get(f"{PAGE}?filterby=waiting").text
        self.assertEqual(shown, approval in Approval.search(domain))
        self.assertEqual(shown, ">Decide<" in self._get(PAGE).text)
        return shown

    def test_request_waits_for_whose_turn_it_is(self):
        self._create_approval_rule((10, self.anna), (20, self.bob))
        approval = self._request()
        self.assertTrue(self._waits_for(approval, self.anna_user))
        self.assertFalse(self._waits_for(approval, self.bob_user), "his step comes later")
        self.assertIn(f"{PAGE}/{approval.id}", self._get(PAGE).text, "but he sees it")
        self._as(approval, self.anna_user).approve()
        self.assertFalse(self._waits_for(approval, self.anna_user), "she has decided")
        self.assertTrue(self._waits_for(approval, self.bob_user))
        self._as(approval, self.bob_user).approve()
        self.assertFalse(self._waits_for(approval, self.bob_user))
        self.assertIn(f"{PAGE}/{approval.id}", self._get(PAGE).text)

    def test_request_that_asks_anybody_waits_for_all_who_may_approve(self):
        self.member.order_limit = 1
        approval = self._request()
        self.assertTrue(approval.task_ids.is_for_any)
        self.assertTrue(self._waits_for(approval, self.anna_user))
        self.assertTrue(self._waits_for(approval, self.bob_user))
        self._login(self.buyer2_user)
        self.assertNotIn(f"{PAGE}/{approval.id}", self._get(PAGE).text)
        self._as(approval, self.bob_user).approve()
        self.assertFalse(self._waits_for(approval, self.anna_user))

    def test_administrators_decide_where_nobody_else_is_left(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request()
        self.assertFalse(self._waits_for(approval, self.admin_user))
        self.assertIn(f"{PAGE}/{approval.id}", self._get(PAGE).text, "but she sees it")
        self.anna.may_approve = False
        self.assertTrue(self._waits_for(approval, self.admin_user))
        deputy = self._create_member(self.buyer2_user, may_order=False)
        self.assertFalse(self._waits_for(approval, self.buyer2_user))
        self.administrator.write({"deputy_id": deputy.id, "away_from": fields.Date.today()})
        self.assertTrue(self._waits_for(approval, self.buyer2_user))
        self.assertIn(PAGE, self._get("/my/b2b").text)
        self.assertIn("Approve", self._get(f"{PAGE}/{approval.id}").text)
        approval.sudo().with_context(b2b_deciding=DECIDING).expires_on = fields.Datetime.now()
        self.assertFalse(self._waits_for(approval, self.buyer2_user), "it is over")

    def test_search_says_the_same_as_the_steps(self):
        """Whatever the rights, for each colleague and request."""
        people = {
            user: self._create_member(user)
            for user in (
                self.buyer2_user,
                self._create_portal_user("b2b_five", parent_id=self.customer.id),
            )
        }
        people |= {
            self.buyer_user: self.member,
            self.anna_user: self.anna,
            self.bob_user: self.bob,
            self.admin_user: self.administrator,
        }
        rule = self._create_approval_rule((10, self.anna), (10, self.bob), (20, self.member))
        self.member.order_limit = 1
        approvals = self._request()
        rule.active = False
        approvals |= self._request(self._new_cart())
        rule.active = True
        self._as(approvals[0], self.bob_user).approve()
        approvals = approvals.sudo()
        for seed in (5, 6, 7, 8):
            with self.subTest(seed=seed):
                self._compare_search_with_steps(random.Random(seed), approvals, people)

    def _compare_search_with_steps(self, chance, approvals, people):
        today = fields.Date.today()
        waited = 0
        for _round in range(40):
            for user, member in people.items():
                user.active = chance.random() < 0.9
                member.write(
                    {
                        "active": chance.random() < 0.9,
                        "may_approve": chance.random() < 0.5,
                        "is_administrator": chance.random() < 0.4,
                        "away_from": chance.choice([False, today]),
                        "deputy_id": (chance.choice(list(people.values())) - member).id,
                    }
                )
            self.customer.b2b_approve_own = chance.random() < 0.5
            for user, member in people.items():
                if not (user.active and member.active):
                    continue
                found = approvals.search(approvals._get_waiting_domain(user.partner_id))
                expected = approvals.filtered(lambda one: one._may_decide(member))  # noqa: B023
                self.assertEqual(found & approvals, expected, f"{_round} {user.name}")
                visible = approvals.search(approvals._get_visible_domain(user.partner_id))
                self.assertLessEqual(expected, visible)
                waited += len(expected)
        self.assertGreater(waited, 50)

    def test_date_that_passed_while_it_waited_is_accepted(self):
        self._create_approval_rule((10, self.anna), (20, self.bob))
        day = fields.Date.today() + timedelta(days=3)
        approval = self._request(commitment_date=day.isoformat()).sudo()
        self._login(self.anna_user)
        self.assertNotIn("has passed", self._get(f"{PAGE}/{approval.id}").text)
        approval.order_id.commitment_date = fields.Datetime.now() - timedelta(days=2)
        self.assertIn("has passed", self._get(f"{PAGE}/{approval.id}").text)
        self.assertIn("has passed", self._decide_on_page(approval, "approve")[0])
        self.assertEqual(approval.task_ids.mapped("is_open"), [True, False])
        self._decide_on_page(approval, "approve", accept_changes="1")
        self.assertIn("has passed", approval.decision_ids.changes)
        self._as(approval, self.bob_user).approve()
        self.assertEqual(approval.state, "approved")
        self.assertFalse(approval.order_id.commitment_date)

    def test_cost_center_taken_out_of_use_meanwhile_counts(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request(cost_center_id=str(self.center.id)).sudo()
        self.center.active = False
        self._as(approval, self.anna_user).approve()
        self.assertEqual(approval.state, "approved")
        self.assertEqual(approval.order_id.cost_center_id, self.center)
        cart = self._new_cart()
        cart.sudo().cost_center_id = self.center
        problems = cart._prepare_b2b_checkout_values(
            self.agreement, {"cost_center_id": str(self.center.id)}
        )[1]
        self.assertTrue(problems, "a cart is asked anew")

    def test_what_cannot_be_placed_says_what_to_do(self):
        self._create_approval_rule((10, self.anna))
        depot = self.env["res.partner"].create(
            {"name": "Depot", "type": "delivery", "parent_id": self.customer.id}
        )
        approval = self._request(partner_shipping_id=str(depot.id)).sudo()
        depot.active = False
        self._login(self.anna_user)
        told = self._decide_on_page(approval, "approve", accept_changes="1")
        self.assertIn("decline the request", told[0])
        self.assertEqual(approval.state, "pending")

    def test_deputy_of_the_buyer_does_not_decide_on_his_order(self):
        self.member.write({"deputy_id": self.bob.id, "away_from": fields.Date.today()})
        self._create_approval_rule((10, self.member | self.anna))
        approval = self._request()
        self.assertFalse(self._waits_for(approval, self.bob_user))
        self.assertTrue(self._waits_for(approval, self.anna_user))

    def test_who_left_is_stood_in_for_no_more(self):
        self._create_approval_rule((10, self.bob))
        self.bob.write({"deputy_id": self.anna.id, "away_from": fields.Date.today()})
        approval = self._request()
        Approval = self.env["b2b.approval"]
        partner = self.anna_user.partner_id
        self.assertIn(approval, Approval.search(Approval._get_waiting_domain(partner)))
        self.bob.active = False
        self.assertNotIn(approval, Approval.search(Approval._get_waiting_domain(partner)))

    def test_only_who_can_decide_is_a_deputy(self):
        """Nor one who was chosen, and has left since: nobody would decide."""
        self.anna.write({"deputy_id": self.bob.id, "away_from": fields.Date.today()})
        name = self.bob.partner_id.name
        self._login(self.anna_user)
        self.assertEqual(self._get(PAGE).text.count(name), 2)
        self.bob_user.active = False
        self.assertNotIn(name, self._get(PAGE).text)
        self.bob_user.active = True
        self.bob.active = False
        self.assertNotIn(name, self._get(PAGE).text)
        answer = self._post(f"{PAGE}/away", {"deputy_id": self.bob.id})
        self.assertIn("cannot stand in for you", " ".join(self._alerts(answer)))
        self.env.invalidate_all()
        self.assertFalse(self.anna.deputy_id)
