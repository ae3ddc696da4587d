"""Quantities as customers read and type them."""

import re

from odoo.tools import float_round, formatLang

_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


def format_quantity(env, quantity):
    """Return a quantity in the reader's language, without needless zeros.

    :param Environment env: its language is the reader's
    :param float quantity: in any unit
    :rtype: str
    """
    digits = env["decimal.precision"].precision_get("Product Unit")
    quantity = float_round(quantity, precision_digits=digits)
    decimals = f"{quantity:.{digits}f}".partition(".")[2].rstrip("0")
    return formatLang(env, quantity, digits=len(decimals))


def may_mean_thousands(text, ordered):
    """Whether a quantity may as well be read with thousands, as `1,000` of 2,000 pieces.

    :param str text: as typed
    :param float ordered: more than that is not meant
    """
    if not _TWO_WAYS.fullmatch(text):
        return False
    return float(text.replace(",", "").replace(".", "")) <= ordered
