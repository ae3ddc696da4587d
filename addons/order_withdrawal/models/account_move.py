from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    order_withdrawal_id = fields.Many2one(
        comodel_name="sale.withdrawal",
        string="Withdrawal",
        copy=False,
        readonly=True,
        index="btree_not_null",
        groups="base.group_user",
    )
