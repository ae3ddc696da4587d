from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _post_process(self):
        """Override of `payment` to tell the orders that they were paid."""
        res = super()._post_process()
        paid = self.filtered(lambda tx: tx.state == "done" and tx.operation != "validation")
        paid.sale_order_ids._trigger_status_event("payment_received")
        return res
