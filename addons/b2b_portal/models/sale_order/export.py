from odoo import api, fields, models


class SaleOrder(models.Model):
    """Export: the customer's own orders as a table."""

    _inherit = "sale.order"

    @api.model
    def _get_b2b_export_table(self, orders):
        """Return the customer's orders as a table, one row per line.

        :param sale.order orders: in the rights of the customer
        :return: header and rows
        :rtype: list[list]
        """
        header = [
            self.env._("Order"),
            self.env._("Date"),
            self.env._("PO number"),
            self.env._("Order status"),
            self.env._("SKU"),
            self.env._("Article"),
            self.env._("Quantity"),
            self.env._("Unit"),
            self.env._("Unit price (untaxed)"),
            self.env._("Amount (untaxed)"),
            self.env._("Currency"),
        ]
        # sudo: customers read their lines, and neither the products nor the units in them
        lines = orders.sudo().order_line.filtered(lambda line: not line.display_type)
        return [header] + [
            [
                line.order_id.name,
                fields.Date.to_string(line.order_id.date_order),
                line.order_id.client_order_ref or "",
                line.order_id.customer_status_id.name or "",
                line.product_id.default_code or line.product_id.barcode or "",
                line.product_id.name or line.name or "",
                line.product_uom_qty,
                line.product_uom_id.name or "",
                line.price_reduce_taxexcl,
                line.price_subtotal,
                line.currency_id.name,
            ]
            for line in lines
        ]
