from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def write(self, vals):
        """Override of `sale` to note each status that orders get."""
        before = {order.id: order.sudo().order_status_id for order in self}
        res = super().write(vals)
        if "order_status_id" in vals:
            for order in self.sudo():
                if order.order_status_id != before[order.id]:
                    order.order_status_test_note("override")
        return res

    def _after_status_changes(self, changes):
        """Override of `order_status_flags` to note the changes."""
        res = super()._after_status_changes(changes)
        for change in changes:
            if change.enters_status:
                change.order.order_status_test_note("hook")
        return res

    def order_status_test_note(self, listener):
        """Note what a listener finds: the order's status, and that of its last history row."""
        for order in self.sudo():
            self.env["order.status.test.heard"].sudo().create(
                {
                    "listener": listener,
                    "order_id": order.id,
                    "status_id": order.order_status_id.id,
                    "row_status_id": order.status_history_ids.sorted("id")[-1:].status_id.id,
                }
            )
        return True

    def order_status_test_cancel(self):
        """Cancel as the customer does on the order's page."""
        for order in self:
            order._customer_cancel("", order.partner_id)
        return True
