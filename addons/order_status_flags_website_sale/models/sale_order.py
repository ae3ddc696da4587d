from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _compute_document_type(self):
        """Override of `order_status_flags` to call web orders what begins as a cart of a website.

        While it is a draft it is the cart, and has no status, as any draft.
        """
        for order in self:
            if not order.document_type and order.website_id:
                order.document_type = "web"
        return super()._compute_document_type()

    def copy_data(self, default=None):
        """Override of `sale` to make a quotation of a copied shop order.

        It is no order of the shop when it is sent.
        """
        vals_list = super().copy_data(default=default)
        for order, vals in zip(self, vals_list, strict=True):
            if order.document_type == "web":
                vals.setdefault("document_type", "sale")
        return vals_list
