from odoo.exceptions import ValidationError
from odoo.http import request

from odoo.addons.sale.controllers.portal import CustomerPortal


class OrderStatusPayment(CustomerPortal):
    """Paying: on no page, by no link and by no form for an order that is rejected."""

    def _get_payment_values(self, order_sudo, **kwargs):
        """Override of `sale` to offer no payment of a rejected order, by a payment link neither."""
        values = super()._get_payment_values(order_sudo, **kwargs)
        if order_sudo._is_closed_to_payment():
            values["payment_amount"] = None
        return values

    def _create_transaction(self, *args, custom_create_values=None, **kwargs):
        """Override of `payment` to begin no payment of a rejected order.

        :raise ValidationError: for a page that was opened before the order was rejected
        """
        links = (custom_create_values or {}).get("sale_order_ids") or []
        transactions = request.env["payment.transaction"].sudo()  # sudo: visitors pay, too
        ids = transactions._fields["sale_order_ids"].convert_to_cache(links, transactions)
        orders = request.env["sale.order"].sudo().browse(ids)
        if any(order._is_closed_to_payment() for order in orders):
            raise ValidationError(
                request.env._("The order is rejected, so that it cannot be paid.")
            )
        return super()._create_transaction(
            *args, custom_create_values=custom_create_values, **kwargs
        )
