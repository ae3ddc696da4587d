from odoo import models


class SaleReport(models.Model):
    _inherit = "sale.report"

    def _where_sale(self):
        """Override of `sale` to report no B2B carts and templates."""
        return f"""{super()._where_sale()}
            AND (s.b2b_qualifier IS NULL OR s.b2b_qualifier = 'order')"""
