from odoo import models


class B2bCostCenter(models.Model):
    """A cost centre that is called otherwise brings its orders to the ERP once more."""

    _inherit = "b2b.cost.center"

    def write(self, vals):
        """Override of `base` to note the orders of what gets another code or name."""
        res = super().write(vals)
        if self and {"code", "name"} & vals.keys():
            # sudo: an ERP gets what its filter says, whoever may read which orders
            orders = self.env["sale.order"].sudo()
            self.env["sale.order.erp.touch"]._touch(
                orders._search([("cost_center_id", "in", self.ids)])
            )
        return res
