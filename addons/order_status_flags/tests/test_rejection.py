from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from odoo.addons.base.tests.common import MockSmtplibCase

from .common import OrderStatusCommon


class RejectionCommon(OrderStatusCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.env["payment.provider"].create({"name": "Test", "code": "none"})
        cls.method = cls.env["payment.method"].create({"name": "Test", "code": "rejection_test"})
        # A payment in a journal is not what is tested here.
        transactions = cls.registry["payment.transaction"]
        cls.classPatch(transactions, "_create_payment", lambda self, **kw: None)

    def _create_transaction(self, order, state="pending", **values):
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "reference": f"{order.name}-{self.env['payment.transaction'].search_count([])}",
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "operation": "online_direct",
                "sale_order_ids": [Command.set(order.ids)],
                "state": "pending",
                **values,
            }
        )
        self._move(transaction, state)
        return transaction

    def _move(self, transaction, state):
        # Past the checks of what this provider supports: only the state counts here.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE payment_transaction SET state = %s WHERE id = %s", [state, transaction.id]
        )
        self.env.invalidate_all()

    def _pay(self, order, transaction=None):
        transaction = transaction or self._create_transaction(order)
        self._move(transaction, "done")
        transaction.with_context(skip_sale_auto_invoice_send=True)._post_process()
        return transaction

    def _create_web_order(self, **values):
        """Return an order that waits for its payment, as one of a shop does."""
        order = self._create_order(confirm=False, require_payment=True, **values)
        order.document_type = "web"
        order.action_quotation_sent()
        return order

    def _told(self, order):
        activity_type = self.env.ref("order_status_flags.mail_activity_type_against_rejection")
        return order.activity_ids.filtered(lambda a: a.activity_type_id == activity_type)

    def assertTold(self, order, words, user=None):
        told = self._told(order)
        self.assertEqual(len(told), 1, told.mapped("summary"))
        self.assertIn(words, told.summary)
        self.assertEqual(told.user_id, user or self.seller)
        self.assertEqual(order.status_attention, "against_rejection")
        found = self.env["sale.order"].search([("status_attention", "!=", False)])
        self.assertIn(order, found)

    def assertNotTold(self, order):
        self.assertFalse(self._told(order))
        self.assertNotEqual(order.status_attention, "against_rejection")
        found = self.env["sale.order"].search([("status_attention", "=", "against_rejection")])
        self.assertNotIn(order, found)


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


@tagged("post_install", "-at_install")
class TestTakenUpAgain(MockSmtplibCase, OrderStatusCommon):
    """An order mailed as rejected tells its new status."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        cls.env["mail.mail"].search([("state", "=", "outgoing")]).state = "cancel"

    def _deliver(self):
        """Return the texts of the e-mails that are delivered now."""
        with self.mock_smtplib_connection():
            self._send_status_mails()
            with self.enter_registry_test_mode():
                self.env.ref("mail.ir_cron_mail_scheduler_action").method_direct_trigger()
            return [email["message"] for email in self.emails]

    def _last_state(self, order):
        return self._rows(order)[-1].mail_state

    def _reject(self):
        """Return an order that was cancelled, and whose customer was told so."""
        order = self._create_order()
        order.action_cancel()
        self.assertEqual(len(self._deliver()), 1)
        self.assertEqual(self._last_state(order), "sent")
        return order

    def test_confirmed_again(self):
        order = self._reject()
        order.action_draft()
        self.assertFalse(self._deliver())
        order.action_confirm()
        mails = self._deliver()
        self.assertEqual(len(mails), 1)
        self.assertIn("Saved", mails[0])
        row = self._rows(order)[-1]
        self.assertEqual((row.status_id, row.mail_state), (self.saved, "sent"))
        # That is what the customer knows from now on.
        order.set_order_status(self.in_progress.id, notify=False)
        order.set_order_status(self.saved.id)
        self.assertEqual(self._last_state(order), "none")

    def test_set_back_by_hand_to_a_silent_status(self):
        order = self._create_order()
        order.set_order_status(self.rejected.id)
        self._deliver()
        order.set_order_status(self.saved.id)
        self.assertIn("Saved", self._deliver()[0])

    def test_rejection_that_was_never_mailed(self):
        order = self._create_order()
        order.set_order_status(self.rejected.id)
        order.set_order_status(self.saved.id)
        self.assertFalse(self._deliver())
        self.assertEqual(self._rows(order)[-2:].mapped("mail_state"), ["superseded", "none"])

    def test_rejection_never_mailed_and_confirmed_again(self):
        order = self._create_order()
        order.action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertFalse(self._deliver())

    def test_internal_status_in_between(self):
        internal = self._create_status("Asks the boss", is_public=False)
        order = self._reject()
        order.action_draft()
        order.action_confirm()
        order.set_order_status(internal.id)
        order.set_order_status(self.saved.id)
        self.assertIn("Saved", self._deliver()[0])

    def test_not_wanted_and_sent_later(self):
        order = self._reject()
        order.action_draft()
        order.with_context(order_status_no_notify=True).action_confirm()
        self.assertEqual(self._last_state(order), "suppressed")
        self.assertFalse(self._deliver())
        self._rows(order)[-1].action_resend_mail()
        self.assertEqual(len(self._deliver()), 1)
        self.assertEqual(self._last_state(order), "sent")

    def test_rejected_a_second_time(self):
        order = self._reject()
        order.action_draft()
        order.action_confirm()
        self._deliver()
        order.action_cancel()
        self.assertEqual(len(self._deliver()), 1)

    def test_new_orders_stay_silent(self):
        order = self._create_order()
        self.assertEqual(self._last_state(order), "none")


@tagged("post_install", "-at_install")
class TestOtherApps(RejectionCommon):
    """What other apps deliver and invoice counts. Their quantities are all that tells of them."""

    def _settle(self, order, quantity=None, field="invoiced"):
        """Have another app count a quantity, as `pos_sale` does: none means all that is ordered."""
        model = self.registry["sale.order.line"]
        name = f"_prepare_qty_{field}"
        plain = getattr(model, name)

        def prepare(lines):
            quantities = plain(lines)
            for line in lines & order.order_line:
                quantities[line] += line.product_uom_qty if quantity is None else quantity
            return quantities

        self.patch(model, name, prepare)
        getattr(order.order_line, f"_compute_qty_{field}")()
        self.env.flush_all()
        self.env.cr.precommit.run()

    def test_settled_at_the_till_is_fulfilled_and_closed(self):
        order = self._create_order()
        self._settle(order)
        self.assertEqual(order.order_status_id, self.fulfilled)
        self.assertEqual(self._rows(order)[-1].source, "event")
        order.set_order_status(self.saved.id)
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertIn("invoiced", order.customer_cancellation_reason)

    def test_settled_in_part_is_closed_only(self):
        order = self._create_order()
        self._settle(order, 1)
        self.assertEqual(order.order_status_id, self.saved)
        self.assertEqual(order.customer_cancellation, "closed")

    def test_till_and_invoice_together(self):
        order = self._create_order()
        self._settle(order, 2)
        invoice = order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.quantity, 3)
        self.assertEqual(order.order_status_id, self.saved)
        invoice.action_post()
        self.assertEqual(order.order_status_id, self.fulfilled)

    def test_computing_once_more_is_no_event(self):
        order = self._create_order()
        self._settle(order)
        order.set_order_status(self.saved.id)
        order.order_line._compute_qty_invoiced()
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertEqual(order.order_status_id, self.saved)

    def test_draft_invoice_is_no_obstacle(self):
        order = self._create_order()
        order._create_invoices()
        self.assertEqual(order.order_line.qty_invoiced, 5)
        self.assertEqual(order.customer_cancellation, "allowed")

    def test_delivered_goods_are_closed(self):
        order = self._create_order()
        self._settle(order, 1, "delivered")
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertIn("delivered", order.customer_cancellation_reason)

    def test_work_done_is_on_request(self):
        service = self.env["product.product"].create({"name": "Hours", "type": "service"})
        order = self._create_order(
            order_line=[Command.create({"product_id": service.id, "product_uom_qty": 2})]
        )
        self.assertEqual(order.customer_cancellation, "allowed")
        order.order_line.qty_delivered = 1
        self.assertEqual(order.customer_cancellation, "on_request")
        order._customer_cancel("too slow", self.customer)
        self.assertEqual(order.state, "sale")
        order.action_accept_cancellation()
        self.assertEqual(order.state, "cancel")

    def test_who_sees_only_some_invoices_does_not_decide(self):
        own = new_test_user(self.env, "own_seller", groups="sales_team.group_sale_salesman")
        order = self._create_order(user_id=own.id)
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("why", self.customer)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 1
        invoice.action_post()
        invoice.invoice_user_id = self.seller
        self.env.invalidate_all()
        # What this salesperson reads lies in the cache that everybody uses.
        order.with_user(own).order_line.invoice_lines.mapped("id")
        with self.assertRaisesRegex(UserError, "invoiced"):
            order.with_user(own).action_accept_cancellation()
        with patch.object(type(order), "_is_customer_cancellation_done", lambda self: False):
            order.with_user(own).order_line.invoice_lines.mapped("id")
            with self.assertRaisesRegex(UserError, "invoiced"):
                order.with_user(own)._customer_cancel("why", self.customer)
