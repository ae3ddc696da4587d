"""Where a price comes from, in the reader's words."""

from functools import cache, partial

from .formatting import format_percentage, format_quantity, format_unit_price


class PriceWords:
    """What an explanation of prices is made of, looked up once: a page has many."""

    def __init__(self, env, price_label, format_price):
        self.env = env
        self.list_label, self.source_label = env._("List price (untaxed)"), env._("Applied")
        self.price_label = price_label or env._("Your price (untaxed)")
        self.break_label = env._("Next quantity break")
        self.per_unit = env._("%(price)s per %(unit)s")
        self.from_quantity = env._("from %(quantity)s %(unit)s: %(price)s")
        self.format_price = format_price or self._format_price
        # Prices have few percentages and quantities, and to format one takes its time.
        self.format_percentage = cache(partial(format_percentage, env))
        self.format_quantity = cache(partial(format_quantity, env))
        self._sources = {}

    def _format_price(self, amount, currency):
        return format_unit_price(self.env, amount, currency)

    def explain(self, price):
        """Return the rows of one price, see `Pricer.explain`."""
        text = self._per_unit(price, price.net)
        if price.percentage:
            text += f" (−{self.format_percentage(price.percentage)})"
        rows = [
            (self.list_label, self._per_unit(price, price.list_net)),
            (self.source_label, self._describe_source(price.rule)),
            (self.price_label, text),
        ]
        if price.next_break:
            rows.append((self.break_label, self._from_quantity(price.next_break)))
        return [{"label": label, "text": text} for label, text in rows]

    def _describe_source(self, rule):
        kind = rule.is_b2b_discount, rule.applied_on, rule.min_quantity
        if kind not in self._sources:
            self._sources[kind] = rule._describe_b2b_price_source()
        return self._sources[kind]

    def _per_unit(self, price, amount):
        amount = self.format_price(amount, price.currency)
        return self.per_unit % {"price": amount, "unit": price.uom.name}

    def _from_quantity(self, step):
        return self.from_quantity % {
            "quantity": self.format_quantity(step.quantity),
            "unit": step.uom.name,
            "price": self.format_price(step.net, step.currency),
        }
