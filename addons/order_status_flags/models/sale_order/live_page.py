from odoo import api, fields, models, tools
from odoo.tools import SQL, consteq, hmac

from ...order_calendar import make_calendar
from ...promise import day_of


class SaleOrder(models.Model):
    """Order status: the public page that keeps itself up to date, and its calendar file."""

    _inherit = "sale.order"

    # === WHAT THE PAGE IS MADE OF === #

    def _get_page_etag(self, reader, lang=None):
        """Return what stands for the present content of the public page, see `_find_page_etag`."""
        self.ensure_one()
        # sudo: as the page itself
        return self._find_page_etag(self.sudo().order_tracking_token, reader, lang)

    @api.model
    def _find_page_etag(self, token, reader, lang=None):
        """Return what stands for the present content of a public page, for its ETag.

        It covers everything that the page is made of: the rows that it reads (a changed row is a
        new one to PostgreSQL, with another ``xmin`` or ``ctid``, whoever changed it in whichever
        way), what decides about language and time zone, the day, and the templates and
        translations of this server. It may change although the page does not; the page may not
        change although it does not. As a keyed hash it tells nothing about any of that.

        One statement and no record: it is asked once a minute by every page that is open.

        :param str token: from the URL, anything at all
        :param res.users reader: who looks at the page, perhaps the public user
        :param str lang: code of an installed language that the reader has chosen, may be empty
        :return: a text; None when no order has this token
        """
        if not self._is_tracking_token(token):
            return None
        self.env.flush_all()
        found = self.env.execute_query(
            SQL("%s WHERE page.order_tracking_token = %s", self._select_pages(), token)
        )
        if not found or not consteq(found[0][1], token):
            return None
        [(order_id, _token, zone, rows)] = found
        registry, now = self.env.registry, fields.Datetime.now()
        made_by = (
            *(order_id, rows, self.env.lang, lang),
            # What the customer's language and zone are is in the rows.
            "public" if reader._is_public() else reader.tz,
            day_of(now, zone or "UTC").isoformat(),
            *self._get_page_times(now),
            *(registry.registry_sequence, registry.cache_sequences.get("templates")),
        )
        # sudo: visitors do not read secrets
        return hmac(self.sudo().env, "order_status_page", made_by)[:32]

    @api.model
    def _get_page_times(self, now):
        """Return what else changes on public pages as time goes on, beside the company's day.

        Hook: addons whose part of the page changes at other moments add it.

        :param datetime now: UTC
        :rtype: tuple
        """
        return ()

    @api.model
    @tools.ormcache()
    def _select_pages(self):
        """Return the query of public pages: order, token, time zone of the company, and a hash of
        what the page is made of.

        Made once, of what the installed addons show: putting it together takes longer than
        running it.

        :rtype: SQL
        """
        return SQL(
            """
            SELECT page.id, page.order_tracking_token, company_partner.tz, (
                       SELECT md5(string_agg(seen::text, ',' ORDER BY seen::text))
                         FROM (%s) AS seen
                   )
              FROM sale_order page
              JOIN res_company page_company ON page_company.id = page.company_id
              JOIN res_partner company_partner ON company_partner.id = page_company.partner_id
            """,
            SQL(" UNION ALL ").join(self._select_page_rows(SQL("page.id"))),
        )

    @api.model
    def _select_page_rows(self, order):
        """Return queries of ``(what, id, version)`` of the rows that a public page shows.

        Hook: addons that show more of an order add their rows. Asked once for all orders, so it
        depends on none. Read as superuser.

        :param SQL order: the id of the order
        :rtype: list[SQL]
        """
        lines = SQL("SELECT id FROM sale_order_line WHERE order_id = %s", order)
        company = SQL("SELECT company_id FROM sale_order WHERE id = %s", order)
        answers = SQL("SELECT answer_id FROM sale_order_question WHERE order_id = %s", order)
        return [
            self._select_versions("sale_order", SQL("id = %s", order)),
            self._select_versions("sale_order_line", SQL("order_id = %s", order)),
            self._select_versions("sale_order_question", SQL("order_id = %s", order)),
            self._select_versions("mail_message", SQL("id IN (%s)", answers)),
            self._select_versions("sale_order_status", SQL("true")),
            self._select_versions("res_lang", SQL("active")),
            self._select_versions("res_company", SQL("id = (%s)", company)),
            self._select_versions("res_partner", self._select_page_partners(order)),
            # The history only grows; what becomes of its e-mails is not on the page.
            SQL(
                "SELECT 'history', COALESCE(MAX(id), 0), '' FROM sale_order_status_history"
                " WHERE order_id = %s",
                order,
            ),
            self._select_versions(
                "product_template",
                SQL(
                    "id IN (SELECT product_tmpl_id FROM product_product WHERE id IN (SELECT"
                    " product_id FROM sale_order_line WHERE order_id = %s))",
                    order,
                ),
            ),
            self._select_versions(
                "uom_uom",
                SQL(
                    "id IN (SELECT product_uom_id FROM sale_order_line WHERE order_id = %s)",
                    order,
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
            *self._select_page_payments(order),
        ]

    def _select_page_partners(self, order):
        """SQL of whose row the page reads: the customer, its company, and the seller's."""
        return SQL(
            "id IN (SELECT unnest(ARRAY[p.id, p.commercial_partner_id, c.partner_id])"
            " FROM sale_order o JOIN res_partner p ON p.id = o.partner_id"
            " JOIN res_company c ON c.id = o.company_id WHERE o.id = %s)",
            order,
        )

    def _select_page_payments(self, order):
        """Return the queries of payments, and of what was paid back."""
        paid = SQL(
            "SELECT transaction_id FROM sale_order_transaction_rel WHERE sale_order_id = %s", order
        )
        return [
            self._select_versions("payment_transaction", SQL("id IN (%s)", paid)),
            self._select_versions(
                "payment_transaction", SQL("source_transaction_id IN (%s)", paid)
            ),
        ]

    @api.model
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
