import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from odoo.addons.mail_delivery_retry.const import RETRY_FIRST, RETRY_LONGEST, RETRY_TOTAL

_logger = logging.getLogger(__name__)

# Fields that the mail worker may write; everything else is written once.
MAIL_FIELDS = {
    *("mail_state", "mail_kind", "mail_error", "mail_mail_id", "mail_due", "mail_attempts"),
    "is_resend",
}
RESENDABLE = ("failed", "suppressed", "sent")
# Until when an e-mail that is just leaving has most likely left.
LEAVING_PAUSE = timedelta(seconds=10)


class SaleOrderStatusHistory(models.Model):
    """One row per change of an order's status or flag, and the outbox of its e-mail.

    Rows are written by ``sale.order._apply_status_changes`` only, under the order's lock,
    and never altered or deleted afterwards, the mail fields aside. A row whose status has
    an e-mail template begins as ``pending``; the scheduled action renders pending rows in
    batches into Odoo's mail queue, and a row stays pending until a mail server has
    accepted (``sent``) or finally refused (``failed``) its e-mail.
    """

    _name = "sale.order.status.history"
    _description = "Order Status History"
    _order = "id desc"
    _rec_name = "status_id"
    # `user_id` and `date` say who and when; a second pair would only cost.
    _log_access = False

    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, index=True, ondelete="cascade", readonly=True
    )
    previous_status_id = fields.Many2one(
        comodel_name="sale.order.status", ondelete="restrict", readonly=True
    )
    status_id = fields.Many2one(
        comodel_name="sale.order.status",
        ondelete="restrict",
        index="btree_not_null",
        readonly=True,
    )
    flag_id = fields.Many2one(comodel_name="sale.order.flag", ondelete="restrict", readonly=True)
    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(comodel_name="res.users", string="Changed by", readonly=True)
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer who did it", readonly=True
    )
    source = fields.Selection(
        selection=[
            ("manual", "By hand"),
            ("flag", "Flag"),
            ("event", "Automatic"),
            ("customer", "Customer"),
            ("feed", "Other ERP"),
            ("install", "Installation"),
        ],
        required=True,
        readonly=True,
    )
    is_forced = fields.Boolean(string="Forced", readonly=True)
    note = fields.Char(readonly=True)
    duration = fields.Float(
        string="Hours in previous status",
        readonly=True,
        aggregator="avg",
        help="How long the order was in the previous status, in hours.",
    )
    mail_state = fields.Selection(
        selection=[
            ("none", "No e-mail"),
            ("pending", "Waiting"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("superseded", "Overtaken"),
            ("suppressed", "Not wanted"),
        ],
        string="E-mail",
        required=True,
        default="none",
        readonly=True,
        help="Overtaken: a newer status came before the e-mail left. Not wanted: sent without"
        " e-mail on purpose, or the status is not shown to customers.",
    )
    mail_kind = fields.Selection(
        selection=[],
        string="Kind of e-mail",
        readonly=True,
        help="Empty: the e-mail tells the status. Any other one goes out whatever the status has"
        " become since.",
    )
    mail_error = fields.Char(string="E-mail error", readonly=True)
    mail_mail_id = fields.Many2one(
        comodel_name="mail.mail",
        string="E-mail in the queue",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
    )
    mail_due = fields.Datetime(readonly=True, help="Not mailed before this moment.")
    mail_attempts = fields.Integer(readonly=True)
    is_resend = fields.Boolean(readonly=True, help="Somebody asked to send this e-mail again.")
    company_id = fields.Many2one(related="order_id.company_id")
    order_partner_id = fields.Many2one(related="order_id.partner_id", string="Customer")
    previous_status_color = fields.Integer(
        related="previous_status_id.color", string="Previous status color"
    )
    status_color = fields.Integer(related="status_id.color", string="Status color")
    flag_color = fields.Integer(related="flag_id.color", string="Flag color")

    _pending_idx = models.Index("(order_id) WHERE mail_state = 'pending'")
    _failed_idx = models.Index("(order_id) WHERE mail_state = 'failed'")
    _timeline_idx = models.Index("(order_id, id DESC)")

    # === CRUD METHODS === #

    def write(self, vals):
        if not vals.keys() <= MAIL_FIELDS:
            raise UserError(self.env._("The status history cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The status history cannot be deleted."))

    @api.model
    def _create_rows(self, vals_list):
        """Write the rows of one status change, and wake the mail worker if one is to be mailed.

        One INSERT: a clerk flags a thousand orders at once, and ``create`` alone would cost
        more than everything else. Addons with columns of their own give them a default in
        the database.

        :param list[dict] vals_list: in the order in which the changes happened, all with the
            same keys
        """
        if not vals_list:
            return
        defaults = {"mail_attempts": 0, "is_resend": False}
        columns = [*vals_list[0], *defaults]
        never_null = {
            name for name in columns if self._fields[name].type in ("boolean", "float", "integer")
        }
        rows = (
            tuple(
                value if name in never_null else value or None
                for name, value in zip(columns, [*vals.values(), *defaults.values()], strict=True)
            )
            for vals in vals_list
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) VALUES %s",
                SQL.identifier(self._table),
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        self.env["sale.order"].invalidate_model(["status_history_ids"], flush=False)
        # One trigger per moment: each company has its own time to hold mails back.
        for due in {vals["mail_due"] for vals in vals_list if vals["mail_state"] == "pending"}:
            self._trigger_mail_cron(due)

    @api.model
    def _trigger_mail_cron(self, at=None):
        # sudo: salespeople cannot read scheduled actions
        cron = self.env.ref("order_status_flags.ir_cron_status_mail").sudo()
        cron._trigger(at if at and at > fields.Datetime.now() else None)

    # === ACTION METHODS === #

    def action_resend_mail(self):
        """Send the e-mails of these changes once more.

        :return: True
        :raise UserError: when a row is not failed, suppressed or sent, or its status has no
            template or is internal
        :raise AccessError: without write access to the orders
        """
        self.check_access("read")
        self.order_id.check_access("write")
        rows = self.sudo()  # the mail fields are written for people who only read the history
        for row in rows:
            if refusal := row._get_resend_refusal():
                raise UserError(refusal)
        rows.write(
            {
                "mail_state": "pending",
                "mail_error": False,
                "mail_mail_id": False,
                "mail_attempts": 0,
                "mail_due": fields.Datetime.now(),
                "is_resend": True,
            }
        )
        self._trigger_mail_cron()
        return True

    def _get_resend_refusal(self):
        """Return why the e-mail of this change cannot be sent again, or False."""
        status = self.status_id
        if self.mail_state not in RESENDABLE:
            return self.env._(
                "Only an e-mail that was sent, failed or was not wanted can be sent again."
            )
        if self.mail_kind:
            return not self._get_mail_template() and self.env._("There is no such e-mail any more.")
        if not self._get_mail_template():
            return self.env._(
                "The status “%(status)s” has no e-mail template.", status=status.name or ""
            )
        if not status.is_public:
            return self.env._(
                "The status “%(status)s” is internal: customers get no e-mail about it.",
                status=status.name,
            )
        return False

    # === OUTBOX: WHAT IS TO BE MAILED === #

    def _get_mail_template(self):
        """Return the template of the e-mail of this row, empty when there is nothing to mail.

        :rtype: mail.template
        """
        if self.mail_kind:
            return self._get_template_of_kind(self.mail_kind)
        return self.status_id.mail_template_id

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
        template = template.with_context(order_status_mailed=mailed, mail_pdf_optional=True)
        return {mail.res_id: mail for mail in template.send_mail_batch(self.order_id.ids)}

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
        values = {
            "order_id": order.id,
            "previous_status_id": order.order_status_id.id,
            "status_id": order.order_status_id.id,
            "flag_id": order.order_flag_id.id,
            "date": fields.Datetime.now(),
            "user_id": self.env.uid,
            "source": "event",
            "is_forced": False,
            "duration": 0.0,
            "mail_state": "none",
        }
        self._create_rows([values])
        return self.search([("order_id", "=", order.id)], order="id desc", limit=1)

    # === OUTBOX: RENDERING === #

    @api.model
    def _cron_send_status_mails(self, batch_size=50):
        """Render pending rows that are due into Odoo's mail queue, batch by batch."""
        self._handle_stranded_mails()
        domain = self._get_due_domain()
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=self.search_count(domain))
        handed_over = False
        try:
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
        """Lock and return rows to mail; those that another worker holds are skipped."""
        rows = self.search(self._get_due_domain(), order="id", limit=limit)
        claimed = rows.try_lock_for_update()
        if rows and not claimed:
            # Another worker has this batch: go on behind it.
            rows = self.search(self._get_due_domain(), order="id", limit=limit, offset=limit)
            claimed = rows.try_lock_for_update()
        return claimed

    def _hand_over_mails(self):
        """Render these rows (claimed) into the mail queue; return whether any mail was made.

        One order that cannot be rendered is marked as failed and never stops the rest.
        """
        rows = self - self._silence_changed_codebook()
        rows -= rows._put_off_behind_leaving_mails()
        rows -= rows._supersede_known()
        rows -= rows._fail_without_address()
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
        """Render the rows in one go; if that fails, halve until the bad ones stand alone."""
        try:
            # A savepoint, so that a failing template leaves no half-made mails behind.
            with self.env.cr.savepoint():
                self._render_mails(template)
            return True
        except psycopg2.OperationalError:
            raise  # a clash with another transaction is no fault of the order: run again
        except Exception as error:
            if len(self) == 1:
                _logger.warning(
                    "Order status e-mail of history row %s failed", self.id, exc_info=True
                )
                self._mark_failed(str(error))
                return False
            half = len(self) // 2
            done = [part._render_isolated(template) for part in (self[:half], self[half:])]
            return any(done)

    def _render_mails(self, template):
        mails = self._make_mails(template)
        for row in self:
            row.mail_mail_id = mails[row.order_id.id]
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

    def _supersede_known(self):
        """Supersede rows that no longer tell the customer anything new; return them.

        That is a row overtaken by a later status, and one that brings the order back to
        what the customer knows: the last status mailed, else the one it was placed with.
        """
        rows = self._filter_about_status().filtered(lambda row: not row.is_resend)
        if not rows:
            return rows
        self.flush_model(["order_id", "status_id", "previous_status_id", "mail_state"])
        found = self.env.execute_query(
            SQL(
                """
                SELECT row.id
                  FROM sale_order_status_history row
                 WHERE row.id IN %(ids)s
                   AND (
                        EXISTS (
                            SELECT 1 FROM sale_order_status_history later
                             WHERE later.order_id = row.order_id
                               AND later.id > row.id
                               AND later.status_id IS DISTINCT FROM later.previous_status_id
                        )
                        OR row.status_id = (
                            SELECT known.status_id FROM sale_order_status_history known
                             WHERE known.order_id = row.order_id
                               AND known.id < row.id
                               AND known.id >= (%(placed)s)
                          ORDER BY (known.mail_state = 'sent') DESC,
                                   CASE WHEN known.mail_state = 'sent' THEN -known.id
                                        ELSE known.id END
                             LIMIT 1
                        )
                   )
                """,
                ids=tuple(rows.ids),
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

    def _fail_without_address(self):
        rows = self.filtered(lambda row: not row.order_id.partner_id.email)
        rows._mark_failed(self.env._("The customer has no e-mail address."))
        return rows

    def _mark_failed(self, message):
        if self:
            self.write({"mail_state": "failed", "mail_error": (message or "")[:1000]})

    def _supersede_mails(self):
        """Withdraw these pending rows, and their e-mails where one waits in the queue."""
        rows = self.try_lock_for_update()
        waiting = rows.mail_mail_id.try_lock_for_update().filtered(
            lambda mail: mail.state in ("outgoing", "exception")
        )
        rows = rows.filtered(lambda row: not row.mail_mail_id or row.mail_mail_id in waiting)
        waiting.write({"state": "cancel"})
        rows.write({"mail_state": "superseded"})

    # === OUTBOX: DELIVERY === #

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
