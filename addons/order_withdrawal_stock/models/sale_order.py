from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_withdrawal_starts(self):
        """Override of `order_withdrawal` to begin the period with the last delivery of goods.

        A service has none, and an order of goods that another app handed over, or that were given
        up, has no transfer: those begin with the order.
        """
        starts = super()._get_withdrawal_starts()
        # In this order: what an article is needs to be read of goods alone.
        goods = self.order_line.filtered(lambda line: line.qty_delivered_method == "stock_move")
        goods.product_id.fetch(["product_tmpl_id"])
        goods.product_id.product_tmpl_id.fetch(["type"])
        ordered = goods._filter_withdrawable()
        having = ordered.order_id
        unshipped = having._filter_unshipped() if having else having
        # Read for all of them at once: what is filtered below is read order by order.
        having.order_line.move_ids.mapped("location_dest_id.usage")
        for order, goods in ordered.grouped("order_id").items():
            moments = goods._get_shipped_moves().mapped("date")
            if order in unshipped:
                starts[order] = (False, "goods_to_come")
            elif moments:
                starts[order] = (max(moments), "delivery")
        return starts

    def _has_left_house(self):
        """Override of `order_withdrawal` to see what was shipped, and is perhaps back already."""
        return super()._has_left_house() or bool(self._get_shipped_moves())
