from odoo import http
from odoo.exceptions import AccessError, MissingError, ValidationError
from odoo.http import request

from odoo.addons.account_payment.controllers.payment import PaymentPortal as AccountPaymentPortal
from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.sale.controllers import portal

from ..models.res_partner import BILLING_TYPES


class FinancePortal(PortalAccount):
    """Odoo's own pages of invoices, closed to colleagues who see no finance."""

    @staticmethod
    def _sees_finance():
        """Whether the current user sees invoices; a bearer of a link is nobody's colleague.

        :rtype: bool
        """
        user = request.env.user
        return user._is_public() or user.partner_id._sees_invoices()

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


class FinancePayments(AccountPaymentPortal):
    """Payments of invoices, closed to colleagues who see no finance."""

    @http.route()
    def overdue_invoices_transaction(self, *args, **kwargs):
        """Override of `account_payment` to let pay only what the colleague sees.

        :raise ValidationError: for colleagues who see no finance
        """
        if not FinancePortal._sees_finance():
            raise ValidationError(request.env._("Invoices are closed to you."))
        return super().overdue_invoices_transaction(*args, **kwargs)

    @http.route()
    def payment_pay(self, *args, invoice_id=None, **kwargs):
        """Override of `account_payment` to close the link of a payment while logged in."""
        if invoice_id and not FinancePortal._sees_finance():
            return request.redirect("/my")
        return super().payment_pay(*args, invoice_id=invoice_id, **kwargs)


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
    return get_page_problems(order)


def get_page_problems(order):
    """Return the same for an order whose page is opened.

    :param sale.order order: to which the access was checked
    :rtype: list[str]
    """
    if not request.env.user.share:
        return []  # the seller's own people
    return as_visitor(order)._get_b2b_acceptance_problems(get_acting_partner())


def as_visitor(order):
    """Return an order in sudo mode for whoever asks: the access check gives it as the superuser.

    What is told depends on who is told.

    :param sale.order order: to which the access was checked
    :rtype: sale.order
    """
    # sudo: the access was checked; the user is there for what the addons' rules ask of him
    return order.with_user(request.env.user).sudo()


def get_acting_partner():
    """Return the contact who is logged in, empty for a bearer of a link.

    :rtype: res.partner
    """
    user = request.env.user
    return user.partner_id.browse() if user._is_public() else user.partner_id


class CustomerPortal(portal.CustomerPortal):
    """Addresses that invoices go to; quotations, which only those accept and pay who may order."""

    # === ADDRESSES === #

    def _validate_address_values(
        self,
        address_values,
        partner_sudo,
        address_type,
        use_delivery_as_billing,
        required_fields,
        **kwargs,
    ):
        """Override of `portal` to have billing addresses made by those who see invoices."""
        is_closed = not partner_sudo and self._is_b2b_billing_closed(**kwargs)
        invalid, missing, messages = super()._validate_address_values(
            address_values,
            partner_sudo,
            address_type,
            use_delivery_as_billing and not is_closed,
            required_fields,
            **kwargs,
        )
        if is_closed and address_type == "billing":
            invalid.add("address_type")  # the page marks it, and nobody sees it
            messages.append(
                request.env._(
                    "Billing addresses are closed to you, as invoices are. Please choose one that"
                    " is there."
                )
            )
        return invalid, missing, messages

    def _complete_address_values(
        self, address_values, address_type, use_delivery_as_billing, **kwargs
    ):
        """Override of `portal`: who sees no invoices makes an address for deliveries alone.

        The form ticks *Same as delivery address* by itself.
        """
        is_closed = self._is_b2b_billing_closed(**kwargs)
        res = super()._complete_address_values(
            address_values, address_type, use_delivery_as_billing and not is_closed, **kwargs
        )
        if is_closed and address_values.get("type") in BILLING_TYPES:
            address_values["type"] = "delivery"
        return res

    @staticmethod
    def _is_b2b_billing_closed(**kwargs):
        return not request.env["res.partner"]._may_set_b2b_billing(**kwargs)

    # === QUOTATIONS === #

    @http.route()
    def portal_quote_accept(self, order_id, access_token=None, name=None, signature=None):
        """Override of `sale` to let sign only who may order."""
        token = access_token or request.httprequest.args.get("access_token")
        if problems := get_acceptance_problems(self, order_id, token):
            return {"error": "\n".join(problems)}
        return super().portal_quote_accept(
            order_id, access_token=access_token, name=name, signature=signature
        )

    def _get_page_view_values(
        self, document, access_token, values, session_history, no_breadcrumbs, **kwargs
    ):
        """Override of `portal` to offer no button that would be refused."""
        values = super()._get_page_view_values(
            document, access_token, values, session_history, no_breadcrumbs, **kwargs
        )
        if document._name == "sale.order" and (
            document._has_to_be_signed()
            or document._has_to_be_paid()
            or values.get("payment_amount")  # the link of a payment
        ):
            problems = get_page_problems(document)
            values["b2b_acceptance_problems"] = problems
            if not problems and request.env.user.share:
                notices = as_visitor(document)._get_b2b_acceptance_notices(get_acting_partner())
                values["b2b_acceptance_notices"] = notices
        return values


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
