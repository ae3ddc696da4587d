from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.mail.tests.common import MockEmail

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestMailTest(OrderStatusCommon, MockEmail):
    """ "Preview and test" on a status."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager.email = "manager@example.com"
        cls.env["res.lang"]._activate_lang("pl_PL")
        cls.in_progress.with_context(lang="pl_PL").name = "W trakcie"
        cls.in_progress.mail_template_id.with_context(
            lang="pl_PL"
        ).subject = "Zamówienie {{ object.name }}: {{ object.mailed_status_id.name }}"
        cls.order = cls._create_order()

    def _open(self, status=None, user=None):
        wizard = self.env["sale.order.status.mail.test"].with_user(user or self.manager)
        return Form(wizard.with_context(active_id=(status or self.in_progress).id))

    def test_preview_shows_the_status_in_each_language(self):
        form = self._open()
        form.order_id = self.order
        self.assertEqual(form.lang, "en_US")
        self.assertEqual(form.subject, f"Order {self.order.name}: In progress")
        self.assertIn("In progress", form.body)
        form.lang = "pl_PL"
        self.assertEqual(form.subject, f"Zamówienie {self.order.name}: W trakcie")
        self.assertIn("W trakcie", form.body)
        self.assertEqual(self.order.order_status_id, self.saved)

    def test_order_of_the_status_is_suggested_first(self):
        self.assertTrue(self._open().order_id)
        self.order.set_order_status(self.in_progress.id)
        self._create_order()
        self.assertEqual(self._open().order_id, self.order)

    def test_test_goes_to_the_address_given_and_leaves_no_trace(self):
        form = self._open()
        form.order_id = self.order
        form.lang = "pl_PL"
        rows, messages = self._rows(self.order), self.order.message_ids
        with self.mock_mail_gateway():
            form.save().action_send_test()
        self.assertEqual(len(self._mails), 1)
        mail = self._mails[0]
        self.assertEqual(
            [address.strip() for address in mail["email_to"]], [self.manager.email_formatted]
        )
        self.assertFalse(mail["email_cc"])
        self.assertIn("W trakcie", mail["subject"])
        self.assertIn("W trakcie", mail["body"])
        self.order.invalidate_recordset()
        self.assertEqual((self._rows(self.order), self.order.message_ids), (rows, messages))

    def test_broken_template_is_shown_instead_of_a_preview(self):
        # Odoo refuses to save a template that always fails; others fail for some orders.
        form = self._open()
        template = self.registry["mail.template"]
        with patch.object(template, "_generate_template", side_effect=UserError("No such field")):
            form.order_id = self.order
            form.lang = "pl_PL"
        self.assertEqual(form.error, "No such field")
        self.assertFalse(form.body)

    def test_silent_status_has_nothing_to_test(self):
        form = self._open(self.saved)
        form.order_id = self.order
        self.assertFalse(form.body)
        with self.assertRaises(UserError):
            form.save().action_send_test()

    def test_only_status_managers_and_only_orders_they_read(self):
        with self.assertRaises(AccessError):
            self._open(user=self.seller).save()
        own = new_test_user(
            self.env,
            "test_own_manager",
            groups="sales_team.group_sale_salesman,order_status_flags.group_status_manager",
        )
        wizard = self.env["sale.order.status.mail.test"].with_user(own)
        values = {"status_id": self.in_progress.id, "order_id": self.order.id, "lang": "en_US"}
        with self.assertRaises(AccessError):
            wizard.create(values).read(["body"])
        with self.assertRaises(AccessError):
            wizard.create(values).action_send_test()
