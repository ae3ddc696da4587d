from odoo import http
from odoo.exceptions import MissingError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.sale.controllers import portal

from .main import B2BPortal


class CustomerPortal(portal.CustomerPortal):
    """Odoo's own pages of orders: pro-formas are orders from the start, carts are nothing."""

    def _prepare_quotations_domain(self, partner):
        """Override of `sale` to leave B2B out of the quotations."""
        domain = Domain(super()._prepare_quotations_domain(partner))
        return self._by_b2b_customer(domain & Domain("b2b_qualifier", "=", False), partner)

    def _prepare_orders_domain(self, partner):
        """Override of `sale` to list the orders that were made for the customer."""
        return self._by_b2b_customer(super()._prepare_orders_domain(partner), partner)

    def _by_b2b_customer(self, domain, partner):
        """Return a domain of Odoo's lists that goes by the customer of the order.

        Odoo's goes by the company of the contact today. A list, since `sale` appends to it.
        """
        orders = request.env["sale.order"]
        # The companies below are looked for once: the list counts, and then reads.
        if request.env.user.share:
            request.env["ir.rule"]._resolve_for_page("sale.order")
            customer = Domain.TRUE  # a record rule of all customers says it already
        else:
            customer = orders._get_b2b_customer_domain(partner).optimize_full(orders)
        return list(
            Domain(domain).map_conditions(
                lambda condition: (
                    customer
                    if (condition.field_expr, condition.operator) == ("partner_id", "child_of")
                    else condition
                )
            )
        )

    @http.route()
    def portal_order_page(self, order_id, access_token=None, payment_amount=None, **kwargs):
        """Override of `sale` to take no payment of pro-formas, and to keep them out of caches."""
        # sudo: it is the parent that checks access, the kind of the order only decides how
        order_sudo = request.env["sale.order"].sudo().browse(order_id)
        try:
            is_b2b = bool(order_sudo.b2b_qualifier)
        except MissingError:
            is_b2b = False
        if not is_b2b:
            return super().portal_order_page(
                order_id, access_token=access_token, payment_amount=payment_amount, **kwargs
            )
        response = super().portal_order_page(order_id, access_token=access_token, **kwargs)
        return B2BPortal._b2b_no_store(response)

    def _document_check_access(self, model_name, document_id, access_token=None):
        """Override of `portal` to open carts and templates by no page, action or token of orders.

        :raise MissingError: as if there were no such order
        """
        record = super()._document_check_access(model_name, document_id, access_token)
        if model_name == "sale.order" and record._is_b2b_draft():
            raise MissingError(request.env._("This order does not exist."))
        return record
