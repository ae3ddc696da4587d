from odoo import models


class StockForecastedProductProduct(models.AbstractModel):
    _inherit = "stock.forecasted_product_product"

    def _product_sale_domain(self, product_template_ids, product_ids):
        """Override of `sale_stock` to expect no demand from carts and templates."""
        return [
            *super()._product_sale_domain(product_template_ids, product_ids),
            ("order_id.b2b_qualifier", "in", (False, "order")),
        ]
