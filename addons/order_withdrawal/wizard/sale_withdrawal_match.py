from odoo import api, fields, models


class SaleWithdrawalMatch(models.TransientModel):
    """Choose the order that a statement is about, from those that it is likely about."""

    _name = "sale.withdrawal.match"
    _description = "Match a Withdrawal"

    withdrawal_id = fields.Many2one(comodel_name="sale.withdrawal", required=True)
    # By the user's rights: orders of colleagues and other companies are not proposed.
    likely_order_ids = fields.Many2many(
        related="withdrawal_id.likely_order_ids", related_sudo=False
    )
    order_id = fields.Many2one(
        comodel_name="sale.order",
        compute="_compute_order_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        domain="[('was_placed', '=', True)]",
    )

    @api.depends("withdrawal_id")
    def _compute_order_id(self):
        """Begin with the likely order, where there is but one."""
        for wizard in self:
            likely = wizard.withdrawal_id.likely_order_ids
            wizard.order_id = wizard.order_id or (likely if len(likely) == 1 else False)

    def action_match(self):
        """Match the statement with the order, see `sale.withdrawal.action_match`.

        :return: action that closes the dialog
        """
        self.ensure_one()
        self.withdrawal_id.action_match(self.order_id.id)
        return {"type": "ir.actions.act_window_close"}
