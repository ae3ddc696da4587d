from odoo import api, fields, models
from odoo.tools import float_round

from odoo.addons.b2b_pricelist.formatting import get_price_digits


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
        more = self._get_b2b_export_more(orders)
        # sudo: customers read their lines, and neither the products nor the units in them
        table = [[*self._get_b2b_export_header(), *more]] + [
            [
                order.name,
                self._get_b2b_export_date(order),
                order.client_order_ref or "",
                order.customer_status_id.name or "",
                *self._get_b2b_export_cells(line),
                order.currency_id.name,
                *(cells[order] for cells in more.values()),
            ]
            for order in orders.sudo()
            for line in order._get_b2b_exported_lines()
        ]
        return self._add_b2b_own_codes(table, orders.sudo())

    def _get_b2b_exported_lines(self):
        """Return the lines of an order that are a row of the file.

        :rtype: sale.order.line
        """
        return self._get_order_lines_to_report().filtered(
            lambda line: not line.display_type or line._hides_b2b_lines()
        )

    def _get_b2b_own_codes(self):
        """Return what the customer calls the products of this order, for its page and PDF.

        :return: `{product id: code}`
        :rtype: dict
        """
        self.ensure_one()
        return self.order_line.product_id._get_b2b_customer_codes(self.b2b_customer_id)

    @api.model
    def _add_b2b_own_codes(self, table, orders):
        """Return the table with the customers' own codes as its last column, when there is one.

        :param list table: of `_get_b2b_export_table`
        :param sale.order orders: in sudo mode
        """
        by_customer = orders.grouped("b2b_customer_id")
        codes = {
            customer: made.order_line.product_id._get_b2b_customer_codes(customer)
            for customer, made in by_customer.items()
        }
        if not any(codes.values()):
            return table
        column = [
            codes[order.b2b_customer_id].get(line.product_id.id, "")
            for order in orders
            for line in order._get_b2b_exported_lines()
        ]
        column.insert(0, self.env._("Your part number"))
        return [[*row, code] for row, code in zip(table, column, strict=True)]

    @api.model
    def _get_b2b_export_more(self, orders):
        """Hook: return further columns of the table.

        :param sale.order orders: in the rights of the customer
        :return: `{name of the column: {order: text}}`
        :rtype: dict
        """
        return {}

    @api.model
    def _get_b2b_export_header(self):
        return [
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

    @api.model
    def _get_b2b_export_date(self, order):
        """Return the day of an order as its page shows it: in the reader's time zone."""
        return fields.Date.to_string(fields.Datetime.context_timestamp(self, order.date_order))

    @api.model
    def _get_b2b_export_cells(self, line):
        """Return what the order's own page shows of a line, from SKU to amount.

        A section that hides its articles or their prices stands for them with its amount.
        """
        if line.display_type:
            amount = line._get_section_totals("price_subtotal")
            return ["", line.name or "", "", "", "", amount if line._shows_b2b_price() else ""]
        return [
            line.product_id.default_code or line.product_id.barcode or "",
            line.product_id.name or line.name or "",
            line.product_uom_qty,
            line.product_uom_id.name or "",
            *(
                [self._get_b2b_export_price(line), line.price_subtotal]
                if line._shows_b2b_price()
                else ["", ""]
            ),
        ]

    @api.model
    def _get_b2b_export_price(self, line):
        """Return the untaxed price of one unit, with the decimals that the shop shows.

        Not the line's own, which is the rounded amount by the quantity: it differs by a cent, and
        has no more decimals than the currency.

        :rtype: float
        """
        details = line.tax_ids._get_tax_details(
            line.price_unit * (1 - line.discount / 100),
            1.0,
            precision_rounding=line.currency_id.rounding,
            rounding_method="round_globally",
            product=line.product_id,
            product_uom=line.product_uom_id,
        )
        digits = get_price_digits(self.env, line.currency_id)
        return float_round(details["total_excluded"], precision_digits=digits)
