import smtplib
from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.common import MockSmtplibCase

LATER = smtplib.SMTPDataError(451, b"try later")
NEVER = smtplib.SMTPResponseException(550, b"no such user")
LOGGERS = ("odoo.addons.mail.models.mail_mail", "odoo.addons.mail_delivery_retry.models.mail_mail")


@tagged("post_install", "-at_install")
class TestDelivery(MockSmtplibCase, TransactionCase):
    """What becomes of e-mails, by what the SMTP server answers.

    Customers of the tests wait for e-mails about contacts.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        cls.partner = cls.env["res.partner"].create({"name": "Buyer", "email": "b@example.com"})

    def setUp(self):
        super().setUp()
        self.told = []
        self.MailMail = self.registry["mail.mail"]
        failed = self.MailMail._on_delivery_failed

        def on_failed(mails, reason, temporary, success_pids, success_emails):
            self.told.append((temporary, reason))
            return failed(mails, reason, temporary, success_pids, success_emails)

        def on_delivered(mails):
            self.told += ["delivered"] * len(mails)

        for name, function in (
            ("_get_retried_models", lambda _mails: {"res.partner"}),
            ("_on_delivered", on_delivered),
            ("_on_delivery_failed", on_failed),
        ):
            self.patch(self.MailMail, name, function)

    @contextmanager
    def _smtp(self, error=None):
        with self.mock_smtplib_connection(), mute_logger(*LOGGERS):
            accept = self.testing_smtp_session.send_message

            def send_message(message, smtp_from, smtp_to_list):
                if error is not None:
                    raise error
                return accept(message, smtp_from, smtp_to_list)

            self.testing_smtp_session.send_message = send_message
            yield

    def _mail(self, count=1, **values):
        values = {
            "model": "res.partner",
            "res_id": self.partner.id,
            "body_html": "x",
            "email_to": "b@example.com",
            "auto_delete": False,
            **values,
        }
        return self.env["mail.mail"].create([values] * count)

    def _send(self, mails, error=None, **options):
        with self._smtp(error):
            mails.send(**options)

    def test_delivered(self):
        mails = self._mail(2)
        self._send(mails)
        self.assertEqual(mails.mapped("state"), ["sent", "sent"])
        self.assertEqual(self.told, ["delivered", "delivered"])

    def test_temporary_failure_is_tried_again(self):
        for error in (LATER, smtplib.SMTPServerDisconnected("gone"), ConnectionResetError()):
            mail = self._mail()
            self._send(mail, error)
            self.assertEqual(mail.state, "outgoing", error)
            self.assertGreater(mail.scheduled_date, fields.Datetime.now())
            self.assertTrue(self.told[-1][0])

    def test_final_refusal_is_not(self):
        for error in (NEVER, smtplib.SMTPRecipientsRefused({"b@example.com": (550, b"no")})):
            mail = self._mail()
            self._send(mail, error)
            self.assertEqual(mail.state, "exception", error)
            self.assertFalse(self.told[-1][0])

    def test_refused_for_now(self):
        mail = self._mail()
        self._send(mail, smtplib.SMTPRecipientsRefused({"b@example.com": (450, b"greylisted")}))
        self.assertEqual(mail.state, "outgoing")

    def test_mail_that_nobody_waits_for_is_tried_once(self):
        mail = self._mail(model="res.users", res_id=self.env.uid)
        self._send(mail, LATER)
        self.assertEqual(mail.state, "exception", "Odoo's own way")

    def test_retries_end_after_a_day(self):
        mail = self._mail()
        self._send(mail, LATER)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_mail SET create_date = create_date - interval '25 hours' WHERE id = %s",
            [mail.id],
        )
        self.env.invalidate_all()
        self._send(mail, LATER)
        self.assertEqual(mail.state, "exception")

    def test_mail_server_that_hangs_up_spoils_one_mail_only(self):
        mails = self._mail(3)
        self._send(mails, smtplib.SMTPServerDisconnected("gone"))
        self.assertEqual(len(self.told), 1, "the others wait for a connection of their own")
        self._send(mails)
        self.assertEqual(self.told.count("delivered"), 3)

    def test_mail_server_that_hangs_up_between_two_recipients(self):
        """The header of the first copy names the second recipient too, who has got nothing yet."""
        second = self.env["res.partner"].create({"name": "Other", "email": "o@example.com"})
        both = self.partner | second
        mail = self._mail(
            email_to=False,
            recipient_ids=both.ids,
            headers=repr({"X-Msg-To-Add": ",".join(both.mapped("email_formatted"))}),
        )
        with self._smtp():
            accept = self.testing_smtp_session.send_message

            def send_message(message, smtp_from, smtp_to_list):
                if self.emails:
                    raise smtplib.SMTPServerDisconnected("gone")
                return accept(message, smtp_from, smtp_to_list)

            self.testing_smtp_session.send_message = send_message
            mail.send()
            (first,) = self.emails
        self.assertEqual(first["smtp_to_list"], [self.partner.email])
        self.assertIn(second.email, first["message"].partition("\n\n")[0])
        self.assertEqual((mail.state, mail.recipient_ids), ("outgoing", second))
        self._send(mail)
        self.assertEqual([email["smtp_to_list"] for email in self.emails], [[second.email]])
        self.assertEqual(mail.state, "sent")
        self.assertEqual(self.told, [(True, "gone"), "delivered"])

    def test_mail_without_recipients_is_not_delivered(self):
        mail = self._mail(email_to=False)
        self._send(mail)
        self.assertFalse(self.emails)
        self.assertEqual(mail.state, "exception")
        self.assertEqual([temporary for temporary, _reason in self.told], [False])

    def test_no_caller_makes_it_commit(self):
        mail = self._mail().with_context(mail_delivery_commits=True)
        with patch.object(self.env.cr, "commit") as commit:
            self._send(mail)
        commit.assert_not_called()
