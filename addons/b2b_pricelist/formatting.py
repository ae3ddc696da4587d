"""Quantities, percentages and unit prices as people read and type them.

One place for all addons: what a price explanation calls 12.5 must not be 12.50 in the shop.
"""

from odoo.tools import float_round, formatLang, get_lang
from odoo.tools.misc import babel_locale_parse

NBSP = "\N{NO-BREAK SPACE}"
PERCENTAGE_DIGITS = 2


def format_quantity(env, quantity):
    """Return a quantity in the reader's language, without needless zeros.

    :param Environment env: its language is the reader's
    :param float quantity: in any unit
    :rtype: str
    """
    return _format_number(env, quantity, _get_quantity_digits(env))


def format_input_quantity(env, quantity):
    """Return a quantity as number fields take it: a decimal point, and no groups of thousands.

    :param Environment env: gives the precision
    :param float quantity: in any unit
    :rtype: str
    """
    digits = _get_quantity_digits(env)
    return f"{float_round(quantity, precision_digits=digits):.{_count_digits(quantity, digits)}f}"


def format_percentage(env, percentage):
    """Return a percentage in the reader's language: 12.5%, 12,5%, 12,5 %.

    :param Environment env: its language is the reader's
    :param float percentage: 12.5 for 12.5 %
    :rtype: str
    """
    # Whether a blank stands before the sign is a matter of the language, too.
    pattern = babel_locale_parse(get_lang(env).code).percent_formats[None]
    number = _format_number(env, percentage, PERCENTAGE_DIGITS)
    return f"{pattern.prefix[0]}{number}{pattern.suffix[0]}"


def format_unit_price(env, amount, currency):
    """Return a unit price as customers read it.

    With the decimals of the currency, and with more of them where the price needs them and
    "Product Price" allows: goods at 0.2432 apiece are not 0.24 when thousands are ordered.

    :param Environment env: its language is the reader's
    :param float amount: price of one unit
    :param res.currency currency: of the amount
    :rtype: str
    """
    digits = get_price_digits(env, currency)
    needed = max(_count_digits(amount, digits), currency.decimal_places)
    number = formatLang(env, float_round(amount, precision_digits=digits), digits=needed)
    parts = [number, currency.symbol or ""]
    if currency.position == "before":
        parts.reverse()
    return NBSP.join(part for part in parts if part)


def get_price_digits(env, currency):
    """Return with how many decimals unit prices are shown at most.

    :param Environment env: gives the precision
    :param res.currency currency: of the prices
    :rtype: int
    """
    # A currency with more decimals than "Product Price" must not lose any of its own.
    precision = env["decimal.precision"].precision_get("Product Price")
    return max(precision, currency.decimal_places)


def _get_quantity_digits(env):
    return env["decimal.precision"].precision_get("Product Unit")


def _format_number(env, number, digits):
    # Rounded first: 0.1 + 0.2 needs one decimal, not seventeen.
    number = float_round(number, precision_digits=digits)
    return formatLang(env, number, digits=_count_digits(number, digits))


def _count_digits(number, digits):
    """Return how many decimals a number needs when it has at most `digits` of them."""
    text = f"{float_round(number, precision_digits=digits):.{digits}f}"
    return len(text.partition(".")[2].rstrip("0"))
