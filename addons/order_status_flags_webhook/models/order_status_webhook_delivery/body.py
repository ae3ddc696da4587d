import json
import logging

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from odoo.addons.mail_delivery_retry.attempt import try_in_parts

_logger = logging.getLogger(__name__)

BATCH = 500
# In one transaction: what a change of a hundred thousand orders has to say takes minutes, and a
# process that is stopped meanwhile would begin anew for ever.
AT_ONCE = 2000


class OrderStatusWebhookDelivery(models.Model):
    """What a message says. Made once, a moment after the change, and the same at each attempt."""

    _inherit = "order.status.webhook.delivery"

    @api.model
    def _make_bodies(self):
        """Write what is to be said into the first messages that do not have it yet.

        What is left is due, and so the scheduled action comes again at once.
        """
        waiting = [("state", "=", "pending"), ("body", "=", False)]
        rows = self.search(waiting, order="id", limit=AT_ONCE)
        for batch in split_every(BATCH, rows.ids, self.browse):
            batch._make_batch()

    def _make_batch(self):
        history = self.env["sale.order.status.history"].browse(self.mapped("history_row"))
        changes = {row.id: row for row in history.exists()}
        shown = self._find_shown_before(list(changes))
        hidden = self.filtered(lambda row: row._is_hidden_since(changes.get(row.history_row)))
        hidden.unlink()

        def write_bodies(rows):
            for row in rows:
                row.body = _dump(row._prepare_message(changes.get(row.history_row), shown))

        try_in_parts(self - hidden, write_bodies, self._give_up_making)

    @api.model
    def _give_up_making(self, row, error):
        _logger.warning("Webhook message %s cannot be made", row.id, exc_info=True)
        row._give_up(str(error)[:1000])

    def _is_hidden_since(self, change):
        """Whether the status was hidden from customers since, and is none of this endpoint's."""
        status = change and change.status_id
        return bool(status) and not self.webhook_id.is_internal and not status.is_public

    def _prepare_message(self, change, shown):
        """Return the content of this message.

        :param change: row of the ``sale.order.status.history``
        :param dict shown: what the customer saw before, see ``_find_shown_before``
        :rtype: dict
        """
        order = self.order_id
        names = change.with_context(lang=order.company_id.partner_id.lang)
        previous = names.previous_status_id
        if not self.webhook_id.is_internal:
            previous = previous.browse(shown.get(change.id))
        status = names.status_id
        data = {
            "order": order.name or "",
            "external_ref": self._get_external_ref(order),
            "document_type": order.document_type or "",
            "previous_status": previous.name or "",
            "status": status.name or "",
            "status_code": status.code or "",
            "category": status.category or "",
            "source": change.source,
            "tracking_url": order.tracking_url or "",
        }
        if self.webhook_id.is_internal:
            data["flag"] = names.flag_id.name or ""
        return _prepare_envelope("order.status_changed", change.date, data)

    @api.model
    def _prepare_test(self):
        """Return the content of a message that tries an endpoint.

        :rtype: dict
        """
        text = self.env._("This is a test.")
        return _prepare_envelope("webhook.test", fields.Datetime.now(), {"message": text})

    @api.model
    def _get_external_ref(self, order):
        """Return the order's number in an outside ERP; an addon that knows of one has the field."""
        return "external_ref" in order._fields and order.external_ref or ""

    @api.model
    def _find_shown_before(self, row_ids):
        """Return what the customer saw before these changes, hidden statuses left out.

        :param list row_ids: of the history
        :return: ``{row id: status id or None}``
        :rtype: dict
        """
        if not row_ids:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT row.id, (
                        SELECT CASE WHEN seen.status_id IS NULL THEN NULL ELSE status.id END
                          FROM sale_order_status_history seen
                     LEFT JOIN sale_order_status status ON status.id = seen.status_id
                         WHERE seen.order_id = row.order_id
                           AND seen.id < row.id
                           AND (seen.status_id IS NULL OR status.is_public)
                      ORDER BY seen.id DESC
                         LIMIT 1)
                      FROM sale_order_status_history row
                     WHERE row.id = ANY(%s)
                    """,
                    list(row_ids),
                    to_flush=self.env["sale.order.status"]._fields["is_public"],
                )
            )
        )


def _prepare_envelope(kind, moment, data):
    """Return a message as Standard Webhooks wants it: type, time and data."""
    return {"type": kind, "timestamp": f"{moment.isoformat(timespec='seconds')}Z", "data": data}


def _dump(message):
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
