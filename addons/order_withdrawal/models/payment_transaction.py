from odoo import models


class PaymentTransaction(models.Model):
    """Money that was on its way when the customer withdrew."""

    _inherit = "payment.transaction"

    def _post_process(self):
        """Override of `payment` to tell a person of money for what was withdrawn from."""
        res = super()._post_process()
        held = self.filtered(lambda transaction: transaction._is_money_held())
        # sudo: a payment is processed for whoever pays
        held.sudo().sale_order_ids._mark_goes_on()
        return res

    def _check_amount_and_confirm_order(self):
        """Override of `sale` to confirm no order by a payment that was withdrawn from already."""
        # sudo: as above
        against = self.filtered(
            lambda tx: any(order._is_withdrawn_from() for order in tx.sudo().sale_order_ids)
        )
        return super(PaymentTransaction, self - against)._check_amount_and_confirm_order()
