from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _after_status_changes(self, changes):
        """Override of `order_status_flags` to run the automation rules that begin with them."""
        res = super()._after_status_changes(changes)
        self.env["base.automation"]._run_order_rules(changes)
        return res
