"""Fetches placed orders from Odoo and hands them to a sink, each version once.

What was fetched goes into a queue in the state together with the cursor, in one step; it leaves
the queue when the sink has it. So a kill at any moment loses no order.
"""

import json

from tools import Problem, say, to_json, write_atomic

# How a version stands in the queue.
NEW, SENT, REJECTED = "new", "sent", "rejected"


class OrderState:
    """The cursor, the queue, and which versions were handed over, as a file replaced as a whole.

    :param Path path: a JSON file
    """

    def __init__(self, path):
        self.path = path
        self.values = {"cursor": "", "queue": {}, "versions": {}, "publishing": [], "csv": None}
        # Where orders were put before: it is not made a second time.
        self.values["folder"] = ""
        if path.exists():
            try:
                self.values.update(json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, TypeError) as error:
                raise Problem(
                    f"{path} cannot be read ({error}). Delete it to start anew: every order is"
                    " then handed over again."
                ) from error

    @property
    def queue(self):
        return self.values["queue"]

    def save(self):
        write_atomic(self.path, to_json(self.values))

    def add(self, order):
        """Put a version of an order into the queue, unless it was there before."""
        key, version = str(order["id"]), int(order["version"])
        entry = self.queue.get(key)
        last = int((entry["next"] or entry["order"])["version"]) if entry else 0
        if version <= max(last, self.values["versions"].get(key, 0)):
            return
        if entry and entry["state"] != REJECTED:
            # The one before is handed over, or cleared up, first.
            entry["next"] = order
        else:
            self.queue.pop(key, None)
            self.queue[key] = {"order": order, "state": NEW, "tries": 0, "message": "", "next": {}}

    def settle(self, key):
        """Take a version out of the queue: the sink has it."""
        entry = self.queue.pop(key)
        self.values["versions"][key] = int(entry["order"]["version"])
        if entry["next"]:
            self.add(entry["next"])

    def reject(self, key, message):
        """Keep a version that the sink surely does not have, and why."""
        entry = self.queue[key]
        entry |= {"state": REJECTED, "tries": entry["tries"] + 1, "message": message}
        if entry["next"]:
            del self.queue[key]
            self.add(entry["next"])


def fetch_orders(odoo, state, sink, limit):
    """Hand every order that is due to the sink.

    :param Odoo odoo: where orders come from
    :param OrderState state: the file
    :param sink: one of :mod:`sinks`, or :class:`bridge.BridgeSink`
    :param int limit: orders a call
    :return: whether everything that was due was done
    :raise Problem: when Odoo or the sink cannot be reached
    """
    sink.recover(state)
    count, more = 0, True
    while more:
        cursor = state.values["cursor"]
        answer = odoo.call("orders", cursor=cursor or False, limit=limit)
        for order in answer["orders"]:
            state.add(order)
        more = answer["more"]
        if more and answer["cursor"] == cursor:
            raise Problem("Odoo says that there are more orders, and not where to go on")
        state.values["cursor"] = answer["cursor"]
        if answer["orders"] or answer["cursor"] != cursor:
            state.save()
        count += sink.deliver(state)
    say(f"fetched: {count} orders handed over")
    return not tell_due(state)


def tell_due(state):
    """Say which orders are still due, and return how many."""
    words = {SENT: "in doubt", REJECTED: "rejected", NEW: "due"}
    for entry in state.queue.values():
        order = entry["order"]
        what = words[entry["state"]]
        say(f"{what}: order {order['name']} version {order['version']}: {entry['message']}")
    if state.queue:
        say(f"{len(state.queue)} orders are due, and looked at again at the next run")
    return len(state.queue)
