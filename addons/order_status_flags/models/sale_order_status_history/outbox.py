import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.mail_delivery_retry.attempt import try_in_parts

from ...context_keys import CompiledBodies

_logger = logging.getLogger(__name__)

# Until when an e-mail that is just leaving has most likely left.
LEAVING_PAUSE = timedelta(seconds=10)


class SaleOrderStatusHistory(models.Model):
    """The outbox: pending rows are rendered into Odoo's mail queue, or found to be overtaken."""

    _inherit = "sale.order.status.history"

    # === WHAT IS TO BE MAILED === #

    def _get_mail_template(self):
        """Return the template of the e-mail of this row, empty when there is nothing to mail.

        :rtype: mail.template
        """
        if self.mail_kind:
            return self._get_template_of_kind(self.mail_kind)
        template = self.status_id._get_mail_template()
        if not template and self.status_id and self._is_rejection_known(self.order_id, before=self):
            return self.env["sale.order"]._get_revival_template()
        return template

    @api.model
    def _is_rejection_known(self, order, before=None):
        """Whether the last e-mail about the status of an order told that it is rejected.

        :param sale.order order: one order (sudo)
        :param before: the row of a later change, if it is there already
        """
        if not order.was_rejection_mailed:
            return False
        # A rejection that waits may leave at this moment; the worker asks again. Another status
        # that waits tells nothing yet, and is overtaken by the one that is asked about.
        waits = Domain("mail_state", "=", "pending") & Domain("status_id.category", "=", "rejected")
        domain = (Domain("mail_state", "=", "sent") | waits) & Domain("mail_kind", "=", False)
        domain &= Domain("order_id", "=", order.id)
        if before:
            domain &= Domain("id", "<", before.id)
        return self.search(domain, order="id desc", limit=1).status_id.category == "rejected"

    @api.model
    def _get_template_of_kind(self, kind):
        """Return the template of e-mails that are not about the status, empty = silent.

        A hook: an addon with such e-mails adds their kind to ``mail_kind``, says here which
        template is theirs, and puts an e-mail into the outbox by `_queue_mail`.

        :param str kind: value of ``mail_kind``
        :rtype: mail.template
        """
        return self.env["mail.template"]

    def _make_mails(self, template):
        """Make the e-mails of these rows, which are of one template, company and kind.

        A hook for kinds of e-mails that are made in another way.

        :return: ``{order id: mail.mail}``; the e-mail is empty where the customer was told
            without one
        :rtype: dict
        """
        mailed = tuple((row.order_id.id, row.status_id.id) for row in self)
        template = template.with_context(
            order_status_mailed=mailed,
            order_status_compiled=CompiledBodies(),
            mail_pdf_optional=True,
        )
        mails = template.send_mail_batch(self.order_id.ids)
        self._lead_answers_to_orders(mails)
        return {mail.res_id: mail for mail in mails}

    @api.model
    def _lead_answers_to_orders(self, mails):
        """Have answers to e-mails reach their orders, unless the template says where they go.

        To the alias or the catchall address, as those to the order's messages; without one to
        the sender. `mail.thread.message_route` finds the order again.
        """
        mails = mails.filtered(lambda mail: not mail.reply_to)
        orders = self.env["sale.order"].browse(mails.mapped("res_id"))
        if not orders:
            return
        authors = {
            order.id: (order._get_seller_at_work().partner_id or order.company_id.partner_id).id
            for order in orders
        }
        senders = {mail.res_id: mail.email_from for mail in mails}
        found = orders._notify_get_reply_to_batch(defaults=senders, author_ids=authors)
        for reply_to, answered in mails.grouped(lambda mail: found[mail.res_id]).items():
            answered.write({"reply_to": reply_to})

    @api.model
    def _queue_mail(self, order, kind):
        """Have an e-mail about an order sent that is not about its status; nothing else changes.

        It leaves by the outbox: tried again when it cannot be delivered, *Failed* with *Resend*
        in the end, never overtaken by a status. The caller holds the order's lock. The row is the
        one that tells how the order was placed, where that one has nothing to mail; else a row of
        its own, whose status is the one before.

        :param sale.order order: one order
        :param str kind: value of ``mail_kind``
        """
        if not self._get_template_of_kind(kind):
            return
        # sudo: nobody may write the history, and whoever's action causes the e-mail may not read it
        rows = self.sudo()
        row = rows.search([("order_id", "=", order.id)], order="id desc", limit=1)
        if not row or row.previous_status_id or row.mail_state != "none":
            row = rows._add_mail_row(order.sudo())
        wanted = not self.env.context.get("order_status_no_notify")
        row.write(
            {
                "mail_kind": kind,
                "mail_state": "pending" if wanted else "suppressed",
                "mail_due": fields.Datetime.now(),
            }
        )
        if wanted:
            self._trigger_mail_cron()

    def _add_mail_row(self, order):
        """Return a new row that changes nothing, the last one of its order."""
        values = {**self._prepare_mail_row(order), "mail_state": "none"}
        return self.browse(self._create_rows([values]))

    @api.model
    def _prepare_mail_row(self, order):
        """Return the values of a row that changes nothing of an order (sudo)."""
        return {
            "order_id": order.id,
            "previous_status_id": order.order_status_id.id,
            "status_id": order.order_status_id.id,
            "flag_id": order.order_flag_id.id,
            "date": fields.Datetime.now(),
            "user_id": self.env.uid,
            "source": "event",
            "is_forced": False,
            "duration": 0.0,
        }

    # === RENDERING === #

    @api.model
    def _cron_send_status_mails(self, batch_size=50):
        """Render pending rows that are due into Odoo's mail queue, batch by batch."""
        self._handle_stranded_mails()
        domain = self._get_due_domain()
        progress = self.env["ir.cron"]
        handed_over = False
        try:
            self._queue_due_mails()
            progress._commit_progress(remaining=self.search_count(domain))
            while rows := self._claim_due_rows(batch_size):
                handed_over |= rows._hand_over_mails()
                # One commit a batch: mails handed over are never rendered again when a later
                # batch fails or the worker is stopped.
                if not progress._commit_progress(processed=len(rows)):
                    break
        except psycopg2.OperationalError:
            # An order changed under our hands: this batch is rendered anew in a moment.
            self.env.cr.rollback()
            self.env.invalidate_all()
            self._trigger_mail_cron()
            progress._commit_progress()
        if handed_over:
            self.env["mail.mail"]._trigger_queue()
            progress._commit_progress()

    @api.model
    def _get_due_domain(self):
        return (
            Domain("mail_state", "=", "pending")
            & Domain("mail_mail_id", "=", False)
            & Domain("mail_due", "<=", fields.Datetime.now())
        )

    @api.model
    def _claim_due_rows(self, limit):
        """Lock and return rows to mail; those that another worker holds are skipped.

        E-mails about the status first: they are quickly made, and others may bring a PDF.
        """
        order = "mail_kind NULLS FIRST, id"
        rows = self.search(self._get_due_domain(), order=order, limit=limit)
        claimed = rows.try_lock_for_update()
        if rows and not claimed:
            # Another worker has this batch: go on behind it.
            rows = self.search(self._get_due_domain(), order=order, limit=limit, offset=limit)
            claimed = rows.try_lock_for_update()
        return claimed

    def _hand_over_mails(self):
        """Render these rows (claimed) into the mail queue; return whether any mail was made.

        One order that cannot be rendered is marked as failed and never stops the rest.
        """
        waiting = self.filtered(lambda row: row.mail_state == "pending" and row.mail_due)
        rows = waiting - waiting._silence_changed_codebook()
        rows -= rows._put_off_behind_leaving_mails()
        rows -= rows._supersede_known()
        rows -= rows._fail_without_recipient()
        batches = {}
        for row in rows:
            order = row.order_id
            key = (row._get_mail_template(), order.company_id, row.mail_kind)
            batches.setdefault((*key, row.is_resend and row.id), []).append(row.id)
        handed_over = False
        for (template, company, _kind, _resend), row_ids in batches.items():
            batch = rows.browse(row_ids).with_company(company)
            handed_over |= batch._render_isolated(template.with_company(company))
        return handed_over

    def _render_isolated(self, template):
        """Render the rows; one that cannot be is marked as failed. Return whether any could."""

        def give_up(row, error):
            _logger.warning("Order status e-mail of history row %s failed", row.id, exc_info=True)
            row._mark_failed(str(error))

        return bool(try_in_parts(self, lambda rows: rows._render_mails(template), give_up))

    def _render_mails(self, template):
        mails = self._make_mails(template)
        for row in self:
            # Handed over once: what disappears from the queue is not made anew.
            row.write({"mail_mail_id": mails[row.order_id.id].id, "mail_due": False})
        self.filtered(lambda row: not row.mail_mail_id)._on_mail_sent()

    def _filter_about_status(self):
        """Return the rows whose e-mail tells the status, and which a later status overtakes."""
        return self.filtered(lambda row: not row.mail_kind)

    def _put_off_behind_leaving_mails(self):
        """Put off and return the rows of orders whose e-mail before is leaving at this moment.

        What the customer knows, and so whether there is anything to tell, is certain only when
        that one is sent or failed. An e-mail before that still waits is withdrawn: it was kept
        from it when the status changed, since the mail queue was just trying to send it.
        """
        rows = self._filter_about_status().filtered(lambda row: not row.is_resend)
        latest = {row.order_id: row.id for row in rows.sorted("id")}
        before = self.search(
            [
                ("order_id", "in", rows.order_id.ids),
                ("mail_state", "=", "pending"),
                ("mail_mail_id", "!=", False),
                ("mail_kind", "=", False),
            ]
        ).filtered(lambda row: row.id < latest[row.order_id])
        if not before:
            return before
        before._supersede_mails()
        leaving = before.filtered(lambda row: row.mail_state == "pending").order_id
        put_off = rows.filtered(lambda row: row.order_id in leaving)
        if put_off:
            again = fields.Datetime.now() + LEAVING_PAUSE
            put_off.write({"mail_due": again})
            self._trigger_mail_cron(again)
        return put_off

    def _overtakes_mails(self):
        """Whether what an e-mail that still waited would tell no longer held from this row on.

        The twin of `StatusChange.overtakes_mails`, for a change that was made.
        """
        self.ensure_one()
        status = self.status_id
        return status != self.previous_status_id and (
            not status or status.is_public or status.category == "rejected"
        )

    def _supersede_known(self):
        """Supersede rows that no longer tell the customer anything new; return them.

        That is a row overtaken by a later status that the customer sees, or by a rejection, and
        one that brings the order back to what he knows: the last status mailed, else the one it
        was placed with. An order that was taken up again after a rejection was placed a second
        time in silence. What was undone overtakes nothing; the status that came back may.
        """
        rows = self._filter_about_status().filtered(lambda row: not row.is_resend)
        if not rows:
            return rows
        revived = rows.filtered(
            lambda row: (
                row.status_id.category != "rejected"
                and self._is_rejection_known(row.order_id, before=row)
            )
        )
        self.flush_model()
        self.env["sale.order.status"].flush_model(["category", "is_public"])
        found = self.env.execute_query(
            SQL(
                """
                SELECT row.id
                  FROM sale_order_status_history row
                 WHERE row.id IN %(ids)s
                   AND (
                        EXISTS (
                            SELECT 1 FROM sale_order_status_history later
                         LEFT JOIN sale_order_status status ON status.id = later.status_id
                             WHERE later.order_id = row.order_id
                               AND later.id > row.id
                               AND later.status_id IS DISTINCT FROM later.previous_status_id
                               AND NOT EXISTS (
                                    SELECT 1 FROM sale_order_status_history undo
                                     WHERE undo.undone_id = later.id
                               )
                               AND (
                                    later.status_id IS NULL
                                    OR status.is_public
                                    OR status.category = 'rejected'
                               )
                        )
                        OR row.id NOT IN %(revived)s AND row.status_id = (
                            SELECT known.status_id FROM sale_order_status_history known
                             WHERE known.order_id = row.order_id
                               AND known.id < row.id
                               AND known.id >= (%(placed)s)
                               AND (%(is_told)s OR %(is_placed)s)
                          ORDER BY %(is_told)s DESC, known.id DESC
                             LIMIT 1
                        )
                   )
                """,
                ids=tuple(rows.ids),
                revived=tuple(revived.ids) or (0,),
                # An e-mail about a delay, or the link, tells no status.
                is_told=SQL("(known.mail_state = 'sent' AND known.mail_kind IS NULL)"),
                # What somebody has set since, or along with it, is known when it was mailed.
                is_placed=SQL(
                    "known.previous_status_id IS NULL AND known.status_id IS NOT NULL"
                    " AND known.source IN ('event', 'install')"
                ),
                # the row with which the order was placed the last time
                placed=SQL(
                    """
                    SELECT MAX(first.id) FROM sale_order_status_history first
                     WHERE first.order_id = row.order_id
                       AND first.id < row.id
                       AND first.previous_status_id IS NULL
                       AND first.status_id IS NOT NULL
                    """
                ),
            )
        )
        superseded = self.browse(row_id for (row_id,) in found)
        superseded.write({"mail_state": "superseded"})
        return superseded

    def _silence_changed_codebook(self):
        """Return the rows, now silent, whose status lost its template or was hidden since."""
        silent = self.filtered(lambda row: not row._get_mail_template())
        about_status = (self - silent)._filter_about_status()
        hidden = about_status.filtered(lambda row: not row.status_id.is_public)
        silent.write({"mail_state": "none"})
        hidden.write({"mail_state": "suppressed"})
        return silent | hidden

    def _fail_without_recipient(self):
        """Mark as failed, and return, the rows of orders about which nobody can be mailed."""
        failed = self.browse()
        by_template = self.grouped(lambda row: row._get_mail_template())
        for template, rows in by_template.items():
            recipients = rows.order_id._get_mail_recipients(template)
            for row in rows:
                if obstacle := row.order_id._get_mail_obstacle(recipients[row.order_id.id]):
                    row._mark_failed(obstacle)
                    failed |= row
        return failed

    def _mark_failed(self, message):
        if self:
            self.write(
                {
                    "mail_state": "failed",
                    "mail_error": (message or "")[:1000],
                    "is_mail_handled": False,
                }
            )

    def _supersede_mails(self):
        """Withdraw these pending rows, and their e-mails where one waits in the queue."""
        self._withdraw_mails().write({"mail_state": "superseded"})

    def _await_again(self):
        """Have these overtaken rows wait again, at their time: what overtook them was undone.

        The worker decides as always whether they are news.
        """
        # An e-mail that was made already was cancelled when it was overtaken.
        self.write(
            {
                "mail_state": "pending",
                "mail_error": False,
                "mail_mail_id": False,
                "mail_attempts": 0,
            }
        )
        self.filtered(lambda row: not row.mail_due).write({"mail_due": fields.Datetime.now()})
        for due in set(self.mapped("mail_due")):
            self._trigger_mail_cron(due)

    def _make_mails_anew(self):
        """Withdraw the waiting e-mails of these pending rows; the next run makes new ones."""
        rows = self._withdraw_mails()
        rows.write({"mail_mail_id": False, "mail_attempts": 0, "mail_due": fields.Datetime.now()})
        if rows:
            self._trigger_mail_cron()

    def _withdraw_mails(self):
        """Take e-mails out of the queue; return the rows whose e-mail is not leaving just now."""
        rows = self.try_lock_for_update()
        waiting = rows.mail_mail_id.try_lock_for_update().filtered(
            lambda mail: mail.state in ("outgoing", "exception")
        )
        rows = rows.filtered(lambda row: not row.mail_mail_id or row.mail_mail_id in waiting)
        waiting.write({"state": "cancel"})
        return rows
