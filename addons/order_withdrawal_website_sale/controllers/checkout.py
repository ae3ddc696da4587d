from odoo import http
from odoo.http import request

from odoo.addons.website_sale.controllers.main import WebsiteSale


class WithdrawalCheckout(WebsiteSale):
    """The consent to begin at once, on the page before the payment."""

    def _get_shop_payment_errors(self, order):
        """Override of `website_sale` to have the consent before the payment."""
        errors = super()._get_shop_payment_errors(order)
        if order._needs_withdrawal_consent():
            title = request.env._("Your consent is needed")
            errors.append((title, order._get_missing_consent_text()))
        return errors

    def _get_shop_payment_values(self, order, **kwargs):
        """Override of `website_sale` to show the form of the consent."""
        values = super()._get_shop_payment_values(order, **kwargs)
        if order._needs_withdrawal_consent():
            values["withdrawal_consent_text"] = order._get_withdrawal_consent_text()
        return values

    @http.route(
        "/shop/withdrawal-consent",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def shop_withdrawal_consent(self, consent=None, **kwargs):
        """Keep the consent of the customer to his cart, and go on to the payment.

        :param str consent: the ticked box; without it nothing is kept
        :return: redirect (303) to the payment
        """
        if consent == "yes" and request.cart:
            request.cart._give_withdrawal_consent()
        return request.redirect("/shop/payment")
