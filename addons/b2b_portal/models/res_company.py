from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def cache_invalidation_fields(self):
        """Override of `base` to look anew which products the shop leaves out, see
        `product.product._get_b2b_technical_product_ids`."""
        return {*super().cache_invalidation_fields(), "sale_discount_product_id"}
