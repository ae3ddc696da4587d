from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_part_numbers = fields.Boolean(
        string="Customers enter their part numbers",
        help="The B2B shop leads every customer to the page of own part numbers; off: those who"
        " have some already.",
    )

    @api.model
    def _get_b2b_seller_fields(self):
        """Override of `b2b_portal` to read whether the pages lead to the part numbers."""
        return [*super()._get_b2b_seller_fields(), "b2b_part_numbers"]
