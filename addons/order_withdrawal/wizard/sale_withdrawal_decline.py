from odoo import api, fields, models


class SaleWithdrawalDecline(models.TransientModel):
    """Ask for the reason before a withdrawal is declined."""

    _name = "sale.withdrawal.decline"
    _description = "Decline a Withdrawal"

    withdrawal_id = fields.Many2one(comodel_name="sale.withdrawal", required=True)
    reason = fields.Text(required=True)
    is_told = fields.Boolean(compute="_compute_is_told")

    @api.depends("withdrawal_id")
    def _compute_is_told(self):
        """Whether an e-mail tells the customer, see `_queue_answer`."""
        for wizard in self:
            wizard.withdrawal_id.check_access("read")
            # sudo: the addresses of the customer, whatever contacts may be read
            statement = wizard.withdrawal_id.sudo()
            wizard.is_told = bool(statement and statement._get_answer_recipients())

    def action_decline(self):
        """Decline the withdrawal, see `sale.withdrawal.action_decline`.

        :return: action that closes the dialog
        """
        self.ensure_one()
        self.withdrawal_id.action_decline(self.reason)
        return {"type": "ir.actions.act_window_close"}
