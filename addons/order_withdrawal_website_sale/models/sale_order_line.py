from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _begins_at_once(self):
        """Whether the line is digital content, or a service without an exception of its own."""
        self.ensure_one()
        exception = self.product_id.withdrawal_exception
        is_service = self.product_type == "service" and not exception
        articles = self._filter_withdrawable()
        return bool(articles) and (exception == "digital" or is_service)
