from odoo.addons.website_sale.controllers.cart import Cart


class WithdrawalCart(Cart):
    """The cart's buttons that pay at once."""

    def _get_express_shop_payment_values(self, order, **kwargs):
        """Override of `website_sale` to lead past no form of the consent.

        Those buttons would be refused each time: the page that asks is the one they leave out.
        """
        values = super()._get_express_shop_payment_values(order, **kwargs)
        if order._needs_withdrawal_consent():
            for name in ("providers_sudo", "payment_methods_sudo"):
                values[name] = values[name].browse()
        return values
