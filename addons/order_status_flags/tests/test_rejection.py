from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from .rejection import RejectionCommon


@tagged("post_install", "-at_install")
class TestRejected(RejectionCommon):
    """What the customer was told, what he may do and what the order is agree."""

    def test_rejected_web_order_is_neither_paid_nor_signed(self):
        order = self._create_web_order(require_signature=True)
        self.assertTrue(order._has_to_be_paid())
        self.assertTrue(order._has_to_be_signed())
        order.set_order_flag(self.flag_rejected.id)
        self.assertFalse(order._has_to_be_paid())
        self.assertFalse(order._has_to_be_signed())
        order.set_order_status(self.in_progress.id)
        self.assertTrue(order._has_to_be_paid())

    def test_what_the_customer_reads_counts_too(self):
        internal = self._create_status("Asks the boss", is_public=False)
        order = self._create_web_order()
        order.set_order_status(self.rejected.id)
        order.set_order_status(internal.id)
        self.assertEqual(order.customer_status_id, self.rejected)
        self.assertFalse(order._has_to_be_paid())

    def test_internal_rejection_counts_too(self):
        internal = self._create_status("Fraud", category="rejected", is_public=False)
        order = self._create_web_order()
        order.set_order_status(internal.id)
        self.assertFalse(order._has_to_be_paid())

    def test_rejected_order_is_closed_to_cancelling(self):
        rejected = self._create_status(
            "Declined", category="rejected", cancellation_qualifier="allowed"
        )
        order = self._create_order()
        order.set_order_status(rejected.id)
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertIn("Declined", order.customer_cancellation_reason)

    def test_payment_does_not_confirm_a_rejected_order(self):
        order = self._create_web_order()
        self._create_transaction(order)
        order.set_order_flag(self.flag_rejected.id)
        self._pay(order)
        self.assertEqual(order.state, "sent")
        self.assertEqual(order.order_status_id, self.rejected)
        self.assertTold(order, "Paid although")

    def test_payment_confirms_other_orders_still(self):
        order = self._create_web_order()
        self._pay(order)
        self.assertEqual(order.state, "sale")
        self.assertNotTold(order)

    def test_payment_of_a_cancelled_order_is_told(self):
        order = self._create_web_order()
        transaction = self._create_transaction(order)
        self.assertEqual(order.customer_cancellation, "allowed")
        order._customer_cancel("changed my mind", self.customer, by_link=True)
        self.assertNotTold(order)
        self._pay(order, transaction)
        self.assertEqual(order.state, "cancel")
        self.assertTold(order, "Paid although")

    def test_authorised_payment_of_a_cancelled_order_is_told(self):
        order = self._create_web_order()
        transaction = self._create_transaction(order)
        order._action_cancel()
        self._move(transaction, "authorized")
        transaction._post_process()
        self.assertTold(order, "Paid although")

    def test_without_salesperson_somebody_is_told(self):
        order = self._create_order(user_id=False)
        order.team_id = False
        order._action_cancel()
        self._pay(order)
        self.assertTold(order, "Paid although", order._get_cancellation_user())

    def test_same_thing_is_told_once(self):
        order = self._create_order()
        order._action_cancel()
        transaction = self._pay(order)
        transaction._post_process()
        self._pay(order)
        self.assertTold(order, "Paid although")

    def test_rejecting_a_paid_order_is_told(self):
        order = self._create_web_order()
        self._pay(order)
        self.assertNotTold(order)
        order.set_order_status(self.rejected.id)
        self.assertTold(order, "has paid")

    def test_cancelling_a_paid_order_is_told(self):
        order = self._create_web_order()
        self._pay(order)
        order.action_cancel()
        self.assertTold(order, "has paid")

    def test_refunded_order_is_not_told_and_may_be_cancelled(self):
        order = self._create_web_order()
        transaction = self._pay(order)
        self.assertEqual(order.customer_cancellation, "on_request")
        refund = transaction._create_child_transaction(transaction.amount, is_refund=True)
        self._move(refund, "done")
        self.assertEqual(order.customer_cancellation, "allowed")
        order.action_cancel()
        self.assertNotTold(order)

    def test_money_that_was_captured_and_refunded_is_not_held(self):
        """The refund is one of the capture, and not of the order's own transaction."""
        order = self._create_web_order()
        transaction = self._create_transaction(order, "authorized")
        part = transaction.amount / 2
        captures = [transaction._create_child_transaction(part) for _part in range(2)]
        for capture in captures:
            self._move(capture, "done")
        self._move(transaction, "done")
        self.assertEqual(order.customer_cancellation, "on_request")
        for capture, allowed in zip(captures, ("on_request", "allowed"), strict=True):
            self._move(capture._create_child_transaction(part, is_refund=True), "done")
            self.assertEqual(order.customer_cancellation, allowed)
        order.action_cancel()
        self.assertNotTold(order)

    def test_confirming_a_rejected_order_is_told(self):
        order = self._create_web_order()
        order.set_order_status(self.rejected.id)
        order.action_confirm()
        self.assertEqual(order.order_status_id, self.rejected)
        self.assertTold(order, "Confirmed although")

    def test_invoice_of_a_rejected_order_is_told_also_a_partial_one(self):
        order = self._create_order()
        order.set_order_status(self.rejected.id)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 1
        invoice.action_post()
        self.assertTold(order, "Invoiced although")

    def test_invoice_paid_after_the_rejection_is_told(self):
        order = self._create_order()
        invoice = order._create_invoices()
        invoice.action_post()
        order.set_order_status(self.rejected.id)
        self.assertNotTold(order)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        self.assertTold(order, "was paid although")

    def test_credit_note_is_no_payment(self):
        order = self._create_order()
        invoice = order._create_invoices()
        invoice.action_post()
        order.set_order_status(self.rejected.id)
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard = wizard.create({"journal_id": invoice.journal_id.id})
        wizard.refund_moves()
        wizard.new_move_ids.action_post()
        self.assertNotTold(order)

    def test_done_activity_ends_the_attention(self):
        order = self._create_order()
        order._action_cancel()
        self._pay(order)
        self._told(order).action_feedback(feedback="refunded")
        self.env.invalidate_all()
        self.assertFalse(order.status_attention)
        self.assertNotTold(order)

    def test_order_that_lives_again_closes_what_was_told(self):
        order = self._create_order()
        order._customer_cancel("why", self.customer)
        self._pay(order)
        self.assertEqual(len(order.activity_ids), 2)
        order.action_draft()
        self.assertFalse(order.activity_ids)
        order = self._create_order()
        self._pay(order)
        order.set_order_status(self.rejected.id)
        order.set_order_status(self.in_progress.id)
        self.assertNotTold(order)

    def test_seller_with_few_rights_finds_them(self):
        own = new_test_user(self.env, "own_seller", groups="sales_team.group_sale_salesman")
        order = self._create_order(user_id=own.id)
        order._action_cancel()
        self._pay(order)
        orders = self.env["sale.order"].with_user(own)
        found = orders.search([("status_attention", "=", "against_rejection")])
        self.assertEqual(found, order.with_user(own))
        self.assertEqual(found.status_attention, "against_rejection")
        buyer = new_test_user(self.env, "a_buyer", groups="base.group_portal")
        with self.assertRaises(AccessError):
            orders.with_user(buyer).search([("is_against_rejection", "=", True)])

    def test_types_of_activities_are_not_deleted(self):
        """Orders are marked with them: without, no order could be opened."""
        names = self.env["ir.model.data"].search(
            [("module", "=", "order_status_flags"), ("model", "=", "mail.activity.type")]
        )
        types = self.env["mail.activity.type"].browse(names.mapped("res_id"))
        self.assertGreater(len(types), 2)
        for one in types:
            with self.assertRaises(UserError):
                one.unlink()
            with self.assertRaises(UserError):
                one.res_model = "res.partner"

    def _mark(self, user):
        """Return an order of this salesperson that is rejected and goes on, and its mark."""
        order = self._create_order(user_id=user.id)
        order._action_cancel()
        self._pay(order)
        domain = order._get_contradiction_domain(order.ids)
        activity = self.env["mail.activity"].search(domain)
        self.assertEqual(activity.user_id, user)
        return order, activity

    def test_mark_outlives_a_login_that_is_deleted(self):
        own = new_test_user(self.env, "own_seller", groups="sales_team.group_sale_salesman")
        order, activity = self._mark(own)
        own.unlink()
        self.env.invalidate_all()
        self.assertTrue(activity.exists() and activity.user_id.active)
        self.assertEqual(order.status_attention, "against_rejection")

    def test_mark_outlives_the_login_of_whom_it_is_for(self):
        """Odoo deletes the activities of users that are archived."""
        own = new_test_user(self.env, "own_seller", groups="sales_team.group_sale_salesman")
        order, activity = self._mark(own)
        other = order.activity_schedule("mail.mail_activity_data_todo", user_id=own.id)
        own.action_archive()
        self.assertFalse(other.exists(), "Odoo's own way with all others")
        self.assertTrue(activity.exists() and activity.user_id.active)
        self.assertEqual(order.status_attention, "against_rejection")


@tagged("post_install", "-at_install")
class TestPaymentPages(RejectionCommon, HttpCase):
    """No page and no form takes money for a rejected order."""

    def _begin_payment(self, order):
        return self.make_jsonrpc_request(
            f"/my/orders/{order.id}/transaction",
            {
                "access_token": order._portal_ensure_token(),
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "token_id": None,
                "amount": order.amount_total,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": order.get_portal_url(),
            },
        )

    def test_payment_is_not_begun(self):
        order = self._create_web_order()
        order.set_order_status(self.rejected.id)
        with self.assertRaisesRegex(JsonRpcException, "ValidationError"), mute_logger("odoo.http"):
            self._begin_payment(order)
        self.assertFalse(order.transaction_ids)
        order.set_order_status(self.saved.id)
        self._begin_payment(order)
        self.assertTrue(order.transaction_ids)

    def test_payment_link_offers_nothing(self):
        order = self._create_web_order()
        url = order.get_portal_url(query_string=f"&payment_amount={order.amount_total}")
        self.assertIn("o_sale_portal_paynow", self.url_open(url).text)
        order.set_order_status(self.rejected.id)
        page = self.url_open(url).text
        self.assertNotIn("o_sale_portal_paynow", page)
        self.assertNotIn("sale_order_modal_validate", page)
        self.assertIn("Rejected", page)
