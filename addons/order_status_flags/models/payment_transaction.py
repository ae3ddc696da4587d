from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _post_process(self):
        """Override of `payment` to tell the orders that they were paid."""
        res = super()._post_process()
        paid = self.filtered(lambda tx: tx.state == "done" and tx.operation != "validation")
        paid.sale_order_ids._trigger_status_event("payment_received")
        # Money that is only held must be given back as well.
        held = self.filtered(lambda tx: tx.state == "authorized" and tx.operation != "validation")
        held.sale_order_ids._tell_against_rejection("payment_received")
        return res

    def _check_amount_and_confirm_order(self):
        """Override of `sale` to confirm no order by a payment that is rejected already."""
        # sudo: a payment is processed for whoever pays
        against = self.filtered(
            lambda tx: any(order._is_rejected() for order in tx.sudo().sale_order_ids)
        )
        return super(PaymentTransaction, self - against)._check_amount_and_confirm_order()

    def _is_money_held(self):
        """Whether money is left of what was authorised or paid by these transactions (sudo)."""
        held = self.filtered(
            lambda tx: tx.state in ("authorized", "done") and tx.operation != "validation"
        )
        left = sum(held.mapped("amount"))
        children = held.child_transaction_ids
        while children:
            for child in children:
                if child.operation == "refund" and child.state == "done":
                    left += child.amount  # negative
                elif child.operation != "refund" and child.state == "cancel":
                    left -= child.amount  # a part that was voided
            children = children.child_transaction_ids  # a capture has refunds of its own
        return bool(held) and held.currency_id[:1].compare_amounts(left, 0) > 0
