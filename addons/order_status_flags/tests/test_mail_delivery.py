import smtplib
from unittest.mock import call, patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .outbox import MAIL_LOGGER, QUEUE_LOGGER, SERVER_LOGGER, OutboxCommon


@tagged("post_install", "-at_install")
class TestMailDelivery(OutboxCommon):
    """The outbox, down to what the SMTP server answers."""

    def test_smtp_5xx_fails_at_once(self):
        order, row = self._flagged()
        self._run(smtplib.SMTPResponseException(550, b"no such user"))
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("550", row.mail_error)
        self.assertEqual(order.order_status_id, self.in_progress, "the change itself stays")

    def test_email_that_waits_goes_to_the_new_customer(self):
        order, row = self._flagged()
        self._run(smtplib.SMTPDataError(451, b"try later"))
        first = row.mail_mail_id
        link = order.tracking_url
        right = self.env["res.partner"].create({"name": "Right", "email": "right@example.com"})
        order.partner_id = right
        self.assertEqual((first.state, row.mail_state), ("cancel", "pending"))
        self.assertFalse(row.mail_mail_id)
        [email] = self._run()
        self.assertIn("right@example.com", str(email["to"]))
        self.assertEqual((first.state, row.mail_state), ("cancel", "sent"))
        self.assertNotIn(link, str(email["text"]))
        self.assertIn(order.tracking_url, str(email["text"]))

    def test_email_that_waits_goes_to_the_new_contact_for_invoices(self):
        self.in_progress.mail_template_id.write(
            {"use_default_to": False, "partner_to": "{{ object.partner_invoice_id.id }}"}
        )
        _order, row = self._flagged()
        self._run(smtplib.SMTPDataError(451, b"try later"))
        row.order_id.partner_invoice_id = self.env["res.partner"].create(
            {"name": "Accounting", "email": "ac@example.com", "parent_id": self.customer.id}
        )
        self.assertEqual([email["to"] for email in self._run()], [["ac@example.com"]])
        self.assertEqual(row.mail_state, "sent")

    def test_refused_recipient_fails(self):
        _order, row = self._flagged()
        self._run(smtplib.SMTPRecipientsRefused({"buyer@example.com": (550, b"unknown")}))
        self.assertEqual(row.mail_state, "failed")

    def test_smtp_4xx_is_retried_with_growing_pauses(self):
        _order, row = self._flagged()
        pauses = []
        for _attempt in range(3):
            self._run(smtplib.SMTPDataError(451, b"try later"))
            self.assertEqual(row.mail_state, "pending")
            self.assertEqual(row.mail_mail_id.state, "outgoing")
            pauses.append(row.mail_mail_id.scheduled_date - fields.Datetime.now())
            # not before its time
            self.assertFalse(self._run())
            self._make_due(row)
        self.assertLess(pauses[0], pauses[1])
        self.assertLess(pauses[1], pauses[2])
        self.assertEqual(len(self._run()), 1)
        self.assertEqual(row.mail_state, "sent")

    def test_retries_end_after_24_hours(self):
        _order, row = self._flagged()
        self._run(smtplib.SMTPDataError(451, b"try later"))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_mail SET create_date = create_date - interval '25 hours' WHERE id = %s",
            [row.mail_mail_id.id],
        )
        self.env.invalidate_all()
        self._make_due(row)
        self._run(smtplib.SMTPDataError(451, b"try later"))
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("451", row.mail_error)

    def test_no_connection_is_temporary(self):
        _order, row = self._flagged()
        with (
            self._smtp(),
            patch("smtplib.SMTP", side_effect=ConnectionRefusedError(111, "refused")),
            mute_logger(MAIL_LOGGER, SERVER_LOGGER),
        ):
            self._send_status_mails()
            with self.enter_registry_test_mode():
                self.env.ref("mail.ir_cron_mail_scheduler_action").method_direct_trigger()
        self.assertEqual(row.mail_state, "pending")
        self._make_due(row)
        self.assertEqual(len(self._run()), 1)

    def test_connection_lost_in_the_middle_is_temporary(self):
        _order, row = self._flagged()
        self._run(smtplib.SMTPServerDisconnected("gone"))
        self.assertEqual(row.mail_state, "pending")
        self._send_status_mails()  # takes up what Odoo's queue gave up
        self.assertEqual(row.mail_mail_id.state, "outgoing")
        self._make_due(row)
        self.assertEqual(len(self._run()), 1)
        self.assertEqual(row.mail_state, "sent")

    def test_server_that_hangs_up_spoils_one_mail_only(self):
        hung_up = []

        def hang_up_once(recipients):
            if not hung_up:
                hung_up.extend(recipients)
                raise smtplib.SMTPServerDisconnected("gone")

        rows = self.env["sale.order.status.history"].union(
            *(self._flagged()[1] for _number in range(3))
        )
        emails = self._run(hang_up_once)
        emails += self._run()
        self.assertEqual(len(emails), 2, "the others go at once")
        self.assertEqual(sorted(rows.mapped("mail_state")), ["pending", "sent", "sent"])
        waiting = rows.filtered(lambda row: row.mail_state == "pending")
        self.assertGreater(waiting.mail_mail_id.scheduled_date, fields.Datetime.now())
        self.assertEqual(waiting.mail_error, "gone")

    def test_conflict_after_sending_sends_nothing_twice(self):
        """Odoo removes a message that left; whoever answers it just then is in the way."""
        _order, row = self._flagged()
        Message = self.env.registry["mail.message"]
        unlink, conflicts = Message.unlink, [SerializationFailure()]

        def unlink_later(messages):
            if conflicts:
                messages.env.cr.rollback()  # as PostgreSQL does
                raise conflicts.pop()
            return unlink(messages)

        self._send_status_mails()
        mail_id = row.mail_mail_id.id
        with (
            patch.object(Message, "unlink", unlink_later),
            self._smtp(),
            mute_logger(MAIL_LOGGER, "odoo.sql_db"),
            self.enter_registry_test_mode(),
            self.env.registry.cursor() as cr,
        ):
            self.env(cr=cr)["mail.mail"].browse(mail_id).send(auto_commit=True)
        self.env.invalidate_all()
        self.assertFalse(conflicts)
        self.assertEqual(len(self.attempts), 1)
        self.assertEqual(row.mail_state, "sent")
        self.assertFalse(self._run(), "it is not sent again")

    def test_queue_stops_when_the_time_of_the_worker_is_over(self):
        rows = self._flagged()[1] | self._flagged()[1]
        with self._smtp(), patch.object(type(self.env["ir.cron"]), "_commit_progress") as commit:
            self._send_status_mails()
            mails = rows.mail_mail_id
            commit.reset_mock()
            mails.with_context(cron_end_time=1)._send(auto_commit=True)
        commit.assert_called_once_with(remaining=2)
        self.assertEqual(set(mails.mapped("state")), {"outgoing"})

    def test_queue_says_how_many_it_has_sent(self):
        """Otherwise its scheduled action warns, every ten seconds of a busy morning."""
        rows = self._flagged()[1] | self._flagged()[1] | self._flagged()[1]
        MailMail, Cron = type(self.env["mail.mail"]), type(self.env["ir.cron"])
        self._send_status_mails()
        with (
            self._smtp(),
            patch.object(Cron, "_commit_progress") as commit,
            patch.object(MailMail, "_is_cron_time_over", side_effect=[False, False, True]),
            self.enter_registry_test_mode(),
            self.env.registry.cursor() as cr,
        ):
            self.env(cr=cr)["mail.mail"].browse(rows.mail_mail_id.ids)._send(auto_commit=True)
        self.assertEqual(commit.mock_calls, [call(2), call(remaining=1)])
        self.env.invalidate_all()
        self.assertEqual(sorted(rows.mapped("mail_state")), ["pending", "sent", "sent"])

    def _mail(self, document, error=None, **values):
        """Make an e-mail about a document, as Odoo itself does, and try to send it."""
        error = error or smtplib.SMTPDataError(451, b"later")
        values.setdefault("email_to", "buyer@example.com")
        mail = self.env["mail.mail"].create(
            {"model": document._name, "res_id": document.id, "body_html": "x", **values}
        )
        with self._smtp(error), mute_logger(MAIL_LOGGER, QUEUE_LOGGER):
            mail.send()
        return mail

    def test_other_mails_of_an_order_are_tried_again_for_a_day(self):
        order = self._create_order()
        mail = self._mail(order)
        self.assertEqual(mail.state, "outgoing")
        self.assertGreater(mail.scheduled_date, fields.Datetime.now())
        self.assertIn("451", mail.failure_reason)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_mail SET create_date = create_date - interval '25 hours' WHERE id = %s",
            [mail.id],
        )
        self.env.invalidate_all()
        with self._smtp(smtplib.SMTPDataError(451, b"later")), mute_logger(MAIL_LOGGER):
            mail.send()
        self.assertEqual(mail.state, "exception")
        self.assertEqual(self._mail(self.customer).state, "exception", "Odoo's own way")

    def test_server_that_hangs_up_breaks_no_click(self):
        """Odoo mails right after the click of a user, who then saw an error."""
        mail = self._mail(self._create_order(), error=smtplib.SMTPServerDisconnected("gone"))
        self.assertEqual(mail.state, "outgoing")
        self.assertGreater(mail.scheduled_date, fields.Datetime.now())

    def test_who_has_got_a_mail_gets_it_no_second_time(self):
        other = self.env["res.partner"].create({"name": "Other", "email": "other@example.com"})
        mail = self.env["mail.mail"].create(
            {
                "model": "sale.order",
                "res_id": self._create_order().id,
                "recipient_ids": [Command.set((self.customer | other).ids)],
                "email_cc": "copy@example.com",
            }
        )
        mail._try_again_later([self.customer], ["copy@example.com"])
        self.assertEqual(mail.recipient_ids, other)
        self.assertFalse(mail.email_cc)

    def test_order_mail_without_pdf_stops_no_order(self):
        order = self._create_orders(confirm=False)
        failing = patch.object(
            IrActionsReport, "_render_qweb_pdf", side_effect=UserError("no wkhtmltopdf")
        )
        with (
            self._smtp(),
            failing,
            mute_logger("odoo.addons.mail_delivery_retry.attempt"),
        ):
            order.with_context(send_email=True).action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(len(self.emails), 1)
        bodies = " ".join(order.message_ids.mapped("body"))
        self.assertIn("no wkhtmltopdf", bodies)

    def test_pdf_that_a_person_attaches_is_missed_aloud(self):
        order = self._create_order()
        template = self.env.ref("sale.email_template_edi_sale")
        failing = patch.object(
            IrActionsReport, "_render_qweb_pdf", side_effect=UserError("no wkhtmltopdf")
        )
        with failing, self.assertRaisesRegex(UserError, "no wkhtmltopdf"):
            template._generate_template(order.ids, ["report_template_ids"])

    def test_mail_waiting_for_a_retry_is_withdrawn_when_overtaken(self):
        order, row = self._flagged()
        self._run(smtplib.SMTPDataError(451, b"try later"))
        mail = row.mail_mail_id
        order.set_order_status(self.fulfilled.id)
        self.assertEqual(row.mail_state, "superseded")
        self.assertEqual(mail.state, "cancel")
        self.assertIn("Fulfilled", self._run()[0]["subject"])

    def test_mail_cancelled_in_the_queue(self):
        _order, row = self._flagged()
        self._send_status_mails()
        row.mail_mail_id.state = "cancel"
        self._send_status_mails()
        self.assertEqual(row.mail_state, "failed")
