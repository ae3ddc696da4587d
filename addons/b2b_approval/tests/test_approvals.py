from ast import literal_eval
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.b2b_agreement.models.b2b_agreement.seal import SEAL

from ..context_keys import DECIDING
from ..hooks import _uninstall_hook
from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestDecisions(ApprovalCommon):
    def setUp(self):
        super().setUp()
        self.rule = self._create_approval_rule((10, self.anna | self.bob))
        self.approval = self._request(client_order_ref="PO-7")
        self.order = self.approval.order_id

    def _approve(self, user=None, *args, **kwargs):
        return self._as(self.approval, user or self.anna_user).approve(*args, **kwargs)

    # === APPROVE, DECLINE, WITHDRAW === #

    def test_quantities_beyond_all_numbers_are_refused(self):
        for quantity in (10**400, "1e999", "nan", None, []):
            with self.assertRaises(UserError):
                self._approve(quantities={self.order.order_line.id: quantity})

    def test_last_step_places_the_order(self):
        self.assertIs(self._approve(comment="Fine"), True)
        order = self.order
        self.assertEqual((order.b2b_qualifier, order.state), ("order", "sent"))
        self.assertTrue(order.name.startswith("B2B/"))
        self.assertTrue(order.order_status_id)
        self.assertEqual(order.partner_id, self.buyer_user.partner_id)
        decision = self.approval.decision_ids
        self.assertEqual(
            (decision.decision, decision.member_id, decision.comment),
            ("approved", self.anna, "Fine"),
        )

    def test_second_approver_is_told_who_decided(self):
        self._approve()
        with self.assertRaises(UserError) as caught:
            self._approve(self.bob_user)
        self.assertIn(self.anna_user.name, str(caught.exception))
        self.assertEqual(len(self.approval.decision_ids), 1)

    def test_decline_needs_a_comment(self):
        approval = self._as(self.approval, self.anna_user)
        for comment in ("", False, "   "):
            with self.assertRaises(UserError):
                approval.decline(comment)
        self.assertIs(approval.decline("Too much"), True)
        self.assertEqual(self.approval.state, "declined")
        self.assertEqual(self.approval.decision_ids.comment, "Too much")
        self.assertEqual((self.order.b2b_qualifier, self.order.state), ("approval", "draft"))
        with self.assertRaises(UserError):
            self._approve(self.bob_user)

    def test_withdraw_is_the_buyers_or_the_administrators(self):
        for user in (self.anna_user, self.buyer2_user, self.rival_user, self.seller_user):
            with self.assertRaises(AccessError):
                self._as(self.approval, user).withdraw()
        self.assertIs(self._as(self.approval, self.buyer_user).withdraw(), True)
        self.assertEqual(self.approval.state, "withdrawn")
        with self.assertRaises(UserError):
            self._as(self.approval, self.buyer_user).withdraw()
        with self.assertRaises(UserError):
            self._approve()
        self.assertFalse(self._send_notices(), "who did it himself knows")
        approval = self._request(self._new_cart())
        self._as(approval, self.admin_user).withdraw()
        self.assertEqual(approval.state, "withdrawn")

    def test_buyer_is_told_once_who_withdrew_his_request(self):
        self._send_notices()
        self._as(self.approval, self.admin_user).withdraw()
        with self.assertRaises(UserError):
            self._as(self.approval, self.admin_user).withdraw()
        mail = self._send_notices()
        self.assertEqual(mail.recipient_ids, self.buyer_user.partner_id)
        told = f"{self.admin_user.name} has withdrawn this request."
        self.assertIn(told, mail.subject)
        self.assertIn(told, mail.body_html)
        self.assertIn(f"/my/b2b/approvals/{self.approval.id}", mail.body_html)
        self.assertFalse(self._send_notices())

    def test_whoever_is_not_concerned_is_refused(self):
        anonymous = self.env.ref("base.public_user")
        users = (self.rival_user, self.retail_user, self.buyer2_user, self.seller_user, anonymous)
        for user in (*users, self.buyer_user, self.admin_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._approve(user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._as(self.approval, user).decline("No")
        gone = self.approval.browse(self.approval.id + 1000)
        with self.assertRaises(AccessError):
            self._as(gone, self.anna_user).approve()
        self.assertEqual(self.approval.state, "pending")
        self.assertFalse(self.approval.decision_ids)

    def test_right_taken_away_before_the_click(self):
        self.anna.may_approve = False
        with self.assertRaises(AccessError):
            self._approve()
        self.anna.may_approve = True
        self.anna.active = False
        with self.assertRaises(AccessError):
            self._approve()
        self._approve(self.bob_user)
        self.assertEqual(self.approval.state, "approved")

    def test_buyer_who_may_not_order_any_more_places_nothing(self):
        self.member.may_order = False
        with self.assertRaises(UserError) as caught:
            self._approve()
        self.assertIn(self.buyer_user.name, str(caught.exception))
        self.assertEqual((self.approval.state, self.order.b2b_qualifier), ("pending", "approval"))

    def test_buyer_who_has_left_orders_nothing_and_hears_nothing(self):
        self._create_signed_agreement(partner_id=self.retail_user.partner_id.id)
        self.buyer_user.partner_id.parent_id = self.rival
        self.env.flush_all()
        with self.assertRaisesRegex(UserError, "has left"):
            self._approve()
        self.assertEqual(self.approval.state, "pending")
        self._as(self.approval, self.anna_user).decline("Not any more")
        with self.enter_registry_test_mode():
            self.env.ref("b2b_approval.ir_cron_approval_notice").method_direct_trigger()
        told = self.env["mail.mail"].search(
            [("recipient_ids", "in", self.buyer_user.partner_id.ids)]
        )
        self.assertFalse(told.filtered(lambda mail: mail.model == "b2b.approval"))

    def test_decisions_are_append_only(self):
        self._approve()
        decision = self.approval.decision_ids
        values = {
            "approval_id": self.approval.id,
            "decision": "approved",
            "member_id": self.bob.id,
        }
        for call in (
            lambda: decision.write({"comment": "other"}),
            decision.unlink,
            lambda: decision.with_context(b2b_deciding=DECIDING).write({"comment": "other"}),
            lambda: decision.create(values),
            lambda: decision.with_context(b2b_deciding=True).create(values),
            lambda: self.approval.write({"state": "pending"}),
            lambda: self.approval.sudo().with_context(b2b_deciding=1).write({"state": "pending"}),
            self.approval.unlink,
        ):
            with self.assertRaises(UserError):
                call()

    # === CHANGES SINCE THE REQUEST === #

    def test_changed_prices_are_named_and_accepted(self):
        self.product.list_price = 200
        with self.assertRaises(UserError) as caught:
            self._approve()
        self.assertIn(self.product.display_name, str(caught.exception))
        self.assertEqual(self.approval.state, "pending")
        self._approve(accept_changes=True)
        self.assertEqual(self.order.b2b_qualifier, "order")
        self.assertAlmostEqual(self.order.amount_untaxed, 2 * 200 * 0.9)
        self.assertIn(self.product.display_name, self.approval.decision_ids.changes)

    def test_changed_terms_are_named(self):
        term = self.env["account.payment.term"].create({"name": "In advance, please"})
        self.customer.property_payment_term_id = term
        with self.assertRaises(UserError) as caught:
            self._approve()
        self.assertIn(term.name, str(caught.exception))
        self._approve(accept_changes=True)
        self.assertEqual(self.order.payment_term_id, term)

    def test_order_changed_by_the_seller_is_named(self):
        self.order.order_line.product_uom_qty = 7
        with self.assertRaises(UserError):
            self._approve()

    def test_other_language_is_no_change(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.product.with_context(lang="pl_PL").name = "Sruba"
        self.anna_user.lang = "pl_PL"
        self.env.invalidate_all()
        self.approval.with_user(self.anna_user).with_context(lang="pl_PL").approve()
        self.assertEqual(self.approval.state, "approved")

    def test_terminated_agreement_leaves_it_pending(self):
        self.agreement.action_terminate()
        with self.assertRaises(UserError) as caught:
            self._approve()
        self.assertIn("agreement", str(caught.exception))
        self.assertEqual((self.approval.state, self.order.b2b_qualifier), ("pending", "approval"))

    def test_article_that_is_gone_and_minimum_leave_it_pending(self):
        self.product.sale_ok = False
        with self.assertRaises(UserError) as caught:
            self._approve(accept_changes=True)
        self.assertIn(self.product.name, str(caught.exception))
        self.product.sale_ok = True
        self.agreement.minimum_order_amount = 1e6
        with self.assertRaises(UserError):
            self._approve()
        self.assertEqual(self.approval.state, "pending")

    def test_higher_amount_asks_whom_it_concerns_now(self):
        cfo = self._create_member(self.buyer2_user, may_approve=True)
        self._create_approval_rule((20, cfo), condition="amount", amount=300)
        self.product.list_price = 300
        self._approve(accept_changes=True)
        self.assertEqual((self.approval.state, self.approval.step), ("pending", 20))
        self._as(self.approval, self.buyer2_user).approve()
        self.assertEqual(self.approval.state, "approved")

    # === LOWER QUANTITIES === #

    def test_approver_lowers_quantities_and_takes_lines_out(self):
        self._as(self.approval, self.buyer_user).withdraw()
        cart = self._create_draft("cart", [(self.product, 5), (self.product_b, 4)])
        self.approval = self._request(self._get_cart().browse(cart.id))
        bolts, nuts = cart.order_line
        self._approve(quantities={str(bolts.id): 3, nuts.id: 0})
        self.assertEqual(cart.order_line, bolts)
        self.assertEqual((bolts.product_uom_qty, cart.b2b_qualifier), (3, "order"))
        changes = self.approval.decision_ids.changes
        self.assertIn(self.product.display_name, changes)
        self.assertIn(self.product_b.display_name, changes)
        told = self._send_notices()
        mail = told.filtered(lambda one: self.buyer_user.partner_id in one.recipient_ids)
        self.assertIn(self.product_b.name, mail.body_html)

    def test_quantities_are_not_raised_nor_all_taken_out(self):
        line = self.order.order_line
        for quantity in (3, -1, 0, float("nan"), float("inf"), "many", None):
            with self.subTest(quantity=quantity), self.assertRaises(UserError):
                self._approve(quantities={line.id: quantity})
        self.assertEqual(line.product_uom_qty, 2)
        self.assertEqual(self.approval.state, "pending")

    def test_quantities_are_lowered_to_what_can_be_ordered(self):
        """The next one, who may raise nothing, could only decline."""
        self._create_approval_rule((20, self.bob))
        line = self.order.order_line
        self.product.b2b_multiple_qty = 2
        for quantity in (1, 0.004):
            with self.subTest(quantity=quantity), self.assertRaises(UserError) as caught:
                self._approve(quantities={line.id: quantity})
            self.assertIn("multiples of 2", str(caught.exception))
        self.assertFalse(self.approval.decision_ids)
        self.assertEqual(line.product_uom_qty, 2)

    def test_nothing_is_lowered_below_the_minimum(self):
        """The next one could only decline: nobody may raise it again."""
        self._as(self.approval, self.buyer_user).withdraw()
        self._create_approval_rule((20, self.bob))
        cart = self._create_draft("cart", [(self.product, 4), (self.product_b, 1)])
        self.approval = self._request(self._get_cart().browse(cart.id))
        bolts, nuts = cart.order_line
        self.agreement.with_context(b2b_agreement_seal=SEAL).minimum_order_amount = (
            bolts.price_subtotal * 0.75
        )
        for quantities in ({bolts.id: 2, nuts.id: 0}, {bolts.id: 0}):
            with self.assertRaisesRegex(UserError, "minimum order amount"):
                self._approve(quantities=quantities)
            self.env.invalidate_all()
            self.assertEqual(cart.order_line.mapped("product_uom_qty"), [4, 1])
        self.assertFalse(self.approval.decision_ids)
        self._approve(quantities={bolts.id: 3, nuts.id: 0})  # exactly met
        self._approve(self.bob_user)
        self.assertEqual(cart.b2b_qualifier, "order")

    def test_lost_quantity_break_is_named(self):
        self._as(self.approval, self.buyer_user).withdraw()
        self.approval = self._request(self._new_cart(10))
        line = self.approval.order_id.order_line
        with self.assertRaises(UserError):
            self._approve(quantities={line.id: 9})
        self._approve(quantities={line.id: 9}, accept_changes=True)
        self.assertEqual(self.approval.state, "approved")

    # === DEPUTIES === #

    def test_deputy_decides_while_the_member_is_away(self):
        self.rule.step_ids.member_ids = self.anna
        deputy = self._create_member(self.buyer2_user)
        today = fields.Date.today()
        self.anna.write({"deputy_id": deputy.id, "away_from": today + timedelta(days=1)})
        with self.assertRaises(AccessError):
            self._approve(self.buyer2_user)
        self.anna.write({"away_from": today, "away_until": today})
        self._approve(self.buyer2_user)
        decision = self.approval.decision_ids
        self.assertEqual((decision.member_id, decision.for_member_id), (deputy, self.anna))
        self.assertEqual(self.approval.state, "approved")

    def test_buyer_is_not_the_deputy_of_his_own_order(self):
        self.rule.step_ids.member_ids = self.anna
        self.anna.write({"deputy_id": self.member.id, "away_from": fields.Date.today()})
        with self.assertRaises(AccessError):
            self._approve(self.buyer_user)
        self._approve()

    # === WHO IS ASKED === #

    def test_side_by_side_each_is_asked_once(self):
        self._as(self.approval, self.buyer_user).withdraw()
        cfo = self._create_member(self.buyer2_user, may_approve=True)
        self.rule.active = False
        self._create_approval_rule((10, self.anna), (10, self.bob), (20, cfo))
        self._send_notices()
        self.approval = self._request(self._new_cart())
        both = self.anna_user.partner_id | self.bob_user.partner_id
        self.assertEqual(self._send_notices().recipient_ids, both)
        self._approve()
        self.assertEqual(self.approval.step, 10)
        self.assertFalse(self._send_notices(), "Bob was asked already")
        self._approve(self.bob_user)
        self.assertEqual(self._send_notices().recipient_ids, cfo.partner_id)

    def test_who_comes_to_a_step_that_goes_on_is_asked(self):
        self._as(self.approval, self.buyer_user).withdraw()
        self.rule.active = False
        self._create_approval_rule((10, self.anna), (10, self.bob))
        self._send_notices()
        self.approval = self._request(self._new_cart())
        self._send_notices()
        late = self._create_member(self.buyer2_user, may_approve=True)
        self._create_approval_rule((10, late))
        self._approve()
        self.assertEqual(self._send_notices().recipient_ids, late.partner_id)

    # === TIME === #

    def test_reminders_and_expiry(self):
        self._send_notices()
        asked = []
        for days in (3, 8, 9, 13, 15):
            with freeze_time(fields.Datetime.now() + timedelta(days=days)):
                with self.enter_registry_test_mode():
                    self.env.ref("b2b_approval.ir_cron_approval_follow_up").method_direct_trigger()
                asked.append(len(self._send_notices()))
        self.assertEqual(asked, [0, 2, 0, 2, 1], "two approvers twice, then the buyer")
        self.assertEqual(self.approval.state, "expired")
        self.assertEqual(self.approval.decision_ids.decision, "expired")
        self.assertEqual(self.order.b2b_qualifier, "approval")
        with self.assertRaises(UserError):
            self._approve()

    def test_expired_request_is_not_approved_before_the_scheduled_action_ran(self):
        later = fields.Datetime.now() + timedelta(days=15)
        with freeze_time(later), self.assertRaises(UserError):
            self._approve()
        self.assertEqual(self.approval.state, "pending")

    # === NOT AN ORDER === #

    def test_request_is_no_order_anywhere(self):
        order = self.order
        for call in (
            order.action_confirm,
            order.action_quotation_send,
            order.action_cancel,
            order.copy,
            order.unlink,
            order._create_invoices,
            lambda: order.write({"state": "sent"}),
            lambda: order.write({"b2b_qualifier": "order"}),
            lambda: order.write({"b2b_qualifier": "cart"}),
            lambda: order.set_order_status(
                self.env.ref("order_status_flags.status_in_progress").id
            ),
            lambda: self.env["sale.order"].create(
                {"partner_id": self.customer.id, "b2b_qualifier": "approval"}
            ),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                call()
        self.assertFalse(
            self.env["sale.report"].search([("order_reference", "=", f"sale.order,{order.id}")])
        )
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.sale_order_count, 0)
        self.assertFalse(order._is_order_placed())
        self.assertFalse(order._portal_ensure_token())
        for domain in ("sale.action_quotations", "sale.action_quotations_with_onboarding"):
            action = self.env.ref(domain)
            found = self.env["sale.order"].search(literal_eval(action.domain or "[]"))
            self.assertNotIn(order, found)

    def test_uninstalling_makes_templates_of_requests(self):
        _uninstall_hook(self.env)
        self.assertEqual(self.order.b2b_qualifier, "template")
        self.assertTrue(self.order.order_line)
