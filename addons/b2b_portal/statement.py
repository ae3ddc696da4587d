"""What a page states of a cart or template: the buyer confirms that, and nothing else.

The form of the page carries its statement. What the order would state at the moment of the click
is made in the same way, and the two are compared: see `sale.order._get_b2b_changes`.
"""

import json
import math
from dataclasses import asdict, astuple, dataclass, field

AMOUNTS = ("untaxed", "tax", "total")
# No page of ours shows a quantity or price like this; neither nan nor infinity is below it.
MAX_NUMBER = 1e12


@dataclass(frozen=True)
class StatedLine:
    """One line as the buyer read it.

    :ivar int id: of the order line
    :ivar str name: of the article
    :ivar float quantity: in `unit`
    :ivar str unit: name of the unit
    :ivar float price: untaxed, of one unit
    """

    id: int
    name: str
    quantity: float
    unit: str
    price: float


@dataclass(frozen=True)
class Statement:
    """All that a page states of an order.

    :ivar list lines: `StatedLine`, in the order of the page
    :ivar dict amounts: those of `AMOUNTS` that the page shows
    :ivar str currency: code of the currency of all prices and amounts
    :ivar str terms: name of the payment terms
    :ivar int address: id of the delivery address for which the amounts are
    :ivar dict addresses: `{id: text}`, all that the page offers
    """

    lines: list = field(default_factory=list)
    amounts: dict = field(default_factory=dict)
    currency: str = ""
    terms: str = ""
    address: int = 0
    addresses: dict = field(default_factory=dict)

    def dump(self):
        """Return the statement as the form carries it.

        :rtype: str
        """
        values = {**asdict(self), "lines": [astuple(line) for line in self.lines]}
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def load(cls, text):
        """Return the statement that a form carried; what is none states nothing.

        :param str text: as the client sent it
        :rtype: Statement
        """
        try:
            values = json.loads(text)
            return cls(
                lines=[_read_line(line) for line in values["lines"]],
                amounts={
                    name: _read_number(values["amounts"][name])
                    for name in AMOUNTS
                    if name in values["amounts"]
                },
                currency=_read_text(values["currency"]),
                terms=_read_text(values["terms"]),
                address=int(values["address"]),
                addresses={int(key): _read_text(one) for key, one in values["addresses"].items()},
            )
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ):
            return cls()


def _read_line(values):
    line_id, name, quantity, unit, price = values
    return StatedLine(
        int(line_id),
        _read_text(name),
        _read_number(quantity),
        _read_text(unit),
        _read_number(price),
    )


def _read_text(value):
    # JSON knows lone surrogates and the character zero, the database does not.
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode()


def _read_number(value):
    number = float(value)
    if math.isnan(number) or abs(number) >= MAX_NUMBER:
        raise ValueError(f"no number of a page: {value!r:.100}")
    return number
