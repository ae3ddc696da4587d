from odoo import api, models


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model
    def _get_withdrawal_company(self):
        """Override of `order_withdrawal` to ask the company of the shop that the visitor is in."""
        # sudo: visitors read no companies
        company = self.env["website"].get_current_website().sudo().company_id
        return company if company.withdrawal_enabled else company.browse()
