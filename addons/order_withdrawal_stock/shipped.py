"""What of a line of an order has left the house."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shipped:
    """Moves that have brought the article of a line, or one component of it.

    :ivar line: ``sale.order.line``
    :ivar moves: ``stock.move``, all of one product
    :ivar unit: ``uom.uom`` in which it is counted
    :ivar pieces: how much of it comes with one unit of the line
    """

    line: object
    moves: object
    unit: object
    pieces: float
