"""How values that only the writer may write get through ``write`` of every addon."""

from contextlib import contextmanager

# The key of the context, and of the cursor's cache.
STATUS_WRITE = "order_status_write"


class StatusWrite:
    """Values that the writer has decided, on their way through ``write``.

    The writer writes as everybody does, so that overrides of other addons and automation rules
    hear it. This object in the context tells its own ``write`` that the values come from the
    writer. It is an object, which no RPC call can bring along, and it lets each order's values
    in once and no others: what a rule writes on its own account, in the same context, takes
    the way of every other write.

    :param dict values: ``{order id: {field: value}}``
    """

    def __init__(self, values):
        self.waiting = dict(values)

    def lets_in(self, order_ids, vals):
        """Whether a ``write`` brings what was decided for these orders, and nothing in its stead.

        :param order_ids: ids of the orders that are written
        :param dict vals: may hold more or less, by overrides on the way
        """
        return bool(order_ids) and all(
            self._agrees(self.waiting.get(order_id), vals) for order_id in order_ids
        )

    def _agrees(self, values, vals):
        return (
            bool(values)
            and not values.keys().isdisjoint(vals)
            and all(vals[name] == value for name, value in values.items() if name in vals)
        )

    def take(self, order_ids):
        """Return ``[(values, order ids)]`` of those that still wait; they wait no longer."""
        grouped = {}
        for order_id in order_ids:
            values = self.waiting.pop(order_id, None)
            if values:
                grouped.setdefault(tuple(values.items()), []).append(order_id)
        return [(dict(values), ids) for values, ids in grouped.items()]

    @property
    def groups(self):
        """``[(values, order ids)]`` of all that wait, orders of equal values together."""
        return StatusWrite(self.waiting).take(list(self.waiting))

    @contextmanager
    def under_way(self, cr):
        """Let calls of the writer that come in between know what still waits."""
        # Of the cursor, not of the context: whoever comes in between may have another one.
        writes = cr.cache.setdefault(STATUS_WRITE, [])
        writes.append(self)
        try:
            yield
        finally:
            writes.remove(self)
