from odoo import http
from odoo.http import request

from .main import B2BPortal


class B2BOrderExportPortal(B2BPortal):
    """The customer's own orders as a file."""

    @http.route("/my/b2b/orders.csv", type="http", auth="b2b", website=True)
    def portal_b2b_orders_csv(self, **kwargs):
        """Download the own orders as CSV, one row per line, as `/my/orders` lists them."""
        Order = request.env["sale.order"]
        # In the user's rights: the rows of those orders that the buyer may read.
        orders = Order.search(
            self._prepare_orders_domain(request.env.user.partner_id), order="date_order desc, id"
        )
        return self._b2b_csv(Order._get_b2b_export_table(orders), "orders.csv")
