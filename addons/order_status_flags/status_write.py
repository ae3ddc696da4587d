"""How values that only the writer may write get through ``write`` of every addon."""

from contextlib import ExitStack, contextmanager

# The key of the context, and of the cursor's cache.
STATUS_WRITE = "order_status_write"
# Of the values, the one that is another for nearly each order of a delivery.
NOTE = "order_flag_note"


def part_notes(values):
    """Part the notes from all else, where orders differ by little but their notes.

    Each note is then a small write of its own, and what thousands have in common is one.

    :param dict values: ``{order id: {field: value}}``
    :return: such dicts, to be written in this order: who hears of a flag finds its note
    """
    rest = {
        order_id: {name: vals[name] for name in vals if name != NOTE}
        for order_id, vals in values.items()
    }
    if 2 * len(StatusWrite(rest).groups) > len(StatusWrite(values).groups):
        return [values]
    notes = {order_id: {NOTE: vals[NOTE]} for order_id, vals in values.items() if NOTE in vals}
    return [notes, {order_id: vals for order_id, vals in rest.items() if vals}]


@contextmanager
def all_under_way(writes, cr):
    """Let calls of the writer that come in between know what still waits in these."""
    with ExitStack() as stack:
        for write in writes:
            stack.enter_context(write.under_way(cr))
        yield


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
        # Orders of equal values share one dict: a thousand of them are compared once.
        shared = {}
        self.waiting = {
            order_id: shared.setdefault(tuple(vals.items()), vals)
            for order_id, vals in values.items()
        }

    def lets_in(self, order_ids, vals):
        """Whether a ``write`` brings what was decided for these orders, and nothing in its stead.

        :param order_ids: ids of the orders that are written
        :param dict vals: may hold more or less, by overrides on the way
        """
        agreed = None
        for order_id in order_ids:
            values = self.waiting.get(order_id)
            if values is None or (values is not agreed and not self._agrees(values, vals)):
                return False
            agreed = values
        return agreed is not None

    def _agrees(self, values, vals):
        return not values.keys().isdisjoint(vals) and all(
            vals[name] == value for name, value in values.items() if name in vals
        )

    def take(self, order_ids):
        """Return ``[(values, order ids)]`` of those that still wait; they wait no longer."""
        groups = self._group(order_id for order_id in order_ids if order_id in self.waiting)
        for order_id in order_ids:
            self.waiting.pop(order_id, None)
        return groups

    @property
    def groups(self):
        """``[(values, order ids)]`` of all that wait, orders of equal values together."""
        return self._group(self.waiting)

    def _group(self, order_ids):
        grouped = {}
        for order_id in order_ids:
            values = self.waiting[order_id]
            grouped.setdefault(id(values), (values, []))[1].append(order_id)
        return list(grouped.values())

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
