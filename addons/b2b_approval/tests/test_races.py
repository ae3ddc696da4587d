from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_portal.tests.races import ShopRaceCommon


@tagged("post_install", "-at_install")
class TestApprovalRaces(ShopRaceCommon):
    """Approvers, buyers and sellers at the same moment."""

    NAMES = ("anna", "bob", "piotr", "paul")

    def _create_records(self, env):
        ids = super()._create_records(env)
        users = env["res.users"].browse(ids["res.users"])
        customer = users.partner_id.parent_id
        members = env["b2b.member"].create(
            [{"partner_id": one.partner_id.id, "may_approve": True} for one in users[:2]]
        )
        rule = env["b2b.approval.rule"].create(
            {
                "partner_id": customer.id,
                "name": "Rule",
                "step_ids": [(0, 0, {"member_ids": members.ids})],
            }
        )
        center = env["b2b.cost.center"].create(
            {"partner_id": customer.id, "code": "1", "name": "One"}
        )
        budget = env["b2b.budget"].create(
            {
                "cost_center_id": center.id,
                "date_start": "2000-01-01",
                "date_end": "2100-01-01",
                "amount": 15,
                "policy": "block",
            }
        )
        return {
            "b2b.approval.rule": rule.ids,
            "b2b.budget": budget.ids,
            "b2b.cost.center": center.ids,
            "b2b.member": members.ids,
            **ids,
        }

    def _remove_what_keeps(self, orders):
        """Take away what was decided, too."""
        cr = orders.env.cr
        approvals = orders.env["b2b.approval"].search([("order_id", "in", orders.ids)])
        for table in ("task", "notice", "decision"):
            cr.execute(
                f"DELETE FROM b2b_approval_{table} WHERE approval_id = ANY(%s)", [approvals.ids]
            )
        cr.execute("DELETE FROM b2b_approval WHERE id = ANY(%s)", [approvals.ids])

    def _check_out(self, env, center=False):
        center_id = center and self.ids["b2b.cost.center"][0]
        return super()._check_out(env, cost_center_id=center_id)

    def _request(self):
        self._fill_cart("piotr")
        with self._transaction(self.users["piotr"]) as env:
            return self._check_out(env)._get_b2b_approval().id

    def _act(self, env, approval_id, method, *args):
        getattr(env["b2b.approval"].browse(approval_id), method)(*args)
        env.flush_all()

    def _facts(self, approval_id):
        with self._transaction() as env:
            approval = env["b2b.approval"].browse(approval_id)
            decisions = approval.decision_ids.mapped("decision")
            return approval.state, approval.order_id.b2b_qualifier, decisions

    def _race(self, first_call, second_call):
        """Commit the first call while the second one has begun; return what the second is told.

        :param first_call: tuple (user, method, args)
        :param second_call: likewise
        """
        approval_id = self._request()
        users = self.users[first_call[0]], self.users[second_call[0]]
        with self._transaction(users[0]) as first, self._transaction(users[1]) as second:
            second.user.partner_id._get_b2b_rights()  # has its snapshot
            self._act(first, approval_id, *first_call[1:])
            first.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                self._act(second, approval_id, *second_call[1:])
            second.cr.rollback()
            second.transaction.clear()
            # Odoo runs the request again, on fresh data.
            with self.assertRaises(UserError) as caught:
                self._act(second, approval_id, *second_call[1:])
        return approval_id, str(caught.exception)

    def test_two_approvers_one_decision(self):
        approval_id, told = self._race(("anna", "approve"), ("bob", "approve"))
        self.assertIn("anna", told)
        self.assertEqual(self._facts(approval_id), ("approved", "order", ["approved"]))

    def test_approve_against_decline(self):
        approval_id, told = self._race(("anna", "decline", "No"), ("bob", "approve"))
        self.assertIn("anna", told)
        self.assertEqual(self._facts(approval_id), ("declined", "approval", ["declined"]))

    def test_withdraw_against_approve(self):
        approval_id, told = self._race(("piotr", "withdraw"), ("anna", "approve"))
        self.assertIn("piotr", told)
        self.assertEqual(self._facts(approval_id), ("withdrawn", "approval", ["withdrawn"]))

    def test_approve_against_withdraw(self):
        approval_id, _told = self._race(("anna", "approve"), ("piotr", "withdraw"))
        self.assertEqual(self._facts(approval_id), ("approved", "order", ["approved"]))

    def test_second_one_waits_for_the_first(self):
        approval_id = self._request()
        with (
            self._transaction(self.users["anna"]) as first,
            self._transaction(self.users["bob"]) as second,
        ):
            self._act(first, approval_id, "approve")
            told = self._refused_against(
                first, second, lambda: self._act(second, approval_id, "approve")
            )
        self.assertEqual(len(told), 1)
        self.assertEqual(self._facts(approval_id)[2], ["approved"])

    def test_approver_who_lost_the_right_meanwhile(self):
        approval_id = self._request()
        with self._transaction() as seller, self._transaction(self.users["anna"]) as anna:
            seller["b2b.member"].browse(self.ids["b2b.member"][0]).may_approve = False
            seller.flush_all()
            seller.cr.commit()
            with self.assertRaises(UserError):
                self._act(anna, approval_id, "approve")
        self.assertEqual(self._facts(approval_id)[0], "pending")

    def test_agreement_terminated_meanwhile(self):
        approval_id = self._request()
        with self._transaction() as seller, self._transaction(self.users["anna"]) as anna:
            seller["b2b.agreement"].browse(self.ids["b2b.agreement"]).action_terminate()
            seller.flush_all()
            seller.cr.commit()
            with self.assertRaises(UserError):
                self._act(anna, approval_id, "approve")
        self.assertEqual(self._facts(approval_id), ("pending", "approval", []))

    def test_two_checkouts_at_one_budget(self):
        with self._transaction() as env:
            env["b2b.approval.rule"].browse(self.ids["b2b.approval.rule"]).active = False
        self._fill_cart("piotr")
        self._fill_cart("paul")
        with (
            self._transaction(self.users["piotr"]) as first,
            self._transaction(self.users["paul"]) as second,
        ):
            second.user.partner_id._get_b2b_rights()  # has its snapshot
            self._check_out(first, center=True)
            first.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                self._check_out(second, center=True)
            second.cr.rollback()
            second.transaction.clear()
            with self.assertRaises(UserError):
                self._check_out(second, center=True)
        with self._transaction() as env:
            budget = env["b2b.budget"].browse(self.ids["b2b.budget"])
            self.assertEqual((budget.spent, budget.left), (10, 5))

    def test_reserved_by_a_request_is_seen_by_a_checkout_at_the_same_moment(self):
        self._fill_cart("piotr")
        self._fill_cart("paul")
        with (
            self._transaction(self.users["piotr"]) as first,
            self._transaction(self.users["paul"]) as second,
        ):
            second.user.partner_id._get_b2b_rights()
            self._check_out(first, center=True)
            told = self._refused_against(
                first, second, lambda: self._check_out(second, center=True)
            )
        self.assertEqual(len(told), 1)
        with self._transaction() as env:
            budget = env["b2b.budget"].browse(self.ids["b2b.budget"])
            self.assertEqual((budget.reserved, budget.left), (10, 5))
