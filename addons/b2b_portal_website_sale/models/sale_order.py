from odoo import models
from odoo.exceptions import ValidationError
from odoo.http import request


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_b2b_draft_values(self):
        """Override of `b2b_portal`: the website would take it for an abandoned cart of its own."""
        return {**super()._get_b2b_draft_values(), "website_id": False}

    def _check_cart_is_ready_to_be_paid(self):
        """Override of `website_sale` to let order only whom the customer's company lets."""
        # As whoever asks, not as the superuser: what is told depends on who is told.
        order = self.with_user(request.env.user).sudo() if request else self
        if problems := order._get_b2b_web_problems():
            raise ValidationError("\n".join(problems))
        return super()._check_cart_is_ready_to_be_paid()

    def _update_address(self, partner_id, fnames=None):
        """Override of `website_sale` to send no invoice to an address for deliveries.

        Colleagues who see no invoices make such addresses. Their own choice is left out, and the
        order goes on with the invoice address that it has.
        """
        # sudo: visitors do not read the addresses of a customer, nor who sees its invoices
        buyer = self.sudo().partner_id
        is_billing = "partner_invoice_id" in (fnames or ())
        if is_billing and buyer.browse(partner_id).type == "delivery":
            fnames = set(fnames) - (set() if buyer._sees_invoices() else {"partner_invoice_id"})
        return super()._update_address(partner_id, fnames)
