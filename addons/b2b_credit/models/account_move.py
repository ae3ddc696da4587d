from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    # What is ordered and not invoiced asks for the drafts, which are few of all invoices.
    _b2b_draft_invoice_idx = models.Index(
        "(id) WHERE state = 'draft' AND move_type IN ('out_invoice', 'out_receipt')"
    )
