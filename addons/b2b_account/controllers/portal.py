from odoo import http
from odoo.exceptions import AccessError, MissingError, ValidationError
from odoo.http import request

from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.sale.controllers import portal

from .. import rights


class FinancePortal(PortalAccount):
    """Odoo's own pages of invoices, closed to colleagues who see no finance."""

    @staticmethod
    def _sees_finance():
        """Whether the current user sees invoices; a bearer of a link is nobody's colleague.

        :rtype: bool
        """
        user = request.env.user
        if user._is_public() or not user.share:
            return True
        return user.partner_id._b2b_may(rights.SEE_FINANCE)

    @http.route()
    def portal_my_invoices(self, *args, **kwargs):
        """Override of `account` to close the list, instead of showing an empty one."""
        if not self._sees_finance():
            return request.redirect("/my")
        return super().portal_my_invoices(*args, **kwargs)

    @http.route()
    def portal_my_overdue_invoices(self, *args, **kwargs):
        """Override of `account_payment` to close the page of overdue invoices."""
        if not self._sees_finance():
            return request.redirect("/my")
        return super().portal_my_overdue_invoices(*args, **kwargs)

    def _document_check_access(self, model_name, document_id, access_token=None):
        """Override of `portal` to open no invoice by its link either.

        :raise AccessError: for colleagues who see no finance
        """
        if model_name == "account.move" and not self._sees_finance():
            raise AccessError(request.env._("Invoices are closed to you."))
        return super()._document_check_access(model_name, document_id, access_token)


def get_acceptance_problems(controller, order_id, access_token):
    """Return why whoever asks may not accept or pay a quotation.

    :param controller: whose access check counts
    :param int order_id: as in the address
    :param str access_token: of the link, if any
    :return: messages
    :rtype: list[str]
    """
    try:
        order = controller._document_check_access("sale.order", order_id, access_token)
    except (AccessError, MissingError):
        return []  # the parent says so
    user = request.env.user
    return order._get_b2b_acceptance_problems(
        order.partner_id if user._is_public() else user.partner_id
    )


class CustomerPortal(portal.CustomerPortal):
    """Quotations: whoever may not order accepts and pays none."""

    @http.route()
    def portal_quote_accept(self, order_id, access_token=None, name=None, signature=None):
        """Override of `sale` to let sign only who may order."""
        token = access_token or request.httprequest.args.get("access_token")
        if problems := get_acceptance_problems(self, order_id, token):
            return {"error": "\n".join(problems)}
        return super().portal_quote_accept(
            order_id, access_token=access_token, name=name, signature=signature
        )


class PaymentPortal(portal.PaymentPortal):
    """Payments of quotations, which confirm them."""

    @http.route()
    def portal_order_transaction(self, order_id, access_token, **kwargs):
        """Override of `sale` to let pay only who may order.

        :raise ValidationError: in words
        """
        if problems := get_acceptance_problems(self, order_id, access_token):
            raise ValidationError("\n".join(problems))
        return super().portal_order_transaction(order_id, access_token, **kwargs)
