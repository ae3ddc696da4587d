from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_part_numbers = fields.Boolean(
        string="Customers enter their part numbers",
        help="The B2B shop leads every customer to the page of own part numbers; off: those who"
        " have some already.",
    )
