from odoo.exceptions import MissingError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.sale.controllers import portal


class CustomerPortal(portal.CustomerPortal):
    """Odoo's own pages of orders: pro-formas are orders from the start, carts are nothing."""

    def _prepare_quotations_domain(self, partner):
        """Override of `sale`: nothing of B2B is a quotation."""
        return Domain(super()._prepare_quotations_domain(partner)) & Domain(
            "b2b_qualifier", "=", False
        )

    def _prepare_orders_domain(self, partner):
        """Override of `sale`: placed pro-formas are listed before the seller confirms them."""
        proformas = (
            Domain("partner_id", "child_of", [partner.commercial_partner_id.id])
            & Domain("b2b_qualifier", "=", "order")
            & Domain("state", "=", "sent")
        )
        return Domain(super()._prepare_orders_domain(partner)) | proformas

    def _document_check_access(self, model_name, document_id, access_token=None):
        """Override of `portal`: no page, action or token of an order reaches carts and templates.

        :raise MissingError: as if there were no such order
        """
        record = super()._document_check_access(model_name, document_id, access_token)
        if model_name == "sale.order" and record._is_b2b_draft():
            raise MissingError(request.env._("This order does not exist."))
        return record
