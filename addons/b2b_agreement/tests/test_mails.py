from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import AgreementCommon


@tagged("post_install", "-at_install")
class TestAgreementMails(AgreementCommon):
    """Whom e-mails about agreements reach."""

    def _remind(self, agreement):
        agreement._remind()
        return agreement.activity_ids.user_id

    def _ending(self, **values):
        end = fields.Date.today() + timedelta(days=5)
        return self._create_signed_agreement(date_end=end, **values)

    def test_salesperson_at_work_is_reminded(self):
        agreement = self._ending(user_id=self.seller_user.id)
        self.assertEqual(self._remind(agreement), self.seller_user)

    def test_next_in_line_is_reminded(self):
        agreement = self._ending(user_id=self.seller_user.id)
        for group in ("base.group_portal", False):
            with self.subTest(group=group):
                if group:
                    self.seller_user.group_ids = self.env.ref(group)
                else:
                    self.seller_user.active = False
                agreement.activity_ids.unlink()
                told = self._remind(agreement)
                self.assertTrue(told)
                self.assertNotEqual(told, self.seller_user)
                self.assertTrue(agreement.with_user(told).has_access("read"))

    def test_templates_are_not_deleted(self):
        for name in ("send", "reminder", "reminder_seller"):
            template = self.env.ref(f"b2b_agreement.mail_template_agreement_{name}")
            with self.subTest(name=name), self.assertRaisesRegex(UserError, "agreements"):
                template.unlink()

    def test_archived_template_sends_nothing(self):
        self.env.ref("b2b_agreement.mail_template_agreement_send").active = False
        agreement = self._create_agreement()
        before = agreement.message_ids
        agreement._notify_customer("b2b_agreement.mail_template_agreement_send")
        self.assertEqual(agreement.message_ids, before)

    def _get_mailed(self, agreement):
        agreement._notify_customer("b2b_agreement.mail_template_agreement_send")
        mails = self.env["mail.mail"].search(
            [("mail_message_id", "=", agreement.message_ids[0].id)]
        )
        return mails.recipient_ids

    def test_the_template_says_who_gets_it(self):
        lawyer = self.env["res.partner"].create({"name": "Lawyer", "email": "law@example.com"})
        self.env.ref("b2b_agreement.mail_template_agreement_send").write(
            {"use_default_to": False, "partner_to": str(lawyer.id)}
        )
        self.assertEqual(self._get_mailed(self._create_agreement()), lawyer)

    def test_customer_gets_it_else(self):
        self.assertEqual(self._get_mailed(self._create_agreement()), self.customer)

    def test_archived_customer_with_a_language_switched_off(self):
        german = self.env["res.lang"].with_context(active_test=False)
        german = german.search([("code", "=", "de_DE")])
        german.active = True
        contact = self.env["res.partner"].create(
            {"name": "Kunde", "is_company": True, "email": "k@example.com", "lang": "de_DE"}
        )
        agreement = self._create_agreement(partner_id=contact.id)
        contact.active = False
        self.env.flush_all()
        # As Odoo does it once nobody active reads the language, whatever the test system is in.
        self.env.cr.execute("UPDATE res_lang SET active = false WHERE code = 'de_DE'")
        self.env.registry.clear_cache("stable")
        self.env.invalidate_all()
        self.assertEqual(self._get_mailed(agreement), contact)
        # Its paper, too: tests render HTML.
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "b2b_agreement.action_report_agreement", agreement.ids
        )
        self.assertIn(agreement.name.encode(), content)
