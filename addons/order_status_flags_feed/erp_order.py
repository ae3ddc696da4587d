"""What an ERP reads of an order: texts, amounts in cents, and whether two states are the same."""

import hashlib
import json
from decimal import ROUND_HALF_UP, Decimal

# At least as many decimals as the files that ERPs import have.
PRICE_DIGITS = 4
STOCK_DIGITS = 6
PERCENT_DIGITS = 4
RATE_DIGITS = 10
# What changes without the order being another one: it is no part of the version.
UNVERSIONED = ("version", "external_ref")
# What follows from the quantity, the unit and the article of a line.
UNVERSIONED_OF_LINE = ("stock_quantity", "stock_uom")


def text(value):
    """Return a text, "" for none."""
    return (value or "").strip()


def moment(value):
    """Return a naive UTC datetime as ISO 8601, "" for none."""
    return value.replace(microsecond=0).isoformat() + "Z" if value else ""


def decimal_text(value, digits):
    """Return a number with a fixed count of decimals, halves away from zero, and no "-0.00".

    :param value: number
    :param int digits: decimals
    """
    # By the shortest text that is this number: 0.285 is meant, not 0.28499999999999998.
    rounded = Decimal(repr(float(value or 0))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded if rounded else abs(rounded):f}"


def to_units(amount, digits):
    """Return an amount in the smallest unit of its currency, as a whole number."""
    return int(Decimal(decimal_text(amount, digits)).scaleb(digits))


def from_units(units, digits):
    """Return the text of an amount that is given in the smallest unit of its currency."""
    return f"{Decimal(units).scaleb(-digits):.{digits}f}"


def spread(difference, weights):
    """Return what each place takes of a difference, in whole units, by the size of its weight.

    The largest places take what is left over, so that the parts always add up.

    :param int difference: in the smallest unit
    :param list weights: whole numbers, whose signs do not matter
    """
    total = sum(map(abs, weights))
    if not weights or not difference:
        return [0] * len(weights)
    if not total:
        weights, total = [1] * len(weights), len(weights)
    sign = 1 if difference > 0 else -1
    parts = [abs(difference) * abs(weight) // total for weight in weights]
    left = abs(difference) - sum(parts)
    for index in sorted(range(len(weights)), key=lambda i: -abs(weights[i]))[:left]:
        parts[index] += 1
    return [sign * part for part in parts]


def settle(lines, net, tax):
    """Return ``[(net, tax)]`` that add up to the totals, in the smallest unit.

    :param list lines: ``(net, tax)`` of each line, rounded, which may be off by some units
    :param int net: of the order
    :param int tax: of the order
    """
    nets = [line[0] for line in lines]
    taxes = [line[1] for line in lines]
    more_net = spread(net - sum(nets), nets)
    # Where there is tax, if there is any.
    more_tax = spread(tax - sum(taxes), taxes if any(taxes) else nets)
    return [
        (line_net + extra_net, line_tax + extra_tax)
        for line_net, extra_net, line_tax, extra_tax in zip(
            nets, more_net, taxes, more_tax, strict=True
        )
    ]


def digest(order):
    """Return what tells two states of an order apart.

    :param dict order: as ``orders`` of the feed returns it
    """
    content = {key: value for key, value in order.items() if key not in UNVERSIONED}
    content["lines"] = [
        {key: value for key, value in line.items() if key not in UNVERSIONED_OF_LINE}
        for line in order["lines"]
    ]
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode(errors="replace")).hexdigest()
