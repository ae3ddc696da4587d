from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_own_shop = fields.Boolean(
        string="B2B customers in their own shop only",
        help="Customers with an agreement in force are led from the public shop to the B2B shop,"
        " and see one cart, the one of the B2B shop.",
    )

    @api.model
    def _get_b2b_seller_fields(self):
        """Override of `b2b_portal` to read what the website's own parts of a page ask for."""
        return [*super()._get_b2b_seller_fields(), "b2b_own_shop", "social_twitter"]
