from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_registration = fields.Boolean(
        string="Registration of new customers",
        help="Companies register at /b2b/register, and a salesperson accepts them.",
    )
    b2b_registration_pricelist_id = fields.Many2one(
        "product.pricelist",
        string="Pricelist of new customers",
        domain="[('company_id', 'in', (id, False))]",
        # Customers may read their supplier, and with it the name of the list.
        groups="base.group_user",
        help="What the draft agreement of an accepted registration has.",
    )
