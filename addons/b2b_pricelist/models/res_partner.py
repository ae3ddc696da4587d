from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """Override of `b2b_agreement` to forget lists that were kept for a customer."""
        res = super().write(vals)
        if "specific_property_product_pricelist" in vals:
            # Record rules and the shop's lists are cached by pricelist.
            self.env.registry.clear_cache()
        return res
