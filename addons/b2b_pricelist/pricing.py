"""Prices of many lines at once, to the cent those of an order.

    pricer = agreement._get_pricer()
    for price in pricer.prices([PriceLine(bolt, 10), PriceLine(nut, 2, dozen)]):
        price.net, price.subtotal, price.source

- `PriceLine` says what is priced,
- `Price` is the answer, and computes what it is asked for,
- `Pricer` knows for whom, when and in which currency, and what all its prices share,
- `RuleBook` (in `rule_book.py`) knows the rules of a pricelist, and picks the one that counts.

Whatever the number of lines, the number of queries is the same.
"""

from copy import copy
from dataclasses import dataclass
from functools import cached_property

from odoo.tools import float_round

from .formatting import PERCENTAGE_DIGITS, get_price_digits
from .price_words import PriceWords
from .rule_book import PriceLine, RuleBook


@dataclass(frozen=True, eq=False)
class Price:
    """The price of a line. What it is asked for is computed then, once.

    It takes the steps of `sale.order.line`: rule, price, discount column, fiscal position, taxes.

    :param Pricer pricer: knows what all prices of an order share
    :param PriceLine line: what is priced; a quantity of 0 has the price of one unit, and no amount
    """

    pricer: "Pricer"
    line: PriceLine

    @property
    def product(self):
        """`product.product` record in sudo mode."""
        return self.line.product

    @property
    def quantity(self):
        """Quantity in `uom`."""
        return self.line.quantity

    @property
    def uom(self):
        """`uom.uom` record in sudo mode."""
        return self.line.uom

    @property
    def currency(self):
        """`res.currency` record of all amounts."""
        return self.pricer.currency

    # === WHERE IT COMES FROM === #

    @cached_property
    def _choice(self):
        return self.pricer._book.choose(self._priced_line, self.currency)

    @property
    def _priced_line(self):
        # As on order lines: nothing costs what one costs.
        return self.line if self.line.quantity else self.line._replace(quantity=1.0)

    @property
    def rule(self):
        """`product.pricelist.item` record in sudo mode, empty for the sales price."""
        # Without the book in its context: whoever goes on from the rule to its pricelist would
        # get prices as for a list beneath.
        return self.pricer.env["product.pricelist.item"].browse(self._choice[0].id)

    @property
    def source(self):
        """What gave the price: `rule`, `product_discount` or `list_price`."""
        return self._choice[0]._get_b2b_price_source()

    # === WHAT AN ORDER LINE STORES === #

    @cached_property
    def amount(self):
        """Price per unit that the pricelist gives, not rounded and before taxes are looked at."""
        rule, amount = self._choice
        if amount is None:
            amount = self.pricer._book.compute(rule, self._priced_line, self.currency)
        return amount

    @cached_property
    def _shown(self):
        return self.pricer._split(self._choice[0], self._priced_line, self.amount)

    @cached_property
    def price_unit(self):
        """Price per unit before the discount; the line's `technical_price_unit` is the same."""
        return self.pricer._adapt_to_taxes(self._shown[0], self.product)

    @property
    def discount(self):
        """Discount in percent, 0.0 unless order lines show discounts."""
        return self._shown[1]

    @property
    def taxes(self):
        """`account.tax` records, after the fiscal position."""
        return self.pricer._get_taxes(self.product)[1]

    # === PER UNIT === #

    @property
    def _price_after_discount(self):
        return self.price_unit * (1 - self.discount / 100)

    @cached_property
    def net(self):
        """Untaxed price per unit, rounded to the decimals of prices."""
        return self.pricer._get_unit_net(self._price_after_discount, self.taxes, self.line)

    @cached_property
    def gross(self):
        """Taxed price per unit, rounded to the decimals of prices."""
        return self.pricer._get_unit_amounts(self._price_after_discount, self.taxes, self.line)[1]

    @property
    def tax(self):
        """Taxes per unit: the difference of `gross` and `net`."""
        return float_round(self.gross - self.net, precision_digits=self.pricer.digits)

    @property
    def list_net(self):
        """Untaxed sales price per unit, without pricelist."""
        return self.pricer._get_list_price(self.line)[1]

    @cached_property
    def percentage(self):
        """How much lower than the sales price it is, 0.0 when it is not."""
        # Of the exact prices: cents of a cheap article would show another percentage.
        list_price = self.pricer._get_list_price(self.line)[0]
        saved = (1 - self._price_after_discount / list_price) * 100 if list_price else 0.0
        return max(0.0, float_round(saved, precision_digits=PERCENTAGE_DIGITS))

    # === OF THE WHOLE LINE === #

    @cached_property
    def _totals(self):
        return self.pricer._get_line_totals(self)

    @property
    def subtotal(self):
        """Untaxed amount of the line, rounded as on the order."""
        return self.pricer._get_line_subtotal(self)

    @property
    def total(self):
        """Taxed amount of the line, rounded as on the order."""
        return self._totals[1]

    # === OTHER QUANTITIES === #

    @cached_property
    def next_break(self):
        """The next quantity at which a unit gets cheaper, as `Price`; None when there is none."""
        return self.pricer._get_next_break(self)


class Pricer:
    """Prices lines for one order, cart, page or download.

    :param product.pricelist pricelist: at most one record; none gives sales prices
    :param res.company company: that sells
    :param res.currency currency: of the prices, the pricelist's by default
    :param date: date or datetime of the prices, now by default
    :param account.fiscal.position fiscal_position: of the order
    :param res.partner partner: the customer
    :raise AccessError: for a customer who may not read the pricelist
    """

    def __init__(
        self, pricelist, company, currency=None, date=False, fiscal_position=None, partner=None
    ):
        # From here on everything is read in sudo: a customer who names another's list in a request
        # must be stopped before.
        pricelist._check_price_access()
        # sudo: customers may not read products, taxes and rules; the prices are theirs
        self.pricelist = pricelist.sudo().with_company(company)
        self.env = self.pricelist.env
        self.company = self.env.company
        self.currency = currency or self.pricelist.currency_id or self.company.currency_id
        # sudo: as above, for what the caller hands over
        self.currency = self.currency.sudo()
        fiscal_position = fiscal_position or self.env["account.fiscal.position"]
        self.fiscal_position = fiscal_position.sudo().with_company(company)
        self.partner = (partner or self.env["res.partner"]).sudo()
        self.digits = get_price_digits(self.env, self.currency)
        self._discount_digits = self.env["decimal.precision"].precision_get("Discount")
        # What lines have in common is looked up once: queries must not grow with the lines.
        self._taxes, self._mapped, self._untaxed, self._list_prices = {}, {}, {}, {}
        self._start(RuleBook(self.pricelist, date))

    def _start(self, book):
        self._book, self._steps = book, {}

    @property
    def date(self):
        """Date or datetime of the prices."""
        return self._book.date

    def without_product_discounts(self):
        """Return a pricer for which the B2B discounts of products do not count.

        :rtype: Pricer
        """
        pricer = copy(self)
        pricer._start(RuleBook(self.pricelist, self.date, product_discount=False))
        return pricer

    # === PRICES === #

    def prices(self, lines):
        """Price lines.

        :param list lines: `PriceLine` of `product.product`, or tuples in that order
        :return: a `Price` for each line, in that order
        :rtype: list[Price]
        """
        lines = [PriceLine(*line) for line in lines]
        # In one recordset, so that what is read of one product is read of all.
        products = self.env["product.product"].browse([line.product.id for line in lines])
        self._book.learn(products)
        return [
            Price(self, line.for_engine(product))
            for line, product in zip(lines, products, strict=True)
        ]

    def breaks(self, products):
        """Return the quantities at which the price of one unit changes.

        :param product.product products: what is priced, each in its own unit
        :return: `{product id: prices}` by rising quantity; the first is the price of one unit
        :rtype: dict[int, list[Price]]
        """
        new = self.env["product.product"].browse(
            [product.id for product in products if product.id not in self._steps]
        )
        self._book.learn(new)
        quantities = self._book.get_break_quantities(new) if new else {}
        self._steps.update((product.id, []) for product in new)
        for price in self.prices(
            PriceLine(product, quantity)
            for product in new
            for quantity in sorted({1.0} | {one for one in quantities[product.id] if one > 1})
        ):
            steps = self._steps[price.product.id]
            # A rule that changes nothing is no break.
            if not steps or steps[-1].net != price.net:
                steps.append(price)
        return {product.id: self._steps[product.id] for product in products}

    def _get_next_break(self, price):
        """Return the next quantity at which a line gets cheaper, see `Price.next_break`."""
        if price.product.id not in self._steps:
            # Who asks for one asks for all: the others' are found with the same queries.
            self.breaks(self.env["product.product"].browse(self._book._known))
        first, *others = self._steps[price.product.id]
        quantity = price._priced_line.product_quantity
        # A price may rise on the way: what counts is the price of the quantity that is asked for.
        reached = [step for step in others if step.quantity <= quantity] or [first]
        ahead = (step for step in others if step.quantity > quantity)
        return next((step for step in ahead if step.net < reached[-1].net), None)

    def get_net(self, line, price_unit, discount, taxes):
        """Return the untaxed price of one unit of what an order line stores.

        :param PriceLine line: what the order line sells
        :param float price_unit: before the discount, with the taxes that are included in prices
        :param float discount: in percent
        :param account.tax taxes: of the order line
        :rtype: float
        """
        return self._get_unit_net(price_unit * (1 - discount / 100), taxes, line)

    # === STEPS OF AN ORDER LINE === #

    def _split(self, rule, line, amount):
        """Split a price into what an order line shows as price and as discount.

        Same steps as `_get_display_price` and `_compute_discount` of `sale.order.line`.

        :return: price per unit before the discount; discount in percent
        :rtype: tuple[float, float]
        """
        if not (self.pricelist and rule._show_discount()):
            return amount, 0.0
        product, quantity, uom = line
        # By keywords: core hands some of them on to a method that takes no others.
        base = rule._compute_price_before_discount(
            product=product, quantity=quantity, uom=uom, date=self.date, currency=self.currency
        )
        discount = (base - amount) / base * 100 if base else 0.0
        if (discount > 0) != (base > 0):
            discount = 0.0  # a surcharge is part of the price, customers are not told
        discount = float_round(discount, precision_digits=self._discount_digits)
        return max(base, amount), discount

    def _get_taxes(self, product):
        """Return the taxes of a product before and after the fiscal position.

        :rtype: tuple
        """
        if product.id not in self._taxes:
            # Of the template: the same, without a computation for each variant.
            taxes = product.product_tmpl_id.taxes_id
            # Most products share their taxes, and to map them takes queries.
            if taxes not in self._mapped:
                own = taxes._filter_taxes_by_company(self.company)
                self._mapped[taxes] = own, self.fiscal_position.map_tax(own)
            self._taxes[product.id] = self._mapped[taxes]
        return self._taxes[product.id]

    def _adapt_to_taxes(self, price, product):
        """Return a price as the order line has it after the fiscal position.

        Where prices include taxes, other taxes make another price.

        :rtype: float
        """
        if not self.fiscal_position:
            return price
        original_taxes, taxes = self._get_taxes(product)
        return product._get_tax_included_unit_price_from_price(
            price,
            product_taxes=original_taxes,
            fiscal_position=self.fiscal_position,
            product_taxes_after_fp=taxes,
        )

    def _get_list_price(self, line):
        """Return the sales price per unit without pricelist, which no quantity changes.

        :return: as an order line has it, and untaxed
        :rtype: tuple[float, float]
        """
        product, _quantity, uom = line
        key = product.id, uom.id
        if key not in self._list_prices:
            no_rule = self.env["product.pricelist.item"]
            price = self._book.compute(no_rule, line._replace(quantity=1.0), self.currency)
            price = self._adapt_to_taxes(price, product)
            net = self._get_unit_net(price, self._get_taxes(product)[1], line)
            self._list_prices[key] = price, net
        return self._list_prices[key]

    # === TAXES === #

    def _get_unit_net(self, price, taxes, line):
        """Return what one unit costs without taxes, as `_get_unit_amounts` does.

        :rtype: float
        """
        if not self._is_untaxed(taxes):
            return self._get_unit_amounts(price, taxes, line)[0]
        return float_round(price, precision_digits=self.digits)

    def _is_untaxed(self, taxes):
        """Return whether a price with these taxes is one without taxes.

        Taxes on top do not change it, and their computation is most of what pricing takes.

        :rtype: bool
        """
        if taxes not in self._untaxed:
            # Of groups of taxes, what counts are the taxes in them.
            included = any(taxes.flatten_taxes_hierarchy().mapped("price_include"))
            self._untaxed[taxes] = not included
        return self._untaxed[taxes]

    def _get_unit_amounts(self, price, taxes, line):
        """Return what one unit costs without and with taxes.

        :rtype: tuple[float, float]
        """
        details = taxes._get_tax_details(
            price,
            1.0,
            precision_rounding=self.currency.rounding,
            # The unit price is shown with more decimals than the currency where prices need it.
            rounding_method="round_globally",
            product=line.product,
            product_uom=line.uom,
        )
        return tuple(
            float_round(details[key], precision_digits=self.digits)
            for key in ("total_excluded", "total_included")
        )

    def _get_line_subtotal(self, price):
        """Return the untaxed amount of a line as `_compute_amount` of `sale.order.line` does.

        :rtype: float
        """
        if not self._is_untaxed(price.taxes):
            return price._totals[0]
        return self.currency.round(price.quantity * price._price_after_discount)

    def _get_line_totals(self, price):
        """Return the amounts of a line as `_compute_amount` of `sale.order.line` does.

        :return: without and with taxes
        :rtype: tuple[float, float]
        """
        AccountTax = self.env["account.tax"]
        base_line = AccountTax._prepare_base_line_for_taxes_computation(
            {},
            product_id=price.product,
            product_uom_id=price.uom,
            tax_ids=price.taxes,
            quantity=price.quantity,
            price_unit=price.price_unit,
            discount=price.discount,
            currency_id=self.currency,
            partner_id=self.partner,
        )
        AccountTax._add_tax_details_in_base_line(base_line, self.company)
        AccountTax._round_base_lines_tax_details([base_line], self.company)
        details = base_line["tax_details"]
        return details["total_excluded_currency"], details["total_included_currency"]

    # === IN WORDS === #

    def explain(self, prices, price_label=None, format_price=None):
        """Say in the reader's words where prices come from.

        :param list prices: of this pricer
        :param str price_label: what to call the price, for a reader who is not the customer
        :param format_price: function of amount and currency, for pages that show the same amounts
            several times and remember them
        :return: for each price, dicts with `label` and `text`, in reading order
        :rtype: list[list[dict]]
        """
        words = PriceWords(self.env, price_label, format_price)
        return [words.explain(price) for price in prices]
