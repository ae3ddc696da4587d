from odoo import api, fields, models
from odoo.fields import Domain
from odoo.modules.db import FunctionStatus
from odoo.tools import SQL

from ..sale_order_erp_document import FINANCE_KINDS

# Rows shown on the order's form; all of them are in the feed's log.
MAX_FAILURES = 10
# Documents that are found before their orders are asked for by a subquery.
LISTED = 1000


class SaleOrder(models.Model):
    _inherit = "sale.order"

    external_ref = fields.Char(
        string="Number in the ERP",
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
        help="The number that this order has in the ERP outside Odoo.",
    )
    erp_document_ids = fields.One2many(
        comodel_name="sale.order.erp.document",
        inverse_name="order_id",
        string="Documents in the ERP",
        readonly=True,
        groups="sales_team.group_sale_salesman",
    )
    erp_document_number = fields.Char(
        string="Document in the ERP",
        compute="_compute_erp_document_number",
        search="_search_erp_document_number",
        compute_sudo=True,
        groups="base.group_user",
        help="Numbers of the open documents that the ERP made of the order.",
    )
    erp_failures = fields.Text(
        string="What failed",
        compute="_compute_erp_failures",
        compute_sudo=True,
        groups="base.group_user",
        help="Rows of feeds about this order that did not reach it.",
    )
    # A feed can look orders up by it, thousands at a time.
    client_order_ref = fields.Char(index="btree_not_null")
    # And by its number: Odoo's own index is for a part of one, and takes 10 ms for each whole one
    # among a million orders.
    _whole_name_idx = models.Index("(name)")

    def init(self):
        """Add the index by which people search for a part of the ERP's number.

        Feeds look whole numbers up, thousands at a time, by the index of the field.
        """
        super().init()
        if not self.pool.has_trigram:
            return
        column = SQL.identifier("external_ref")
        if self.pool.has_unaccent == FunctionStatus.INDEXABLE:
            column = self.pool.unaccent(column)
        self.env.cr.execute(
            SQL(
                "CREATE INDEX IF NOT EXISTS sale_order_external_ref_trigram_idx"
                " ON sale_order USING gin ((%s) gin_trgm_ops)",
                column,
            )
        )

    # === COMPUTE METHODS === #

    @api.depends("erp_document_ids.number", "erp_document_ids.state")
    def _compute_erp_document_number(self):
        for order in self:
            documents = order.erp_document_ids.filtered(lambda document: document.state == "open")
            order.erp_document_number = ", ".join(documents.mapped("number"))

    @api.model
    def _search_erp_document_number(self, operator, value):
        if operator not in ("in", "ilike", "like", "=ilike", "=like"):
            return NotImplemented
        # Odoo asks the groups of fields when they are read, not when they are searched.
        self._check_field_access(self._fields["erp_document_number"], "read")
        # sudo: whoever reads an order may find it by the number of its invoice
        documents = self.env["sale.order.erp.document"].sudo()
        domain = [("number", operator, value), ("state", "=", "open")]
        found = documents._search(domain, limit=LISTED + 1)
        rows = self.env.execute_query(found.select("order_id"))
        if len(rows) > LISTED:
            return Domain("id", "in", documents._search(domain).subselect("order_id"))
        # Ids, and no subquery: the search box asks for more than this, and PostgreSQL uses the
        # indexes of all of it only when none is a subquery.
        return Domain("id", "in", [order_id for (order_id,) in rows])

    def _compute_erp_failures(self):
        logs = self.env["order.flag.feed.log"].search(
            [("order_id", "in", self.ids), ("is_open", "=", True)], order="id desc"
        )
        by_order = logs.grouped("order_id")
        for order in self:
            failures = by_order.get(order._origin, logs.browse())[:MAX_FAILURES]
            order.erp_failures = "\n".join(log._get_failure_text() for log in failures)

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_with_erp_documents(self):
        """The database removes documents along with their order, and would leave their PDFs.

        Odoo calls these methods by their names: after ``_unlink_except_untold_cancellation``, which
        would take what follows from it, the order's promise, for a change that no ERP was told of.
        """
        # sudo: nobody else deletes documents, and who deletes an order deletes all of it
        self.sudo().erp_document_ids.unlink()

    # === HISTORY === #

    def _prepare_history_row(self, change, order, now, since, notify):
        """Override of `order_status_flags` to keep which feed a change came from."""
        row = super()._prepare_history_row(change, order, now, since, notify)
        feed = self.env.context.get("order_flag_feed")
        # A record, which no RPC call can bring along in its context.
        row["feed_id"] = feed.id if isinstance(feed, models.BaseModel) else False
        return row

    # === CANCELLING === #

    @api.depends("erp_document_ids.kind", "erp_document_ids.state")
    def _compute_customer_cancellation(self):
        """Override of `order_status_flags` to follow the documents of the ERP."""
        return super()._compute_customer_cancellation()

    def _get_cancellation_obstacles(self):
        """Override of `order_status_flags` to let nothing be cancelled that the ERP has delivered
        or invoiced."""
        obstacles = super()._get_cancellation_obstacles()
        if self.state == "cancel" or not self.was_placed:
            return obstacles
        # The ERP that cancels the order knows what it does about its own documents.
        own = self.env.context.get("order_flag_feed")
        documents = self.erp_document_ids.filtered(lambda document: document._is_final())
        if isinstance(own, models.BaseModel):
            documents = documents.filtered(lambda document: document.feed_id != own)
        kinds = set(documents.mapped("kind"))
        found = []
        if kinds & {"invoice", "receipt"}:
            found.append(self.env._("The order has already been invoiced."))
        if "delivery" in kinds:
            found.append(self.env._("The order has already been shipped."))
        return [*obstacles, *(reason for reason in found if reason not in obstacles)]

    def _is_shipped_elsewhere(self):
        """Override of `order_status_flags`: an ERP that ships tells it by documents alone."""
        return super()._is_shipped_elsewhere() or any(
            document.state == "open" and document.kind == "delivery"
            for document in self.erp_document_ids
        )

    @api.model
    def _get_invoiced_elsewhere_sql(self):
        """Override of `order_status_flags`: an ERP that invoices tells it by documents alone."""
        self.env["sale.order.erp.document"].flush_model(["order_id", "kind", "state", "covers"])
        return SQL(
            """
            (
                %s OR EXISTS (
                    SELECT FROM sale_order_erp_document document
                     WHERE document.order_id = sale_order.id
                       AND document.kind IN %s
                       AND document.state = 'open' AND document.covers = 'all'
                )
            )
            """,
            super()._get_invoiced_elsewhere_sql(),
            FINANCE_KINDS,
        )

    @api.model
    def _select_page_rows(self, order):
        """Override of `order_status_flags` to add the documents, by which cancelling ends."""
        documents = self._select_versions(
            "sale_order_erp_document document", SQL("document.order_id = %s", order)
        )
        return [*super()._select_page_rows(order), documents]

    # === EVENTS === #

    @api.model
    def _get_unconditional_events(self):
        """Override of `order_status_flags`: what the ERP has cancelled is cancelled."""
        return super()._get_unconditional_events() | {"erp_cancelled"}

    @api.model
    def _get_contradictions(self):
        """Override of `order_status_flags` to tell that the ERP goes on with a rejected order."""
        return {
            **super()._get_contradictions(),
            "erp_shipped": self.env._("Delivered in the ERP although the order is rejected"),
            "erp_invoiced": self.env._("Invoiced in the ERP although the order is rejected"),
        }

    # === CUSTOMER'S PAGE === #

    @api.model
    def _get_customer_erp_domain(self, name, text):
        """Return the domain of orders that a customer finds by a number of the ERP.

        To be joined with one of the orders that he may see.

        :param str name: ``external_ref``, or ``document`` for the numbers of open documents
        :param str text: a part of the number
        :rtype: Domain
        """
        # sudo: the fields are internal; what is found says no more than the customer typed
        orders = self.sudo()
        if name != "document":
            return Domain("id", "in", orders._search([(name, "ilike", text)]).subselect())
        documents = self.env["sale.order.erp.document"].sudo()  # as above
        found = documents._search(
            Domain("number", "ilike", text)
            & Domain("state", "=", "open")
            & Domain("is_former_customers", "=", False)
            & self._get_customer_erp_kinds_domain()
        )
        return Domain("id", "in", found.subselect("order_id"))

    @api.model
    def _get_customer_erp_kinds_domain(self):
        """Return the domain of documents of the kinds that whoever is logged in sees.

        A bearer of a link is nobody's colleague, and sees what the link shows.

        :rtype: Domain
        """
        user = self.env.user
        if user._is_public() or user.partner_id._sees_invoices():
            return Domain.TRUE
        return Domain("kind", "not in", FINANCE_KINDS)

    def _forget_former_requests(self):  # pylint: disable=missing-return
        """Override of `order_status_flags`: the next customer gets no documents of the former one.

        What the ERP makes from now on is the next one's.
        """
        super()._forget_former_requests()
        self.erp_document_ids.write({"is_former_customers": True})

    def _get_customer_erp_documents(self):
        """Return the documents (sudo) that the customer sees: the open ones of a placed order.

        :rtype: sale.order.erp.document
        """
        self.ensure_one()
        # sudo: customers have no access to documents, only to those that are shown to them
        documents = self.sudo().erp_document_ids
        shown = documents.filtered(
            lambda document: (
                self.was_placed and document.state == "open" and not document.is_former_customers
            )
        )
        # Who sees what is asked where there is something to see.
        return shown and shown.filtered_domain(self._get_customer_erp_kinds_domain())
