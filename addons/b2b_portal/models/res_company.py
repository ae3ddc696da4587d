from odoo import api, models


class ResCompany(models.Model):
    _inherit = "res.company"

    def cache_invalidation_fields(self):
        """Override of `base` to look anew which products the shop leaves out, see
        `product.product._get_b2b_technical_product_ids`."""
        return {*super().cache_invalidation_fields(), "sale_discount_product_id"}

    @api.model
    def _get_b2b_seller_fields(self):
        """Hook: return the fields of the seller's company that the pages of the shop read.

        A name that is forgotten costs a query, never a wrong page (decision 85).

        :rtype: list[str]
        """
        return [
            # The frame is that of all pages of the portal.
            *(*self._get_order_status_page_fields(), "order_status_lookup"),
            *("active", "currency_id", "parent_id", "parent_path", "account_price_include"),
            "b2b_price_policy",
        ]
