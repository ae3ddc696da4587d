from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestCustomerCancellation(OrderStatusCommon):
    """The one rule, and what follows from it."""

    def _create_transaction(self, order, state):
        provider = self.env["payment.provider"].create({"name": "Test", "code": "none"})
        method = self.env["payment.method"].create({"name": "Test", "code": "cancel_test"})
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "reference": f"cancel-{state}",
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [(6, 0, order.ids)],
                "state": "pending",
            }
        )
        # Past the checks of what this provider supports: only the state counts here.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE payment_transaction SET state = %s WHERE id = %s", [state, transaction.id]
        )
        self.env.invalidate_all()

    def assertClosed(self, order, reason):
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertIn(reason, order.customer_cancellation_reason)
        rows = self._rows(order)
        state = order.state
        with self.assertRaisesRegex(UserError, reason), self.cr.savepoint():
            order._customer_cancel("why", self.customer)
        self.assertEqual(order.state, state)
        self.assertEqual(self._rows(order), rows)

    def test_posted_receipt_closes(self):
        order = self._create_order()
        receipt = order._create_invoices()
        receipt.invoice_line_ids.quantity = 1  # of five: the status stays as it is
        receipt.move_type = "out_receipt"
        receipt.action_post()
        order.invalidate_recordset()
        self.assertEqual(order.order_status_id, self.saved)
        self.assertClosed(order, "invoiced")

    def test_reason_is_text_in_the_activity(self):
        order = self._create_order()
        reason = '<a href="https://evil.example.com">Click</a> 1 < 2\nsecond line'
        order._customer_cancel(reason, self.customer, by_link=True)
        note = order.activity_ids.note
        self.assertNotIn("<a", note)
        self.assertIn("&lt;a href=", note)
        self.assertIn("1 &lt; 2<br>second line", note)

    def test_allowed(self):
        order = self._create_order()
        self.assertEqual(order.customer_cancellation, "allowed")
        self.assertFalse(order.customer_cancellation_reason)
        self.assertEqual(order._customer_cancel(" too late ", self.customer), "cancelled")
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.order_status_id, self.rejected)
        row = self._rows(order)[-1]
        self.assertEqual(len(self._rows(order)), 2, "one row, the customer's")
        self.assertEqual(
            (row.source, row.note, row.partner_id), ("customer", "too late", self.customer)
        )
        self.assertEqual(order.activity_ids.user_id, self.seller)
        self.assertIn("too late", order.activity_ids.note)
        # a repeated click changes nothing
        self.assertEqual(order._customer_cancel("again", self.customer), "unchanged")
        self.assertEqual(len(self._rows(order)), 2)
        self.assertEqual(len(order.activity_ids), 1)

    def test_note_beside_the_flag_is_no_reason_of_the_customer(self):
        order = self._create_order()
        order.set_order_flag(self._create_flag().id, note="pays late")
        self.assertEqual(self._rows(order)[-1].note, "pays late")
        order.set_order_status(self._create_status(cancellation_qualifier="allowed").id)
        self.assertFalse(self._rows(order)[-1].note, "it is there already")
        order._customer_cancel("", self.customer)
        row = self._rows(order)[-1]
        self.assertEqual((row.source, row.note or ""), ("customer", ""))
        self.assertEqual(order.order_flag_note, "pays late")

    def test_by_link_says_so(self):
        order = self._create_order()
        order._customer_cancel("", self.customer, by_link=True)
        self.assertIn("without login", self._rows(order)[-1].note)

    def test_other_orders_of_a_cancelled_draft_invoice_are_told(self):
        """Odoo cancels the whole draft, which lines of other orders are on."""
        ways = {
            "customer": lambda order: order._customer_cancel("", self.customer),
            "flag": lambda order: order.set_order_flag(
                self._create_flag(cancel_order=True, status_id=self.rejected.id).id
            ),
            "seller": lambda order: order.action_cancel(),
        }
        for way, cancel in ways.items():
            with self.subTest(way=way):
                orders = self._create_orders(2)
                own = self._create_order(partner_id=self.customer.create({"name": "Other"}).id)
                own._create_invoices()
                draft = orders._create_invoices()
                self.assertEqual(draft.line_ids.sale_line_ids.order_id, orders)
                cancel(orders[0])
                self.assertEqual(draft.state, "cancel")
                for order in orders:
                    (note,) = order.message_ids.filtered(lambda m: "along with" in m.body)
                    self.assertTrue(note.is_internal)
                    self.assertIn(f"along with {orders[0].name}.", note.body)
                    self.assertIn(f"for {orders[1].name} too", note.body)
                cancel(own)
                self.assertFalse(own.message_ids.filtered(lambda m: "along with" in m.body))

    def test_other_orders_of_a_cancelled_draft_credit_note_are_told(self):
        """A new invoice would bill them twice."""
        orders = self._create_orders(2)
        invoice = orders._create_invoices()
        invoice.action_post()
        credit_note = invoice._reverse_moves([{}])
        self.assertEqual(credit_note.line_ids.sale_line_ids.order_id, orders)
        orders[0].action_cancel()
        self.assertEqual(credit_note.state, "cancel")
        for order in orders:
            (note,) = order.message_ids.filtered(lambda m: "along with" in m.body)
            self.assertIn(f"along with {orders[0].name}.", note.body)
            self.assertIn("a new credit note is needed", note.body)
            self.assertNotIn("new invoice", note.body)

    def test_without_a_status_for_cancelled_orders_there_is_still_a_row(self):
        self.rejected.active = False
        order = self._create_order()
        order._customer_cancel("why", self.customer)
        row = self._rows(order)[-1]
        self.assertEqual((row.source, row.status_id), ("customer", self.saved))
        self.assertEqual(order.state, "cancel")

    def test_closed_reasons(self):
        shipped = self._create_status("On the way", cancellation_qualifier="closed")
        order = self._create_order()
        order.set_order_status(shipped.id)
        self.assertClosed(order, "On the way")
        invoiced = self._create_order()
        invoice = invoiced._create_invoices()
        self.assertEqual(invoiced.customer_cancellation, "allowed", "a draft is no obstacle")
        self.saved.event_ids -= self.env.ref("order_status_flags.event_order_placed")
        invoice.action_post()
        invoiced.invalidate_recordset()
        self.assertClosed(invoiced, "invoiced")
        locked = self._create_order()
        locked.action_lock()
        self.assertClosed(locked, "locked")
        self.assertClosed(self._create_order(confirm=False), "not an order yet")
        self.company.order_status_customer_cancel = False
        self.assertClosed(self._create_order(), "contact us")

    def test_no_status_is_closed(self):
        self.company.order_status_on_sales_orders = False
        self.assertClosed(self._create_order(), "contact us")

    def test_internal_status_is_not_named(self):
        hidden = self._create_status("Credit check", is_public=False)
        order = self._create_order()
        order.set_order_status(hidden.id)
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertNotIn("Credit check", order.customer_cancellation_reason)

    def test_reason_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.rejected.with_context(lang="pl_PL").name = "Odrzucone"
        self.fulfilled.with_context(lang="pl_PL").name = "Zrealizowane"
        order = self._create_order()
        order.set_order_status(self.fulfilled.id)
        polish = order.with_context(lang="pl_PL")
        self.assertIn("Zrealizowane", polish.customer_cancellation_reason)

    def test_paid_online_is_on_request_at_best(self):
        for state, expected in (
            ("pending", "allowed"),
            ("authorized", "on_request"),
            ("done", "on_request"),
        ):
            order = self._create_order()
            self._create_transaction(order, state)
            order.invalidate_recordset()
            self.assertEqual(order.customer_cancellation, expected, state)
        order.set_order_status(self.fulfilled.id)
        self.assertEqual(order.customer_cancellation, "closed")

    def test_required_reason_and_length(self):
        self.company.order_status_cancel_reason_required = True
        order = self._create_order()
        for reason in ("", "   ", None, ["x"]):
            with self.assertRaisesRegex(UserError, "tell us why"), self.cr.savepoint():
                order._customer_cancel(reason, self.customer)
        with self.assertRaisesRegex(UserError, "too long"), self.cr.savepoint():
            order._customer_cancel("x" * 1_000_000, self.customer)
        self.assertEqual(order.state, "sale")

    def test_request_decline_ask_again_accept(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual(order._customer_cancel("changed my mind", self.customer), "requested")
        self.assertTrue(order.cancellation_requested_on)
        self.assertEqual(order.cancellation_request_reason, "changed my mind")
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.activity_ids.user_id, self.seller)
        self.assertIn("changed my mind", order.message_ids[0].body)
        self.assertEqual(order.message_ids[0].author_id, self.customer)
        rows, messages = self._rows(order), order.message_ids
        # a second request changes nothing
        self.assertEqual(order._customer_cancel("hello?", self.customer), "unchanged")
        self.assertEqual((self._rows(order), order.message_ids), (rows, messages))

        order.with_user(self.seller).action_decline_cancellation("It is on the truck")
        self.assertFalse(order.cancellation_requested_on)
        self.assertFalse(order.cancellation_request_reason)
        self.assertFalse(order.activity_ids)
        answer = order.message_ids[0]
        self.assertIn("It is on the truck", answer.body)
        self.assertEqual(answer.subject, f"Order {order.name}: your request to cancel")
        self.assertIn(self.customer, answer.notified_partner_ids)

        self.assertEqual(order._customer_cancel("please", self.customer), "requested")
        order.with_user(self.seller).action_accept_cancellation()
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.order_status_id, self.rejected)
        self.assertFalse(order.cancellation_requested_on)
        self.assertFalse(order.activity_ids)
        self.assertIn("accepted", order.message_ids[0].body)
        self.assertEqual(self._rows(order)[-1].mail_state, "pending", "that mail tells it")
        self.assertNotIn(self.customer, order.message_ids[0].notified_partner_ids)

    def test_accepting_without_a_status_mail_tells_by_message(self):
        self.rejected.mail_template_id = False
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("", self.customer)
        order.action_accept_cancellation()
        self.assertIn(self.customer, order.message_ids[0].notified_partner_ids)

    def test_accepting_tells_while_an_older_email_waits(self):
        """No status is set then, and that e-mail says nothing of it."""
        self.rejected.event_ids = False
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual(self._rows(order)[-1].mail_state, "pending")
        order._customer_cancel("", self.customer)
        order.action_accept_cancellation()
        self.assertEqual(order.state, "cancel")
        self.assertIn(self.customer, order.message_ids[0].notified_partner_ids)

    def test_answer_to_a_request_answers_no_question(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._receive_question("When will it come?")
        order._customer_cancel("", self.customer)
        order.with_user(self.seller).action_decline_cancellation("It is being packed")
        self.assertTrue(order.has_open_question)
        self.assertEqual(order.status_attention, "question")

    def test_answer_to_a_customer_without_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.company.partner_id.lang = "en_US"
        self.customer.lang = False
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("", self.customer)
        polish = order.with_user(self.seller).with_context(lang="pl_PL")
        polish.action_decline_cancellation()
        self.assertIn("We cannot cancel the order any more.", order.message_ids[0].body)

    def test_request_of_a_former_customer_is_none_of_the_new_one(self):
        contact = self.env["res.partner"].create({"name": "C", "parent_id": self.customer.id})
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("", self.customer)
        order.partner_id = contact
        self.assertTrue(order.cancellation_requested_on, "the same customer")
        order.partner_id = self.env["res.partner"].create({"name": "Right"})
        self.assertFalse(order.cancellation_requested_on)
        self.assertFalse(order.activity_ids)
        with self.assertRaisesRegex(UserError, "Nobody asked"):
            order.action_decline_cancellation()

    def test_answer_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.customer.lang = "pl_PL"
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("", self.customer)
        order.action_decline_cancellation()
        expected = self.env(context={"lang": "pl_PL"})._("We cannot cancel the order any more.")
        self.assertIn(expected, order.message_ids[0].body)

    def test_accepting_fails_when_invoiced_meanwhile(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("", self.customer)
        order._create_invoices().action_post()
        with self.assertRaisesRegex(UserError, "invoiced"), self.cr.savepoint():
            order.action_accept_cancellation()
        self.assertEqual(order.state, "sale")
        self.assertTrue(order.cancellation_requested_on)
        order.action_decline_cancellation()

    def test_answers_need_a_request(self):
        order = self._create_order()
        for call in (order.action_accept_cancellation, order.action_decline_cancellation):
            with self.assertRaisesRegex(UserError, "Nobody asked"), self.cr.savepoint():
                call()

    def test_sellers_own_cancel_closes_the_request(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("", self.customer)
        order.action_cancel()
        self.assertFalse(order.cancellation_requested_on)
        self.assertFalse(order.activity_ids)

    def test_who_is_told(self):
        leader = new_test_user(self.env, "test_leader", groups="sales_team.group_sale_salesman")
        team = self.env["crm.team"].create({"name": "T", "user_id": leader.id})
        order = self._create_order(user_id=False, team_id=team.id)
        self.assertEqual(order._get_cancellation_user(), leader)
        self.seller.active = False
        order = self._create_order(user_id=self.seller.id, team_id=team.id)
        self.assertEqual(order._get_cancellation_user(), leader)
        order.team_id = False
        managers = self.env.ref("order_status_flags.group_status_manager").all_user_ids
        self.assertIn(order._get_cancellation_user(), managers)

    def test_nobody_to_tell(self):
        self.env.ref("order_status_flags.group_status_manager").all_user_ids.active = False
        order = self._create_order(user_id=False, team_id=False)
        order.team_id = False
        self.assertEqual(order._customer_cancel("", self.customer), "cancelled")
        self.assertFalse(order.activity_ids)

    def test_the_rule_follows_what_changes_meanwhile(self):
        order = self._create_order()
        self.assertEqual(order.customer_cancellation, "allowed")
        self.company.order_status_customer_cancel = False
        self.assertEqual(order.customer_cancellation, "closed")
        self.company.order_status_customer_cancel = True
        self.assertTrue(order.tracking_url)
        self.company.order_status_tracking_page = False
        self.assertFalse(order.tracking_url)

    def test_customer_has_no_other_way(self):
        portal = new_test_user(self.env, "test_cancel_portal", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        order = self._create_order().with_user(portal)
        with self.assertRaises(AccessError):
            order.action_cancel()
        with self.assertRaises(AccessError):
            order.write({"state": "cancel"})
