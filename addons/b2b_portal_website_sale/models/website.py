from odoo import models
from odoo.http import request


class Website(models.Model):
    _inherit = "website"

    def _get_b2b_pricelist(self):
        """Return the pricelist of the visitor's agreement in force, asked at each request.

        The answer to a request that asks for it is kept by no cache.

        :return: `product.pricelist` record in sudo mode, empty for everyone else
        """
        self.ensure_one()
        agreed = self._get_b2b_pricelist_agreement().pricelist_id
        if agreed and request:
            # The next visitor at the same computer or proxy pays other prices.
            request.b2b_agreed_prices = True
        return agreed

    def _get_b2b_pricelist_agreement(self):
        """Return the visitor's agreement in force, asked at each request.

        :return: `b2b.agreement` record in sudo mode, empty for everyone else
        """
        if self.env.user._is_public():
            # sudo: empty, in the mode of the full ones
            return self.env["b2b.agreement"].sudo()
        agreement = getattr(request or None, "b2b_agreement", None)
        if not agreement or agreement._get_selling_company() != self.company_id:
            agreement = self.env.user.partner_id._get_b2b_agreement_of_page(self.company_id)
        return agreement

    def _leads_to_b2b_shop(self):
        """Whether the visitor buys in the B2B shop only: by the setting, with an agreement.

        The B2B shop is open to the agreement with the company of the page, which is not the
        website's for users who belong to another company of the seller.

        :rtype: bool
        """
        self.ensure_one()
        company = self.sudo().company_id  # sudo: customers do not read the seller's settings
        return (
            company.b2b_own_shop
            and company == self.env.company
            and bool(self._get_b2b_pricelist_agreement())
        )

    def get_pricelist_available(self, show_visible=False):
        """Override of `website_sale` to give a B2B customer the agreed pricelist and no choice."""
        if pricelist_sudo := self._get_b2b_pricelist():
            return pricelist_sudo.sudo(False)
        return super().get_pricelist_available(show_visible=show_visible)

    def _get_and_cache_current_pricelist(self):
        """Override of `website_sale` to price the shop by the agreement, while it is in force.

        :return: `product.pricelist` record in sudo mode
        """
        # Not kept in the session: the next click may come after the last day.
        if agreed := self._get_b2b_pricelist():
            return agreed
        pricelist_sudo = super()._get_and_cache_current_pricelist()
        if pricelist_sudo.is_b2b:
            # Of a cart that was priced while an agreement was in force. sudo: as Odoo's, visitors
            # do not read lists.
            pricelist_sudo = self.env.user.partner_id.property_product_pricelist.sudo()
        return pricelist_sudo

    def _get_and_cache_current_cart(self):
        """Override of `website_sale` to price an open cart anew when an agreement came or went.

        Nothing is ordered yet: the cart goes along with a visitor who changed companies.
        """
        cart_sudo = super()._get_and_cache_current_cart()
        agreed = self._get_b2b_pricelist()
        if not cart_sudo:
            return cart_sudo
        moved = cart_sudo.b2b_customer_id != cart_sudo.partner_id.commercial_partner_id
        if moved:
            cart_sudo._compute_b2b_customer_id()
            cart_sudo._renew_links()
        if cart_sudo.pricelist_id == agreed and not moved:
            return cart_sudo
        if moved or agreed or cart_sudo.pricelist_id.is_b2b:
            cart_sudo._compute_pricelist_id()
            cart_sudo._recompute_prices()
            request.pricelist = cart_sudo.pricelist_id
        return cart_sudo
