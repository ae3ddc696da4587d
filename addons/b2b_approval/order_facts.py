"""What rules look at when they say whether an order needs an approval."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OrderFacts:
    """An order at the moment of the request.

    :ivar float amount: untaxed, in the currency of the selling company, at the day's rate
    :ivar currency: `res.currency` of the selling company
    :ivar cost_center: `b2b.cost.center`, may be empty
    :ivar products: `product.product` of its lines
    :ivar bool is_above_limit: of the buyer
    :ivar bool is_new_address: no order went there before
    :ivar dict exceeded_budgets: `{b2b.budget: by how much}`, of policy `approval`
    """

    amount: float
    currency: object
    cost_center: object
    products: object
    is_above_limit: bool = False
    is_new_address: bool = False
    exceeded_budgets: dict = field(default_factory=dict)


@dataclass(frozen=True)
class AskedStep:
    """Somebody who has to be asked: a step of a rule, or anybody who may approve.

    :ivar int sequence: when
    :ivar step: `b2b.approval.step`, empty = any one with the right to approve
    :ivar str reason: why, as people read it
    """

    sequence: int
    step: object
    reason: str

    @property
    def key(self):
        """What makes two of them the same question."""
        return (self.sequence, tuple(sorted(self.step.member_ids.ids)) if self.step else None)
