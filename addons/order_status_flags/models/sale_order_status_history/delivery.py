from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import split_every

from odoo.addons.mail_delivery_retry.const import RETRY_FIRST, RETRY_LONGEST, RETRY_TOTAL


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
