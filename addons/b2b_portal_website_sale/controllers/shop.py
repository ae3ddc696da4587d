from urllib.parse import urlencode

from odoo import http
from odoo.http import request

from odoo.addons.website_sale.controllers.cart import Cart
from odoo.addons.website_sale.controllers.main import WebsiteSale


def lead_to_own_shop(url):
    """Return the way to the B2B shop for customers who are to buy there only, else None.

    Not kept by browsers: the agreement may end, or the setting change.

    :param str url: page of the B2B shop
    """
    if not request.website._leads_to_b2b_shop():
        return None
    response = request.redirect(url, code=303)
    response.headers["Cache-Control"] = "no-store"
    return response


class B2BWebsiteSale(WebsiteSale):
    """The public shop, which leads B2B customers to their own where the seller wants that."""

    @http.route()
    def shop(self, page=0, category=None, search="", min_price=0.0, max_price=0.0, tags="", **post):
        """Override of `website_sale` to lead B2B customers to their own shop."""
        query = f"?{urlencode({'search': search})}" if search and isinstance(search, str) else ""
        return lead_to_own_shop(f"/my/b2b{query}") or super().shop(
            page=page,
            category=category,
            search=search,
            min_price=min_price,
            max_price=max_price,
            tags=tags,
            **post,
        )

    @http.route()
    def product(self, product, *args, **kwargs):
        """Override of `website_sale` to lead B2B customers to the page of their own shop."""
        variant = product.sudo().product_variant_id  # only its id is in the address
        url = f"/my/b2b/product/{variant.id}" if variant else "/my/b2b"
        return lead_to_own_shop(url) or super().product(product, *args, **kwargs)

    @http.route()
    def process_express_checkout(self, *args, **kwargs):
        """Override of `website_sale` to send no invoice to the address of who sees none."""
        order_sudo = request.cart
        before = order_sudo.partner_invoice_id
        res = super().process_express_checkout(*args, **kwargs)
        if not order_sudo._may_b2b_invoice(order_sudo.partner_invoice_id.id):
            order_sudo.partner_invoice_id = before
        return res

    def _get_shop_payment_errors(self, order):
        """Override of `website_sale` to say on the payment page that the cart is refused.

        The same is said by `sale.order._check_cart_is_ready_to_be_paid`, whoever asks. What is
        placed already, and waits for its money, is not asked about again.
        """
        errors = super()._get_shop_payment_errors(order)
        if order.state == "draft" and (problems := order._get_b2b_web_problems()):
            errors.append((request.env._("You cannot order this here."), "\n".join(problems)))
        return errors

    def _get_shop_payment_values(self, order, **kwargs):
        """Override of `website_sale` to tell on the payment page what becomes of the order."""
        values = super()._get_shop_payment_values(order, **kwargs)
        notices = [] if values["errors"] else order._get_b2b_web_notices()
        return {**values, "b2b_notices": notices}


class B2BCart(Cart):
    """The cart of the public shop."""

    @http.route()
    def cart(self, *args, **kwargs):
        """Override of `website_sale` to show B2B customers the one cart that they have."""
        return lead_to_own_shop("/my/b2b/cart") or super().cart(*args, **kwargs)
