"""How a customer stands: plain values, in the currency of the selling company, taxes included."""

from dataclasses import dataclass, field

# The columns of an ageing: name and the most days overdue that fall into it.
BUCKETS = (("not_due", 0), ("1_30", 30), ("31_60", 60), ("61_90", 90), ("over_90", None))


@dataclass
class Standing:
    """What of the credit of a customer is used.

    :ivar float limit: agreed credit, 0 = none is agreed
    :ivar float open_amount: open items: invoices less payments and credit notes
    :ivar float ordered: placed orders, as far as they are not invoiced
    :ivar float overdue: open invoices whose due date has passed; due today is not overdue
    :ivar int days: how many days the oldest of them is overdue
    :ivar dict ageing: `{bucket: amount}` of the open items
    """

    limit: float = 0.0
    open_amount: float = 0.0
    ordered: float = 0.0
    overdue: float = 0.0
    days: int = 0
    ageing: dict = field(default_factory=dict)

    @property
    def used(self):
        """Open items and what was ordered and not yet invoiced."""
        return self.open_amount + self.ordered

    @property
    def headroom(self):
        """What may still be ordered; never below zero, and 0 without a limit."""
        return max(self.limit - self.used, 0.0) if self.limit else 0.0


def get_bucket(days):
    """Return the column of the ageing for an item.

    :param int days: overdue; 0 or less = not due
    :rtype: str
    """
    return next(name for name, most in BUCKETS if most is None or days <= most)
