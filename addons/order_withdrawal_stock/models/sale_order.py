from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_withdrawal_start(self):
        """Override of `order_withdrawal` to begin the period with the last delivery of goods.

        A service has none, and an order of goods that another app handed over, or that were given
        up, has no transfer: those begin with the order.
        """
        goods = self.order_line._filter_withdrawable().filtered(
            lambda line: line.qty_delivered_method == "stock_move"
        )
        if goods and self._filter_unshipped():
            return False, "goods_to_come"
        moments = goods._get_shipped_moves().mapped("date")
        return (max(moments), "delivery") if moments else super()._get_withdrawal_start()

    def _has_left_house(self):
        """Override of `order_withdrawal` to see what was shipped, and is perhaps back already."""
        return super()._has_left_house() or bool(self._get_shipped_moves())
