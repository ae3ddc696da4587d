from odoo import models


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    # As its record rules have it, and as payment terms and products are used: an agreement, and
    # so its list, holds in the branches of its company.
    _check_company_domain = models.check_company_domain_parent_of
