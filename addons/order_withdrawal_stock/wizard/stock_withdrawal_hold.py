from odoo import fields, models


class StockWithdrawalHold(models.TransientModel):
    """Ask whether goods are shipped although the customer has withdrawn from them."""

    _name = "stock.withdrawal.hold"
    _description = "Ship Withdrawn Goods?"

    picking_ids = fields.Many2many(
        comodel_name="stock.picking", relation="stock_withdrawal_hold_picking_rel"
    )
    held_picking_ids = fields.Many2many(
        comodel_name="stock.picking", relation="stock_withdrawal_hold_held_rel", readonly=True
    )

    def action_ship(self):
        """Validate the transfers all the same.

        :return: what validating them returns
        """
        self.ensure_one()
        pickings = self.picking_ids.with_context(order_withdrawal_ship=True)
        return pickings.button_validate()
