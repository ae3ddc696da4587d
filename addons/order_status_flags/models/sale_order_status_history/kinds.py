import logging

import psycopg2

from odoo import api, fields, models
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

TEMPLATES = {
    "delay": "order_status_flags.mail_template_order_delayed",
    "link": "order_status_flags.mail_template_order_link",
}


class SaleOrderStatusHistory(models.Model):
    """The outbox: our own e-mails that are not about a status, a delay and a link asked for."""

    _inherit = "sale.order.status.history"

    @api.model
    def _get_template_of_kind(self, kind):
        """Override of our own hook to name the templates of delays and of links asked for."""
        if kind not in TEMPLATES:
            return super()._get_template_of_kind(kind)
        # Not by `env.ref`, which asks the database each time: this is asked for each row.
        template_id = self.env["ir.model.data"]._xmlid_to_res_id(TEMPLATES[kind])
        return self.env["mail.template"].browse(template_id or ()).filtered("active")

    @api.model
    def _queue_due_mails(self):
        """Put into the outbox what is due by time, or was asked for without login.

        What fails is tried at the next run, and stops none of the e-mails about statuses.
        """
        orders = self.env["sale.order"]
        for queue in (
            orders._pass_promises,
            self._settle_waiting_delays,
            orders._queue_due_delays,
            self.env["sale.order.lookup"]._answer_all,
        ):
            try:
                # A savepoint, so that nothing is half done.
                with self.env.cr.savepoint():
                    queue()
            except psycopg2.OperationalError:
                raise  # a clash with another transaction: the whole run begins anew
            except Exception:  # whatever an order, a rule or an addon may bring
                _logger.exception("E-mails that are due cannot be put into the outbox")

    @api.model
    def _settle_waiting_delays(self):
        """Look once more at what was queued: it may be out of date, by the hour or by an order that
        is rejected now."""
        self._find_waiting("delay").order_id._settle_each()

    @api.model
    def _find_waiting(self, kind, orders=None):
        """Return the rows whose e-mail of a kind has not left yet.

        :param str kind: value of ``mail_kind``
        :param sale.order orders: only of these; None = of all
        """
        domain = Domain("mail_state", "=", "pending") & Domain("mail_kind", "=", kind)
        if orders is not None:
            domain &= Domain("order_id", "in", orders.ids)
        return self.search(domain)

    @api.model
    def _queue_mails(self, orders, kind):
        """Have an e-mail of a kind sent about each of these orders, by rows of their own.

        As ``_queue_mail``, for many orders in one statement.

        :param sale.order orders: (sudo) whose locks the caller holds
        :param str kind: value of ``mail_kind``
        """
        if not orders or not self._get_template_of_kind(kind):
            return
        wanted = not self.env.context.get("order_status_no_notify")
        mail = {
            "mail_kind": kind,
            "mail_state": "pending" if wanted else "suppressed",
            "mail_due": fields.Datetime.now(),
        }
        # What the rows say of the order, and what refers to them.
        self.env["sale.order"].flush_model(["order_status_id", "order_flag_id"])
        self._create_rows([{**self._prepare_mail_row(order), **mail} for order in orders])

    @api.model
    def _queue_links(self, orders):
        """Have the link of each of these orders (sudo) sent, by one row of each, used again.

        Strangers can ask for it every hour: the history does not grow by that.
        """
        rows = self.search([("order_id", "in", orders.ids), ("mail_kind", "=", "link")])
        self._queue_mails(orders - rows.order_id, "link")
        again = rows.filtered(lambda row: row.mail_state != "pending")
        if again:
            again.write(
                {
                    "mail_state": "pending",
                    "mail_error": False,
                    "mail_mail_id": False,
                    "mail_attempts": 0,
                    "mail_due": fields.Datetime.now(),
                }
            )
            self._trigger_mail_cron()

    def _says_another_date(self):
        """Whether the e-mail about a delay that was made says another date than is true now."""
        self.ensure_one()
        return self.mail_told_date != self.order_id._get_date_to_tell()

    def _render_mails(self, template):
        """Override of our own outbox to keep which date an e-mail about a delay names."""
        res = super()._render_mails(template)
        delays = self.filtered(lambda row: row.mail_kind == "delay")
        for day, rows in delays.grouped(lambda row: row.order_id._get_date_to_tell()).items():
            rows.write({"mail_told_date": day})
        return res

    def _hand_over_mails(self):
        """Override of our own outbox to send no link that leads nowhere any more."""
        void = self.filtered(
            lambda row: row.mail_kind == "link" and not row.order_id._has_tracking_page()
        )
        void |= self.filtered(
            lambda row: (
                row.mail_kind == "delay" and not row.is_resend and not row.order_id._is_delay_due()
            )
        )
        void.write({"mail_state": "superseded"})
        return super(SaleOrderStatusHistory, self - void)._hand_over_mails()
