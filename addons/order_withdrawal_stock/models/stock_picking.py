from odoo import api, fields, models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    order_withdrawal_id = fields.Many2one(
        comodel_name="sale.withdrawal",
        string="Withdrawal",
        copy=False,
        readonly=True,
        index="btree_not_null",
    )
    is_held_by_withdrawal = fields.Boolean(
        string="Held: the customer has withdrawn",
        compute="_compute_is_held_by_withdrawal",
        compute_sudo=True,
    )

    @api.depends("state", "move_ids.sale_line_id.order_id.withdrawal_ids.state")
    def _compute_is_held_by_withdrawal(self):
        held = self._filter_held()
        for picking in self:
            picking.is_held_by_withdrawal = picking in held

    def button_validate(self):
        """Override of `stock` to ask before goods leave that the customer has withdrawn from."""
        is_asked = not self.env.context.get("order_withdrawal_ship") and self.has_access("write")
        held = is_asked and self._filter_held()
        if not held:  # or for those who may not know
            return super().button_validate()
        wizard = self.env["stock.withdrawal.hold"].create(
            {"picking_ids": self.ids, "held_picking_ids": held.ids}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("The customer has withdrawn"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def _filter_held(self):
        """Return the open transfers of goods that their customers have withdrawn from."""
        # sudo: warehouse people read neither orders nor withdrawals
        pickings = self.sudo().filtered(lambda picking: picking.state not in ("done", "cancel"))
        bound = pickings.move_ids.filtered(
            lambda move: move.state != "cancel" and move._is_bound_for_customer()
        )
        statements = bound.sale_line_id.order_id._get_open_withdrawals()
        withdrawn = self.env["sale.order.line"]
        for statement in statements:
            withdrawn |= statement._get_withdrawn_lines()
        held = bound.filtered(lambda move: move.sale_line_id in withdrawn).picking_id
        return self & held
