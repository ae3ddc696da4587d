from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from odoo.addons.b2b_portal.controllers.shop import B2BShopPortal
from odoo.addons.website_sale.controllers import reorder


class B2BReorder(reorder.CustomerPortal, B2BShopPortal):
    """*Order Again* on the page of an order."""

    @http.route()
    def my_orders_reorder(self, order_id, access_token=None):
        """Override of `website_sale` to fill the one cart that the B2B customer is shown."""
        if not request.website._leads_to_b2b_shop():
            return super().my_orders_reorder(order_id, access_token=access_token)
        try:
            order_sudo = self._document_check_access("sale.order", order_id, access_token)
        except (AccessError, MissingError):
            # Told there once more, in the words of `website_sale`.
            return super().my_orders_reorder(order_id, access_token=access_token)
        self._order_b2b_again(request.website._get_b2b_pricelist_agreement(), order_sudo)
        return {"tracking_info": [], "cart_quantity": request.cart.cart_quantity}

    def _order_b2b_again(self, agreement, order_sudo):
        """Put the articles of an order into the cart, and say which ones are left out.

        :param b2b.agreement agreement: in force
        :param sale.order order_sudo: that the buyer may read
        """
        if order_sudo.company_id != agreement._get_selling_company():
            text = request.env._("This order is of another company, and cannot be repeated here.")
            return self._add_b2b_message(text, "danger")
        try:
            with request.env.cr.savepoint():  # a refusal leaves nothing in the cart
                count = self._fill_b2b_cart(agreement, order_sudo._get_b2b_wanted())
        except UserError as error:
            return self._add_b2b_message(str(error), "danger")
        if count:
            self._add_b2b_message(self._get_b2b_added_words(count))
        return self._add_b2b_messages(("warning", text) for text in order_sudo._get_b2b_left_out())

    def _fill_b2b_cart(self, agreement, wanted):
        """Return how many articles were added to the cart.

        :param list wanted: `PriceLine`
        """
        if not wanted:
            return 0
        cart = request.env["sale.order"]._get_b2b_cart(agreement, create=True)
        cart._lock_b2b_cart()
        return len(cart._add_b2b_lines(wanted))
