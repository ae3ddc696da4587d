"""Which rows of a source are due, by what the state remembers of it.

A source that keeps the time of each change is asked for what came since; of one that does not, two
looks are compared.
"""

import datetime
import json
import uuid

from rows import (
    DEFAULTS,
    describe,
    get_identity,
    get_print,
    is_document,
    is_order,
    sort_rows,
)
from tools import UTC, say, to_moment

# So many rows may vanish at once before somebody is asked: of many a tenth, of few nearly all. A
# wrong database has none at all.
FEW, SHARE = 50, 0.1
A_FEW, NEARLY_ALL = 5, 0.9
# Odoo takes no moment that is further ahead.
MAX_AHEAD = datetime.timedelta(minutes=10)
# A moment made anew is behind nearly all that Odoo has taken.
RENEWED_AHEAD = datetime.timedelta(minutes=9)
# No ERP has flags that are older.
FIRST_YEAR = 2000


def get_pending(entry):
    """Return the print and the time of a row that waits, as a state keeps it where there are times.

    :param entry: a list; of an earlier client the print alone; None for none
    """
    return entry if isinstance(entry, list) else [entry, ""]


class Timed:
    """A source that keeps the time of each change: what came since the last run is new.

    :param Source source: where rows come from
    :param dict state: what is known of it
    :param float overlap: minutes before the newest row sent in which rows may still turn up
        late; their keys are remembered
    """

    def __init__(self, source, state, overlap):
        self.source = source
        self.state = state
        self.overlap = datetime.timedelta(minutes=overlap)

    def get_border(self):
        """Return the moment before which nothing is looked at again, None at the start."""
        since = to_moment(self.state["since"])
        # The year 1, for one, stands for no time at all in some programs.
        if not since or since.year < FIRST_YEAR:
            return None
        # A flag of a later time must not hide a document that waits for its second sight.
        waiting = (to_moment(get_pending(one)[1]) for one in self.state["pending"].values())
        waiting = [moment for moment in waiting if moment and moment.year >= FIRST_YEAR]
        return min([since, *waiting]) - self.overlap

    def collect(self, waits=True):
        """Return the new rows; a document that was not seen before waits for its second sight.

        :param bool waits: False shows what a run would send in the end
        """
        rows = self._read_new()
        if waits and self.source.second_sight:
            before, self.state["pending"] = self.state["pending"], {}
            rows = [row for row in rows if self._is_due(row, before)]
        for row in rows:
            if row["key"] in self.state["retry"]:
                # What Odoo could not take was corrected in the source.
                self.state["retry"][row["key"]] |= {"row": row, "next": ""}
        return rows

    def _read_new(self):
        """Return the rows that are not known; of a key that is there in several ways, none."""
        rows, border = {}, self.get_border()
        for row in self.source.read(border):
            if not self._is_new(row, border):
                continue
            known = rows.setdefault(row["key"], row)
            if known != row:
                rows[row["key"]] = None
                self.source.problems += 1
                say(describe(row, "not sent", f"its key “{row['key']}” is there twice"))
        return [row for row in rows.values() if row and not self._is_kept(row)]

    def _is_kept(self, row):
        """Whether a row waits to be sent again as it is."""
        kept = self.state["retry"].get(row["key"])
        return kept is not None and kept["row"] == row

    def _is_new(self, row, border):
        if row["key"] in self.state["retry"]:
            return True
        if row["key"] in self.state["seen"]:
            return False
        moment = to_moment(row["changed_at"])
        return not moment or not border or moment >= border

    def _is_due(self, row, before):
        if not is_document(row):
            return True
        new = get_print(row)
        # One that is due stays until it is settled: a run that fails must find it again, however
        # long ago its time is.
        self.state["pending"][row["key"]] = [new, row["changed_at"]]
        return get_pending(before.get(row["key"]))[0] == new

    def note(self, row):
        """Note that a row was answered."""
        self.state["pending"].pop(row["key"], None)
        self.state["seen"][row["key"]] = row["changed_at"]
        moment, since = to_moment(row["changed_at"]), to_moment(self.state["since"])
        # A clock that is ahead must not hide the rows of the time until then.
        now = datetime.datetime.now(UTC)
        if moment and moment <= now and (not since or moment > since):
            self.state["since"] = row["changed_at"]

    def renew(self, row):
        """Return a row that Odoo cannot read as it is: its moment is that of the source."""
        return row

    def forget(self):
        """Forget keys that no source shows any more."""
        border = self.get_border()
        self.state["seen"] = {
            key: changed_at
            for key, changed_at in self.state["seen"].items()
            if not border or (to_moment(changed_at) or border) >= border
        }


class Snapshot:
    """A source that shows what is: what differs from the last look is new, what vanished is gone.

    :param Source source: where rows come from
    :param dict state: what is known of it
    :param str vanished: `ask` when many rows are gone at once, else `send` or `forget`
    """

    def __init__(self, source, state, vanished="ask"):
        self.source = source
        self.state = state
        self.vanished = vanished
        # Orders of which a row cannot be told from others.
        self.unclear = set()

    def collect(self, waits=True):
        """Return what changed since the last look, and put it into the outbox.

        :param bool waits: False shows what a run would send in the end
        """
        look = self._look()
        gone = self._judge([one for one in self.state["known"] if one not in look])
        before, self.state["pending"] = self.state["pending"], {}
        waits = waits and self.source.second_sight
        rows = [self._take(identity, row) for identity, row in look.items() if row
                and self._is_due(identity, row, before, waits)]  # fmt: skip
        # An order that the ERP keeps under another number: to cancel it would be wrong.
        kept = {row["order"] for row in look.values() if row and is_order(row["kind"])
                and row["state"] == "open"}  # fmt: skip
        gone = self._leave_out_moved(gone, look)
        rows += [self._take_gone(identity) for identity in gone
                 if self._is_gone(identity, kept, before, waits)]  # fmt: skip
        return self._add_keys(rows)

    def _look(self):
        """Return `{identity: row}`; None for a row that is there in several ways."""
        look = {}
        for row in self.source.read():
            if not row["order"] or (is_document(row) and not (row["kind"] and row["number"])):
                self._tell(row, "it has no order, no kind or no number")
                self.source.unread += not row["order"]
                self.unclear.add(row["order"])
                continue
            row |= {name: row[name] or value for name, value in DEFAULTS.items()}
            known = look.setdefault(get_identity(row), row)
            if known is not row and (known is None or get_print(known) != get_print(row)):
                look[get_identity(row)] = None
                self._tell(row, "the source shows it twice, in different ways")
        return look

    def _tell(self, row, words):
        self.source.problems += 1
        say(describe(row, "not sent", words))

    def _judge(self, gone):
        """Return the rows that count as vanished, none when somebody has to say what is meant."""
        asked = self.source.get_print()
        why = self._find_other(asked) or self._find_many(gone)
        if gone and self.vanished == "ask" and why:
            self._ask(gone, why)
            return []
        if self.vanished == "ask":
            gone = self._leave_out_unclear(gone)
        self.state["query"] = asked
        if self.vanished == "forget":
            for identity in gone:
                del self.state["known"][identity]
            return []
        return gone

    def _find_other(self, asked):
        """Return in words what is another one than in the look before, nothing when it is not."""
        before, (query, _at, _place) = self.state["query"], asked.partition("@")
        if before in ("", asked, query):
            return ""
        same_query = before.partition("@")[0] == query
        return f"the {'database' if same_query else 'query'} is another one"

    def _find_many(self, gone):
        known = len(self.state["known"])
        if len(gone) > min(max(FEW, SHARE * known), max(A_FEW, NEARLY_ALL * known)):
            return "is it the right source?"
        return ""

    def _leave_out_unclear(self, gone):
        """Return the rows that are surely gone: one that cannot be read may be any of them."""
        if not self.source.unread:
            return [one for one in gone if json.loads(one)[0] not in self.unclear]
        if gone:
            say(
                f"{len(gone)} rows of [{self.source.name}] are not there any more, or cannot be"
                " read: they are left as they are until every row can be read"
            )
        return []

    def _leave_out_moved(self, gone, look):
        """Return the rows without orders of the ERP that are those of another order now.

        A clerk had mistyped whose they are: to cancel one would cancel an order of somebody who
        has nothing to do with it. Deliveries and invoices do go: their PDFs are not his to see.
        """
        documents = [one for one in map(json.loads, look) if len(one) > 1]
        owners = {number: order for order, kind, number in documents if is_order(kind)}
        return [one for one in gone if not self._is_moved(one, owners)]

    def _is_moved(self, identity, owners):
        order, *document = json.loads(identity)
        owner = document and is_order(document[0]) and owners.get(document[1])
        if not owner or owner == order:
            return False
        self.source.problems += 1
        say(
            f"error: “{document[1]}” is that of order {owner} now, no longer of {order}, which is"
            " not cancelled: please look at both in Odoo"
        )
        del self.state["known"][identity]
        return True

    def _ask(self, gone, why):
        self.source.problems += 1
        say(
            f"error: {len(gone)} of {len(self.state['known'])} rows of [{self.source.name}] are not"
            f" there any more ({why}). Run push once with --vanished send to cancel them in Odoo,"
            " or with --vanished forget to leave them as they are"
        )

    def _is_due(self, identity, row, before, waits):
        new = get_print(row)
        if self.state["known"].get(identity) == new:
            return False
        if not waits or not is_document(row) or before.get(identity) == new:
            return True
        self.state["pending"][identity] = new
        return False

    def _is_gone(self, identity, kept, before, waits):
        values = json.loads(identity)
        if len(values) == 1:
            return True
        if is_order(values[1]) and values[0] in kept:
            say(f"order {values[0]} has another number now: “{values[2]}” is not cancelled")
            del self.state["known"][identity]
            return False
        if waits and before.get(identity) != "gone":
            self.state["pending"][identity] = "gone"
            return False
        return True

    def _take(self, identity, row):
        self.state["known"][identity] = get_print(row)
        return identity, row

    def _take_gone(self, identity):
        del self.state["known"][identity]
        row = dict.fromkeys(("flag", "note", "kind", "number"), "")
        row |= dict(zip(("order", "kind", "number"), json.loads(identity), strict=False))
        return identity, {**row, "state": "cancelled"} if row["kind"] else row

    def _add_keys(self, pairs):
        """Return rows with keys and the moment of this look, which is later than that of any."""
        now = datetime.datetime.now(UTC)
        last = to_moment(self.state["look"])
        # A clock that was set back must not make a change look old.
        now = max(now, last + datetime.timedelta(microseconds=1)) if last else now
        self.state["look"] = now.isoformat()
        identities = {identity for identity, _row in pairs}
        for kept in (self.state["retry"], self.state["given_up"]):
            for key, entry in list(kept.items()):
                if entry.get("identity") in identities:
                    # What it said is overtaken.
                    del kept[key]
        rows = []
        for identity, row in pairs:
            row = {**row, "key": uuid.uuid4().hex, "changed_at": self.state["look"]}
            self.state["retry"][row["key"]] = {"row": row, "tries": 0, "identity": identity}
            rows.append(row)
        return rows

    def note(self, row):
        """A snapshot notes a row before it is sent."""

    def renew(self, row):
        """Return a row that Odoo cannot read, with a moment near now where its own is to come.

        A clock that was far ahead made it. What comes later follows this moment, and no longer
        that one: Odoo never took it. It lies behind what Odoo took before.
        """
        now, moment = datetime.datetime.now(UTC), to_moment(row["changed_at"])
        if not moment or moment <= now + MAX_AHEAD:
            return row
        self.state["look"] = (now + RENEWED_AHEAD).isoformat()
        return {**row, "changed_at": self.state["look"]}

    def forget(self):
        """A snapshot has nothing to forget."""


def collect_due(reader, waits=True):
    """Return what is due in its order: what is new, and what an earlier run had to keep."""
    new = {row["key"]: row for row in reader.collect(waits)}
    kept = {key: entry["row"] for key, entry in reader.state["retry"].items()}
    return sort_rows({**new, **kept}.values())
