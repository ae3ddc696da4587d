from odoo import fields, models


class SaleWithdrawalCheckLine(models.TransientModel):
    """One thing that the withdrawal function needs, and whether it is there."""

    _name = "sale.withdrawal.check.line"
    _description = "Line of the Check of the Withdrawal Function"
    _order = "is_fine, id"
    _rec_name = "subject"

    check_id = fields.Many2one(
        comodel_name="sale.withdrawal.check", required=True, ondelete="cascade", index=True
    )
    subject = fields.Char(required=True)
    is_fine = fields.Boolean(string="Fine")
    advice = fields.Char()
