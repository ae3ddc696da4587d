from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_price_policy = fields.Selection(
        selection=[
            ("best_price", "Best price"),
            ("product_first", "Product discount first"),
        ],
        string="B2B price policy",
        default="best_price",
        required=True,
        # How prices are made is no business of customers, who may read their supplier.
        groups="base.group_user",
        help="Best price: the lower of the product's B2B discount and the pricelist's rule at the"
        " ordered quantity.\nProduct discount first: the product's B2B discount whenever it is"
        " above 0, even if the pricelist's rule is lower.",
    )
