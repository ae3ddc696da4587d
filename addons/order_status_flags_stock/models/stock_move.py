from odoo import models

from .sale_order import CANCELLING


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_cancel(self):
        """Override of `stock` to call an order shipped once the rest of it is given up."""
        # sudo: warehouse people may not read or write sales orders
        orders = self.sudo().filtered(lambda m: m._is_bound_for_customer()).sale_line_id.order_id
        res = super()._action_cancel()
        # An order that is being cancelled itself is rejected, not delivered.
        if orders and self.env.context.get("order_status_cancelling") is not CANCELLING:
            # Nor is one that is rejected: whoever gives its rest up does what is right.
            orders.filtered(
                lambda order: order._get_shipped_moves() and not order._is_rejected()
            )._tell_delivery_done()
        return res

    def _ships_to_customer(self):
        """Whether the move hands goods over to the customer (or a carrier does, from a supplier).

        Steps inside the warehouse and returns do not.
        """
        self.ensure_one()
        return self.location_dest_id._is_with_customer() and self.location_id.usage != "customer"

    def _is_bound_for_customer(self):
        """Whether the goods of the move end up at the customer, in this step or a later one."""
        self.ensure_one()
        final = self.location_final_id or self.location_dest_id
        return final._is_with_customer() and self.location_id.usage != "customer"
