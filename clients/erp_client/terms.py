"""When an order is to be paid: Odoo gives no day, but the name of the payment terms."""

import re
from dataclasses import dataclass

from tools import Problem

# What Odoo calls its own terms, in the languages of a feed.
DAYS = re.compile(r"(\d{1,3}) (days?|dni|dzień|dnevi|dan)", re.IGNORECASE)
AT_ONCE = ("immediate payment", "płatność natychmiastowa", "takojšnje plačilo")
SETTING = re.compile(r"(\d{1,3})\s*(?:,\s*(.*))?")


@dataclass
class Terms:
    """Payment terms as the ERP knows them.

    :ivar int days: after the order's own day; None when nobody knows
    :ivar str form: the ERP's form of payment, "" for its own choice
    """

    days: int | None
    form: str = ""


def read_terms(section):
    """Return `{name in Odoo: Terms}`.

    :param dict section: `[terms]` of the settings, such as `30 Days = 30, przelew`
    :raise Problem: when there are no days
    """
    found = {}
    for name, text in section.items():
        match = SETTING.fullmatch(text)
        if not match:
            raise Problem(
                f"{name} in [terms] of the settings is {text!r}: days, or days and the ERP's form"
                " of payment, such as 30, przelew"
            )
        found[name] = Terms(int(match[1]), match[2] or "")
    return found


def find_terms(name, known):
    """Return terms by their name in Odoo.

    :param str name: "" for none, which are due at once
    :param dict known: of :func:`read_terms`
    """
    if name in known:
        return known[name]
    found = DAYS.fullmatch(name.strip())
    if found:
        return Terms(int(found[1]))
    return Terms(0 if name.strip().lower() in ("", *AT_ONCE) else None)
