from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Override of `account` to tell the orders that are now invoiced in full.

        The return value counts: with ``soft``, future moves are only scheduled.
        """
        # sudo: accountants may not read or write sales orders
        orders = self.sudo().line_ids.sale_line_ids.order_id
        # Before the invoice is posted: a customer's cancellation that runs at this moment
        # either comes first or sees the posted invoice.
        orders._touch_for_status()
        posted = super()._post(soft=soft)
        invoices = posted.filtered(lambda move: move.move_type in ("out_invoice", "out_receipt"))
        orders = invoices.sudo().line_ids.sale_line_ids.order_id
        orders.filtered(lambda order: order._is_invoiced_in_full())._trigger_status_event(
            "invoice_posted"
        )
        return posted
