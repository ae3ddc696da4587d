from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_agreement.tests.common import SIGNATURE
from odoo.addons.mail_delivery_retry.tests.common import Race

NAMES = ("anna", "bob", "piotr", "paul")


@tagged("post_install", "-at_install")
class TestApprovalRaces(Race, BaseCase):
    """At the same moment: real transactions, whose records are removed again."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            customer = env["res.partner"].create({"name": "Approval race Ltd", "is_company": True})
            users = (
                env["res.users"]
                .with_context(no_reset_password=True)
                .create(
                    [
                        {
                            "name": name,
                            "login": f"b2b_race_{name}",
                            "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
                        }
                        for name in NAMES
                    ]
                )
            )
            users.partner_id.parent_id = customer
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
            product = env["product.product"].create(
                {"name": "Race", "list_price": 10, "taxes_id": [(5,)]}
            )
            agreement = env["b2b.agreement"].create(
                {
                    "partner_id": customer.id,
                    "date_start": fields.Date.today() - timedelta(days=1),
                    "body": "<p>Terms</p>",
                    "state": "sent",
                }
            )
            agreement._sign("Racer", SIGNATURE, customer)
            self.users = dict(zip(NAMES, users.ids, strict=True))
            self.ids = {
                "b2b.approval.rule": rule.ids,
                "b2b.budget": budget.ids,
                "b2b.cost.center": center.ids,
                "b2b.member": members.ids,
                "product.product": product.ids,
                "b2b.agreement": agreement.ids,
                "res.users": users.ids,
                "res.partner": (users.partner_id | customer).ids,
            }
        self.addCleanup(self._remove)

    def _remove(self):
        """Take everything away again, past the guards that keep what was decided."""
        with self._transaction() as env:
            cr = env.cr
            orders = env["sale.order"].search([("partner_id", "in", self.ids["res.partner"])])
            approvals = env["b2b.approval"].search([("order_id", "in", orders.ids)])
            for table in ("task", "notice", "decision"):
                cr.execute(
                    f"DELETE FROM b2b_approval_{table} WHERE approval_id = ANY(%s)", [approvals.ids]
                )
            cr.execute("DELETE FROM b2b_approval WHERE id = ANY(%s)", [approvals.ids])
            cr.execute(
                "DELETE FROM sale_order_status_history WHERE order_id = ANY(%s)", [orders.ids]
            )
            cr.execute("DELETE FROM sale_order WHERE id = ANY(%s)", [orders.ids])
            cr.execute("DELETE FROM b2b_agreement WHERE id = ANY(%s)", [self.ids["b2b.agreement"]])
            env.invalidate_all()
            for model in self.ids:
                if model != "b2b.agreement":
                    env[model].browse(self.ids[model]).unlink()

    def _fill_cart(self, name="piotr"):
        with self._transaction(self.users[name]) as env:
            product = env["product.product"].sudo().browse(self.ids["product.product"])
            agreement = env.user.partner_id._get_b2b_agreement()
            cart = env["sale.order"]._get_b2b_cart(agreement, create=True)
            cart._add_b2b_lines([(product, 1, product.uom_id)])
            return cart.id

    def _check_out(self, env, center=False):
        agreement = env.user.partner_id._get_b2b_agreement()
        cart = env["sale.order"]._get_b2b_cart(agreement)
        cart._lock_b2b_cart()
        cart._refresh_b2b_lines()
        cart._place_b2b_order({"cost_center_id": center and self.ids["b2b.cost.center"][0]})
        env.flush_all()
        return cart

    def _request(self):
        self._fill_cart()
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
            told = []

            def approve():
                try:
                    self._act(second, approval_id, "approve")
                except UserError as error:
                    told.append(str(error))

            self._run_against(first, second, approve)
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
            told = []

            def check_out():
                try:
                    self._check_out(second, center=True)
                except UserError as error:
                    told.append(str(error))

            self._run_against(first, second, check_out)
        self.assertEqual(len(told), 1)
        with self._transaction() as env:
            budget = env["b2b.budget"].browse(self.ids["b2b.budget"])
            self.assertEqual((budget.reserved, budget.left), (10, 5))
