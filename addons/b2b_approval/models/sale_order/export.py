from odoo import api, models


class SaleOrder(models.Model):
    """Export: the cost centre in the customer's own table of orders."""

    _inherit = "sale.order"

    @api.model
    def _get_b2b_export_more(self, orders):
        """Override of `b2b_portal` to add the cost centre, for customers who use them."""
        more = super()._get_b2b_export_more(orders)
        # sudo: customers read their orders, and not the cost centres in them
        centers = {order: order.cost_center_id for order in orders.sudo()}
        if any(centers.values()):
            label = self.env._("Cost centre")
            more[label] = {order: center.display_name or "" for order, center in centers.items()}
        return more
