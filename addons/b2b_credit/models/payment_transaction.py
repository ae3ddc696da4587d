from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _post_process(self):
        """Override of `sale` to hold what is placed with a payment that is yet to come."""
        # sudo: a payment is processed for whoever pays
        pending = self.filtered(lambda tx: tx.state == "pending").sudo()
        # Held, and so no draft any more, before Odoo confirms all drafts of these.
        later = pending.filtered(lambda tx: tx._confirms_before_it_is_paid()).sale_order_ids
        later.filtered(lambda order: order.state == "draft")._hold_b2b_offers()
        res = super()._post_process()
        # A quotation is no order before it is paid.
        pending.sale_order_ids.filtered("was_placed")._hold_b2b_offers()
        return res

    def _confirms_before_it_is_paid(self):
        """Whether Odoo confirms an order although its payment is yet to come: cash on delivery, and
        what is paid in the store.

        :rtype: bool
        """
        self.ensure_one()
        provider = self.provider_id
        # The field is of `payment_custom`, its values of `delivery` and `website_sale_collect`.
        mode = provider.custom_mode if "custom_mode" in provider._fields else False
        return mode in ("cash_on_delivery", "on_site")

    def _check_amount_and_confirm_order(self):
        """Override of `sale` to confirm no order by a part payment that exceeds the credit.

        The payment counts; the order waits for a salesperson.
        """
        held = self.filtered(lambda tx: tx._get_b2b_confirmed_offers()._hold_b2b_offers())
        return super(PaymentTransaction, self - held)._check_amount_and_confirm_order()

    def _get_b2b_confirmed_offers(self):
        """Return the orders, in sudo mode, that this payment would confirm."""
        # sudo: as in `_post_process`
        orders = self.sudo().sale_order_ids
        return orders.filtered(
            lambda order: (
                order.state in ("draft", "sent") and order._is_confirmation_amount_reached()
            )
        )
