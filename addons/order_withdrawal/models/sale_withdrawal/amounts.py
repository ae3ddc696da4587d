from odoo import api, fields, models

BILLS = ("out_invoice", "out_receipt")


class SaleWithdrawal(models.Model):
    """Withdrawal: what was paid for the order, and what was credited of it.

    A clerk pays back what he reads here. A credit note is no money: it settles an invoice that
    nobody has paid, too. Of an invoice that bills several orders it is this one's share.
    """

    _inherit = "sale.withdrawal"

    currency_id = fields.Many2one(related="order_id.currency_id")
    amount_ordered = fields.Monetary(related="order_id.amount_total", string="Ordered amount")
    amount_paid = fields.Monetary(
        string="Paid",
        compute="_compute_amount_paid",
        compute_sudo=True,
        help="What the customer has paid, whatever was credited or paid back since.",
    )
    amount_credited = fields.Monetary(
        string="Credited", compute="_compute_amount_paid", compute_sudo=True
    )

    amount_by_card = fields.Monetary(
        string="Paid by gift card or eWallet",
        compute="_compute_amount_by_card",
        compute_sudo=True,
        help="Taken off the invoice, and so off the credit note: it goes back on the card.",
    )

    @api.depends(
        "order_id.amount_paid",
        "order_id.order_line.invoice_lines.move_id.state",
        "order_id.order_line.invoice_lines.move_id.amount_residual",
    )
    def _compute_amount_paid(self):
        for withdrawal in self:
            order = withdrawal.order_id
            moves = order.order_line.invoice_lines.move_id
            moves = moves.filtered(lambda move: move.state == "posted")
            notes = moves.filtered(lambda move: move.move_type == "out_refund")
            paid = withdrawal._get_paid(withdrawal._get_bills())
            # Of what was paid online before, perhaps only a part is invoiced yet.
            withdrawal.amount_paid = max(withdrawal._sum_up(paid), order.amount_paid)
            withdrawal.amount_credited = withdrawal._sum_up(
                {note: note.amount_total for note in notes}
            )

    @api.depends("order_id.order_line.price_total")
    def _compute_amount_by_card(self):
        for withdrawal in self:
            lines = withdrawal.order_id.order_line.filtered(lambda line: line._is_paid_by_card())
            withdrawal.amount_by_card = -sum(lines.mapped("price_total"))

    def _get_bills(self):
        """Return the posted invoices and receipts of the order, which lists no receipts itself."""
        moves = self.order_id.order_line.invoice_lines.move_id
        return moves.filtered(lambda move: move.state == "posted" and move.move_type in BILLS)

    def _get_share(self, move):
        """Return how much of an invoice or credit note is about this order, from 0 to 1."""
        own = sum(self._get_own_lines(move).mapped("price_total"))
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        total = sum(lines.mapped("price_total"))
        if own == total:
            return 1.0
        return min(max(own / total, 0.0), 1.0) if total else 0.0

    def _sum_up(self, amounts):
        """Return this order's share of amounts of invoices, in the currency of the order.

        :param dict amounts: ``{account.move: amount}`` in the currency of each
        """
        return sum(
            move.currency_id._convert(
                amount * self._get_share(move),
                self.currency_id,
                move.company_id,
                move.invoice_date or move.date,
            )
            for move, amount in amounts.items()
        )

    @api.model
    def _get_paid(self, bills):
        """Return what of each of these invoices was paid, by whatever but credit notes.

        :return: ``{account.move: amount}`` in the currency of the invoice
        """
        paid = {}
        for bill in bills:
            settled = bill.line_ids.matched_credit_ids.filtered(
                lambda part: part.credit_move_id.move_id.move_type == "out_refund"
            )
            credited = sum(settled.mapped("debit_amount_currency"))
            paid[bill] = bill.amount_total - bill.amount_residual - credited
        return paid
