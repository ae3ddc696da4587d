from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tests.common import freeze_time
from odoo.tools import mute_logger

from .common import AgreementCommon


@tagged("post_install", "-at_install")
class TestReminders(AgreementCommon):
    """When who is reminded."""

    # === REMINDERS === #

    def _remind(self):
        with self.enter_registry_test_mode():
            self.env.ref("b2b_agreement.ir_cron_agreement_reminder").method_direct_trigger()

    def _count_reminders(self, agreement):
        return len(
            agreement.message_ids.filtered(
                lambda message: message.partner_ids & self.customer and message.subject
            )
        )

    def test_reminders_go_out_once_each(self):
        today = fields.Date.today()
        agreement = self._create_signed_agreement(date_end=today + timedelta(days=40))
        for days_later, expected in ((0, 0), (9, 0), (10, 1), (11, 1), (33, 2), (34, 2), (50, 2)):
            now = f"{today + timedelta(days=days_later)} 12:00:00"
            with self.subTest(days_later=days_later), freeze_time(now):
                self._remind()
                self.env.invalidate_all()
                self.assertEqual(self._count_reminders(agreement), expected)
        self.assertEqual(len(agreement.activity_ids), 2)

    def test_late_signature_brings_only_the_reminder_ahead(self):
        today = fields.Date.today()
        agreement = self._create_signed_agreement(date_end=today + timedelta(days=5))
        self._remind()
        self._remind()
        self.env.invalidate_all()
        self.assertEqual(self._count_reminders(agreement), 1)

    def test_manager_is_reminded_in_his_own_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        template = self.env.ref("b2b_agreement.mail_template_agreement_reminder_seller")
        template.with_context(lang="pl_PL").subject = "Umowa {{ object.name }}"
        agreement = self._create_signed_agreement(
            date_end=fields.Date.today() + timedelta(days=5), user_id=self.seller_user.id
        )
        self.seller_user.active = False
        manager = agreement._get_reminded_user()
        self.assertTrue(manager)
        manager.lang = "pl_PL"
        self._remind()
        sent = self.env["mail.mail"].search([("recipient_ids", "=", manager.partner_id.id)])
        self.assertIn(f"Umowa {agreement.name}", sent.mapped("subject"))

    @mute_logger("odoo.addons.mail_delivery_retry.attempt")
    def test_reminder_that_fails_holds_up_no_other(self):
        today = fields.Date.today()
        failing = self._create_signed_agreement(date_end=today + timedelta(days=5))
        other = self._create_signed_agreement(
            partner_id=self.rival.id,
            pricelist_id=self.rival_pricelist.id,
            date_end=today + timedelta(days=5),
        )
        failing.user_id = self.seller_user
        notify = type(failing)._notify_customer

        def fail_once(agreement, template_xmlid):
            if agreement.id == failing.id:
                raise ValueError("broken template")
            return notify(agreement, template_xmlid)

        with patch.object(type(failing), "_notify_customer", fail_once):
            self._remind()
            self._remind()
        self.env.invalidate_all()
        self.assertEqual((failing | other).mapped("reminded_days"), [7, 7])
        self.assertTrue(other.message_ids.filtered(lambda one: one.partner_ids & self.rival))
        self.assertEqual(len(failing.activity_ids), 1)
        self.assertIn("broken template", failing.activity_ids.summary)
        self.assertEqual(failing.activity_ids.user_id, self.seller_user)

    def test_extension_is_reminded_of_anew(self):
        today = fields.Date.today()
        agreement = self._create_signed_agreement(date_end=today + timedelta(days=5))
        self._remind()
        agreement.date_end = today + timedelta(days=20)
        self._remind()
        self.env.invalidate_all()
        self.assertEqual(self._count_reminders(agreement), 2)
