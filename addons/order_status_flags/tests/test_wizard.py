from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestStatusWizard(OrderStatusCommon):
    def _wizard(self, orders, user=None, **values):
        """Return the wizard as the list's Action menu opens it, saved with these values."""
        form = self._form(orders, user)
        for name, value in values.items():
            setattr(form, name, value)
        return form.save()

    def _form(self, orders, user=None):
        model = self.env["sale.order.status.wizard"].with_user(user or self.seller)
        return Form(model.with_context(active_model="sale.order", active_ids=orders.ids))

    def test_preview_counts_and_writes_nothing(self):
        orders = self._create_orders(3)
        orders[0].set_order_flag(self.flag_in_progress.id)
        quotation = self._create_order(confirm=False)
        rows = self.env["sale.order.status.history"].search_count([])
        form = self._form(orders | quotation)
        form.flag_id = self.flag_in_progress
        self.assertEqual(
            (form.order_count, form.apply_count, form.unchanged_count, form.refused_count),
            (4, 2, 1, 1),
        )
        self.assertEqual(form.mail_count, 2)
        self.assertIn(quotation.name, form.refused_list)
        self.assertIn("not an order yet", form.refused_list)
        self.assertIn("buyer@example.com", form.mail_list)
        self.assertEqual(self.env["sale.order.status.history"].search_count([]), rows)
        self.assertFalse(orders[1].order_flag_id)

    def test_apply_changes_the_allowed_and_leaves_the_refused(self):
        orders = self._create_orders(2)
        quotation = self._create_order(confirm=False)
        wizard = self._wizard(orders | quotation, flag_id=self.flag_in_progress)
        action = wizard.action_apply()
        self.assertEqual(orders.order_status_id, self.in_progress)
        self.assertFalse(quotation.order_status_id)
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(action["params"]["type"], "warning")
        self.assertIn("2", action["params"]["message"])
        self.assertEqual({row.source for row in self._rows(orders[0])[-1]}, {"flag"})

    def test_nothing_is_refused_that_was_not_shown(self):
        self.in_progress.next_status_ids = self.saved
        orders = self._create_orders(2)
        wizard = self._wizard(orders, action="status", status_id=self.fulfilled)
        self.assertEqual(wizard.refused_count, 0)
        orders[0].set_order_status(self.in_progress.id)  # by a colleague, meanwhile
        action = wizard.action_apply()
        self.assertEqual((action["res_model"], action["res_id"]), (wizard._name, wizard.id))
        self.assertEqual(orders.mapped("order_status_id"), self.in_progress | self.saved)
        self.assertTrue(wizard.is_outdated)
        self.assertEqual((wizard.apply_count, wizard.refused_count), (1, 1))
        self.assertIn("may not follow", wizard.refused_list)
        wizard.action_apply()
        self.assertEqual(orders[1].order_status_id, self.fulfilled)
        self.assertEqual(orders[0].order_status_id, self.in_progress)

    def test_all_refused_tells_why(self):
        quotation = self._create_order(confirm=False)
        wizard = self._wizard(quotation, flag_id=self.flag_in_progress)
        with self.assertRaisesRegex(UserError, "not an order yet"):
            wizard.action_apply()

    def test_nothing_chosen(self):
        wizard = self.env["sale.order.status.wizard"].create(
            {"order_ids": self._create_order().ids, "action": "status"}
        )
        with self.assertRaisesRegex(UserError, "Choose a status"):
            wizard.action_apply()

    def test_no_email_suppresses_the_mails(self):
        order = self._create_order()
        form = self._form(order)
        form.flag_id = self.flag_in_progress
        self.assertEqual(form.mail_count, 1)
        form.no_email = True
        self.assertEqual(form.mail_count, 0)
        self.assertFalse(form.mail_list)
        form.save().action_apply()
        self.assertEqual(self._rows(order)[-1].mail_state, "suppressed")

    def test_preview_names_customers_without_address(self):
        self.customer.email = False
        form = self._form(self._create_order())
        form.flag_id = self.flag_in_progress
        self.assertIn("has no e-mail address", form.mail_list)

    def test_preview_of_long_lists_is_capped(self):
        orders = self._create_orders(53)
        form = self._form(orders)
        form.flag_id = self.flag_in_progress
        self.assertEqual(form.mail_count, 53)
        self.assertIn("… and 3 more", form.mail_list)

    def test_note_of_a_flag_is_the_flag_note(self):
        order = self._create_order()
        self._wizard(order, flag_id=self.flag_in_progress, note="Red pallet").action_apply()
        self.assertEqual(order.order_flag_note, "Red pallet")

    def test_empty_note_takes_the_default_note(self):
        self.flag_in_progress.default_note = "Ask Jan"
        order = self._create_order()
        self._wizard(order, flag_id=self.flag_in_progress).action_apply()
        self.assertEqual(order.order_flag_note, "Ask Jan")

    def test_note_of_a_status_is_in_the_history(self):
        order = self._create_order()
        self._wizard(
            order, action="status", status_id=self.in_progress, note="Phoned"
        ).action_apply()
        row = self._rows(order)[-1]
        self.assertEqual((row.note, row.source), ("Phoned", "manual"))

    def test_clear_flag(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id, note="x")
        self._wizard(order, action="clear_flag").action_apply()
        self.assertFalse(order.order_flag_id)
        self.assertFalse(order.order_flag_note)
        self.assertEqual(order.order_status_id, self.in_progress)

    def test_cancelling_flag_warns_and_cancels(self):
        flag = self._create_flag(status_id=self.rejected.id, cancel_order=True)
        order = self._create_order()
        form = self._form(order)
        form.flag_id = flag
        self.assertEqual(form.cancel_count, 1)
        form.save().action_apply()
        self.assertEqual(order.state, "cancel")

    def test_preview_counts_the_mails_about_cancelled_orders(self):
        """A cancelling flag without a status leaves it to the event, which mails."""
        stop = self._create_flag("Stop", cancel_order=True)
        with_status = self._create_flag("Stop it", cancel_order=True, status_id=self.rejected.id)
        for flag in (stop, with_status):
            orders = self._create_orders(2)
            rejected = self._create_order()
            rejected.set_order_status(self.rejected.id, notify=False)
            form = self._form(orders | rejected)
            form.flag_id = flag
            self.assertEqual((form.apply_count, form.cancel_count, form.mail_count), (3, 3, 2))
            self.assertEqual(form.mail_list.count("buyer@example.com"), 2)
            form.no_email = True
            self.assertEqual(form.mail_count, 0)
            form.no_email = False
            form.save().action_apply()
            self.assertEqual(orders.order_status_id, self.rejected)
            last = [self._rows(order)[-1].mail_state for order in orders]
            self.assertEqual(last, ["pending"] * 2)
            self.assertNotIn("pending", self._rows(rejected).mapped("mail_state"))

    def test_preview_counts_no_mail_where_the_event_is_on_no_status(self):
        self.rejected.event_ids = False
        form = self._form(self._create_order())
        form.flag_id = self._create_flag("Stop", cancel_order=True)
        self.assertEqual((form.cancel_count, form.mail_count), (1, 0))

    def test_force_is_for_managers_and_recorded(self):
        self.saved.next_status_ids = self.in_progress
        order = self._create_order()
        values = {"action": "status", "status_id": self.fulfilled}
        wizard = self._wizard(order, self.manager, **values)
        self.assertEqual(wizard.refused_count, 1)
        wizard = self._wizard(order, self.manager, force=True, **values)
        self.assertEqual(wizard.apply_count, 1)
        wizard.action_apply()
        self.assertEqual(order.order_status_id, self.fulfilled)
        self.assertTrue(self._rows(order)[-1].is_forced)

    def test_force_of_a_salesperson_is_refused(self):
        order = self._create_order()
        wizard = self._wizard(order, action="status", status_id=self.in_progress)
        wizard.force = True
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self.assertEqual(order.order_status_id, self.saved)

    def test_orders_of_colleagues_are_out_of_reach(self):
        own = new_test_user(self.env, "test_own", groups="sales_team.group_sale_salesman")
        order = self._create_order()  # of another salesperson
        with self.assertRaises(AccessError):
            self.env["sale.order.status.wizard"].with_user(own).create(
                {"order_ids": order.ids, "flag_id": self.flag_in_progress.id}
            )

    def test_pickers_offer_what_fits(self):
        web_only = self._create_status("Web only", document_type="web")
        archived = self._create_status("Old", active=False)
        closed = self._create_flag("Not for you", group_ids=self.env.ref("base.group_system").ids)
        form = self._form(self._create_order())
        self.assertNotIn(web_only.id, form.available_status_ids.ids)
        self.assertNotIn(archived.id, form.available_status_ids.ids)
        self.assertIn(self.in_progress.id, form.available_status_ids.ids)
        self.assertNotIn(closed.id, form.available_flag_ids.ids)

    def test_too_long_note_is_refused(self):
        order = self._create_order()
        wizard = self.env["sale.order.status.wizard"].create(
            {"order_ids": order.ids, "action": "flag"}
        )
        with self.assertRaisesRegex(UserError, "too long"):
            wizard.write({"note": "x" * 10_001, "flag_id": self.flag_in_progress.id})
            self.env.flush_all()

    def test_queries_do_not_grow_with_the_orders(self):
        few, many = self._create_orders(3), self._create_orders(30)
        counts = {"preview": [], "apply": []}
        for orders in (few, many):
            with self._count_queries() as queries:
                wizard = self.env["sale.order.status.wizard"].create(
                    {"order_ids": orders.ids, "flag_id": self.flag_in_progress.id}
                )
                self.assertEqual(wizard.apply_count, len(orders))
            counts["preview"].append(queries[0])
            with self._count_queries() as queries:
                wizard.action_apply()
            counts["apply"].append(queries[0])
        self.assertNoMoreQueries(*counts["preview"])
        self.assertNoMoreQueries(*counts["apply"])


@tagged("post_install", "-at_install")
class TestCancellationDecline(OrderStatusCommon):
    def test_decline_tells_the_reason(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id, notify=False)
        order._customer_cancel("Too late", self.customer)
        self.assertTrue(order.cancellation_requested_on)
        form = Form(
            self.env["sale.order.cancellation.decline"]
            .with_user(self.seller)
            .with_context(default_order_id=order.id)
        )
        form.reason = "Already packed"
        form.save().action_decline()
        self.assertFalse(order.cancellation_requested_on)
        self.assertEqual(order.state, "sale")
        self.assertIn("Already packed", order.message_ids[0].body)

    def test_decline_of_an_answered_request_is_refused(self):
        wizard = self.env["sale.order.cancellation.decline"].create(
            {"order_id": self._create_order().id}
        )
        with self.assertRaisesRegex(UserError, "Nobody asked"):
            wizard.action_decline()
