from odoo import api, fields, models
from odoo.fields import Command


class SaleWithdrawalPart(models.TransientModel):
    """Ask which articles are meant by a statement that says it in words."""

    _name = "sale.withdrawal.part"
    _description = "Enter the Articles of a Withdrawal"

    withdrawal_id = fields.Many2one(comodel_name="sale.withdrawal", required=True)
    # Not as superuser: what the user may read.
    statement = fields.Text(related="withdrawal_id.statement", related_sudo=False)
    line_ids = fields.One2many(
        comodel_name="sale.withdrawal.part.line",
        inverse_name="part_id",
        compute="_compute_line_ids",
        compute_sudo=False,
        store=True,
        readonly=False,
        precompute=True,
    )

    @api.depends("withdrawal_id")
    def _compute_line_ids(self):
        """Begin with nothing of each article."""
        for wizard in self:
            articles = wizard.withdrawal_id.order_id.order_line._filter_withdrawable()
            wizard.line_ids = [
                Command.clear(),
                *(Command.create({"order_line_id": line.id}) for line in articles),
            ]

    def action_enter(self):
        """Enter the part, see `sale.withdrawal.action_enter_part`.

        :return: action that closes the dialog
        """
        self.ensure_one()
        self.withdrawal_id.action_enter_part(
            {line.order_line_id.id: line.quantity for line in self.line_ids}
        )
        return {"type": "ir.actions.act_window_close"}
