from odoo import api, models


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model
    def _get_withdrawal_company(self):
        """Override of `order_withdrawal` to ask the company of the shop that the visitor is in."""
        # The company that Odoo keeps in memory: nothing else of the shop is needed.
        company_id = self.env["website"].get_current_website()._get_cached("company_id")
        company = self.browse(company_id).sudo()  # sudo: visitors read no companies
        company.fetch(company._get_order_status_page_fields())
        return company if company.withdrawal_enabled else company.browse()
