from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _prepare_b2b_line_values(self):
        """Override of `b2b_portal`: a line without routes of its own ships from the order's
        warehouse."""
        return {**super()._prepare_b2b_line_values(), "warehouse_id": self.warehouse_id.id}
