from odoo import fields, models
from odoo.tools import float_compare


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    b2b_last_price = fields.Float(
        string="Price at the last order",
        min_display_digits="Product Price",
        copy=False,
        help="Untaxed price when the template was last ordered, to tell what changed since.",
    )
    b2b_last_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of the last price",
        copy=False,
        help="Currency of the price at the last order: a price list may change to another one.",
    )
    b2b_last_uom_id = fields.Many2one(
        "uom.uom",
        string="Unit of the last price",
        copy=False,
        help="Unit of the price at the last order: prices of other units are not compared.",
    )

    def _get_b2b_last_currency(self):
        """Return the currency of the price at the last order.

        :rtype: res.currency
        """
        return self.b2b_last_currency_id or self.currency_id

    def _is_b2b_last_price(self, price, currency):
        """Whether the price at the last order was this one; without one there is no difference.

        :param float price: untaxed, of one of the line's units
        :param res.currency currency: of the price
        :rtype: bool
        """
        self.ensure_one()
        return not self._has_b2b_last_price() or (
            self._get_b2b_last_currency() == currency
            and not float_compare(self.b2b_last_price, price, precision_digits=6)
        )

    def _has_b2b_last_price(self):
        """Whether there is a price of the last order to compare with, of the same unit.

        :rtype: bool
        """
        self.ensure_one()
        # Prices that an earlier version kept have no unit: they are of the line's.
        unit = self.b2b_last_uom_id or self.product_uom_id
        return bool(self.b2b_last_price) and unit == self.product_uom_id

    def _hides_b2b_lines(self):
        """Whether a section hides its articles or their prices from the customer.

        :rtype: bool
        """
        self.ensure_one()
        return bool(self.display_type) and (self.collapse_composition or self.collapse_prices)

    def _shows_b2b_price(self):
        """Whether the order's own page shows the price of this line to the customer.

        :rtype: bool
        """
        self.ensure_one()
        return not (self.parent_id.collapse_prices or self.parent_id.parent_id.collapse_prices)

    def _is_b2b_article(self):
        """Whether the line sells an article: no section, note, delivery charge, down payment.

        :rtype: bool
        """
        self.ensure_one()
        return (
            bool(self.product_id)
            and not self.display_type
            and not self.is_downpayment
            and not self._is_delivery()
        )

    def _get_b2b_left_out_reason(self, sold):
        """Return why a line cannot be ordered again from a template, or ''.

        :param product.product sold: articles of the B2B shop
        :rtype: str
        """
        self.ensure_one()
        name = self.product_id.display_name
        if self.product_uom_qty < 0:
            return self.env._("%(product)s was left out: it was a return.", product=name)
        if self.product_id.type == "combo" or self.combo_item_id:
            return self.env._("%(product)s was left out: it is part of a set.", product=name)
        if self.product_no_variant_attribute_value_ids or self.product_custom_attribute_value_ids:
            return self.env._("%(product)s was left out: it was made to your choice.", product=name)
        if self.product_id not in sold:
            return self.env._(
                "%(product)s was left out: it cannot be ordered in the shop.", product=name
            )
        return ""
