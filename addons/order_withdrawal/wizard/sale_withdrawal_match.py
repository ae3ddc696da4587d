from odoo import fields, models


class SaleWithdrawalMatch(models.TransientModel):
    """Choose the order that a statement is about, from those that it is likely about."""

    _name = "sale.withdrawal.match"
    _description = "Match a Withdrawal"

    withdrawal_id = fields.Many2one(comodel_name="sale.withdrawal", required=True)
    likely_order_ids = fields.Many2many(related="withdrawal_id.likely_order_ids")
    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, domain="[('was_placed', '=', True)]"
    )

    def action_match(self):
        """Match the statement with the order, see `sale.withdrawal.action_match`.

        :return: action that closes the dialog
        """
        self.ensure_one()
        self.withdrawal_id.action_match(self.order_id.id)
        return {"type": "ir.actions.act_window_close"}
