from odoo import api, models
from odoo.tools import SQL


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.model
    def _get_b2b_customer_codes_sql(self, customer):
        """Override of `b2b_portal` to find and show products by the customer's part numbers."""
        self.env["customer.product.reference"].flush_model()
        return SQL(
            """
            SELECT product_id, customer_product_reference AS code
              FROM customer_product_reference
             WHERE partner_id = %s
            """,
            customer.id,
        )
