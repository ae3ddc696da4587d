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

    def write(self, vals):
        """Override of `account`: a copy for another customer names no cost centre of the first."""
        if "partner_id" not in vals or "cost_center_id" in vals:
            return super().write(vals)
        before = {move: move.commercial_partner_id for move in self}
        res = super().write(vals)
        for move in self:  # invoices get another customer one by one
            customer = move.commercial_partner_id
            center = move.sudo().cost_center_id  # sudo: whoever writes invoices need not read it
            # Whoever pays for the customer of the order is another one from the start.
            if center and customer != before[move] and center.partner_id != customer:
                move.cost_center_id = False
        return res
