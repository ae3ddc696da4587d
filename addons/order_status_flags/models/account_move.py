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
        # Read anew: whoever sees only some of the invoices may have read the lines before.
        orders.order_line.invalidate_recordset(["invoice_lines"])
        orders._tell_against_rejection("invoice_posted")
        orders.filtered(lambda order: order._is_invoiced_in_full())._trigger_status_event(
            "invoice_posted"
        )
        return posted

    def _is_credited_as_a_whole(self):
        """Whether posted credit notes that reverse the invoice cover all of it.

        Not by the payment state: an invoice that was paid before stays paid.
        """
        self.ensure_one()
        credit_notes = self.reversal_move_ids.filtered(lambda move: move.state == "posted")
        credited = sum(credit_notes.mapped("amount_total"))
        return bool(credit_notes) and (
            self.currency_id.compare_amounts(credited, self.amount_total) >= 0
        )

    def _invoice_paid_hook(self):
        """Override of `account` to tell a person that a rejected order is paid by its invoice."""
        res = super()._invoice_paid_hook()
        invoices = self.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.payment_state in ("paid", "in_payment")
                and not move.currency_id.is_zero(move.amount_total)
            )
        )
        # sudo: accountants may not read sales orders
        orders = invoices.sudo().line_ids.sale_line_ids.order_id
        orders._tell_against_rejection("invoice_paid")
        return res
