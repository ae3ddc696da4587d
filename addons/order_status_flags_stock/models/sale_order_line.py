from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _compute_qty_delivered(self):
        """Override of `sale_stock` to notice goods that other apps hand over (till, repair)."""
        res = super()._compute_qty_delivered()
        handed_over = self.filtered(lambda line: line._is_handed_over_elsewhere())
        handed_over._filter_increased("qty_delivered").order_id._follow_other_apps()
        return res

    def write(self, vals):
        """Override of `sale` to call an order shipped once its last open goods are given up.

        Of those without moves, whose transfers tell it otherwise.
        """
        res = super().write(vals)
        if "product_uom_qty" in vals:
            # sudo: an event
            orders = self.sudo().filtered(lambda line: line._is_given_up()).order_id
            orders.filtered(lambda order: order._get_shipped_moves())._tell_delivery_done()
        return res

    def _is_handed_over_elsewhere(self):
        """Whether goods are delivered, and no transfer of the order has brought them."""
        self.ensure_one()
        return (
            self.qty_delivered_method == "stock_move"
            and self._is_handed_over()
            and not self._get_shipped_moves()
        )

    def _get_shipped_moves(self):
        # What is no goods has no moves: nothing is asked for an order of services.
        goods = self.filtered(lambda line: line.qty_delivered_method == "stock_move")
        return goods.move_ids.filtered(
            lambda move: move.state == "done" and move._ships_to_customer()
        )

    def _is_given_up(self):
        """Whether nothing is ordered any more of goods of a placed order, which have no moves."""
        self.ensure_one()
        return (
            self.state == "sale"
            and self.qty_delivered_method == "stock_move"
            and not self.move_ids
            and not self._is_open()
        )

    def _is_open(self):
        """Whether less than the ordered quantity is delivered."""
        self.ensure_one()
        return self.product_uom_id.compare(self.qty_delivered, self.product_uom_qty) < 0

    def _get_quantity_taken_back(self):
        """Override of `order_status_flags` to tell what returns have brought."""
        quantity = super()._get_quantity_taken_back()
        _outgoing, incoming = self._get_outgoing_incoming_moves()
        quantity += sum(
            move.product_uom._compute_quantity(move.quantity, self.product_uom_id)
            for move in incoming
            if move.state == "done"
        )
        # What was exchanged is with the customer again.
        return max(min(quantity, self.product_uom_qty - self.qty_delivered), 0.0)
