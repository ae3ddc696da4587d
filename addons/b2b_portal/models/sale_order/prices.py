from odoo import models


class SaleOrder(models.Model):
    """Prices: what carts and templates cost today, without writing anything."""

    _inherit = "sale.order"

    def _get_b2b_line_prices(self, wanted, amounts=False):
        """Return today's prices as core would store them on lines of this order.

        :param list wanted: tuples (product, unit, quantity); a quantity of 0 is priced as 1
        :param bool amounts: True adds all that pages show
        :return: dicts in the same order, see `product.pricelist._get_b2b_price_details`
        :rtype: list[dict]
        """
        self.ensure_one()
        if not wanted:
            return []
        return self._get_b2b_pricelist()._get_b2b_price_details(
            [(product, quantity, uom) for product, uom, quantity in wanted],
            company=self.company_id,
            fiscal_position=self._get_b2b_fiscal_position(),
            partner=self.partner_id,
            breaks=False,
            amounts=amounts,
        )

    def _get_b2b_pricelist(self):
        """Return the list of the agreement, also when the order has an earlier one still."""
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        return agreement._get_pricelist() if agreement else self.pricelist_id

    def _get_b2b_fiscal_position(self):
        """Return the fiscal position that the order gets today, as core would choose it."""
        positions = self.env["account.fiscal.position"].with_company(self.company_id)
        return positions._get_fiscal_position(self.partner_id, self.partner_shipping_id)

    def _get_b2b_today(self):
        """Return what the lines and the whole cost today, without writing anything.

        :return: dict with `lines` (see `_get_b2b_line_prices`; with `line` beside), `untaxed`,
            `tax`, `total`, `currency`
        :rtype: dict
        """
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: line.product_id and not line.display_type)
        prices = self._get_b2b_line_prices(
            [(line.product_id, line.product_uom_id, line.product_uom_qty) for line in lines],
            amounts=True,
        )
        currency = self._get_b2b_pricelist().currency_id or self.company_id.currency_id
        base_lines = [
            line._prepare_base_line_for_taxes_computation(
                currency_id=currency,
                price_unit=price["price_unit"],
                discount=price["discount"],
                tax_ids=price["taxes"],
            )
            for line, price in zip(lines, prices, strict=True)
        ]
        AccountTax = self.env["account.tax"]
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        totals = AccountTax._get_tax_totals_summary(
            base_lines=base_lines, currency=currency, company=self.company_id
        )
        return {
            "lines": [
                {
                    **price,
                    "line": line,
                    "subtotal": base_line["tax_details"]["total_excluded_currency"],
                }
                for line, price, base_line in zip(lines, prices, base_lines, strict=True)
            ],
            "untaxed": totals["base_amount_currency"],
            "tax": totals["tax_amount_currency"],
            "total": totals["total_amount_currency"],
            "currency": currency,
        }

    def _get_b2b_nets(self, prices):
        """Return untaxed prices of one unit of lines, rounded as pages show them.

        :param dict prices: `{line: (price_unit, discount, taxes)}` as lines store them, where
            prices may include taxes
        :return: `{line: price}`
        :rtype: dict
        """
        pricelist = self._get_b2b_pricelist()
        currency = pricelist.currency_id or self.currency_id
        pricing = {"currency": currency, "digits": pricelist._get_price_digits(currency)}
        return {
            line: pricelist._get_unit_amounts(
                price_unit * (1 - discount / 100),
                taxes,
                line.product_id,
                line.product_uom_id,
                pricing,
            )[0]
            for line, (price_unit, discount, taxes) in prices.items()
        }
