import smtplib

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .outbox import OutboxCommon

REFUSED = smtplib.SMTPResponseException(550, b"no such user")
LATER = smtplib.SMTPDataError(451, b"try later")
GATEWAY_LOGGER = "odoo.addons.mail.models.mail_thread"
GATEWAY = "shop.example.com"


@tagged("post_install", "-at_install")
class TestMailQueueOfOdoo(OutboxCommon):
    """What people do to status e-mails in Odoo's own list of e-mails."""

    def _refused(self):
        order, row = self._flagged()
        self._run(REFUSED)
        self.assertEqual(row.mail_state, "failed")
        return order, row

    def test_retry_that_delivers_makes_the_row_sent_and_nothing_leaves_twice(self):
        order, row = self._refused()
        row.mail_mail_id.action_retry()
        self.assertEqual(row.mail_state, "pending", "it waits in the queue again")
        self.assertFalse(order.status_attention)
        with self.assertRaises(UserError):
            row.action_resend_mail()
        self.assertEqual(len(self._run()), 1)
        self.assertEqual(row.mail_state, "sent")
        self.assertFalse(row.mail_error)
        order.action_resend_failed_status_mail()
        self.assertFalse(self._run())

    def test_retry_that_is_refused_again_fails_again(self):
        _order, row = self._refused()
        row.mail_mail_id.action_retry()
        self._run(REFUSED)
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("no such user", row.mail_error)

    def test_send_now_of_a_failed_mail_is_noted(self):
        _order, row = self._refused()
        row.mail_mail_id.write({"state": "outgoing"})  # not by the button
        self.assertEqual(len(self._run()), 1)
        self.assertEqual(row.mail_state, "sent")

    def test_resend_is_offered_where_it_is_not_refused(self):
        order, row = self._refused()
        self.assertTrue(row.can_resend)
        row.status_id.is_public = False
        self.assertFalse(row.can_resend)
        with self.assertRaises(UserError):
            row.action_resend_mail()
        row.status_id.is_public = True
        row.status_id.mail_template_id = False
        self.assertFalse(row.can_resend)
        self.assertFalse(self._rows(order)[0].can_resend, "it has no e-mail")

    def test_resend_withdraws_the_mail_that_failed(self):
        _order, row = self._refused()
        old = row.mail_mail_id
        row.action_resend_mail()
        self.assertEqual(old.state, "cancel")
        old.action_retry()
        self.assertEqual(len(self._run()), 1)

    def test_retry_of_a_cancelled_mail(self):
        _order, row = self._flagged()
        self._send_status_mails()
        mail = row.mail_mail_id
        mail.cancel()
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("cancelled", row.mail_error)
        mail.mark_outgoing()
        self.assertEqual(row.mail_state, "pending")
        self.assertEqual(len(self._run()), 1)
        self.assertEqual(row.mail_state, "sent")

    def test_deleted_mail_never_comes_back(self):
        order, row = self._flagged()
        self._send_status_mails()
        row.mail_mail_id.unlink()
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("deleted", row.mail_error)
        self.assertFalse(self._run())
        self.assertEqual(order.status_attention, "mail_failed")
        row.action_resend_mail()
        self.assertEqual(len(self._run()), 1)

    def test_mail_deleted_with_its_message_never_comes_back(self):
        _order, row = self._flagged()
        self._send_status_mails()
        row.mail_mail_id.mail_message_id.unlink()
        self.env.invalidate_all()
        self.assertFalse(self._run())
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("deleted", row.mail_error)

    def test_delivered_mail_is_no_deleted_one(self):
        _order, row = self._flagged()
        self.assertEqual(len(self._run()), 1)
        self.assertFalse(row.mail_mail_id)
        self._run()
        self.assertEqual(row.mail_state, "sent")

    def _two_recipients(self):
        other = self.env["res.partner"].create({"name": "Zoe", "email": "other@example.com"})
        self.in_progress.mail_template_id.write(
            {"use_default_to": False, "partner_to": f"{self.customer.id},{other.id}"}
        )
        return other

    def _fail_other(self, error):
        def answer(recipients):
            if "other@example.com" in recipients:
                raise error

        return answer

    def test_who_has_got_it_gets_it_no_second_time(self):
        self._two_recipients()
        for error in (LATER, REFUSED, smtplib.SMTPServerDisconnected("gone")):
            with self.subTest(error=error):
                _order, row = self._flagged()
                self.assertEqual(len(self._run(self._fail_other(error))), 1)
                mail = row.mail_mail_id
                mail.action_retry()
                mail.scheduled_date = False
                emails = self._run()
                self.assertEqual([email["to"] for email in emails], [["other@example.com"]])
                self.assertEqual(row.mail_state, "sent")

    def test_copy_that_has_left_is_not_sent_again(self):
        self.in_progress.mail_template_id.write(
            {
                "use_default_to": False,
                "partner_to": "{{ object.partner_id.id }}",
                "email_cc": "copy@example.com",
            }
        )

        def answer(recipients):
            if "copy@example.com" not in recipients:
                raise LATER

        _order, row = self._flagged()
        self._run(answer)
        self.assertEqual(row.mail_state, "pending")
        row.mail_mail_id.scheduled_date = False
        self.assertEqual([email["to"] for email in self._run()], [["buyer@example.com"]])


@tagged("post_install", "-at_install")
class TestBounce(OutboxCommon):
    """Status e-mails that come back from a mail server behind ours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = cls.env["mail.alias.domain"].create({"name": GATEWAY})
        cls.company.alias_domain_id = cls.domain

    def _bounce(self, message_id, action="failed"):
        report = (
            f"From: MAILER-DAEMON@mx.example.net\nTo: {self.domain.bounce_email}\n"
            "Subject: Undelivered\n"
            f"Message-Id: <report-{action}@mx.example.net>\nMIME-Version: 1.0\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
            "--B\nContent-Type: text/plain\n\nMailbox is gone\n\n"
            "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
            f"Final-Recipient: rfc822; {self.customer.email}\nAction: {action}\nStatus: 5.1.1\n\n"
            f"--B\nContent-Type: message/rfc822\n\nMessage-Id: {message_id}\nSubject: x\n\n"
            "x\n\n--B--\n"
        )
        with mute_logger(GATEWAY_LOGGER):
            self.env["mail.thread"].message_process(False, report)

    def test_bounce_reaches_history_and_attention(self):
        order, row = self._flagged()
        self._run()
        self._bounce(row.mail_references)
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("Mailbox is gone", row.mail_error)
        self.assertEqual(order.status_attention, "mail_failed")
        self.assertFalse(self._run(), "nothing is sent again by itself")

    def test_report_of_a_delay_is_no_bounce(self):
        _order, row = self._flagged()
        self._run()
        for action in ("delayed", "relayed", "delivered"):
            self._bounce(row.mail_references, action=action)
        self.assertEqual(row.mail_state, "sent")

    def test_bounce_of_the_mail_before_says_nothing_of_the_one_sent_again(self):
        _order, row = self._flagged()
        self._run()
        first = row.mail_references
        row.action_resend_mail()
        self._bounce(first)
        self.assertEqual(row.mail_state, "pending")
        self._run()
        self._bounce(first)
        self.assertEqual(row.mail_state, "sent")
        self._bounce(row.mail_references.split()[-1])
        self.assertEqual(row.mail_state, "failed")

    def test_bounce_of_an_unknown_mail_touches_nothing(self):
        _order, row = self._flagged()
        self._run()
        self._bounce("<other@example.com>")
        self.assertEqual(row.mail_state, "sent")


@tagged("post_install", "-at_install")
class TestAttention(OutboxCommon):
    """Failed e-mails leave the list of what a person has to look after."""

    def _failed(self):
        self.customer.email = False
        order, row = self._flagged()
        self._run()
        self.assertEqual(row.mail_state, "failed")
        return order

    def _attention(self, order):
        self.env.flush_all()
        order.invalidate_recordset()
        found = self.env["sale.order"].search([("status_attention", "=", "mail_failed")])
        self.assertEqual(order in found, order.status_attention == "mail_failed")
        return order.status_attention

    def test_done_and_cancelled_orders_leave(self):
        for status in (self.fulfilled, False):
            order = self._failed()
            self.assertEqual(self._attention(order), "mail_failed")
            if status:
                order.set_order_status(status.id)
            else:
                order.action_cancel()
            self._run()
            self.assertFalse(self._attention(order))
            self.assertTrue(order.status_mail_failed, "the order itself goes on telling it")

    def test_later_status_without_mail_on_purpose(self):
        order = self._failed()
        order.set_order_status(self._create_status().id)
        self.assertEqual(self._attention(order), "mail_failed", "a silent status is no purpose")
        loud = self._create_status("Loud", mail_template_id=self.in_progress.mail_template_id.id)
        order.set_order_status(loud.id, notify=False)
        self.assertFalse(self._attention(order))

    def test_handled(self):
        order = self._failed()
        before = order.message_ids
        order.with_user(self.seller).action_dismiss_failed_status_mail()
        self.assertFalse(self._attention(order))
        self.assertFalse(order.status_mail_failed)
        self.assertEqual(self._rows(order)[-1].mail_state, "failed", "what happened stays told")
        trace = order.message_ids - before
        self.assertEqual(trace.author_id, self.seller.partner_id)
        self.assertIn("no e-mail address", trace.body)
        order.action_dismiss_failed_status_mail()
        self.assertEqual(order.message_ids, trace | before, "once is enough")
        order.set_order_status(
            self._create_status(mail_template_id=self.in_progress.mail_template_id.id).id
        )
        self._run()
        self.assertEqual(self._attention(order), "mail_failed", "another one failed")

    def test_handled_needs_write_access(self):
        order = self._failed()
        reader = (
            self.env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": "Reader",
                    "login": "attention_reader",
                    "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
                }
            )
        )
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            order.with_user(reader).action_dismiss_failed_status_mail()
