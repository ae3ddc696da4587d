from odoo import api, fields, models, tools
from odoo.tools import SQL, consteq, hmac

from ...order_calendar import make_calendar
from ...promise import day_of


class SaleOrder(models.Model):
    """Order status: the public page that keeps itself up to date, and its calendar file."""

    _inherit = "sale.order"

    # === WHAT THE PAGE IS MADE OF === #

    @api.model
    def _find_page_etag(self, token, reader, lang=None):
        """Return what stands for the present content of a public page, for its ETag.

        It covers everything that the page is made of: the rows that it reads (a changed row is a
        new one to PostgreSQL, with another ``xmin`` or ``ctid``, whoever changed it in whichever
        way), what decides about language and time zone, the day, and the languages, templates and
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
        [(order_id, _token, (zone, *seller), rows)] = found
        registry, now = self.env.registry, fields.Datetime.now()
        made_by = (
            *(order_id, seller, rows, self.env.lang, lang, self._get_language_facts()),
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
    @tools.ormcache(cache="stable")
    def _get_language_facts(self):
        """Return what this server keeps of the languages, by which it writes every page.

        Forgotten together with that: pages know no more of the table.
        """
        languages = self.env["res.lang"]._get_active_by("code")
        return repr([dict(data) for data in languages.values()])

    @api.model
    @tools.ormcache()
    def _select_pages(self):
        """Return the query of public pages: order, token, the company's time zone with the
        versions of its rows, and a hash of what else the page is made of.

        Made once, of what the installed addons show: putting it together takes as long as
        running it. It is planned each time (decision 88), and that is most of what it takes. Each
        table has a select of its own, inside that of the table that leads to it: planned as
        joins, it takes twice as long.

        :rtype: SQL
        """
        above = self._select_version("res_partner above", SQL("customer.commercial_partner_id"))
        parts = [
            self._select_version("res_partner customer", SQL("page.partner_id"), above),
            self._select_versions(
                "sale_order_line line",
                SQL("line.order_id = page.id"),
                *self._select_page_line_rows(SQL("line")),
            ),
            *self._select_page_rows(SQL("page.id")),
        ]
        return SQL(
            """
            SELECT page.id, page.order_tracking_token,
                   (SELECT (SELECT ARRAY[seller.tz, ROW(seller.xmin, seller.ctid)::text]
                              FROM res_partner seller WHERE seller.id = company.partner_id)
                           || ROW(company.xmin, company.ctid)::text
                      FROM res_company company WHERE company.id = page.company_id),
                   md5(ROW(page.xmin, page.ctid, %s)::text)
              FROM sale_order page
            """,
            SQL(", ").join(parts),
        )

    @api.model
    def _select_page_rows(self, order):
        """Return expressions of the versions of the rows that a public page shows, beside the
        order with its lines, its customer and its company.

        Hook: addons that show more of an order add their rows, by `_select_versions` and
        `_select_version`. Asked once for all orders, so it depends on none. Read as superuser.

        :param SQL order: the id of the order; the whole row of it is called ``page``
        :rtype: list[SQL]
        """
        answer = self._select_version("mail_message answer", SQL("question.answer_id"))
        payments = (
            self._select_version("payment_transaction payment", SQL("rel.transaction_id")),
            self._select_versions(
                "payment_transaction child",
                SQL("child.source_transaction_id = rel.transaction_id"),
            ),
        )
        return [
            self._select_versions(
                "sale_order_question question", SQL("question.order_id = %s", order), answer
            ),
            self._select_versions("sale_order_status status", SQL("true")),
            # The history only grows; what becomes of its e-mails is not on the page. Not by
            # MAX, which is planned twice.
            SQL(
                "(SELECT history.id FROM sale_order_status_history history"
                " WHERE history.order_id = %s ORDER BY history.id DESC LIMIT 1)",
                order,
            ),
            # Whether the order can still be cancelled.
            self._select_versions(
                "sale_order_transaction_rel rel", SQL("rel.sale_order_id = %s", order), *payments
            ),
        ]

    @api.model
    def _select_page_line_rows(self, line):
        """Return expressions of the versions of the rows that a public page shows of a line.

        Hook: as `_select_page_rows`, for what belongs to the lines of the order.

        :param SQL line: the alias of the line
        :rtype: list[SQL]
        """
        template = self._select_version("product_template template", SQL("product.product_tmpl_id"))
        # An item is written when its invoice is posted or cancelled: it keeps that state.
        item = self._select_version("account_move_line item", SQL("rel.invoice_line_id"))
        return [
            # The names of articles and units.
            self._select_version("product_product product", SQL("%s.product_id", line), template),
            self._select_version("uom_uom uom", SQL("%s.product_uom_id", line)),
            # Whether the order can still be cancelled.
            self._select_versions(
                "sale_order_line_invoice_rel rel", SQL("rel.order_line_id = %s.id", line), item
            ),
        ]

    @api.model
    def _select_version(self, table, row, *parts):
        """SQL of the version of one row, and of what belongs to it: a text, or NULL.

        :param str table: with an alias
        :param SQL row: the id of the row
        :param SQL parts: such expressions of what belongs to the row, by the alias
        """
        alias = SQL(table.split()[-1])
        return SQL("(%s WHERE %s.id = %s)", self._select_row_versions(table, parts), alias, row)

    @api.model
    def _select_versions(self, table, condition, *parts):
        """SQL of the versions of some rows, and of what belongs to each: an array of texts.

        :param str table: with an alias
        :param SQL condition: of the rows
        :param SQL parts: see `_select_version`
        """
        # In whichever order they are found: to sort them costs more than a page that is made
        # once more when PostgreSQL begins to find them in another way.
        return SQL("ARRAY(%s WHERE %s)", self._select_row_versions(table, parts), condition)

    @api.model
    def _select_row_versions(self, table, parts):
        alias = table.split()[-1]
        columns = [SQL.identifier(alias, name) for name in ("xmin", "ctid")]
        return SQL("SELECT ROW(%s)::text FROM %s", SQL(", ").join([*columns, *parts]), SQL(table))

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
