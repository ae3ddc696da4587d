from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _after_status_changes(self, changes):
        """Override of `order_status_flags` to keep what the webhooks are to be told."""
        res = super()._after_status_changes(changes)
        told = self.env["order.status.webhook"]._get_listening(changes)
        self.env["order.status.webhook.delivery"]._queue(told)
        return res
