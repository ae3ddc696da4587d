from odoo import api, fields, models
from odoo.exceptions import UserError


class B2bCreditRelease(models.TransientModel):
    """Ask for the reason of a release."""

    _name = "b2b.credit.release"
    _description = "Release of a Credit Hold"

    order_ids = fields.Many2many(
        "sale.order",
        string="Orders",
        required=True,
        default=lambda self: self._get_held(),
    )
    reason = fields.Char(required=True)

    @api.model
    def _get_held(self):
        """Return the orders of the dialog: those that were chosen and are held.

        :rtype: sale.order
        :raise UserError: when none of them is
        """
        orders = self.env["sale.order"].browse(self.env.context.get("active_ids") or [])
        held = orders.filtered(lambda order: order._is_b2b_credit_held())
        if orders and not held:
            raise UserError(self.env._("None of these orders is held."))
        return held

    def action_release(self):
        """Release the orders.

        :return: True
        """
        self.order_ids.action_release_credit_hold(self.reason)
        return True
