from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_order_status_page_fields(self):
        """Override of `order_status_flags` to read where customers live, and who is a company."""
        names = super()._get_order_status_page_fields()
        return [*names, "country_id", "is_company", "name", "company_name"]
