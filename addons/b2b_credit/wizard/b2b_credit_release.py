from odoo import fields, models


class B2bCreditRelease(models.TransientModel):
    """Ask for the reason of a release."""

    _name = "b2b.credit.release"
    _description = "Release of a Credit Hold"

    order_ids = fields.Many2many(
        "sale.order",
        string="Orders",
        required=True,
        default=lambda self: self.env.context.get("active_ids"),
    )
    reason = fields.Char(required=True)

    def action_release(self):
        """Release the orders.

        :return: True
        """
        self.order_ids.action_release_credit_hold(self.reason)
        return True
