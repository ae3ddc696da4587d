from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _post_process(self):
        """Override of `sale` to hold what is placed with a payment that is yet to come."""
        res = super()._post_process()
        # sudo: a payment is processed for whoever pays
        pending = self.filtered(lambda tx: tx.state == "pending").sudo()
        # A quotation is no order before it is paid.
        pending.sale_order_ids.filtered("was_placed")._hold_b2b_offers()
        return res

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
