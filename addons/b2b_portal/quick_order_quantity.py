"""Read a quantity as people write it: with decimal comma or point, and with groups or without."""

import re

from odoo.addons.order_status_flags.table_csv import clean

MAX_QUANTITY = 1_000_000

_THOUSANDS_BLANKS = re.compile(r"[ \u00a0\u2007\u202f'\u2019]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_TWO_WAYS = re.compile(r"\+?[1-9][0-9]{0,2}[.,][0-9]{3}\Z")


def parse_quantity(text, maximum=MAX_QUANTITY, missing=1.0):
    """Read a quantity with decimal comma or point.

    :param str text: the cell
    :param float maximum: more than that is absurd
    :param float missing: what a cell means in which nothing is to be seen
    :return: the quantity and an error code, '' when fine (see `quick_order_parser.Row`)
    :rtype: tuple[float, str]
    """
    text = _THOUSANDS_BLANKS.sub("", clean(text))
    if not text:
        return missing, ""
    text = _with_point(text).removeprefix("+")
    if not _NUMBER.match(text):
        return 0.0, "bad_quantity"
    if len(text) > 20:
        return 0.0, "absurd_quantity"
    quantity = float(text)
    if quantity == 0:
        return 0.0, "zero_quantity"
    if quantity < 0:
        return 0.0, "negative_quantity"
    if quantity > maximum:
        return 0.0, "absurd_quantity"
    return quantity, ""


def has_two_ways(text):
    """Whether a number may be read with thousands as well: `1,000`, `1.000`.

    :param str text: the cell
    """
    return bool(_TWO_WAYS.match(clean(text)))


def _with_point(text):
    """Return a number with a point for the decimals and no groups, '' when it is none."""
    decimal = max(text.rfind(","), text.rfind("."))
    if decimal < 0:
        return text
    head, tail, separator = text[:decimal], text[decimal + 1 :], text[decimal]
    if separator in head:  # 1.000.000: the separator groups thousands
        return text.replace(separator, "") if _is_grouped(text, separator) else ""
    other = "." if separator == "," else ","
    if other in head and not _is_grouped(head, other):
        return ""
    text = f"{head.replace(other, '')}.{tail}" if tail else head
    return f"0{text}" if text.startswith(".") else text


def _is_grouped(text, separator):
    groups = text.lstrip("+-").split(separator)
    return 1 <= len(groups[0]) <= 3 and all(len(g) == 3 and g.isdecimal() for g in groups[1:])
