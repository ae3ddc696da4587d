"""What is to be sent to Odoo, by what the state remembers, and what Odoo answered.

A row goes first into the *outbox* in the state, with its key, then to Odoo, and leaves the outbox
when Odoo has settled it. A run that was killed sends the same rows with the same keys again, which
Odoo answers as `duplicate`.
"""

import datetime
import itertools
import json
from dataclasses import dataclass

from readers import collect_due
from rows import RowProblem, describe, make_payload, split
from tools import UTC, Problem, say, to_json, to_moment, write_atomic

# Settled: Odoo needs this row no more. The others may succeed later and are kept.
SETTLED = ("applied", "unchanged", "duplicate", "stale")
NEW_SOURCE = {
    # The newest time that was sent, and the keys around it.
    "since": "",
    "seen": {},
    # The outbox: `{key: {"row": ..., "tries": n, "next": when it is tried again}}`, and those of
    # it that were given up.
    "retry": {},
    "given_up": {},
    # Snapshots: `{identity: print}` of what Odoo was told.
    "known": {},
    # What was seen once: `{identity: print}`, or `{key: [print, time]}` where there are times.
    "pending": {},
    # Of whom nobody is mailed: keys of rows, and what waits for its second sight.
    "quiet": {},
    "query": "",
    "look": "",
}
# Seconds that a row which Odoo cannot take rests at most.
MAX_REST = 3600
NO_MAIL = {"order_status_no_notify": True}
OLD_NAME = "flag_feed.state.json"


class State:
    """What was sent, as a JSON file that is replaced as a whole.

    :param Path path: the file
    """

    def __init__(self, path):
        self.path = path
        self.values = {"changes_cursor": "", "changes_file": None, "sources": {}}
        old = path.with_name(OLD_NAME)
        if path.exists() or old.exists():
            self._read(path if path.exists() else old)

    def _read(self, path):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if "sources" not in values:
                # Of the client before this one, which had one source.
                self.values["changes_cursor"] = values.get("changes_cursor", "")
                kept = {name: values[name] for name in ("since", "seen", "retry") if name in values}
                values = {"sources": {"source": kept}}
            self.values.update(values)
        except (ValueError, TypeError, AttributeError) as error:
            raise Problem(
                f"{path} cannot be read ({error}). Delete it to start anew: rows that"
                " were sent already are answered as duplicates."
            ) from error

    def get_source(self, name):
        """Return what is known of a source, as a dict to be changed."""
        kept = self.values["sources"].get(name, {})
        self.values["sources"][name] = {
            **{key: type(value)(value) for key, value in NEW_SOURCE.items()},
            **kept,
        }
        return self.values["sources"][name]

    def save(self):
        write_atomic(self.path, to_json(self.values))


@dataclass
class Rules:
    """How rows are sent.

    :ivar int batch: rows a call
    :ivar int max_tries: tries after which a row that Odoo cannot take is given up
    :ivar float pause: seconds before such a row is sent again; it doubles each time
    :ivar bool no_mail: whether no customer is mailed about what this run sees
    :ivar bool again: whether rows that were given up, or rest, are sent now
    """

    batch: int
    max_tries: int
    pause: float
    no_mail: bool = False
    again: bool = False


class Push:
    """Sends the rows of one source in batches, and notes each batch when it is answered.

    :param Odoo odoo: where to
    :param State state: the file
    :param reader: a :class:`Timed` or :class:`Snapshot`
    :param Rules rules: of the settings and the command line
    """

    def __init__(self, odoo, state, reader, rules):
        self.odoo = odoo
        self.state = state
        self.reader = reader
        self.rules = rules
        self.counts = {}
        self.left = 0
        self.given_up = 0

    def run(self):
        """Send what is due.

        :return: whether everything that was due was done
        """
        if self.rules.again:
            self._begin_anew()
        rows = self._leave_out_resting(collect_due(self.reader))
        self._note_quiet(rows)
        # With the keys on the disk, what is sent twice is known by them.
        self.state.save()
        quiet = self.reader.state["quiet"]
        for is_quiet, some in itertools.groupby(rows, lambda row: row["key"] in quiet):
            for part in split(self._prepare(some), self.rules.batch):
                self._send(part, {"context": NO_MAIL} if is_quiet else {})
        self._finish()
        return not (self.left or self.given_up or self.reader.source.problems)

    def _begin_anew(self):
        state = self.reader.state
        state["retry"] |= state["given_up"]
        for key, entry in state["retry"].items():
            state["retry"][key] = {**entry, "tries": 0, "next": ""}
        state["given_up"] = {}

    def _leave_out_resting(self, rows):
        """Return the rows whose pause is over: Odoo writes down each try, and most fail again."""
        now = datetime.datetime.now(UTC)
        # A clock that was set back must not let a row rest for years.
        end = now + datetime.timedelta(seconds=MAX_REST)
        outbox = self.reader.state["retry"]
        times = {key: to_moment(entry.get("next", "")) for key, entry in outbox.items()}
        resting = {key for key, moment in times.items() if moment and now < moment <= end}
        self.left += len(resting)
        return [row for row in rows if row["key"] not in resting]

    def _note_quiet(self, rows):
        """Note of which rows no customer is mailed, whichever run sends them in the end.

        Documents wait for their second sight, and a run may be killed or find Odoo away: the
        next one must not mail what this one was told not to.
        """
        state = self.reader.state
        quiet, kept = state["quiet"], {**state["given_up"], **state["retry"]}
        sent = {
            row["key"]
            for row in rows
            if self.rules.no_mail
            or row["key"] in quiet
            or kept.get(row["key"], {}).get("identity") in quiet
        }
        waiting = {name for name in state["pending"] if self.rules.no_mail or name in quiet}
        # A row that rests, or was given up, is seen by this run as well.
        resting = kept.keys() if self.rules.no_mail else quiet.keys() & kept.keys()
        state["quiet"] = dict.fromkeys(sorted(sent | waiting | resting), 1)

    def _prepare(self, rows):
        for row in rows:
            try:
                yield row, make_payload(row)
            except RowProblem as problem:
                self._keep(row, "not sent", str(problem))

    def _send(self, part, options):
        rows = [payload for _row, payload in part]
        results = self.odoo.call("push", rows=rows, **options)
        for (row, _payload), result in zip(part, results, strict=True):
            self._settle(row, result)
        self.state.save()

    def _settle(self, row, result):
        self.reader.note(row)
        if result["result"] in SETTLED:
            self._count(result["result"])
            self.reader.state["retry"].pop(row["key"], None)
        else:
            self._keep(row, result["result"], result["message"])

    def _keep(self, row, result, message):
        """Keep a row that may succeed later for the next run, unless it had tries enough."""
        self._count(result)
        say(describe(row, result, message))
        state = self.reader.state
        entry = state["retry"].pop(row["key"], {"row": row, "tries": 0})
        entry["tries"] += 1
        if result == "invalid":
            entry["row"] = self.reader.renew(entry["row"])
        if entry["tries"] >= self.rules.max_tries:
            self.given_up += 1
            self.reader.note(row)
            state["given_up"][row["key"]] = entry
            say(f"given up after {entry['tries']} tries: {describe(row, result, message)}")
        else:
            self.left += 1
            # The outbox remembers it from now on.
            state["pending"].pop(row["key"], None)
            entry["next"] = self._get_next_try(entry["tries"]).isoformat()
            state["retry"][row["key"]] = entry

    def _get_next_try(self, tries):
        """Return when a row is sent again that was sent so often."""
        rest = min(self.rules.pause * 2 ** min(tries, 30), MAX_REST)
        return datetime.datetime.now(UTC) + datetime.timedelta(seconds=rest)

    def _count(self, result):
        self.counts[result] = self.counts.get(result, 0) + 1

    def _finish(self):
        self.reader.forget()
        self.state.save()
        counts = ", ".join(f"{number} {name}" for name, number in sorted(self.counts.items()))
        say(f"pushed: {counts or 'nothing'}")
        waiting = len(self.reader.state["pending"])
        if waiting:
            say(f"{waiting} documents wait for their second sight")
        if self.left:
            say(f"{self.left} rows are due, and sent again after a pause (push --again: at once)")
        if self.given_up:
            say(
                f"{self.given_up} rows were given up: Odoo never took them; push --again sends them"
            )


def dry_run(odoo, reader, rules):
    """Print what a push of the rows would do; nothing is noted."""
    options = {"context": NO_MAIL} if rules.no_mail else {}
    for part in split(_prepare_dry(collect_due(reader, waits=False)), rules.batch):
        rows = [payload for _row, payload in part]
        answer = odoo.call("dry_run", rows=rows, **options)
        for (row, _payload), result in zip(part, answer["results"], strict=True):
            say(describe(row, result["result"], result["message"]))
        say(f"{answer['orders']} orders would change, {answer['customers']} customers be mailed")


def _prepare_dry(rows):
    for row in rows:
        try:
            yield row, make_payload(row)
        except RowProblem as problem:
            say(describe(row, "not sent", str(problem)))
