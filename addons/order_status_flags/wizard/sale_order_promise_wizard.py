from odoo import fields, models
from odoo.exceptions import UserError

from ..typed_text import clean_text

REASON_MAX_LENGTH = 2_000


class SaleOrderPromiseWizard(models.TransientModel):
    """Give the customer of an order another day, with the reason."""

    _name = "sale.order.promise.wizard"
    _description = "Move the Promised Date"

    order_id = fields.Many2one("sale.order", required=True, readonly=True)
    present_date = fields.Date(
        related="order_id.promise_date", string="Promised for", related_sudo=False
    )
    new_date = fields.Date(required=True)
    reason = fields.Text(required=True, help="Internal: the customer sees the new date only.")

    def action_move(self):
        """Move the promise of the order.

        :return: action that closes the dialog
        :raise UserError: without a reason, when nothing is promised, or the goods come later
        :raise AccessError: without write access to the order
        """
        self.ensure_one()
        self.order_id.check_access("write")
        too_long = self.env._(
            "The reason is too long: at most %(count)s characters.", count=REASON_MAX_LENGTH
        )
        reason = clean_text(self.reason, REASON_MAX_LENGTH, too_long, one_line=True)
        if not reason:
            raise UserError(self.env._("Please say why the date moves."))
        self.order_id._move_promise(self.new_date, reason)
        return {"type": "ir.actions.act_window_close"}
