from odoo import models
from odoo.tools import float_compare


class SaleOrder(models.Model):
    """Prices: what carts and templates cost today, without writing anything."""

    _inherit = "sale.order"

    def _get_b2b_line_prices(self, wanted):
        """Return today's prices as core would store them on lines of this order.

        :param list wanted: `PriceLine`
        :return: prices in the same order
        :rtype: list[Price]
        """
        self.ensure_one()
        return self._get_b2b_pricer().prices(wanted) if wanted else []

    def _get_b2b_pricer(self):
        """Return what prices lines of this order today.

        :rtype: Pricer
        """
        return self._get_b2b_pricelist()._get_pricer(
            self.company_id,
            fiscal_position=self._get_b2b_fiscal_position(),
            partner=self._get_b2b_party(),
        )

    def _get_b2b_pricelist(self):
        """Return the list of the agreement, also when the order has an earlier one still."""
        agreement = self._get_b2b_party()._get_b2b_agreement(self.company_id)
        return agreement._get_pricelist() if agreement else self.pricelist_id

    def _get_b2b_fiscal_position(self):
        """Return the fiscal position that the order gets today, as core would choose it."""
        positions = self.env["account.fiscal.position"].with_company(self.company_id)
        party, delivery = self._get_b2b_party(), self.partner_shipping_id
        if party != self.partner_id and delivery.commercial_partner_id != self.b2b_customer_id:
            delivery = party
        return positions._get_fiscal_position(party, delivery)

    def _get_b2b_today(self, quantities=None):
        """Return what the lines and the whole cost today, without writing anything.

        :param dict quantities: `{line: quantity}` asked about instead of those of the order
        :return: dict with `lines` (dicts with `line`, its `price`, and what pages show: `net` and
            `subtotal`), `untaxed`, `tax`, `total`, `currency`, `terms` (payment terms; empty for a
            template, whose page states none)
        :rtype: dict
        """
        self.ensure_one()
        terms = self.env["account.payment.term"]
        if self._states_b2b_checkout():
            terms = self._get_b2b_payment_term()
        lines = self.order_line.filtered(lambda line: line.product_id and not line.display_type)
        pricer = self._get_b2b_pricer()
        wanted = [line._get_price_line() for line in lines]
        if quantities:
            wanted = [
                one._replace(quantity=quantities.get(line, one.quantity))
                for line, one in zip(lines, wanted, strict=True)
            ]
        prices = pricer.prices(wanted)
        currency = pricer.currency
        base_lines = [
            line._prepare_base_line_for_taxes_computation(
                currency_id=currency,
                quantity=one.quantity,
                price_unit=price.price_unit,
                discount=price.discount,
                tax_ids=price.taxes,
            )
            for line, one, price in zip(lines, wanted, prices, strict=True)
        ]
        totals = self._get_b2b_totals(
            base_lines + self._get_b2b_early_payment_lines(prices, terms), currency
        )
        return {
            "lines": [
                {
                    "line": line,
                    "price": price,
                    "net": price.net,
                    # of the order, which may round otherwise than line by line
                    "subtotal": base_line["tax_details"]["total_excluded_currency"],
                }
                for line, price, base_line in zip(lines, prices, base_lines, strict=True)
            ],
            "untaxed": totals["base_amount_currency"],
            "tax": totals["tax_amount_currency"],
            "total": totals["total_amount_currency"],
            "currency": currency,
            "terms": terms,
        }

    def _get_b2b_totals(self, base_lines, currency):
        """Add the taxes to what is priced, and return the amounts of the order.

        :param list base_lines: as `account.tax` computes with them; it rounds them all together
        :param res.currency currency: of the amounts
        :rtype: dict
        """
        AccountTax = self.env["account.tax"]
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        return AccountTax._get_tax_totals_summary(
            base_lines=base_lines, currency=currency, company=self.company_id
        )

    def _get_b2b_early_payment_lines(self, prices, terms):
        """Return what Odoo adds to an order on which taxes are reduced for an early payment.

        The same as `_add_base_lines_for_early_payment_discount`, by today's prices and terms: what
        is stored may differ from them until the next POST.

        :param list prices: `Price` of each line
        :param account.payment.term terms: of today
        :return: base lines of `account.tax`, two a line; they change the taxes alone
        :rtype: list[dict]
        """
        if not terms.early_discount or terms.early_pay_discount_computation != "mixed":
            return []
        AccountTax = self.env["account.tax"]
        lines = []
        for price in prices:
            taxes = price.taxes.flatten_taxes_hierarchy()
            taxes = taxes.filtered(lambda tax: tax.amount_type != "fixed")
            amount = price.subtotal / 100 * terms.discount_percentage
            lines += [
                AccountTax._prepare_base_line_for_taxes_computation(
                    self,
                    price_unit=sign * amount,
                    quantity=1.0,
                    currency_id=price.currency,
                    sign=1,
                    special_type="early_payment",
                    tax_ids=reduced,
                )
                for sign, reduced in ((-1, taxes), (1, taxes.browse()))
            ]
        return lines

    def _get_b2b_stored_net(self, line, price, **entry):
        """Return the untaxed price of one unit that a line has stored.

        :param sale.order.line line: of the cart
        :param Price price: of today
        :rtype: float
        """
        stored = line.price_unit, line.discount
        pairs = zip(stored, (price.price_unit, price.discount), strict=True)
        if line.tax_ids == price.taxes and not any(
            float_compare(*pair, precision_digits=8) for pair in pairs
        ):
            return price.net
        return price.pricer.get_net(price.line, *stored, line.tax_ids)
