import logging

import psycopg2

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.mail_delivery_retry.attempt import try_pdf
from odoo.addons.mail_delivery_retry.const import RETRY_TOTAL
from odoo.addons.mail_delivery_retry.references import REFERENCES_INDEX, keep_references

_logger = logging.getLogger(__name__)

TEMPLATES = {
    "received": "order_withdrawal.mail_template_withdrawal_received",
    "accepted": "order_withdrawal.mail_template_withdrawal_accepted",
    "declined": "order_withdrawal.mail_template_withdrawal_declined",
}
# No law asks for this e-mail: who archives its template wants none, see decision 37.
OPTIONAL = {"accepted"}
# What is sent where somebody has archived or deleted the template.
PLAIN_TEXTS = {
    "received": "order_withdrawal.mail_without_template",
    "accepted": "order_withdrawal.mail_accepted_without_template",
    "declined": "order_withdrawal.mail_declined_without_template",
}
# What did not reach the customer, and nobody has looked after; a decision that was taken back
# meanwhile need not reach anybody.
FAILED = (
    Domain("mail_state", "=", "failed")
    & Domain("is_mail_handled", "=", False)
    & (
        Domain("kind", "=", "received")
        | (Domain("kind", "=", "declined") & Domain("withdrawal_id.state", "=", "declined"))
        | (
            Domain("kind", "=", "accepted")
            & Domain("withdrawal_id.state", "in", ("accepted", "done"))
        )
    )
)


class SaleWithdrawalMail(models.Model):
    """The outbox of withdrawals: one row per e-mail and recipient.

    A row is pending until a mail server has accepted its e-mail. Statements may belong to no order,
    so that the history of an order cannot hold them.
    """

    _name = "sale.withdrawal.mail"
    _description = "E-mail about a Withdrawal"
    _order = "id"
    _rec_name = "email"

    withdrawal_id = fields.Many2one(
        comodel_name="sale.withdrawal", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        selection=[
            ("received", "Acknowledgement"),
            ("accepted", "Accepted"),
            ("declined", "Declined"),
        ],
        required=True,
    )
    email = fields.Char(string="To")
    mail_state = fields.Selection(
        selection=[
            ("pending", "Waiting"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("suppressed", "Held back"),
        ],
        string="E-mail",
        required=True,
        default="pending",
    )
    mail_error = fields.Char(string="E-mail error")
    mail_mail_id = fields.Many2one(
        comodel_name="mail.mail", ondelete="set null", index="btree_not_null"
    )
    mail_references = fields.Char(
        string="Message-Ids",
        help="Of the e-mails that left, the last one last: by them bounces are known.",
    )
    is_mail_handled = fields.Boolean(
        string="Handled", help="Somebody has looked after the failed e-mail."
    )
    is_handed_over = fields.Boolean(help="The e-mail was made, and is the mail queue's matter.")
    limit_key = fields.Char(help="Recipient and day, of e-mails of which there is one a day.")
    company_id = fields.Many2one(related="withdrawal_id.company_id", store=True, precompute=True)

    _limit_key_uniq = models.UniqueIndex("(limit_key) WHERE limit_key IS NOT NULL")
    # What counts for the limit of a sender, however many are held back, see `_is_flood`.
    _recent_idx = models.Index("(create_date) WHERE mail_state <> 'suppressed'")
    _due_idx = models.Index("(id) WHERE mail_state = 'pending' AND is_handed_over IS NOT TRUE")
    _references_idx = models.Index(REFERENCES_INDEX)

    # === WHAT IS TO BE MAILED === #

    @api.model
    def _queue(self, withdrawal, kind, email, **values):
        """Return a new row of the outbox.

        :param values: of other fields
        """
        # Known already, where the user's own company would be read.
        rows = self.with_company(withdrawal.company_id)
        return rows.create({"withdrawal_id": withdrawal.id, "kind": kind, "email": email, **values})

    def _queue_limited(self, withdrawal, kind, email):
        """Return a new row of an e-mail that nobody vouches for: held back, or the day's first.

        Most of a flood is held back: it is seen before the row is made.
        """
        key = withdrawal._get_limit_key(email)
        is_over = withdrawal._is_flood() or self.search_count([("limit_key", "=", key)], limit=1)
        if is_over:
            return self._queue(withdrawal, kind, email, mail_state="suppressed")
        row = self._queue(withdrawal, kind, email)
        if not row._take_daily_turn(key):
            row.mail_state = "suppressed"
        return row

    def _take_daily_turn(self, key):
        """Whether this is the first e-mail of the day to its recipient that nobody vouches for.

        The unique key decides, not a search before it: strangers post at the same moment.

        :param str key: see ``_get_limit_key`` of the statement
        """
        self.ensure_one()
        self.flush_recordset()
        try:
            with self.env.cr.savepoint(flush=False):
                # By SQL, since losing this race is nothing to log as an error.
                query = SQL(
                    "UPDATE sale_withdrawal_mail SET limit_key = %s WHERE id = %s", key, self.id
                )
                self.env.cr.execute(query, log_exceptions=False)
        except psycopg2.errors.UniqueViolation:
            return False
        self.invalidate_recordset(["limit_key"])
        return True

    @api.model
    def _is_wanted(self, kind):
        """Whether e-mails of this kind are sent: who archives a template may want none."""
        template = self.env.ref(TEMPLATES[kind], raise_if_not_found=False)
        return kind not in OPTIONAL or not template or template.active

    def _send_again(self):
        """Put these rows into the outbox once more, and take what waits out of the queue."""
        self._take_out_of_queue()
        self.write(
            {
                "mail_state": "pending",
                "mail_error": False,
                "mail_mail_id": False,
                "is_handed_over": False,
                "is_mail_handled": False,
            }
        )

    def _call_off(self, reason):
        """Let these rows never leave, and nobody look after them.

        :param str reason: shown beside them
        """
        self._take_out_of_queue()
        self.write(
            {
                "mail_state": "failed",
                "mail_error": reason,
                "mail_mail_id": False,
                "is_mail_handled": True,
            }
        )

    def _take_out_of_queue(self):
        waiting = self.mail_mail_id.filtered(lambda mail: mail.state in ("outgoing", "exception"))
        waiting.write({"state": "cancel"})

    def _needs_a_person(self):
        """Whether this e-mail was held back, or failed and nobody has looked after it."""
        self.ensure_one()
        return self.mail_state == "suppressed" or bool(self.filtered_domain(FAILED))

    # === RENDERING === #

    @api.model
    def _hand_over_due(self, limit=50):
        """Render due rows into Odoo's mail queue; those that another worker holds are skipped.

        :return: whether there may be more
        """
        due = self.search(
            [("mail_state", "=", "pending"), ("is_handed_over", "=", False)],
            order="id",
            limit=limit,
        )
        claimed = due.try_lock_for_update()
        for row in claimed:
            row._hand_over()
        if claimed:
            self.env["mail.mail"]._trigger_queue()
        return len(due) == limit

    def _hand_over(self):
        """Make the e-mail of this row; one that cannot be made never stops the others."""
        if not self._is_wanted(self.kind):
            self._call_off(self.env._("The e-mail template is archived."))
            return
        try:
            with self.env.cr.savepoint():
                mail = self._make_mail()
                self.write({"mail_mail_id": mail.id, "is_handed_over": True})
        except psycopg2.OperationalError:
            raise  # a clash with another transaction: it is still due at the next run
        except Exception as error:  # whatever a template may bring
            _logger.warning("Withdrawal e-mail %s could not be made", self.id, exc_info=True)
            self._mark_failed(str(error))

    def _make_mail(self):
        withdrawal = self.withdrawal_id
        env = withdrawal.env
        lang = withdrawal._get_reader_lang()
        record = withdrawal.with_company(withdrawal.company_id).with_context(lang=lang)
        template = env.ref(TEMPLATES[self.kind], raise_if_not_found=False)
        values = {"email_to": self.email, "email_cc": False, "recipient_ids": []}
        values["attachment_ids"] = self._make_attachments(record)
        if template and template.active:
            ready = template.with_company(withdrawal.company_id).with_context(lang=lang)
            mail_id = ready.send_mail(record.id, email_values=values)
            return env["mail.mail"].browse(mail_id)
        # The law asks for the e-mail, whatever became of its template.
        body = record.env["ir.qweb"]._render(PLAIN_TEXTS[self.kind], {"object": record})
        return env["mail.mail"].create(
            {
                **values,
                "subject": record._get_mail_subject(self.kind),
                "body_html": body,
                "email_from": withdrawal.company_id.email_formatted or env.user.email_formatted,
                "model": record._name,
                "res_id": record.id,
                "auto_delete": True,
            }
        )

    def _make_attachments(self, record):
        """Return the commands that attach the receipt as PDF; without it the text alone leaves."""
        if self.kind != "received":
            return []
        pdf, _error = try_pdf(record, record._make_receipt_pdf)
        return [(4, pdf.id)] if pdf else []

    # === WHAT CAME OF IT === #

    def _mark_failed(self, reason):
        if self:
            self.write({"mail_state": "failed", "mail_error": (reason or "")[:1000]})

    def _on_mail_sent(self):
        """The mail server accepted the e-mails of these rows."""
        self.write({"mail_state": "sent", "mail_error": False})
        keep_references(self)

    def _on_mail_bounced(self, reason):
        """The e-mails of these rows came back from a mail server behind ours.

        :param str reason: what that one said
        """
        self._mark_failed(self.env._("The e-mail came back: %(reason)s", reason=reason))

    def _on_mail_failed(self, reason, temporary):
        """The e-mails of these rows could not be delivered; for a day they are tried again.

        :param str reason: what the mail server said
        :param bool temporary: whether another try may help
        """
        now = fields.Datetime.now()
        again = self.filtered(
            lambda row: temporary and now - (row.mail_mail_id.create_date or now) < RETRY_TOTAL
        )
        again.write({"mail_error": (reason or "")[:1000]})
        (self - again)._mark_failed(reason)

    @api.model
    def _take_up_stranded(self):
        """Make e-mails anew that left the queue without a word: better twice than never."""
        stranded = self.search(
            [
                ("mail_state", "=", "pending"),
                ("is_handed_over", "=", True),
                ("mail_mail_id", "=", False),
            ]
        )
        stranded.try_lock_for_update()._send_again()
