from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools.sql import escape_psql

from odoo.addons.order_status_flags.controllers.portal import MAX_ID, OrderStatusPortal

# What is looked for is a number; longer texts are none.
MAX_SEARCH = 200
# The PDF is the customer's own paper: no cache keeps it, no other page loads or reads it.
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


class ErpDocumentPortal(OrderStatusPortal):
    """The customer's own pages: documents of the ERP on an order, and orders found by them."""

    # === LIST === #

    def _prepare_orders_domain(self, partner):
        """Override of `sale` to search the list of orders by the numbers that customers know."""
        domain = Domain(super()._prepare_orders_domain(partner))
        # As a list, since `sale` appends to it.
        return list(domain & self._get_searched_domain())

    def _get_searched_domain(self):
        """Return the domain of the search in the URL of the list, everything without one."""
        if not request.httprequest.path.endswith("/my/orders") and (
            "/my/orders/page/" not in request.httprequest.path
        ):
            return Domain.TRUE
        search = self._clean_search(request.params.get("search"))
        if not search:
            return Domain.TRUE
        search_in = self._clean_search_in(request.params.get("search_in"))
        return self._get_order_search_domain(search_in, search)

    def _get_order_searchbar_inputs(self):
        """Return in what the list of orders can be searched.

        :rtype: dict[str, dict] with ``input`` and ``label``, as the search bar of `portal` has it
        """
        labels = {
            "all": request.env._("Search in all numbers"),
            "order": request.env._("Search in order numbers"),
            "document": request.env._("Search in invoices and delivery notes"),
        }
        return {key: {"input": key, "label": label} for key, label in labels.items()}

    def _get_order_search_domain(self, search_in, search):
        """Return the domain of what is searched, to be joined with that of the list.

        :param str search_in: a key of ``_get_order_searchbar_inputs``
        :param str search: what the customer typed
        :rtype: Domain
        """
        orders = request.env["sale.order"]
        search = escape_psql(search)  # a typed % is a character, not a placeholder
        by_number = Domain("name", "ilike", search) | Domain("client_order_ref", "ilike", search)
        by_number |= orders._get_customer_erp_domain("external_ref", search)
        by_document = orders._get_customer_erp_domain("document", search)
        return {"order": by_number, "document": by_document}.get(search_in, by_number | by_document)

    def _clean_search(self, search):
        return (search or "").replace("\x00", "").strip()[:MAX_SEARCH]

    def _clean_search_in(self, search_in):
        return search_in if search_in in self._get_order_searchbar_inputs() else "all"

    def _prepare_sale_portal_rendering_values(
        self, quotation_page=False, search=None, search_in=None, **kwargs
    ):
        """Override of `sale` to offer the search of the orders."""
        values = super()._prepare_sale_portal_rendering_values(
            quotation_page=quotation_page, **kwargs
        )
        if not quotation_page:
            search, search_in = self._clean_search(search), self._clean_search_in(search_in)
            values.update(
                searchbar_inputs=self._get_order_searchbar_inputs(),
                search=search,
                search_in=search_in,
            )
            if search:
                values["pager"] = self._add_to_pager(
                    values["pager"], search=search, search_in=search_in
                )
        return values

    # === ORDER PAGE === #

    def _get_page_view_values(
        self, document, access_token, values, session_history, no_breadcrumbs, **kwargs
    ):
        """Override of `portal` to list the documents of the ERP on an order's page."""
        values = super()._get_page_view_values(
            document, access_token, values, session_history, no_breadcrumbs, **kwargs
        )
        if document._name == "sale.order":
            values["erp_documents"] = self._get_shown_erp_documents(document)
            values["erp_access_token"] = access_token
        return values

    @http.route(
        "/my/orders/<int:order_id>/erp-documents/<int:document_id>",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_order_erp_document(
        self, order_id, document_id, access_token=None, download=None, **kwargs
    ):
        """Show the PDF of a document to whoever may read the order.

        As on the order's page, that is who is logged in, or who has its ``access_token``.

        :param int order_id: id of a ``sale.order``
        :param int document_id: id of one of its open ``sale.order.erp.document`` with a PDF
        :param str access_token: of the order
        :param str download: anything = the browser is to save it, not to show it
        :return: the PDF, or the one 404 for whatever is not to be seen
        """
        pdf = self._get_erp_document_pdf(order_id, document_id, access_token)
        try:
            stream = request.env["ir.binary"]._get_stream_from(pdf) if pdf else None
            if not stream:
                return request.not_found()
            response = stream.get_response(as_attachment=bool(download))
        except (FileNotFoundError, MissingError):
            return request.not_found()  # the filestore has lost it
        response.headers.update(HEADERS)
        return response

    def _get_erp_document_pdf(self, order_id, document_id, access_token):
        """Return the attachment (sudo) of a document, an empty one when it is not to be seen."""
        nothing = request.env["ir.attachment"]
        if max(order_id, document_id) > MAX_ID:
            return nothing
        try:
            order = self._document_check_access("sale.order", order_id, access_token=access_token)
        except (AccessError, MissingError):
            return nothing
        documents = self._get_shown_erp_documents(order)
        return documents.filtered(lambda document: document.id == document_id).attachment_id

    @staticmethod
    def _get_shown_erp_documents(order):
        """Return the documents (sudo) that whoever asks sees of an order.

        The access check gives the order as the superuser, who sees all of them.

        :param sale.order order: to which the access was checked
        :rtype: sale.order.erp.document
        """
        # sudo: the access was checked; the user is there for the rules of who sees invoices
        return order.with_user(request.env.user).sudo()._get_customer_erp_documents()
