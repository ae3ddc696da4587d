from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    cost_center_id = fields.Many2one(
        comodel_name="b2b.cost.center",
        string="Cost centre of the customer",
        copy=True,
        index="btree_not_null",
        ondelete="restrict",
    )
