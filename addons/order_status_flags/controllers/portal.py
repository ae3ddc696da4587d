import logging

from markupsafe import Markup
from werkzeug.urls import url_encode

from odoo import fields, http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.sale.controllers.portal import CustomerPortal

from .notice import cancel_as_customer, leave_notice, pop_notice
from .replica import may_read_replica

_logger = logging.getLogger(__name__)

# The largest id PostgreSQL has; a larger number in the URL is an unknown order.
MAX_ID = 2**31 - 1


class OrderStatusPortal(CustomerPortal):
    """The customer's own pages: `/my/orders` with statuses, and cancelling an order."""

    # === LISTS AND COUNTERS === #

    def _prepare_orders_domain(self, partner):
        """Override of `sale` to list every placed order: web orders as soon as they leave the
        cart, and those that were cancelled later.
        """
        placed = request.env["sale.order"]._get_portal_placed_domain()
        domain = Domain(super()._prepare_orders_domain(partner)).map_conditions(
            lambda condition: placed if condition.field_expr == "state" else condition
        )
        # As a list, since `sale` appends to it.
        return list(domain & self._get_status_filter_domain())

    def _prepare_quotations_domain(self, partner):
        """Override of `sale`: what is placed already is no quotation to review."""
        return [*super()._prepare_quotations_domain(partner), ("document_type", "=", "sale")]

    def _get_sale_searchbar_sortings(self):
        """Override of `sale`: orders of the same moment stay in one order.

        Imported orders have a day and no hour. Where the sorting leaves two of them open, each
        page of the list decides anew, and an order is on two pages or on none.
        """
        return {
            key: {**sorting, "order": f"{sorting['order']}, id desc"}
            for key, sorting in super()._get_sale_searchbar_sortings().items()
        }

    def _get_status_filter_domain(self):
        """Return the domain of the filter in the URL of the list, everything without one."""
        path = request.httprequest.path
        if "/my/orders" not in path or "filterby" not in request.params:
            return Domain.TRUE
        chosen = self._get_status_filters().get(request.params["filterby"])
        return Domain("customer_status_id", "in", chosen["ids"]) if chosen else Domain.TRUE

    def _get_status_filters(self):
        """Return the choices of the filter, each status by its id.

        :rtype: dict[str, dict] with ``label`` and ``ids`` of the statuses
        """
        filters = request.env["sale.order"]._get_portal_status_filters()
        return {str(key): {"label": label, "ids": ids} for key, (label, ids) in filters.items()}

    def _is_list_readonly(self, rule, args):
        """Whether a replica may show the list: its links' tokens are there, see
        ``sale.order._mark_as_placed``.
        """
        return may_read_replica()

    @http.route(readonly=_is_list_readonly)
    def portal_my_orders(self, **kwargs):
        """Override of `sale` to let a replica show the list."""
        return super().portal_my_orders(**kwargs)

    def _prepare_sale_portal_rendering_values(self, quotation_page=False, filterby=None, **kwargs):
        """Override of `sale` to filter the orders by status."""
        values = super()._prepare_sale_portal_rendering_values(
            quotation_page=quotation_page, **kwargs
        )
        if not quotation_page:
            values["orders"]._fetch_for_list()
            values.update(self._prepare_status_filter_values(filterby, values["pager"]))
        return values

    def _prepare_status_filter_values(self, filterby, pager):
        filters = self._get_status_filters()
        chosen = filters.get(filterby)
        # One choice a name: the first status that has it.
        shown = {key: option for key, option in filters.items() if key == str(option["ids"][0])}
        shown = {"all": {"label": request.env._("All")}, **shown}
        filterby = str(chosen["ids"][0]) if chosen else "all"
        return {
            "searchbar_filters": shown,
            "filterby": filterby,
            "order_status_options": self._get_status_options(shown, filterby),
            "pager": self._add_to_pager(pager, filterby=filterby) if chosen else pager,
        }

    @staticmethod
    def _get_status_options(filters, filterby):
        """Return the choices of the filter for who has no JavaScript.

        :rtype: Markup
        """
        option = Markup('<option value="%s"%s>%s</option>')
        chosen = {filterby: Markup(' selected="selected"')}
        return Markup().join(
            option % (key, chosen.get(key, ""), value["label"]) for key, value in filters.items()
        )

    @staticmethod
    def _add_to_pager(pager, **args):
        """Return the pager with these arguments in each of its links."""

        def add(entry):
            if not isinstance(entry, dict) or not entry.get("url"):
                return entry
            glue = "&" if "?" in entry["url"] else "?"
            return {**entry, "url": f"{entry['url']}{glue}{url_encode(args)}"}

        pager = {key: add(value) for key, value in pager.items()}
        pager["pages"] = [add(entry) for entry in pager["pages"]]
        return pager

    # === ORDER PAGE === #

    def _is_order_page_readonly(self, rule, args):
        """Whether a replica may show the page of the order.

        Not of a quotation, which is signed and paid by what it says, not as a file, and not
        when `sale` is about to note in the chatter that the customer looked at it.
        """
        query, order_id = request.httprequest.args, args["order_id"]
        if order_id > MAX_ID or {"report_type", "payment_amount"} & query.keys():
            return False
        if "access_token" in query:
            noted = request.session.get(f"view_quote_{order_id}")
            if noted != fields.Date.today().isoformat():
                return False
        return may_read_replica() and request.env["sale.order"]._is_page_readable(order_id)

    @http.route(readonly=_is_order_page_readonly)
    def portal_order_page(self, order_id, access_token=None, **kwargs):
        """Override of `sale` to let a replica show the page, and to do without the PDF."""
        try:
            return super().portal_order_page(order_id, access_token=access_token, **kwargs)
        except (OSError, UserError):
            if kwargs.get("report_type") != "pdf":
                raise
            _logger.warning("No PDF of order %s", order_id, exc_info=True)
        return self._redirect_without_pdf(order_id, access_token)

    def _redirect_without_pdf(self, order_id, access_token):
        """Lead back to the page of an order whose PDF cannot be made, and say so there."""
        text = request.env._(
            "The PDF cannot be made at this moment. Please try again later; this page says the"
            " same, and can be printed."
        )
        leave_notice(order_id, "warning", text)
        query = f"?{url_encode({'access_token': access_token})}" if access_token else ""
        return request.redirect(f"/my/orders/{order_id}{query}")

    def _get_page_view_values(
        self, document, access_token, values, session_history, no_breadcrumbs, **kwargs
    ):
        """Override of `portal` to add status, timeline and cancellation to an order's page."""
        extra = {}
        if document._name == "sale.order":
            # sudo: customers do not read who sells to them. The page names all of these, so they
            # are read at once.
            order = document.sudo()
            people = (order.user_id | document.env.user).partner_id
            (order.partner_id | order.company_id.partner_id | people).mapped("tz")
            # Odoo's own dates on the page, too: one moment reads the same everywhere.
            request.update_context(tz=document._get_customer_page_tz(request.env.user))
            extra = document._get_customer_page_values()
        if extra:
            session_history = "my_orders_history"  # it is listed there, see above
            # The `access_token` lets its bearer see the order, not cancel it.
            extra["order_may_cancel"] = document._may_be_cancelled_by(request.env.user)
        if document._name == "sale.order":
            extra["order_notice"] = pop_notice(document)
        values = super()._get_page_view_values(
            document, access_token, values, session_history, no_breadcrumbs, **kwargs
        )
        return {**values, **extra}

    @http.route(
        "/my/orders/<int:order_id>/cancel", type="http", auth="user", methods=["POST"], website=True
    )
    def portal_order_cancel(self, order_id, reason=None, **kwargs):
        """Cancel the order for the customer who is logged in, or ask the seller to.

        :param int order_id: id of a ``sale.order`` that the user may read; others lead to
            ``/my``, and an ``access_token`` changes nothing about it
        :param str reason: the customer's words
        :return: redirect (303) to the order's page, which tells the result
        """
        order = request.env["sale.order"].browse(min(order_id, MAX_ID)).exists()
        if not order or not order._may_be_cancelled_by(request.env.user):
            return request.redirect("/my")
        cancel_as_customer(order, reason, request.env.user.partner_id)
        return request.redirect(f"/my/orders/{order.id}")

    @http.route(
        "/my/orders/<int:order_id>/cancel",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
        sitemap=False,
        readonly=True,
    )
    def portal_order_cancel_page(self, order_id, **kwargs):
        """Lead to the order's page: who had to log in when sending the form comes back here.

        :param int order_id: from the URL; the page itself asks who may see it
        :return: redirect (303) to the order's page; nothing is changed
        """
        return request.redirect(f"/my/orders/{order_id}")
