import logging
import smtplib
import time

import psycopg2

from odoo import api, fields, models
from odoo.fields import Command
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .sale_order_status_history.delivery import RETRY_FIRST, RETRY_LONGEST, RETRY_TOTAL

_logger = logging.getLogger(__name__)


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _send(
        self,
        auto_commit=False,
        raise_exception=False,
        smtp_session=None,
        alias_domain_id=False,
        mail_server=False,
        post_send_callback=None,
    ):
        """Override of `mail`: e-mails one by one, so that a bad mail server spoils one only.

        When the server hangs up, Odoo gives up on the e-mail that was leaving and leaves all
        others to the next hour. When it is slow, a long queue outlasts the time that a worker
        has, and the e-mail that leaves at the moment it is killed is sent twice.
        """
        for position, mail_id in enumerate(self.ids):
            mail = self.browse(mail_id)  # alone: each commit empties the cache
            if auto_commit and self._is_cron_time_over():
                self._leave_to_next_run(len(self) - position)
                break
            # Nobody cancels or changes it while it leaves, or sends it too: after the mail
            # server has accepted it, it would be too late for a conflict.
            try:
                claimed = mail.try_lock_for_update(allow_referencing=True)
            except psycopg2.OperationalError:
                if not auto_commit:
                    raise
                self.env.cr.rollback()  # nothing was sent since the last commit
                self._leave_to_next_run(len(self) - position)
                break
            if not claimed:
                continue
            try:
                leaving = mail.with_context(order_status_mail_commits=auto_commit)
                super(MailMail, leaving)._send(
                    auto_commit=auto_commit,
                    raise_exception=raise_exception,
                    smtp_session=smtp_session,
                    alias_domain_id=alias_domain_id,
                    mail_server=mail_server,
                    post_send_callback=post_send_callback,
                )
            except smtplib.SMTPServerDisconnected as error:
                if raise_exception:
                    raise
                mail._on_connection_lost(str(error))
                # The others go with a connection of their own.
                if auto_commit:
                    self._leave_to_next_run(len(self) - position - 1)
                else:
                    self._trigger_queue()
                break
        return True

    def _leave_to_next_run(self, remaining):
        """Commit what was sent, and let the queue go on with the others at once."""
        self._trigger_queue()
        self.env["ir.cron"]._commit_progress(remaining=remaining)

    def _is_cron_time_over(self):
        end = self.env.context.get("cron_end_time")
        return bool(end) and time.monotonic() > end

    def _on_connection_lost(self, reason):
        """The mail server hung up while this e-mail was leaving; it may have accepted it."""
        _logger.warning("The mail server hung up on mail.mail %s: %s", self.id, reason)
        self.write({"state": "exception", "failure_type": "mail_smtp", "failure_reason": reason})
        self._postprocess_sent_message([], [], failure_reason=reason, failure_type="mail_smtp")

    @api.model
    def _trigger_queue(self, at=None):
        # sudo: customers cause e-mails, and cannot read scheduled actions
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(at)

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Override of `mail` to tell the order status history what became of its e-mails, and
        to try those about orders again when that may help.

        Before super: it removes delivered mails.
        """
        # sudo: the mail queue runs for people who do not read orders
        rows = (
            self.env["sale.order.status.history"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids), ("mail_state", "=", "pending")])
        )
        temporary = failure_type and rows._is_temporary_mail_failure(failure_type, failure_reason)
        if rows and not failure_type:
            rows._on_mail_sent()
        reason = failure_reason or rows.mail_mail_id[:1].failure_reason
        others = self - rows.mail_mail_id
        if not failure_type and self.env.context.get("order_status_mail_commits"):
            # The mail server has it: what happens from here on must not send it once more.
            self.env.cr.commit()  # pylint: disable=invalid-commit
            return self._finish_sent_mail(success_pids, success_emails)
        res = super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )
        if failure_type:
            rows._on_mail_failed(reason, temporary)
        if temporary:
            # sudo: the failure counts whoever's action sent the mail
            others.sudo()._try_again_later(success_pids, success_emails)
        return res

    def _finish_sent_mail(self, success_pids, success_emails):
        """Do what Odoo does after sending, again when somebody else was at the same rows.

        It removes the message of the e-mail, and PostgreSQL then changes the messages that answer
        it, at which others may be writing.
        """
        for attempts_left in (2, 1, 0):
            try:
                # pylint: disable-next=super-method-mismatch
                res = super()._postprocess_sent_message(success_pids, success_emails)
                self.env.flush_all()
                return res
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # the e-mail is known as sent, see the caller
                if not attempts_left:
                    _logger.warning("mail.mail %s is sent; it could not be removed", self.ids)
        return True

    @api.model
    def _get_retried_models(self):
        """Return the documents whose e-mails are tried again: customers wait for them.

        :rtype: set[str]
        """
        return {"sale.order"}

    def _try_again_later(self, success_pids, success_emails):
        """Put e-mails that failed for now back into the queue, with growing pauses for a day.

        :param list success_pids: partners that have got it, and get it no second time
        :param list success_emails: addresses that have got it
        """
        now = fields.Datetime.now()
        done = {}
        if success_pids:
            done["recipient_ids"] = [Command.unlink(partner.id) for partner in success_pids]
        if success_emails:
            done.update(email_to=False, email_cc=False)
        documents = self._get_retried_models()
        by_time = {}
        for mail in self.filtered(lambda mail: mail.model in documents):
            age = now - mail.create_date
            if age < RETRY_TOTAL:
                again = now + min(max(age, RETRY_FIRST), RETRY_LONGEST)
                by_time.setdefault(again, []).append(mail.id)
        for again, mail_ids in by_time.items():
            values = {"state": "outgoing", "scheduled_date": again, **done}
            self.browse(mail_ids).write(values)
        if by_time:
            self._trigger_queue(list(by_time))
