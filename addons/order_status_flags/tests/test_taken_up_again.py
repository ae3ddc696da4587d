from odoo.tests import Form, tagged

from odoo.addons.base.tests.common import MockSmtplibCase

from .common import OrderStatusCommon


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

    def test_preview_of_orders_taken_up_again_names_whom_the_mail_reaches(self):
        orders = self._create_order() | self._create_order() | self._create_order()
        for order in orders[:2]:
            order.set_order_status(self.rejected.id)
        self._deliver()
        orders[2].set_order_status(self.in_progress.id, notify=False)
        form = Form(
            self.env["sale.order.status.wizard"]
            .with_user(self.seller)
            .with_context(active_model="sale.order", active_ids=orders.ids)
        )
        form.action = "status"
        form.status_id = self.saved
        self.assertEqual((form.apply_count, form.mail_count), (3, 2))
        self.assertEqual(form.mail_list.count("buyer@example.com"), 2)
        form.save().action_apply()
        self.assertEqual(len(self._deliver()), 2)

    def test_archived_template_sends_nothing(self):
        order = self._create_order()
        order.set_order_status(self.rejected.id)
        self._deliver()
        self.rejected.mail_template_id.active = False
        order.set_order_status(self.saved.id)
        self.assertFalse(self._deliver())

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

    def test_silent_status_overtakes_the_one_that_waits(self):
        order = self._reject()
        order.action_draft()
        order.action_confirm()
        order.set_order_status(self._create_status().id)
        (told,) = self._deliver()
        self.assertIn("Packed", told)

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
