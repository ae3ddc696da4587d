import re

from werkzeug.urls import url_encode

from odoo import api, fields, models
from odoo.tools import SQL

# Documents by which goods have left, or money is owed: the customer can no longer cancel.
FINAL_KINDS = ("delivery", "invoice", "receipt")
# Documents that say what is owed: for contacts who see invoices.
FINANCE_KINDS = ("invoice", "receipt")
# Fields of an order that follow from its documents.
FOLLOWING_FIELDS = (
    "erp_document_ids",
    "erp_document_number",
    "customer_cancellation",
    "customer_cancellation_reason",
)
# Only web addresses become links: no script, nothing with a blank in it.
WEB_LINK = re.compile(r"https?://[^\s/]\S*", re.I)


class SaleOrderErpDocument(models.Model):
    """A document that an ERP outside Odoo made of an order.

    One record per feed, order, kind and number, kept up to date by the rows of the feed.
    Example: Subiekt makes the customer order ZK 12/2026 of a web order, later the invoice
    FS 40/2026; the customer sees both on the order's page, and downloads the invoice there.
    Nobody writes them by hand.
    """

    _name = "sale.order.erp.document"
    _description = "Document in the ERP"
    _order = "order_id, date desc, id desc"
    _rec_name = "number"

    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, ondelete="cascade", index=True, readonly=True
    )
    company_id = fields.Many2one(related="order_id.company_id")
    feed_id = fields.Many2one(
        comodel_name="order.flag.feed", required=True, ondelete="cascade", readonly=True
    )
    kind = fields.Selection(
        selection=[
            ("order", "Order"),
            ("delivery", "Delivery note"),
            ("invoice", "Invoice"),
            ("receipt", "Receipt"),
        ],
        required=True,
        readonly=True,
    )
    number = fields.Char(required=True, index="trigram", readonly=True)
    date = fields.Date(readonly=True)
    state = fields.Selection(
        selection=[("open", "Open"), ("cancelled", "Cancelled")],
        required=True,
        default="open",
        readonly=True,
    )
    covers = fields.Selection(
        selection=[("all", "The whole order"), ("part", "A part of it")],
        required=True,
        default="all",
        readonly=True,
    )
    tracking = fields.Char(
        readonly=True, help="Number or web address by which the customer follows the parcel."
    )
    note = fields.Char(readonly=True, help="The last note that came with it, for colleagues.")
    attachment_id = fields.Many2one(
        comodel_name="ir.attachment", string="PDF", ondelete="set null", readonly=True
    )
    is_former_customers = fields.Boolean(
        string="Of the former customer",
        readonly=True,
        help="It was there when the order got another customer, who is not shown it.",
    )
    changed_at = fields.Datetime(
        string="Changed in the ERP", readonly=True, help="By the newest row that reached it."
    )

    _document_uniq = models.Constraint(
        "UNIQUE(feed_id, order_id, kind, number)",
        "This document is there already.",
    )

    def action_open_pdf(self):
        """Open the PDF of the document.

        :return: the action that opens it in a tab of its own
        :raise AccessError: for whoever may not read the document
        """
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}",
            "target": "new",
        }

    @api.model
    def _create_rows(self, vals_list):
        """Store new documents.

        One INSERT, as for the history of an order: a push brings thousands at once, and
        ``create`` alone would cost as much as everything else. Addons with columns of their own
        give them a default in the database.

        :param list[dict] vals_list: all with the same keys, every required one among them
        :return: the documents, in the same order
        """
        if not vals_list:
            return self.browse()
        now, user = fields.Datetime.now(), self.env.uid
        log = {"create_uid": user, "create_date": now, "write_uid": user, "write_date": now}
        columns = [*vals_list[0], *log]
        rows = (tuple(value or None for value in (*v.values(), *log.values())) for v in vals_list)
        created = self.env.execute_query(
            SQL(
                "INSERT INTO %s (%s) VALUES %s RETURNING id",
                SQL.identifier(self._table),
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        self.env["sale.order"].invalidate_model(FOLLOWING_FIELDS, flush=False)
        documents = self.browse(row_id for (row_id,) in created)
        # What `create` would do for them: the promise of an order follows from what has left.
        final = zip(documents._ids, vals_list, strict=True)
        self.browse(id_ for id_, vals in final if vals["kind"] in FINAL_KINDS).modified(
            ["order_id"]
        )
        return documents

    @api.depends("kind", "number")
    def _compute_display_name(self):
        for document in self:
            document.display_name = self._get_label(document.kind, document.number)

    @api.model
    def _get_label(self, kind, number):
        """Return what a document is called, in the reader's language: ``Invoice FS 12/2026``.

        :param str kind: one of the kinds, False for none
        :param str number: of the ERP
        :rtype: str
        """
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return f"{kinds.get(kind, '')} {number or ''}".strip()

    def _is_final(self):
        """Whether goods have left or money is owed by this document: no customer cancels then."""
        self.ensure_one()
        return self.state == "open" and self.kind in FINAL_KINDS

    def _get_tracking_link(self):
        """Return where the customer follows the parcel, False when the text is no web link.

        :rtype: str
        """
        self.ensure_one()
        text = self.tracking or ""
        return bool(WEB_LINK.fullmatch(text)) and text

    def _get_customer_url(self, access_token=None):
        """Return the address of the PDF for whoever may read the order.

        :param str access_token: of the order, when its page was opened by it
        """
        self.ensure_one()
        query = f"?{url_encode({'access_token': access_token})}" if access_token else ""
        return f"/my/orders/{self.order_id.id}/erp-documents/{self.id}{query}"
