"""The rules of a pricelist, sorted so that those for a product are found at once."""

from collections import defaultdict
from functools import cached_property
from typing import Any, NamedTuple

from odoo import fields

# Context key of rules, for the pricelists that they build on. Its value is the book in which the
# rules stand, or `NO_BOOK` where core came by them itself. Objects both: no caller from outside
# can bring them along.
BOOK_KEY = "b2b_rule_book"
NO_BOOK = object()

# Where rules stand in a book: kind, and the field that says for which record they are.
RULE_KEYS = {
    "0_product_variant": ("variant", "product_id"),
    "1_product": ("template", "product_tmpl_id"),
    "2_product_category": ("category", "categ_id"),
}


class PriceLine(NamedTuple):
    """What is priced: so much of a product, in a unit.

    :param product.product product: or `product.template`, for prices without taxes
    :param float quantity: in the unit
    :param uom.uom uom: the product's own when empty
    """

    product: Any
    quantity: float = 1.0
    uom: Any = None

    @property
    def product_quantity(self):
        """The quantity in the product's own unit, in which rules count."""
        product, quantity, uom = self
        if not uom or uom == product.uom_id:
            return quantity
        # As core does: a unit that cannot be converted counts as the product's own.
        return uom._compute_quantity(quantity, product.uom_id, raise_if_failure=False)

    def for_engine(self, product):
        """Return the line with all that it needs to be priced.

        :param product: the record of the product to read from, in sudo mode
        :rtype: PriceLine
        """
        # sudo: customers may read neither the unit nor the category that rules go by
        return PriceLine(product, self.quantity, self.uom.sudo() if self.uom else product.uom_id)


class RuleBook:
    """The rules of one pricelist at one date, and which of them counts.

    Odoo tests every rule on every product, which is quadratic on lists with a rule for each
    product. Here the rules of all products are searched once and sorted by what they apply to, so
    that a product meets only those that may fit it.

    :param product.pricelist pricelist: at most one record; none gives sales prices
    :param date: date or datetime of the prices, now by default
    :param bool product_discount: whether the B2B discounts of products count
    :param dict options: what core's `_compute_price_rule` takes besides, for other addons
    """

    def __init__(self, pricelist, date=False, *, product_discount=True, options=None):
        # sudo: the rules are not the customer's to read, the price they lead to is
        self.pricelist = pricelist.sudo()
        self.date = date or fields.Datetime.now()
        self.product_discount = product_discount
        self.options = options or {}
        self._model, self._known, self._beneath = None, set(), {}

    @classmethod
    def of_rules_above(cls, env):
        """Return the book of the list whose rules build on the list that is asked now, or None.

        :param Environment env: of the list that is asked
        """
        book = env.context.get(BOOK_KEY)
        return book if isinstance(book, cls) else None

    @classmethod
    def open(cls, pricelist, date, options):
        """Return the book of a list that Odoo asks for prices, perhaps for a rule above it.

        :param product.pricelist pricelist: the list
        :param date: date or datetime of the prices, now by default
        :param dict options: see `RuleBook`
        :rtype: RuleBook
        """
        if above := cls.of_rules_above(pricelist.env):
            return above.beneath(pricelist, date, options)
        is_beneath = pricelist.env.context.get(BOOK_KEY) is NO_BOOK
        return cls(pricelist, date, product_discount=not is_beneath, options=options)

    # === RULES === #

    def learn(self, products):
        """Search the rules of products, in one query, unless they are known.

        :param products: `product.product` or `product.template` records
        """
        products = products.sudo()  # as in `PriceLine.for_engine`
        if self.knows(products):
            return
        if self._model != products._name:
            self._model, self._known = products._name, set()
        self._known.update(products._ids)
        rules = self._search_rules(products.browse(self._known))
        # The rules take the book along, see `beneath`.
        self._sort(rules.with_context(**{BOOK_KEY: self}))
        self._beneath.clear()

    def _search_rules(self, products):
        """Return what Odoo's `_get_applicable_rules` does, read in the same query."""
        rules = self.pricelist.env["product.pricelist.item"]
        if not self.pricelist:
            return rules
        return rules.search_fetch(
            self.pricelist._get_applicable_rules_domain(products, self.date, **self.options)
        )

    def knows(self, products):
        """Return whether the rules of all these products were searched."""
        return products._name == self._model and self._known.issuperset(products._ids)

    def _sort(self, rules):
        self._rules, self._no_rule = rules, rules.browse()
        self._discount_rule = self._no_rule
        self._buckets, self._candidates = defaultdict(list), {}
        # The position keeps Odoo's order of precedence among rules of different buckets.
        for position, rule in enumerate(rules):
            if rule.is_b2b_discount:
                self._discount_rule = rule
                continue
            kind, name = RULE_KEYS.get(rule.applied_on, ("all", None))
            self._buckets[kind, rule[name].id if name else None].append((position, rule))

    def candidates(self, product):
        """Return the rules that may fit a product, in order of precedence.

        :param product: a product that was learned
        :rtype: list
        """
        if product.id not in self._candidates:
            keys = self._get_keys(product)
            found = [entry for key in keys for entry in self._buckets.get(key, ())]
            found.sort(key=lambda entry: entry[0])
            self._candidates[product.id] = [rule for _position, rule in found]
        return self._candidates[product.id]

    def _get_keys(self, product):
        """Return under which keys the rules for a product stand."""
        path = (product.categ_id.parent_path or "").split("/")[:-1]  # it ends with a slash
        keys = [("all", None), *(("category", int(category_id)) for category_id in path)]
        if product._name == "product.product":
            return [*keys, ("variant", product.id), ("template", product.product_tmpl_id.id)]
        if product.product_variant_count == 1:
            # As core does: the rule of an only variant is the template's as well.
            keys.append(("variant", product.product_variant_id.id))
        return [*keys, ("template", product.id)]

    def choose(self, line, currency):
        """Return the rule that counts, and the price when that had to be known to tell.

        :param PriceLine line: of a product that was learned, see `PriceLine.for_engine`
        :param res.currency currency: of the price
        :return: rule, empty for the sales price; price per unit, or None
        :rtype: tuple
        """
        rule, discount_rule = self._find_rule(line), self._find_discount_rule(line)
        if not discount_rule:
            return rule, None
        if not rule or self.is_product_first:
            return discount_rule, None
        # "Best price": the two are never added up, the customer gets the lower one. An equal
        # price is the rule's, so that the explanation names what was agreed.
        prices = self.compute(rule, line, currency), self.compute(discount_rule, line, currency)
        return (discount_rule, prices[1]) if prices[1] < prices[0] else (rule, prices[0])

    def _find_rule(self, line):
        product, quantity = line.product, line.product_quantity
        for rule in self.candidates(product):
            if rule._is_applicable_for(product, quantity):
                return rule
        return self._no_rule

    def _find_discount_rule(self, line):
        rule = self._discount_rule
        if self.product_discount and rule and rule._is_applicable_for(line.product, line.quantity):
            return rule
        return self._no_rule

    @cached_property
    def is_product_first(self):
        """Whether the product's discount wins even where a rule is lower."""
        # The list's company decides; a list that is shared, as the company that sells.
        company = self.pricelist.company_id or self.pricelist.env.company.sudo()
        return company.b2b_price_policy == "product_first"

    def compute(self, rule, line, currency):
        """Return the price per unit that a rule gives, not rounded.

        :param product.pricelist.item rule: of this book; empty for the sales price
        :param PriceLine line: see `PriceLine.for_engine`
        :param res.currency currency: of the price
        :rtype: float
        """
        return rule._compute_price(*line, date=self.date, currency=currency, **self.options)

    def get_price(self, line, currency):
        """Return the price per unit, not rounded, and the rule that gives it.

        :param PriceLine line: see `choose`
        :param res.currency currency: of the price
        :rtype: tuple
        """
        rule, price = self.choose(line, currency)
        return self.compute(rule, line, currency) if price is None else price, rule

    # === LISTS BENEATH === #

    def beneath(self, pricelist, date, options=None):
        """Return the book of a list on which rules of this one build.

        Product discounts do not count there: a rule must not stack its own discount on them.

        :param product.pricelist pricelist: the list beneath
        :param date: of the prices
        :param dict options: see `RuleBook`
        :rtype: RuleBook
        """
        key = pricelist.id, date
        if key not in self._beneath:
            book = RuleBook(pricelist, date, product_discount=False, options=options)
            if self._known:
                # Core asks product by product; all of them together are one query.
                book.learn(pricelist.env[self._model].browse(self._known))
            self._beneath[key] = book
        return self._beneath[key]

    def get_break_quantities(self, products):
        """Return the quantities from which on another rule may count.

        :param products: products that were learned
        :return: `{product id: set of quantities in the product's unit}`
        :rtype: dict
        """
        result = {
            product.id: {
                rule.min_quantity for rule in self.candidates(product) if rule.min_quantity > 0
            }
            for product in products
        }
        # Pricelists beneath cannot form a circle, `product` sees to that.
        for pricelist in self._rules.base_pricelist_id:
            book = self.beneath(pricelist, self.date, self.options)
            for product_id, quantities in book.get_break_quantities(products).items():
                result[product_id] |= quantities
        return result
