from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _filter_withdrawable(self):
        """Return the articles that a customer withdraws from: no charges, no discounts."""
        return self.filtered(
            lambda line: (
                line._is_on_tracking_page()
                and line.product_type != "combo"  # a heading; its parts are lines of their own
                and not line._is_delivery_charge()
            )
        )

    def _get_withdrawal_exception_text(self):
        """Return why the right of withdrawal does not hold for this article, for the customer."""
        self.ensure_one()
        # sudo: visitors read no products
        return self.sudo().product_id.product_tmpl_id._get_withdrawal_exception_text()
