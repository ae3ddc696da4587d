from odoo import api, models
from odoo.exceptions import ValidationError


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    @api.constrains("sale_order_ids")
    def _check_not_b2b(self):
        """Every way to an online payment makes a transaction of the order; B2B has none.

        :raise ValidationError: for carts, templates and pro-formas
        """
        for transaction in self.sudo():  # customers pay, and do not read all these fields
            if any(order.b2b_qualifier for order in transaction.sale_order_ids):
                raise ValidationError(transaction.sale_order_ids._get_b2b_payment_refusal())
