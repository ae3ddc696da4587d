from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_b2b_draft_values(self):
        """Override of `b2b_portal`: the website would take it for an abandoned cart of its own."""
        return {**super()._get_b2b_draft_values(), "website_id": False}
