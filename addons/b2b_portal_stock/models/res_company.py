from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_stock_display = fields.Selection(
        selection=[
            ("none", "Nothing"),
            ("words", "In stock, few left, out of stock"),
            ("quantity", "The free quantity"),
        ],
        string="Availability in the B2B shop",
        default="words",
        required=True,
    )
    b2b_stock_low = fields.Float(
        string="Few left below",
        digits="Product Unit",
        default=5.0,
        help="Below this quantity the B2B shop tells how many are left.",
    )

    @api.model
    def _get_b2b_seller_fields(self):
        """Override of `b2b_portal` to read what the shop tells of the stock."""
        return [*super()._get_b2b_seller_fields(), "b2b_stock_display", "b2b_stock_low"]
