from odoo import fields, models


class SaleOrderCancellationDecline(models.TransientModel):
    """The seller's reason for not cancelling an order that its customer asked to cancel."""

    _name = "sale.order.cancellation.decline"
    _description = "Decline the Cancellation of an Order"

    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, readonly=True, ondelete="cascade"
    )
    reason = fields.Text(help="The customer reads it. Leave it empty to give no reason.")

    def action_decline(self):
        """Decline the customer's request, with the reason.

        :return: True, which closes the dialog
        :raise UserError: when nobody asked, or it was answered meanwhile
        :raise AccessError: without write access to the order
        """
        self.ensure_one()
        return self.order_id.action_decline_cancellation(self.reason)
