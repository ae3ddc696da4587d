from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from odoo.addons.mail_delivery_retry.const import RETRY_FIRST, RETRY_LONGEST, RETRY_TOTAL
from odoo.addons.mail_delivery_retry.references import keep_references


class SaleOrderStatusHistory(models.Model):
    """The outbox: what became of an e-mail in Odoo's mail queue, and when it is tried again."""

    _inherit = "sale.order.status.history"

    def _on_mail_sent(self):
        """The mail server accepted the e-mails of these rows."""
        self.write({"mail_state": "sent", "mail_error": False, "is_resend": False})
        keep_references(self)

    def _on_mail_requeued(self):
        """Somebody had the mail queue try the e-mails of these rows once more."""
        self.write(
            {
                "mail_state": "pending",
                "mail_error": False,
                "mail_attempts": 0,
                "is_mail_handled": False,
            }
        )

    def _on_mail_cancelled(self):
        """Somebody cancelled the e-mails of these rows in the mail queue."""
        self._mark_failed(self.env._("The e-mail was cancelled in the mail queue."))

    def _on_mail_deleted(self):
        """Somebody deleted the e-mails of these rows from the mail queue."""
        self._mark_failed(self.env._("The e-mail was deleted in the mail queue."))

    def _on_mail_bounced(self, reason):
        """The e-mails of these rows came back from a mail server behind ours.

        :param str reason: what that one said
        """
        self._mark_failed(self.env._("The e-mail came back: %(reason)s", reason=reason))

    def _on_mail_failed(self, reason, temporary, success_pids=(), success_emails=()):
        """The e-mails of these rows could not be delivered, or not to everybody.

        :param str reason: what the mail server said
        :param bool temporary: try again, with growing pauses, for 24 hours in all
        :param list success_pids: partners that have got it, and get it no second time
        :param list success_emails: addresses that have got it
        """
        self.mail_mail_id._leave_out_reached(success_pids, success_emails)
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

        Odoo gives up on a mail when the connection breaks in the middle of it, and deletes it
        together with its message.
        """
        stranded = self.search(self._get_stranded_domain()).try_lock_for_update()
        for rows in split_every(1000, stranded.ids, self.browse):
            deleted = rows.filtered(lambda row: not row.mail_mail_id)
            deleted._on_mail_deleted()
            cancelled = rows.filtered(lambda row: row.mail_mail_id.state == "cancel")
            cancelled._on_mail_cancelled()
            for row in rows - deleted - cancelled:
                row._on_mail_failed(row.mail_mail_id.failure_reason, temporary=True)

    @api.model
    def _get_stranded_domain(self):
        handed_over = Domain("mail_mail_id", "=", False) & Domain("mail_due", "=", False)
        gone = Domain("mail_mail_id.state", "in", ("exception", "cancel"))
        return Domain("mail_state", "=", "pending") & (handed_over | gone)
