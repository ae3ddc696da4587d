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
        """Override of `website_sale` to send invoices where those say who see them.

        The choice of whoever sees none is left out, and the order goes on with the invoice address
        that it has.
        """
        if "partner_invoice_id" in (fnames or ()) and not self._may_b2b_invoice(partner_id):
            fnames = set(fnames) - {"partner_invoice_id"}
        return super()._update_address(partner_id, fnames)

    def _filter_b2b_billing(self, addresses):
        """Return the addresses that the checkout offers for the invoice.

        None whose choice would be left out, see `_update_address`.

        :param res.partner addresses: of the customer
        :rtype: res.partner
        """
        allowed = self._filter_b2b_invoiced(addresses) | self.partner_invoice_id
        return addresses.filtered(lambda one: one in allowed)

    def _may_b2b_invoice(self, partner_id):
        """Whether the buyer may have the invoice sent to an address.

        :param int partner_id: of the address
        :rtype: bool
        """
        return bool(self._filter_b2b_invoiced(self.env["res.partner"].browse(partner_id)))

    def _filter_b2b_invoiced(self, addresses):
        """Return the addresses to which the buyer may have the invoice sent.

        Who sees no invoices has it sent to addresses for invoices, which he neither makes nor
        changes, or to where it goes anyway.

        :param res.partner addresses: of the customer
        :rtype: res.partner
        """
        # sudo: visitors do not read the addresses of a customer, nor who sees its invoices
        buyer = self.sudo().partner_id
        if buyer._sees_invoices():
            return addresses
        own = buyer.address_get(["invoice"])["invoice"]
        return addresses.filtered(
            # sudo: as above
            lambda one: one.id == own or one.sudo().type in ("invoice", "other")
        )
