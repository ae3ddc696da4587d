from odoo import api, models

from odoo.addons.order_status_flags_feed.erp_order import text


class SaleOrder(models.Model):
    """What an ERP reads of an order: the cost centre of the customer too."""

    _inherit = "sale.order"

    @api.model
    def _get_erp_fields(self):
        """Override of `order_status_flags_feed` to read the cost centre with the order."""
        return [*super()._get_erp_fields(), "cost_center_id"]

    def _prepare_erp_order(self, addresses, payment, lines):
        """Override of `order_status_flags_feed` to tell code and name of the cost centre.

        Only where there is one: other orders stay as they are, in their version too.
        """
        order, center = super()._prepare_erp_order(addresses, payment, lines), self.cost_center_id
        if center:
            order |= {"cost_center": text(center.code), "cost_center_name": text(center.name)}
        return order
