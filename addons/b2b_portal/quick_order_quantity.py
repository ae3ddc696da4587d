"""Read a quantity as people write it: with decimal comma or point, and with groups or without."""

import re

from odoo.addons.order_status_flags.table_csv import clean

MAX_QUANTITY = 1_000_000

_BLANKS = "[ \u00a0\u2007\u202f'\u2019]"
_SIGN_BLANKS = re.compile(rf"(?<=[+-]){_BLANKS}+")
# Blanks and apostrophes group thousands: in "2 3" they stand between two numbers.
_BLANK_GROUPS = re.compile(rf"[+-]?[0-9]{{1,3}}(?:{_BLANKS}[0-9]{{3}})+(?:[.,][0-9]*)?")
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
    text = clean(text)
    if not text:
        return missing, ""
    text = _with_point(_without_blanks(text)).removeprefix("+")
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


def parse_line_quantity(text, uom):
    """Read what a form says about a line that is there; 0 and nothing take it out.

    :param str text: as typed
    :param uom.uom uom: of the line
    :return: the quantity as the unit tells it and an error code, '' when fine: less than the unit
        can tell is not the 0 that takes a line out
    :rtype: tuple[float, str]
    """
    quantity, error = parse_quantity(text, missing=0.0)
    if not quantity and error in ("", "zero_quantity"):
        return 0.0, ""
    rounded = uom.round(quantity)
    return rounded, error or ("" if rounded else "zero_quantity")


def has_two_ways(text):
    """Whether a number may be read with thousands as well: `1,000`, `1.000`.

    :param str text: the cell
    """
    return bool(_TWO_WAYS.match(clean(text)))


def _without_blanks(text):
    """Return a number without the blanks that group thousands; others stay."""
    text = _SIGN_BLANKS.sub("", text)
    return re.sub(_BLANKS, "", text) if _BLANK_GROUPS.fullmatch(text) else text


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
    head = head.replace(other, "")
    text = f"{head}.{tail}" if tail else head
    return f"0{text}" if text.startswith(".") else text


def _is_grouped(text, separator):
    groups = text.lstrip("+-").split(separator)
    return 1 <= len(groups[0]) <= 3 and all(len(g) == 3 and g.isdecimal() for g in groups[1:])
