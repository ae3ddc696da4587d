from odoo import api, models
from odoo.exceptions import ValidationError


class PaymentLinkWizard(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "payment.link.wizard"

    @api.constrains("res_model", "res_id")
    def _check_not_b2b(self):
        """No payment link of a B2B order, also when the wizard is not opened from it.

        :raise ValidationError: for carts, templates and pro-formas
        """
        Order = self.env["sale.order"]
        order_ids = [wizard.res_id for wizard in self if wizard.res_model == "sale.order"]
        if any(order.b2b_qualifier for order in Order.browse(order_ids).exists()):
            raise ValidationError(Order._get_b2b_payment_refusal())
