import smtplib
import sys
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import split_every

RETRY_FIRST = timedelta(minutes=5)
RETRY_LONGEST = timedelta(hours=4)
RETRY_TOTAL = timedelta(hours=24)


class SaleOrderStatusHistory(models.Model):
    """The outbox: what became of an e-mail in Odoo's mail queue, and when it is tried again."""

    _inherit = "sale.order.status.history"

    def _on_mail_sent(self):
        """The mail server accepted the e-mails of these rows."""
        self.write({"mail_state": "sent", "mail_error": False, "is_resend": False})

    def _on_mail_failed(self, reason, temporary):
        """The e-mails of these rows could not be delivered.

        :param str reason: what the mail server said
        :param bool temporary: try again, with growing pauses, for 24 hours in all
        """
        now = fields.Datetime.now()
        final, retries = self.browse(), {}
        for row in self:
            first = row.mail_mail_id.create_date or now
            if not temporary or now - first >= RETRY_TOTAL:
                final |= row
                continue
            pause = min(RETRY_FIRST * 2 ** min(row.mail_attempts, 10), RETRY_LONGEST)
            # The last try lies at the very end of the 24 hours.
            again = min(now + pause, max(first + RETRY_TOTAL, now + timedelta(minutes=1)))
            retries.setdefault((again, row.mail_attempts), []).append(row.id)
        final._mark_failed(reason)
        for (again, attempts), row_ids in retries.items():
            rows = self.browse(row_ids)
            rows.write({"mail_attempts": attempts + 1, "mail_error": (reason or "")[:1000]})
            rows.mail_mail_id.write({"state": "outgoing", "scheduled_date": again})
        if retries:
            self.env["mail.mail"]._trigger_queue([again for again, _attempts in retries])

    @api.model
    def _handle_stranded_mails(self):
        """Take up e-mails that left the queue without a word.

        Odoo gives up on a mail when the connection breaks in the middle of it, and people
        can cancel mails in the queue.
        """
        stranded = self.search(
            [("mail_state", "=", "pending"), ("mail_mail_id.state", "in", ("exception", "cancel"))]
        ).try_lock_for_update()
        for rows in split_every(1000, stranded.ids, self.browse):
            cancelled = rows.filtered(lambda row: row.mail_mail_id.state == "cancel")
            cancelled._mark_failed(self.env._("The e-mail was cancelled in the mail queue."))
            broken = rows - cancelled
            for row in broken:
                row._on_mail_failed(row.mail_mail_id.failure_reason, temporary=True)

    @api.model
    def _is_temporary_mail_failure(self, failure_type, failure_reason):
        """Whether a delivery that just failed is worth another try.

        Called inside the handler of the exception, whose chain tells the SMTP code (RFC
        5321: 4xx = try again later, 5xx = final). Odoo itself keeps only a text of it.
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
