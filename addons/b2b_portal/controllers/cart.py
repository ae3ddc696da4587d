from odoo import http
from odoo.http import request

from .shop import B2BShopPortal


class B2BCartPortal(B2BShopPortal):
    """The cart page: shows today's prices, and stores them with the next POST."""

    @http.route("/my/b2b/cart", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_cart(self, **kwargs):
        """Show the cart at today's prices, without writing anything."""
        return self._render_b2b_cart(request.b2b_agreement)

    def _render_b2b_cart(self, agreement, typed=None, mistakes=None):
        """Render the cart, with what was typed when it was refused.

        :param dict typed: the form
        :param dict mistakes: `{line: message}`
        """
        values = self._b2b_values(agreement, "b2b_cart", typed=typed or {}, mistakes=mistakes or {})
        values.update(self._prepare_b2b_cart_values(agreement, values["cart"]))
        return self._b2b_render("b2b_portal.portal_b2b_cart", values)

    def _prepare_b2b_cart_values(self, agreement, cart):
        """Return the cart at today's prices, and what keeps it from being ordered."""
        if not cart:
            return {"today": None, "problems": [], "line_problems": {}, "own_codes": {}}
        today = cart._get_b2b_today()
        return {
            "today": today,
            "own_codes": cart.order_line.product_id._get_b2b_customer_codes(agreement.partner_id),
            "line_problems": cart._get_b2b_line_problems(),
            "problems": cart._get_b2b_checkout_problems(agreement, today["untaxed"])
            if cart.order_line
            else [],
        }

    @http.route("/my/b2b/cart/update", type="http", auth="b2b", methods=["POST"], website=True)
    def portal_b2b_cart_update(self, remove=None, empty=None, next_page=None, **kwargs):
        """Store the quantities of the cart; fields `qty_<line id>`.

        :param str remove: id of a line to take out
        :param str empty: take out all lines
        :param str next_page: `checkout` to go on there
        """
        agreement = request.b2b_agreement
        cart = request.env["sale.order"]._get_b2b_cart(agreement)
        if not cart:
            return self._b2b_redirect("/my/b2b/cart")
        cart._lock_b2b_cart()
        removed = cart.order_line.filtered(lambda line: empty or line.id == self._read_id(remove))
        quantities, mistakes = self._read_b2b_quantities(cart, skip=removed)
        if mistakes:  # nothing half done, and nothing typed in vain
            self._tell_b2b_mistakes(mistakes)
            return self._render_b2b_cart(agreement, request.httprequest.form, mistakes)
        cart._refresh_b2b_lines({**quantities, **dict.fromkeys(removed, 0.0)})
        if next_page == "checkout":
            return self._b2b_redirect("/my/b2b/checkout")
        self._add_b2b_message(request.env._("Your cart is up to date."))
        return self._b2b_redirect("/my/b2b/cart")
