from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_own_shop = fields.Boolean(
        string="B2B customers in their own shop only",
        help="Customers with an agreement in force are led from the public shop to the B2B shop,"
        " and see one cart, the one of the B2B shop.",
    )
