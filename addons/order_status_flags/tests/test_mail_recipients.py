from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .outbox import OUTBOX_LOGGER, OutboxCommon


@tagged("post_install", "-at_install")
class TestMailRecipients(OutboxCommon):
    """The template says who gets the e-mail, in outbox and previews alike."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.firm = cls.env["res.partner"].create({"name": "Firm", "is_company": True})
        cls.accounts = cls.env["res.partner"].create(
            {"name": "Accounts", "parent_id": cls.firm.id, "type": "invoice", "email": "ac@x.com"}
        )
        cls.template = cls.in_progress.mail_template_id

    def _address(self, **values):
        self.template.write({"use_default_to": False, "partner_to": False, **values})

    def _preview(self, order):
        wizard = self.env["sale.order.status.wizard"].create(
            {
                "order_ids": [Command.set(order.ids)],
                "action": "status",
                "status_id": self.in_progress.id,
            }
        )
        return wizard.mail_count, wizard.mail_list or ""

    def test_contact_of_the_invoice_and_depot(self):
        for values, address in (
            ({"partner_to": "{{ object.partner_invoice_id.id }}"}, "ac@x.com"),
            ({"email_to": "depot@example.com"}, "depot@example.com"),
            ({"email_cc": "copy@example.com"}, "copy@example.com"),
        ):
            with self.subTest(address=address):
                self._address(**{"email_to": False, "email_cc": False, **values})
                order = self._create_order(partner_id=self.firm.id)
                count, names = self._preview(order)
                self.assertEqual(count, 1)
                self.assertIn(address, names)
                order.set_order_status(self.in_progress.id)
                self.assertEqual([email["to"] for email in self._run()], [[address]])
                self.assertEqual(self._rows(order)[-1].mail_state, "sent")

    def test_nobody_is_addressed(self):
        self._address(partner_to="{{ object.partner_id.id }}")
        order = self._create_order(partner_id=self.firm.id)
        count, names = self._preview(order)
        self.assertEqual(count, 0)
        self.assertIn("Firm", names)
        order.set_order_status(self.in_progress.id)
        self.assertFalse(self._run())
        self.assertEqual(self._rows(order)[-1].mail_state, "failed")

    def test_the_customer_has_an_address_and_the_template_another_one(self):
        self._address(email_to="depot@example.com")
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual([email["to"] for email in self._run()], [["depot@example.com"]])

    def test_broken_template_stops_neither_preview_nor_others(self):
        self._address(partner_to="{{ object.no_such_field }}")
        order = self._create_order()
        self.assertEqual(self._preview(order)[0], 1)
        order.set_order_status(self.in_progress.id)
        with mute_logger(OUTBOX_LOGGER + ".outbox", "odoo.addons.mail.models.mail_render_mixin"):
            self.assertFalse(self._run())
        self.assertEqual(self._rows(order)[-1].mail_state, "failed")
        self.assertIn("no_such_field", self._rows(order)[-1].mail_error)

    def test_template_in_use_is_not_deleted(self):
        with self.assertRaisesRegex(UserError, "In progress"):
            self.template.unlink()
        # Archived ones count, too.
        statuses = self.env["sale.order.status"].with_context(active_test=False)
        statuses.search([]).mail_template_id = False
        self.template.unlink()

    def test_template_of_an_archived_status_is_not_deleted(self):
        template = self.template.copy()
        self._create_status("Gone", mail_template_id=template.id, active=False)
        with self.assertRaisesRegex(UserError, "Gone"):
            template.unlink()

    def test_archived_template_sends_nothing(self):
        _before, waiting = self._flagged()
        self.template.active = False
        _order, row = self._flagged()
        self.assertEqual(row.mail_state, "none")
        self.assertTrue(self.in_progress.is_mail_template_archived)
        self.assertFalse(self._run())
        self.assertEqual(waiting.mail_state, "none")
        with self.assertRaises(UserError):
            row.action_resend_mail()
        self.template.active = True
        self.assertFalse(self._run(), "a change of the codebook mails nobody")

    # === LANGUAGES === #

    def _german_customer(self):
        german = (
            self.env["res.lang"].with_context(active_test=False).search([("code", "=", "de_DE")])
        )
        german.active = True
        customer = self.env["res.partner"].create(
            {"name": "Kunde", "email": "kunde@example.com", "lang": "de_DE"}
        )
        order = self._create_order(partner_id=customer.id)
        return customer, order

    def test_language_switched_off_later(self):
        customer, order = self._german_customer()
        asked = self._create_order(partner_id=customer.id)
        self.in_progress.cancellation_qualifier = "on_request"
        for each in (order, asked):
            each.set_order_status(self.in_progress.id)
            each._customer_cancel("bitte", customer, by_link=True)
        customer.active = False
        self.env.flush_all()
        # As Odoo does it once nobody active reads the language, whatever the test system is in.
        self.env.cr.execute("UPDATE res_lang SET active = false WHERE code = 'de_DE'")
        self.env.invalidate_all()
        self.env.registry.clear_cache("stable")
        emails = [email for email in self._run() if email["to"] == ["kunde@example.com"]]
        self.assertEqual(len(emails), 2)
        self.assertIn("In progress", emails[0]["subject"])
        order.with_user(self.seller).action_decline_cancellation("too late")
        asked.with_user(self.seller).action_accept_cancellation()
        self.assertEqual(asked.state, "cancel")
        wizard = self.env["sale.order.status.mail.test"].create(
            {"status_id": self.in_progress.id, "order_id": order.id}
        )
        self.assertTrue(wizard.lang)

    # === WHO IS TOLD === #

    def _answer(self, customer):
        order = self._create_order(partner_id=customer.id)
        self.in_progress.cancellation_qualifier = "on_request"
        order.set_order_status(self.in_progress.id, notify=False)
        order._customer_cancel("please", customer, by_link=True)
        customer.active = False
        seller = order.with_user(self.seller).with_context(mail_notify_force_send=False)
        seller.action_decline_cancellation("Too late")
        message = order.message_ids[:1]
        return self.env["mail.mail"].sudo().search([("mail_message_id", "=", message.id)])

    def test_archived_customer_gets_the_answer(self):
        customer = self.env["res.partner"].create({"name": "Guest", "email": "guest@example.com"})
        mails = self._answer(customer)
        self.assertEqual(mails.recipient_ids.filtered("partner_share"), customer)
        self.assertIn("Too late", mails[:1].body_html)

    def test_activity_goes_to_who_may_open_the_order(self):
        for group in ("base.group_user", "base.group_portal", False):
            with self.subTest(group=group):
                gone = new_test_user(
                    self.env, f"gone_{group}", groups="sales_team.group_sale_salesman"
                )
                order = self._create_order(user_id=gone.id, team_id=False)
                if group:
                    gone.group_ids = self.env.ref(group)
                else:
                    gone.active = False
                order._customer_cancel("changed my mind", self.customer)
                told = order.sudo().activity_ids.user_id
                self.assertTrue(told)
                self.assertNotEqual(told, gone)
                self.assertTrue(order.with_user(told).has_access("read"))

    def test_manager_of_another_company_is_passed_over(self):
        group = self.env.ref("order_status_flags.group_status_manager")
        other = self.env["res.company"].create({"name": "Other"})
        group.all_user_ids.write({"group_ids": [(3, group.id)]})
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="sales_team.group_sale_salesman_all_leads,order_status_flags.group_status_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        order = self._create_order(user_id=False, team_id=False)
        order.team_id = False
        self.assertNotEqual(order._get_cancellation_user(), stranger)
