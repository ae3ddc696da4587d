from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_normalize

from ...declaration import get_canonical_email
from ..sale_withdrawal_mail import FAILED

# How many e-mails an hour statements that fit no order cause from one sender; the statements
# themselves are all kept.
UNVERIFIED_PER_HOUR = 20


class SaleWithdrawal(models.Model):
    """Withdrawal: whom the acknowledgement goes to, and when it is held back."""

    _inherit = "sale.withdrawal"

    def _queue_acknowledgement(self):
        """Put the acknowledgement into the outbox, one e-mail a recipient.

        A statement that nobody vouches for must not make the shop mail strangers: at most one a
        day and recipient. What is held back is kept, with a button that sends it.
        """
        self.ensure_one()
        limited = not (self.is_verified or self.is_matched or self.source == "staff")
        outbox = self.mail_ids.browse()
        queue = outbox._queue_limited if limited else outbox._queue
        mails = outbox.union(*(queue(self, "received", email) for email in self._get_recipients()))
        # What is held back wakes nobody.
        if "pending" in mails.mapped("mail_state"):
            self._trigger_outbox()

    def _get_recipients(self):
        """Return the addresses of the acknowledgement.

        The order's own one when another is given, so that nobody withdraws for a customer who does
        not hear of it; the given one when it is sure who gave it, or there is no order to ask. None
        of a statement that was forgotten.

        :rtype: list[str]
        """
        self.ensure_one()
        if self.is_anonymised:
            return []
        given = email_normalize(self.email or "", strict=False) or self.email
        own = self.order_id._get_customer_emails()[:1] if self.order_id else []
        recipients = [email for email in own if email != given]
        is_known = self.is_verified or self.is_matched or self.source == "staff"
        if given and (is_known or not recipients):
            recipients.append(given)
        return recipients

    def _get_seller(self):
        """Override of `mail_delivery_retry`: e-mails leave in the name of the order's salesperson.

        The responsible person where the order has none.
        """
        return self.order_id._get_seller() or super()._get_seller()

    def _is_flood(self):
        """Whether this sender has caused enough e-mails to strangers within the hour."""
        if not self.origin_key:
            return False
        since = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        domain = (
            Domain("withdrawal_id.origin_key", "=", self.origin_key)
            & Domain("withdrawal_id.is_verified", "=", False)
            & Domain("mail_state", "!=", "suppressed")
            & Domain("create_date", ">=", since)
            & Domain("withdrawal_id", "!=", self.id)
        )
        caused = self.mail_ids.search_count(domain, limit=UNVERIFIED_PER_HOUR)
        return caused >= UNVERIFIED_PER_HOUR

    def _get_limit_key(self, email):
        """Return what is unique for one e-mail a day and recipient."""
        zone = self.company_id._get_withdrawal_zone()
        day = fields.Datetime.context_timestamp(self.with_context(tz=zone), self.received_at).date()
        return f"{get_canonical_email(email)}|{day.isoformat()}"

    # === ACTION METHODS === #

    def action_send_acknowledgement(self):
        """Send the e-mails that were held back or failed, or once more those that left.

        Whoever is a recipient only now, by an address that was mended, gets them as well.

        :return: True
        :raise UserError: when there is no address to send one to
        :raise AccessError: without write access to the statement
        """
        self._check_clerk()
        for withdrawal in self.sudo():  # sudo: nobody writes the outbox, see `_check_clerk`
            received = withdrawal.mail_ids.filtered(lambda mail: mail.kind == "received")
            due = withdrawal.mail_ids.filtered(lambda mail: mail._needs_a_person())
            due |= withdrawal._queue_missing("received", withdrawal._get_recipients())
            due |= withdrawal._queue_missing_answer()
            due = due or received.filtered(lambda mail: mail.mail_state in ("sent", "failed"))
            if withdrawal.is_anonymised or not (due or received):
                raise UserError(self.env._("There is no e-mail address to send it to."))
            due._send_again()
        self._trigger_outbox()
        return True

    def action_dismiss_failed_mail(self):
        """Take failed e-mails off the list: the customers were told in another way.

        The outbox goes on saying that they failed; the messages say who decided it.

        :return: True
        :raise AccessError: without write access to the statement
        """
        self._check_clerk()
        for withdrawal in self.filtered("has_failed_mail"):
            # sudo: nobody writes the outbox, see `_check_clerk`
            failed = withdrawal.sudo().mail_ids.filtered_domain(FAILED)
            failed.is_mail_handled = True
            withdrawal._message_log(
                body=self.env._(
                    "The failed e-mail needs no more attention. It had failed because: %(reason)s",
                    reason=failed[-1].mail_error or "",
                )
            )
        return True

    # === WHAT FOLLOWS FROM THE BUTTONS === #

    def _queue_missing(self, kind, emails):
        """Put an e-mail into the outbox for those of these addresses that have none.

        :return: the new rows
        """
        self.ensure_one()
        known = set(self.mail_ids.filtered(lambda mail: mail.kind == kind).mapped("email"))
        outbox = self.mail_ids.browse()
        missing = [email for email in emails if email not in known]
        return outbox.union(*(outbox._queue(self, kind, email) for email in missing))

    def _queue_to_given(self):
        """Put the acknowledgement for the given address into the outbox, unless it is there."""
        self._queue_missing("received", self._get_recipients())
        held_back = self.mail_ids.filtered(lambda mail: mail.mail_state == "suppressed")
        held_back._send_again()
        self._trigger_outbox()
