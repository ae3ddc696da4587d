import logging
import smtplib
import sys
import time

import psycopg2

from odoo import api, fields, models
from odoo.fields import Command
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools.mail import email_normalize_all

from ..const import COMMITS, RETRY_FIRST, RETRY_LONGEST, RETRY_TOTAL, Accepted

_logger = logging.getLogger(__name__)


class MailMail(models.Model):
    """The mail queue: e-mails leave one by one, and those that matter are tried again.

    Other addons say whose e-mails matter by `_get_retried_models`. An addon that keeps account
    of its own e-mails overrides `_on_delivered` and `_on_delivery_failed`.
    """

    _inherit = "mail.mail"

    # === HOOKS FOR OTHER ADDONS === #

    @api.model
    def _get_retried_models(self):
        """Return the models of the documents whose e-mails are tried again for a day.

        A hook: customers wait for e-mails about an order, say. An e-mail about anything else
        fails at the first refusal, as in plain Odoo.
        """
        return set()

    def _on_delivered(self):
        """Note that the mail server accepted these e-mails.

        An empty hook. What it writes is committed together with the delivery; right after it,
        Odoo removes most of the e-mails.
        """

    def _on_delivery_failed(self, reason, temporary, success_pids, success_emails):
        """Decide what becomes of e-mails that could not be delivered, or not to everybody.

        A hook: who overrides it takes care of its own e-mails, and passes the others on to super.

        :param str reason: what the mail server said
        :param bool temporary: whether another try may help
        :param list success_pids: partners that have got it, and get it no second time
        :param list success_emails: addresses that have got it
        """
        if temporary:
            self._try_again_later(success_pids, success_emails)
        else:
            self._filter_retried()._leave_out_reached(success_pids, success_emails)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `mail` to know of each address of an e-mail that matters who has got it.

        Copies alone leave as an e-mail of their own, of which Odoo does not say that they were
        delivered: another try would send them once more.
        """
        documents = self._get_retried_models()
        for vals in vals_list:
            is_copy = vals.get("email_cc") and not vals.get("email_to")
            if is_copy and vals.get("model") in documents:
                vals.update(email_to=vals["email_cc"], email_cc=False)
        return super().create(vals_list)

    # === SENDING === #

    def _send(
        self,
        auto_commit=False,
        raise_exception=False,
        smtp_session=None,
        alias_domain_id=False,
        mail_server=False,
        post_send_callback=None,
    ):
        """Override of `mail` to send one by one, so that a bad mail server spoils one only.

        When the server hangs up, Odoo gives up on the e-mail that was leaving and leaves all
        others to the next hour. When it is slow, a long queue outlasts the time that a worker
        has, and the e-mail that leaves at the moment it is killed is sent twice.
        """
        for position, mail_id in enumerate(self.ids):
            mail = self.browse(mail_id)  # alone: each commit empties the cache
            if auto_commit and self._is_cron_time_over():
                self._leave_to_next_run(position)
                break
            # Nobody cancels or changes it while it leaves, or sends it too: after the mail
            # server has accepted it, it would be too late for a conflict.
            try:
                claimed = mail.try_lock_for_update(allow_referencing=True)
            except psycopg2.OperationalError:
                if not auto_commit:
                    raise
                self.env.cr.rollback()  # nothing was sent since the last commit
                self._leave_to_next_run(position)
                break
            if not claimed:
                continue
            try:
                accepted = Accepted()
                leaving = mail.with_context(
                    mail_delivery_commits=auto_commit and COMMITS, mail_delivery_accepted=accepted
                )
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
                mail._on_connection_lost(str(error), accepted)
                # The others go with a connection of their own.
                if auto_commit:
                    self._leave_to_next_run(position + 1)
                else:
                    self._trigger_queue()
                break
        return True

    def _leave_to_next_run(self, done):
        """Commit what was sent, and let the queue go on with the others at once.

        :param int done: how many of these e-mails had their turn. Odoo tells the scheduled action
            of none, which would then warn that nothing was sent
        """
        self._trigger_queue()
        progress = self.env["ir.cron"]
        if done:
            progress._commit_progress(done)
        progress._commit_progress(remaining=len(self) - done)

    def _is_cron_time_over(self):
        end = self.env.context.get("cron_end_time")
        return bool(end) and time.monotonic() > end

    def _on_connection_lost(self, reason, accepted):
        """The mail server hung up while this e-mail was leaving; it may have accepted it.

        :param str reason: what is known of it
        :param list accepted: addresses for which it has surely accepted it, normalized
        """
        _logger.warning("The mail server hung up on mail.mail %s: %s", self.id, reason)
        self.write({"state": "exception", "failure_type": "mail_smtp", "failure_reason": reason})
        partners = self.recipient_ids.filtered(lambda partner: partner.email_normalized in accepted)
        self._postprocess_sent_message(
            list(partners),
            [email for email in email_normalize_all(self.email_to) if email in accepted],
            failure_reason=reason,
            failure_type="mail_smtp",
        )

    @api.model
    def _trigger_queue(self, at=None):
        # sudo: customers cause e-mails, and cannot read scheduled actions
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(at)

    # === WHAT CAME OF IT === #

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Override of `mail` to call the hooks, and to commit a delivery before anything else.

        The hooks come before super, which removes e-mails.
        """
        # sudo: what becomes of e-mails is noted whoever's action sent them
        mails = self.sudo()
        if not failure_type and mails[:1].state == "exception":
            # It has no recipient: nothing was sent, and Odoo says so in the e-mail alone.
            failure_type, failure_reason = mails[:1].failure_type, mails[:1].failure_reason
        if failure_type:
            mails._on_delivery_failed(
                failure_reason or mails[:1].failure_reason,
                self._is_temporary_failure(failure_type),
                success_pids,
                success_emails,
            )
            return super()._postprocess_sent_message(
                success_pids, success_emails, failure_reason, failure_type
            )
        mails._on_delivered()
        if self.env.context.get("mail_delivery_commits") is COMMITS:
            # The mail server has it: what happens from here on must not send it once more.
            self.env.cr.commit()  # pylint: disable=invalid-commit
            return self._finish_sent_mail(success_pids, success_emails)
        return super()._postprocess_sent_message(success_pids, success_emails)

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
    def _is_temporary_failure(self, failure_type):
        """Whether a delivery that just failed is worth another try.

        Called inside the handler of the exception, whose chain tells the SMTP code (RFC
        5321: 4xx = try again later, 5xx = final). Odoo itself keeps only a text of it.

        :param str failure_type: as Odoo notes it in the e-mail
        """
        if failure_type == "mail_smtp":  # no connection to the server at all
            return True
        if failure_type in ("mail_email_invalid", "mail_email_missing", "mail_from_invalid"):
            return False
        error, seen = sys.exc_info()[1], set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if isinstance(error, smtplib.SMTPResponseException):
                return 400 <= error.smtp_code < 500
            if isinstance(error, smtplib.SMTPRecipientsRefused):
                return all(400 <= code < 500 for code, _text in error.recipients.values())
            if isinstance(error, (smtplib.SMTPServerDisconnected, OSError)):
                return True
            error = error.__cause__ or error.__context__
        return False

    def _leave_out_reached(self, success_pids, success_emails):
        """Leave those out who have got these e-mails: no other try may mail them once more.

        Neither our own nor the button *Retry* of the list of e-mails.

        :param list success_pids: partners that have got it
        :param list success_emails: addresses that have got it
        """
        # Odoo copies the e-mail that leaves first to those in `email_cc`.
        values = {"email_cc": False} if success_pids or success_emails else {}
        if success_emails:
            values["email_to"] = False
        if success_pids:
            values["recipient_ids"] = [Command.unlink(partner.id) for partner in success_pids]
        if values:
            self.write(values)

    def _filter_retried(self):
        """Return those of these e-mails that matter, see `_get_retried_models`.

        A hook for e-mails of which the model of the document alone does not tell.
        """
        documents = self._get_retried_models()
        return self.filtered(lambda mail: mail.model in documents)

    def _try_again_later(self, success_pids, success_emails):
        """Put e-mails that failed for now back into the queue, with growing pauses for a day.

        :param list success_pids: partners that have got it, and get it no second time
        :param list success_emails: addresses that have got it
        """
        now = fields.Datetime.now()
        by_time = {}
        mails = self._filter_retried()
        mails._leave_out_reached(success_pids, success_emails)
        for mail in mails:
            age = now - mail.create_date
            if age < RETRY_TOTAL:
                again = now + min(max(age, RETRY_FIRST), RETRY_LONGEST)
                by_time.setdefault(again, []).append(mail.id)
        for again, mail_ids in by_time.items():
            self.browse(mail_ids).write({"state": "outgoing", "scheduled_date": again})
        if by_time:
            self._trigger_queue(list(by_time))
