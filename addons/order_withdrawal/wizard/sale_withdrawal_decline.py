from odoo import fields, models


class SaleWithdrawalDecline(models.TransientModel):
    """Ask for the reason before a withdrawal is declined."""

    _name = "sale.withdrawal.decline"
    _description = "Decline a Withdrawal"

    withdrawal_id = fields.Many2one(comodel_name="sale.withdrawal", required=True)
    reason = fields.Text(required=True, help="Told to the customer.")

    def action_decline(self):
        """Decline the withdrawal, see `sale.withdrawal.action_decline`.

        :return: action that closes the dialog
        """
        self.ensure_one()
        self.withdrawal_id.action_decline(self.reason)
        return {"type": "ir.actions.act_window_close"}
