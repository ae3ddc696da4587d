from odoo import models
from odoo.tools import SQL

from ..erp_order import PERCENT_DIGITS, PRICE_DIGITS, STOCK_DIGITS, decimal_text, from_units, text

LINE_FIELDS = (
    "discount",
    "is_downpayment",
    "name",
    "order_id",
    "price_subtotal",
    "price_total",
    "price_unit",
    "product_id",
    "product_uom_id",
    "product_uom_qty",
    "tax_ids",
)


class SaleOrderLine(models.Model):
    """What an ERP reads of a line."""

    _inherit = "sale.order.line"

    def _get_erp_fields(self):
        """Return the names of the fields that are read of a line."""
        return [*LINE_FIELDS, *(name for name in ("is_delivery",) if name in self._fields)]

    def _prepare_erp_line(self, article, prices, amounts):
        """Return what an ERP reads of one line; its keys are in ``docs/feed.md``.

        Hook: addons add keys of their own to what super returns.

        :param tuple article: SKU, barcode, type and unit of the product; None without one
        :param tuple prices: of one unit before the discount, net and gross
        :param tuple amounts: net and tax, in the smallest unit of the currency
        :rtype: dict
        """
        self.ensure_one()
        sku, barcode, kind, unit = article or ("", "", "service", self.product_uom_id)
        digits = self.order_id.currency_id.decimal_places
        net, tax = amounts
        return {
            "id": self.id,
            "kind": self._get_erp_kind(kind),
            "sku": text(sku),
            "barcode": text(barcode),
            "name": text(self.name),
            "quantity": decimal_text(self.product_uom_qty, self._get_erp_digits("Product Unit")),
            "uom": text(self.product_uom_id.name),
            "stock_quantity": self._get_erp_stock_quantity(unit),
            "stock_uom": text(unit.name),
            "unit_net": decimal_text(prices[0], self._get_erp_price_digits()),
            "unit_gross": decimal_text(prices[1], self._get_erp_price_digits()),
            "discount": decimal_text(self.discount, PERCENT_DIGITS),
            "tax_rates": self.tax_ids._get_erp_rates(),
            "net": from_units(net, digits),
            "tax": from_units(tax, digits),
            "gross": from_units(net + tax, digits),
        }

    def _get_erp_kind(self, product_type):
        """Return ``product``, ``service``, ``delivery`` or ``down_payment``."""
        if self.is_downpayment:
            return "down_payment"
        if "is_delivery" in self._fields and self["is_delivery"]:
            return "delivery"
        return "service" if product_type == "service" else "product"

    def _get_erp_stock_quantity(self, unit):
        # Not rounded up, as a purchase is: what was ordered, in a unit that the ERP keeps.
        quantity = self.product_uom_id._compute_quantity(self.product_uom_qty, unit, round=False)
        # A gram of an article that is kept in tonnes is no zero.
        return decimal_text(quantity, max(STOCK_DIGITS, self._get_erp_digits("Product Unit")))

    def _get_erp_digits(self, usage):
        return self.env["decimal.precision"].precision_get(usage)

    def _get_erp_price_digits(self):
        # A net price made of a gross one has more decimals than the one that was typed.
        return max(PRICE_DIGITS, self._get_erp_digits("Product Price"))

    def _get_erp_articles(self):
        """Return ``{product id: (SKU, barcode, type, unit)}`` of the lines."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT product.id, product.default_code, product.barcode, template.type,
                       template.uom_id
                  FROM product_product product
                  JOIN product_template template ON template.id = product.product_tmpl_id
                 WHERE product.id = ANY(%s)
                """,
                self.product_id.ids,
            )
        )
        units = self.env["uom.uom"].browse({row[-1] for row in rows})
        # With those of the lines, which are read anyway.
        (units | self.product_uom_id).fetch(["name", "factor"])
        return {
            product_id: (*values, units.browse(unit_id)) for product_id, *values, unit_id in rows
        }

    def _get_erp_unit_prices(self):
        """Return ``{line id: (net, gross)}`` of one unit before the discount, not rounded.

        Whatever the price that was typed includes; equal prices with equal taxes are computed
        once.
        """
        known, found = {}, {}
        for line in self:
            key = (line.tax_ids, line.price_unit, line.tax_ids._get_erp_price_key(line))
            if key not in known:
                known[key] = line._compute_erp_unit_price()
            found[line.id] = known[key]
        return found

    def _compute_erp_unit_price(self):
        if not self.tax_ids:
            return self.price_unit, self.price_unit
        details = self.tax_ids._get_tax_details(
            self.price_unit,
            1.0,
            precision_rounding=self.order_id.currency_id.rounding,
            rounding_method="round_globally",  # the price of one unit is not rounded to cents
            product=self.product_id,
            product_uom=self.product_uom_id,
        )
        return details["total_excluded"], details["total_included"]
