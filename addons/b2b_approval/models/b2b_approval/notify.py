import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...context_keys import DECIDING

_logger = logging.getLogger(__name__)


class B2bApproval(models.Model):
    """Who is told what, reminders, and the end of requests that nobody decided on."""

    _inherit = "b2b.approval"

    def _tell_requester(self):
        """Tell the buyer what was decided; the pro-forma of a placed order tells him itself.

        Of an approval, only what the approvers changed or said.
        """
        decided = self.decision_ids
        if self.state == "approved" and not any(one.changes or one.comment for one in decided):
            return
        # sudo: the buyer may have no record of his own
        self.env["b2b.approval.notice"].sudo()._queue_result(self)

    def _get_seller(self):
        """Return the salesperson of the order, as `mail_delivery_retry` asks of a document."""
        return self.order_id._get_seller()

    def _get_seller_at_work(self):
        """Return the salesperson of the order, empty when that person has left."""
        return self.order_id._get_seller_at_work()

    @api.model
    def _cron_follow_up(self):
        """Ask, remind, and let requests expire; one by one, each committed."""
        now = fields.Datetime.now()
        pending = self.search([("state", "=", "pending")], order="expires_on")
        due = pending.filtered(lambda one: one.expires_on <= now or one._is_reminder_due(now))
        # Who decides changes by itself: somebody goes on holiday, another one leaves.
        unasked = (pending - due)._get_unasked()
        due |= pending.filtered(unasked.get)
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for approval in due:
            approval._try_to_follow_up(now)
            self.env["ir.cron"]._commit_progress(1)

    def _try_to_follow_up(self, now):
        """Ask, remind or expire; one that fails must not hold up the others."""
        approval = self.with_context(b2b_deciding=DECIDING)
        try:
            with self.env.cr.savepoint():
                if self.expires_on <= now:
                    approval._expire()
                elif self.try_lock_for_update(allow_referencing=True):
                    approval._remind(now)
        except (UserError, psycopg2.OperationalError):
            # Somebody decides at this moment: the next run looks again.
            _logger.info("B2B approval %s is left to the next run", self.id, exc_info=True)
            self.env.invalidate_all()

    def _is_reminder_due(self, now):
        """Whether it is time for the next of two reminders: at half time, and at nine tenths."""
        shares = (0.5, 0.9)
        if self.reminder_count >= len(shares):
            return False
        begun = self.create_date
        # Whole days, whatever the hour of the request: it ends with its last day.
        days = timedelta(days=(self.expires_on - begun).days)
        return now >= begun + days * shares[self.reminder_count]

    def _remind(self, now):
        """Ask whoever has to decide now: once more when it is time, else who was never asked.

        :param datetime now: of the run
        """
        if self.state != "pending":
            return
        Notice = self.env["b2b.approval.notice"]
        if self._is_reminder_due(now):
            self.write({"reminder_count": self.reminder_count + 1})
            Notice._queue(self, "remind", self._get_current_deciders())
        else:
            Notice._queue(self, "ask", self._get_unasked()[self])
