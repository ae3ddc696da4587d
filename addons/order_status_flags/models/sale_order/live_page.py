import re

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

        Made once, of what the installed addons show: putting it together takes as long as
        running it.

        :rtype: SQL
        """
        return SQL(
            """
            SELECT page.id, page.order_tracking_token, seller.tz, md5(
                       ROW(page.xmin, page.ctid, company.xmin, company.ctid,
                           seller.xmin, seller.ctid, customer.xmin, customer.ctid,
                           above.xmin, above.ctid)::text
                       || (SELECT string_agg(seen.version, ',' ORDER BY seen.version)
                             FROM (%s) AS seen (version))
                   )
              FROM sale_order page
              JOIN res_company company ON company.id = page.company_id
              JOIN res_partner seller ON seller.id = company.partner_id
              JOIN res_partner customer ON customer.id = page.partner_id
         LEFT JOIN res_partner above ON above.id = customer.commercial_partner_id
            """,
            SQL(" UNION ALL ").join(self._select_page_rows(SQL("page.id"))),
        )

    @api.model
    def _select_page_rows(self, order):
        """Return queries of the versions of the rows that a public page shows, beside the order,
        its customer and its company.

        Hook: addons that show more of an order add their rows, by `_select_versions`. Asked once
        for all orders, so it depends on none. Read as superuser. Rows that belong together are
        joined: each query more takes time to plan.

        :param SQL order: the id of the order
        :rtype: list[SQL]
        """
        return [
            # What was ordered, with the names of articles and units.
            self._select_versions(
                "sale_order_line line"
                " LEFT JOIN product_product product ON product.id = line.product_id"
                " LEFT JOIN product_template template ON template.id = product.product_tmpl_id"
                " LEFT JOIN uom_uom uom ON uom.id = line.product_uom_id",
                SQL("line.order_id = %s", order),
            ),
            self._select_versions(
                "sale_order_question question"
                " LEFT JOIN mail_message answer ON answer.id = question.answer_id",
                SQL("question.order_id = %s", order),
            ),
            self._select_versions("sale_order_status status", SQL("true")),
            self._select_versions("res_lang lang", SQL("lang.active")),
            # The history only grows; what becomes of its e-mails is not on the page.
            SQL(
                "SELECT 'history' || COALESCE(MAX(id), 0) FROM sale_order_status_history"
                " WHERE order_id = %s",
                order,
            ),
            # Whether the order can still be cancelled.
            self._select_versions(
                "sale_order_line line"
                " JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id"
                " JOIN account_move_line item ON item.id = rel.invoice_line_id"
                " JOIN account_move move ON move.id = item.move_id",
                SQL("line.order_id = %s", order),
            ),
            *(
                self._select_versions(
                    "sale_order_transaction_rel rel JOIN payment_transaction payment"
                    f" ON payment.{column} = rel.transaction_id",
                    SQL("rel.sale_order_id = %s", order),
                )
                for column in ("id", "source_transaction_id")
            ),
        ]

    @api.model
    def _select_versions(self, tables, condition):
        """SQL of the versions of some rows: one text for each row of joined tables.

        :param str tables: what stands behind `FROM`, each table with an alias
        :param SQL condition: of the rows
        """
        aliases = re.findall(r"(?:^|JOIN )\w+ (\w+)", tables)
        columns = [SQL.identifier(one, name) for one in aliases for name in ("xmin", "ctid")]
        return SQL(
            "SELECT %s || ROW(%s)::text FROM %s WHERE %s",
            aliases[-1],
            SQL(", ").join(columns),
            SQL(tables),
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
