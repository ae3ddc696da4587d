import logging
from contextlib import contextmanager

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.mail_delivery_retry.attempt import try_in_parts

from ...promise import OPEN_STATES

_logger = logging.getLogger(__name__)

BATCH = 1000


class SaleOrder(models.Model):
    """The promise: what passes with time, and the one e-mail about a delay.

    An order is mailed once about its promise: when it moves later by as many days as the company
    says, or passes with goods open. The e-mail waits in the outbox, is made by the dates of the
    moment at which it leaves, and is withdrawn when the order is back in time before that.
    """

    _inherit = "sale.order"

    promise_told = fields.Boolean(
        string="Delay was told",
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="The e-mail about the delay was made, or none is to be made any more.",
    )

    _delay_idx = models.Index(
        "(company_id) WHERE promise_state IN ('at_risk', 'late') AND promise_told IS NOT TRUE"
    )

    # === TIME PASSES === #

    @api.model
    def _cron_pass_promises(self):
        """Note which promises have passed with goods open, and queue the e-mails about delays."""
        progress, after = self.env["ir.cron"], 0
        try:
            while passed := self._pass_promises():
                if not progress._commit_progress(processed=passed):
                    return
            while due := self._queue_due_delays(after=after):
                after = due.ids[-1]
                if not progress._commit_progress(processed=len(due)):
                    return
        except psycopg2.OperationalError:
            # An order changed under our hands: once more in a moment.
            self.env.cr.rollback()
            self.env.invalidate_all()
            # sudo: as the scheduled action itself
            self.env.ref("order_status_flags.ir_cron_promise").sudo()._trigger()
            progress._commit_progress()

    @api.model
    def _pass_promises(self, limit=BATCH):
        """Note as late which promises have passed; return how many.

        :param int limit: at most so many orders; those that somebody else changes are left for
            the next time
        """
        self.flush_model(["promise_state", "promise_date", "company_id"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE sale_order
                   SET promise_state = 'late'
                 WHERE id IN (
                       SELECT id FROM sale_order
                        WHERE promise_state IN %(open)s AND promise_date < %(today)s
                     ORDER BY id LIMIT %(limit)s
                          FOR NO KEY UPDATE SKIP LOCKED)
             RETURNING id
                """,
                open=OPEN_STATES,
                today=self._select_today(SQL.identifier("sale_order", "company_id")),
                limit=limit,
            )
        )
        self.browse(row[0] for row in rows).invalidate_recordset(["promise_state"], flush=False)
        return len(rows)

    # === DELAYS === #

    def _follow_promises(self):
        """Look at the end of the transaction which of these orders have an e-mail to get or lose.

        Not at once: their promises are just being computed, and may move back.
        """
        delayed = self._origin.filtered(
            lambda order: (
                order.promise_told
                or order.company_id.order_status_delay_days
                and order.promise_state in ("at_risk", "late")
            )
        )
        if not delayed:
            return
        precommit = self.env.cr.precommit
        order_ids = precommit.data.setdefault("order_status_flags.promises", set())
        if not order_ids:
            precommit.add(self.env["sale.order"].sudo()._settle_followed)  # sudo: an event
        order_ids.update(delayed.ids)

    @api.model
    def _settle_followed(self):
        order_ids = self.env.cr.precommit.data.pop("order_status_flags.promises", ())
        self.browse(sorted(order_ids)).exists()._settle_delays()
        # All was flushed before; this comes just before the commit.
        self.env.flush_all()

    @api.model
    def _queue_due_delays(self, limit=BATCH, after=0):
        """Queue the e-mails about delays that are due; return the orders that were looked at.

        :param int limit: at most so many orders
        :param int after: only orders with a higher id
        """
        due = self._find_due_delays(limit, after)
        # Those that somebody else changes at this moment are looked at by that change.
        due.try_lock_for_update(allow_referencing=True)._settle_each()
        return due

    @api.model
    def _find_due_delays(self, limit=None, after=0):
        """Return the orders (sudo) whose customers are to be told of a delay, and were not."""
        names = ["promise_state", "promise_date", "promised_date", "promise_told", "company_id"]
        self.flush_model([*names, "customer_status_id"])
        self.env["res.company"].flush_model(["order_status_delay_days"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT so.id
                  FROM sale_order so
                  JOIN res_company company ON company.id = so.company_id
                 WHERE company.order_status_delay_days > 0
                   AND so.promise_told IS NOT TRUE
                   AND so.promise_state IN ('at_risk', 'late')
                   AND (so.promise_state = 'late'
                        OR so.promise_date - so.promised_date >= company.order_status_delay_days)
                   AND (so.customer_status_id = ANY(%(all_left)s)) IS NOT TRUE
                   AND so.id > %(after)s
              ORDER BY so.id LIMIT %(limit)s
                """,
                all_left=[*self.env["sale.order.status"]._get_all_left_ids()],
                after=after,
                limit=limit,
            )
        )
        return self.sudo().browse(row[0] for row in rows)  # sudo: an event

    def _is_delay_due(self):
        """Whether the customer of this order (sudo) is to know of a delay."""
        self.ensure_one()
        days = self.company_id.order_status_delay_days
        promise = self._get_customer_promise()
        if not days or not promise or promise["is_fulfilled"]:
            return False
        moved = promise["is_moved"] and (promise["present"] - promise["first"]).days
        return promise["is_late"] or moved >= days

    def _get_date_to_tell(self):
        """Return the new date that an e-mail about a delay of this order (sudo) names, False
        where it names none, as once that date has passed.

        :rtype: date or False
        """
        promise = self._get_customer_promise()
        return bool(promise) and not promise["is_late"] and promise["present"]

    def _settle_delays(self):
        """Queue, make anew or withdraw the e-mails about the delays of these orders (sudo).

        The caller holds the locks of the orders.
        """
        # sudo: nobody but the engine reads the outbox
        rows = self.env["sale.order.status.history"].sudo()._find_waiting("delay", self)
        due = self.filtered(lambda order: order._is_delay_due())
        # Back in time before the customer read anything: nothing was told.
        # What somebody sends once more was told before, and is wanted.
        void = rows.filtered(lambda row: row.order_id not in due and not row.is_resend)
        withdrawn = void._withdraw_mails()
        withdrawn.write({"mail_state": "superseded"})
        withdrawn.order_id._write_status_fields({"promise_told": False})
        # One that is made already may say a date that was good then. One that says the right date
        # stays: the mail server refuses it for now, and it is tried again for a day only.
        stale = rows.filtered(lambda row: row.order_id in due and row.mail_mail_id)
        stale.filtered(lambda row: row._says_another_date())._make_mails_anew()
        fresh = due.filtered(lambda order: not order.promise_told)
        fresh._write_status_fields({"promise_told": True})
        rows._queue_mails(fresh, "delay")

    def _settle_each(self):
        """Settle these delays; one on which that fails does not stop the others.

        An automation rule of others may fail on it.
        """

        def give_up(order, _error):
            _logger.warning("The delay of %s cannot be told", order.ids, exc_info=True)

        try_in_parts(self, lambda orders: orders._settle_delays(), give_up)

    def _settle_in_silence(self):
        """Settle at once what is changed by a caller who wants no e-mails.

        At the end of the transaction nobody knows the caller's context any more.
        """
        if self.env.context.get("order_status_no_notify"):
            # sudo: the outbox is nobody's to write
            self.sudo()._settle_delays()

    @api.model
    def _keep_delays_quiet(self, companies):
        """Have nobody mailed about the delays that are there: of an archive, or because a setting
        has changed.

        :param res.company companies: whose orders
        """
        orders = self._find_due_delays().filtered(lambda order: order.company_id in companies)
        orders._write_status_fields({"promise_told": True})

    @api.model
    @contextmanager
    def _keeping_uncovered_delays_quiet(self):
        """Have nobody mailed about delays that become due by what is done meanwhile.

        Who was to be told before is told all the same, also where the scheduled action has not yet
        noted that a promise has passed.
        """
        self._pass_promises(limit=None)
        before = self._find_due_delays()
        yield
        (self._find_due_delays() - before)._write_status_fields({"promise_told": True})
