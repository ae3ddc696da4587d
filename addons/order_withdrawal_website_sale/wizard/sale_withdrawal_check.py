from odoo import models


class SaleWithdrawalCheck(models.TransientModel):
    _inherit = "sale.withdrawal.check"

    def _get_findings(self):
        """Override of `order_withdrawal` to look for the link in the footer of each shop."""
        websites = self.env["website"].search([("company_id", "=", self.company_id.id)])
        layout = self.env.ref("order_withdrawal.frontend_layout")
        views = layout.with_context(active_test=False)
        copies = views.search([("key", "=", layout.key), ("website_id", "in", websites.ids)])
        is_shown = layout.active and all(copies.mapped("active"))
        return [
            *super()._get_findings(),
            (
                self.env._("The footer of the shop leads to the form"),
                bool(websites) and is_shown,
                self.env._(
                    "Make a website of this company, and leave the view “Withdrawal link in the"
                    " footer” switched on."
                ),
            ),
        ]
