from odoo import api, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _get_sale_order_domain_count(self):
        """Override of `sale` to count no B2B carts and templates."""
        return Domain(super()._get_sale_order_domain_count()) & ~(
            self.env["sale.order"]._get_b2b_draft_domain()
        )
