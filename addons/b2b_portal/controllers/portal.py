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
        return Domain(super()._prepare_quotations_domain(partner)) & Domain(
            "b2b_qualifier", "=", False
        )

    @http.route()
    def portal_order_page(self, order_id, access_token=None, payment_amount=None, **kwargs):
        """Override of `sale` to take no payment of pro-formas, and to keep them out of caches."""
        # sudo: it is the parent that checks access, the kind of the order only decides how
        order_sudo = request.env["sale.order"].sudo().browse(order_id).exists()
        if not order_sudo.b2b_qualifier:
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
