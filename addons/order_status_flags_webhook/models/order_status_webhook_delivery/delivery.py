from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...signature import new_message_id

KEEP_SENT = timedelta(days=30)
KEEP_FAILED = timedelta(days=180)
VACUUM_LIMIT = 10_000


class OrderStatusWebhookDelivery(models.Model):
    """One message to one endpoint, and what became of it.

    Written in the transaction of the change, so that no message is lost and none is sent about
    what never happened; sent by a scheduled action.
    """

    _name = "order.status.webhook.delivery"
    _description = "Order Status Webhook Delivery"
    _order = "id desc"
    _rec_name = "message_id"
    # Rows come by the thousand, and `date` is all that anybody asks.
    _log_access = False

    webhook_id = fields.Many2one(
        comodel_name="order.status.webhook", required=True, ondelete="cascade", readonly=True
    )
    order_id = fields.Many2one(
        comodel_name="sale.order", ondelete="cascade", index="btree_not_null", readonly=True
    )
    # No Many2one: a row of the history goes only with its order, and one more foreign key would
    # cost at each change.
    history_row = fields.Integer(readonly=True)
    message_id = fields.Char(
        string="webhook-id",
        required=True,
        readonly=True,
        help="The same at each attempt: the receiver knows by it what it has got already.",
    )
    state = fields.Selection(
        selection=[("pending", "Waiting"), ("sent", "Sent"), ("failed", "Failed")],
        required=True,
        default="pending",
        readonly=True,
    )
    body = fields.Text(readonly=True, help="What is sent, to the letter. Empty: not made yet.")
    date = fields.Datetime(string="Changed on", readonly=True, required=True)
    attempts = fields.Integer(readonly=True)
    begun = fields.Datetime(
        readonly=True, help="Since when it is tried: three days later it is given up."
    )
    next_try = fields.Datetime(string="Next attempt", readonly=True)
    claimed_until = fields.Datetime(
        readonly=True, help="Another process is sending it; should that one die, it counts no more."
    )
    sent_on = fields.Datetime(string="Delivered on", readonly=True)
    answer_code = fields.Integer(string="HTTP status", readonly=True)
    answer = fields.Text(
        readonly=True, help="The beginning of what the endpoint answered, or why it did not."
    )

    # `next_try` first: what is put off is not looked at again and again.
    _due_idx = models.Index("(webhook_id, next_try, id) WHERE state = 'pending'")
    _first_idx = models.Index("(webhook_id, order_id, id) WHERE state = 'pending'")
    _done_idx = models.Index("(date) WHERE state != 'pending'")

    # === QUEUE === #

    @api.model
    def _queue(self, told):
        """Write down what is to be sent, with a single INSERT, and wake the scheduled action.

        :param told: ``[(webhook id, StatusChange)]``
        """
        if not told:
            return
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO order_status_webhook_delivery (
                            webhook_id, order_id, history_row, message_id, state, attempts,
                            date, begun, next_try)
                     SELECT webhook_id, order_id, row_id, message_id, 'pending', 0,
                            %(now)s, %(now)s, %(now)s
                       FROM unnest(%(webhooks)s::int[], %(orders)s::int[], %(rows)s::int[],
                                   %(messages)s::varchar[])
                         AS told (webhook_id, order_id, row_id, message_id)
                """,
                now=now,
                webhooks=_format_array(webhook_id for webhook_id, _change in told),
                orders=_format_array(change.order.id for _webhook_id, change in told),
                rows=_format_array(change.history_id for _webhook_id, change in told),
                messages=_format_array(new_message_id() for _pair in told),
            )
        )
        self._trigger_cron()

    @api.model
    def _trigger_cron(self, at=None):
        # sudo: salespeople cannot read scheduled actions
        self.env.ref("order_status_flags_webhook.ir_cron_webhook").sudo()._trigger(at)

    # === ACTION METHODS === #

    def action_resend(self):
        """Send these messages once more, with the same ids; those that wait are sent at once.

        :return: True
        :raise AccessError: for whoever may not set up webhooks
        :raise UserError: while a webhook is switched off: nothing would be sent, and the answers
            that are known would be lost
        """
        self.check_access("read")
        self.webhook_id.check_access("write")
        if off := self.webhook_id.filtered(lambda webhook: not webhook.active):
            raise UserError(
                self.env._(
                    "%(name)s is switched off. Switch it on first.", name=off[0].display_name
                )
            )
        now = fields.Datetime.now()
        rows = self.sudo()  # sudo: nobody writes deliveries, this is the one way to have one sent
        rows.write({"state": "pending", "attempts": 0, "begun": now, "next_try": now})
        rows.webhook_id.write({"resting_until": False})
        self._trigger_cron()
        return True

    # === WHAT BECAME OF IT === #

    @api.model
    def _hasten(self, webhook):
        """Send at once what was put off for an endpoint that answers again."""
        rows = self.search([("webhook_id", "=", webhook.id), ("state", "=", "pending")])
        rows.write({"next_try": fields.Datetime.now()})

    def _give_up(self, reason):
        """Mark those of these messages that still wait as failed.

        :param str reason: for the administrator
        """
        rows = self.filtered(lambda row: row.state == "pending")
        rows.write({"state": "failed", "answer": reason, "claimed_until": False})

    @api.autovacuum
    def _gc_old_deliveries(self):
        """Delete what was sent a month ago, and what failed half a year ago."""
        now = fields.Datetime.now()
        domain = [
            *("|", "&", ("state", "=", "sent"), ("date", "<", now - KEEP_SENT)),
            *("&", ("state", "=", "failed"), ("date", "<", now - KEEP_FAILED)),
        ]
        rows = self.search(domain, limit=VACUUM_LIMIT)
        rows.unlink()
        return len(rows), len(rows) == VACUUM_LIMIT


def _format_array(values):
    """Return ids as PostgreSQL reads an array: one value to quote, and not each of thousands."""
    return f"{{{','.join(map(str, values))}}}"
