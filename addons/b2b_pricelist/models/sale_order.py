from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # Computed, not related: a related field could be grouped by, whatever groups it has.
    is_b2b_pricelist = fields.Boolean(
        compute="_compute_is_b2b_pricelist", compute_sudo=True, groups="base.group_user"
    )

    @api.depends("pricelist_id.is_b2b")
    def _compute_is_b2b_pricelist(self):
        for order in self:
            order.is_b2b_pricelist = order.pricelist_id.is_b2b
