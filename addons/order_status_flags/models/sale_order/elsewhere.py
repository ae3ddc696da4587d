from odoo import api, models
from odoo.tools import SQL


class SaleOrder(models.Model):
    """What others know of an order, as conditions: asked of thousands of orders in one query."""

    _inherit = "sale.order"

    @api.model
    def _get_delivery_over_sql(self):
        """Return the SQL condition of the rows of `sale_order` of which no more goods will leave.

        Hook: addons that know transfers. What is given up, or came back, is no longer expected.

        :rtype: SQL
        """
        return SQL("FALSE")

    @api.model
    def _get_invoiced_elsewhere_sql(self):
        """Return the SQL condition of the rows of `sale_order` that another system has invoiced.

        Hook: addons that hear of it. Odoo has no invoice of them, and never makes one.

        :rtype: SQL
        """
        return SQL("FALSE")
