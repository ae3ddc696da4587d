from odoo import fields, models
from odoo.tools import SQL, hmac

from ...order_calendar import make_calendar


class SaleOrder(models.Model):
    """Order status: the public page that keeps itself up to date, and its calendar file."""

    _inherit = "sale.order"

    # === WHAT THE PAGE IS MADE OF === #

    def _get_page_etag(self, reader):
        """Return what stands for the present content of the public page, for its ETag.

        It covers everything that the page is made of: the rows that it reads (a changed row is a
        new one to PostgreSQL, with another ``xmin`` or ``ctid``, whoever changed it in whichever
        way), the language, the time zone and the day of the reader, and the templates and
        translations of this server. It may change although the page does not; the page may not
        change although it does not. As a keyed hash it tells nothing about any of that.

        :param res.users reader: who looks at the page, perhaps the public user
        :rtype: str
        """
        self.ensure_one()
        self.env.flush_all()
        order = self.sudo()  # as the page itself
        [(rows,)] = self.env.execute_query(
            SQL(
                "SELECT md5(string_agg(seen::text, ',' ORDER BY seen::text)) FROM (%s) AS seen",
                SQL(" UNION ALL ").join(order._select_page_rows()),
            )
        )
        registry = self.env.registry
        made_by = (
            *(rows, self.env.lang, self.env.context.get("tz"), reader._is_public()),
            order._get_promise_days()[order.company_id].isoformat(),
            *(registry.registry_sequence, registry.cache_sequences.get("templates")),
        )
        # sudo: visitors do not read secrets
        return hmac(order.env, "order_status_page", made_by)[:32]

    def _select_page_rows(self):
        """Return queries of ``(what, id, version)`` of the rows that the public page shows.

        Hook: addons that show more of an order add their rows. Read as superuser.

        :rtype: list[SQL]
        """
        self.ensure_one()
        lines = SQL("SELECT id FROM sale_order_line WHERE order_id = %s", self.id)
        partners = tuple((self.partner_id | self.partner_id.commercial_partner_id).ids)
        answers = SQL("SELECT answer_id FROM sale_order_question WHERE order_id = %s", self.id)
        return [
            self._select_versions("sale_order", SQL("id = %s", self.id)),
            self._select_versions("sale_order_line", SQL("order_id = %s", self.id)),
            self._select_versions("sale_order_question", SQL("order_id = %s", self.id)),
            self._select_versions("mail_message", SQL("id IN (%s)", answers)),
            self._select_versions("sale_order_status", SQL("true")),
            self._select_versions("res_lang", SQL("active")),
            self._select_versions("res_company", SQL("id = %s", self.company_id.id)),
            self._select_versions(
                "res_partner", SQL("id IN %s", (*partners, self.company_id.partner_id.id))
            ),
            # The history only grows; what becomes of its e-mails is not on the page.
            SQL(
                "SELECT 'history', COALESCE(MAX(id), 0), '' FROM sale_order_status_history"
                " WHERE order_id = %s",
                self.id,
            ),
            self._select_versions(
                "product_template",
                SQL(
                    "id IN (SELECT product_tmpl_id FROM product_product WHERE id IN (SELECT"
                    " product_id FROM sale_order_line WHERE order_id = %s))",
                    self.id,
                ),
            ),
            self._select_versions(
                "uom_uom",
                SQL(
                    "id IN (SELECT product_uom_id FROM sale_order_line WHERE order_id = %s)",
                    self.id,
                ),
            ),
            # Whether the order can still be cancelled.
            self._select_versions(
                "account_move",
                SQL(
                    "id IN (SELECT move_id FROM account_move_line WHERE id IN (SELECT"
                    " invoice_line_id FROM sale_order_line_invoice_rel WHERE order_line_id IN"
                    " (%s)))",
                    lines,
                ),
            ),
            self._select_versions(
                "payment_transaction",
                SQL(
                    "id IN (%(paid)s) OR source_transaction_id IN (%(paid)s)",
                    paid=SQL(
                        "SELECT transaction_id FROM sale_order_transaction_rel"
                        " WHERE sale_order_id = %s",
                        self.id,
                    ),
                ),
            ),
        ]

    def _select_versions(self, table, condition):
        """SQL of ``(table, id, version)`` of some rows of a table.

        :param str table: name
        :param SQL condition: of the rows
        """
        return SQL(
            "SELECT %s, id, (xmin, ctid)::text FROM %s WHERE %s",
            table,
            SQL.identifier(table),
            condition,
        )

    # === CALENDAR FILE === #

    def _get_promise_calendar(self):
        """Return the promised day as a calendar file, False when none is promised.

        :rtype: str or False
        """
        self.ensure_one()
        promise = self._get_customer_promise()
        if not promise:
            return False
        order = self.sudo()  # for who has the link
        # The same for every version, and nothing to be learned from it.
        uid = hmac(order.env, "order_status_calendar", order.id)[:32]
        return make_calendar(
            uid=f"{uid}@order-status",
            day=promise["present"],
            sequence=order.promise_sequence,
            stamp=fields.Datetime.now(),
            summary=self.env._(
                "%(company)s: delivery of order %(order)s",
                company=order.company_id.name,
                order=order.name,
            ),
            url=order._get_tracking_url(),
        )
