from odoo import models


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def _get_website_pricelists_domain(self, website):
        """Override of `website_sale` to take B2B pricelists off the website.

        :rtype: list
        """
        return [*super()._get_website_pricelists_domain(website), ("is_b2b", "=", False)]

    def _is_available_on_website(self, website):
        """Override of `website_sale` to let no visitor choose a B2B pricelist.

        Holds for the customer it is made for too, since callers cache the answer. That customer
        gets it from `website._get_and_cache_current_pricelist`.
        """
        # Visitors may not read what kind of pricelist it is.
        return not self.sudo().is_b2b and super()._is_available_on_website(website)
