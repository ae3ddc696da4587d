from odoo import models
from odoo.tools import SQL

# What each message has of its own.
OWN_COLUMNS = ("id", "res_id", "body")


class SaleOrder(models.Model):
    """Notes of the ERP on thousands of orders at once."""

    _inherit = "sale.order"

    def _log_erp_notes(self, bodies):
        """Write a note for colleagues into the messages of each of these orders.

        Core makes the first one, with all that other addons do about it. The others are copies of
        its row with their own order and text, in one INSERT: made by core they would take three
        times as long as everything else of a push.

        :param dict bodies: ``{order id: Markup}``; texts of others are escaped in it
        """
        first, others = self[:1], self[1:]
        message = first._message_log_batch(bodies={first.id: bodies[first.id]})
        if others:
            message.flush_recordset()
            others._copy_erp_note(message, [str(bodies[order.id]) for order in others])

    def _copy_erp_note(self, message, bodies):
        """Give each of these orders a copy of a message, with a text of its own.

        :param mail.message message: sudo, of another order
        :param list[str] bodies: safe HTML, in the order of the orders
        """
        fields = (field for field in message._fields.values() if field.store and field.column_type)
        columns = [SQL.identifier(field.name) for field in fields if field.name not in OWN_COLUMNS]
        copied = SQL(", ").join(columns)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mail_message (%s, res_id, body)
                     SELECT %s, note.order_id, note.body
                       FROM mail_message,
                            unnest(%s::integer[], %s::text[])
                            WITH ORDINALITY AS note (order_id, body, place)
                      WHERE mail_message.id = %s
                   ORDER BY note.place
                """,
                copied,
                copied,
                self.ids,
                bodies,
                message.id,
            )
        )
        # What is known of the orders' messages is no longer all.
        lists = [
            name
            for name, field in self._fields.items()
            if field.type == "one2many" and field.comodel_name == message._name
        ]
        self.invalidate_recordset(lists, flush=False)
