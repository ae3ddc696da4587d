#!/usr/bin/env python3
"""Connects an ERP with Odoo: flags and documents in, orders and changes out.

Standard library only; `pyodbc` is needed when rows come from a database. Each command runs once
and ends, so that a scheduler (cron, the Windows task scheduler) can call it every minute:

    erp_client.py --config erp_client.ini push      send what changed in the ERP
    erp_client.py --config erp_client.ini dry-run   tell what a push would do
    erp_client.py --config erp_client.ini changes   append Odoo's own changes to a CSV file
    erp_client.py --config erp_client.ini orders    fetch placed orders for the ERP
    erp_client.py --config erp_client.ini discover  show which flags a Subiekt database holds

The exit code is 0 only when everything that was due was done. It may be killed at any moment:
what was done is noted on disk, and what is sent twice because of that changes nothing.
"""

import argparse
import csv
import os
import sys
from pathlib import Path

import table_csv
from bridge import make_bridge_sink
from calls import Odoo
from epp import Writer
from orders import OrderState, fetch_orders
from push import Push, Rules, State, dry_run
from readers import Snapshot, Timed
from rows import MAX_ROWS
from settings import Settings, read_number, read_switch
from sinks import CsvSink, EppSink, JsonSink
from sources import Source
from terms import read_terms
from tools import Problem, cut_back, get_size, note_size, only_one, parse_zone, say

CHANGE_FIELDS = (
    "id",
    "order",
    "external_ref",
    "status",
    "flag",
    "note",
    "date",
    "source",
)
STATE, ORDER_STATE = "erp_client.state.json", "erp_client.orders.json"


class Client:
    """One run.

    :param Settings settings: of the file
    :param options: of the command line
    """

    def __init__(self, settings, options):
        self.settings = settings
        self.options = options
        tries, pause = (
            settings.number("tries", 6, int, 1),
            settings.number("pause", 1, float, 0),
        )
        self.odoo = Odoo(settings.odoo, tries, pause)
        self.overlap = settings.number("overlap", 60, float, 0)
        self.rules = Rules(
            min(settings.number("batch", 1000, int, 1), MAX_ROWS),
            settings.number("max_tries", 1000, int, 1),
            pause,
            options.no_mail,
            options.again,
        )

    def get_state_path(self, section="client", default=STATE):
        return Path(self.settings.get_section(section).get("state") or default)

    # === ROWS === #

    def push(self):
        """Send what changed in each source.

        :return: whether everything that was due was done
        """
        sources = self.settings.get_sources()
        path = self.get_state_path()
        with only_one(path):
            state = State(path)
            done = [self._push_source(name, section, state) for name, section in sources.items()]
        return all(done)

    def _push_source(self, name, section, state):
        """Push one source; another one that cannot be read does not stop it."""
        try:
            reader = self._make_reader(name, section, state)
            return Push(self.odoo, state, reader, self.rules).run()
        except Problem as problem:
            say(f"error: {problem}")
            return False

    def dry_run(self):
        """Print what a push would do."""
        sources, state = self.settings.get_sources(), State(self.get_state_path())
        for name, section in sources.items():
            dry_run(self.odoo, self._make_reader(name, section, state), self.rules)
        return True

    def _make_reader(self, name, section, state):
        source = self._make_source(name, section)
        if source.is_snapshot:
            return Snapshot(source, state.get_source(name), self.options.vanished)
        return Timed(source, state.get_source(name), self.overlap)

    def _make_source(self, name, section):
        second_sight = read_switch(section, "second_sight", bool(section.get("odbc")))
        return Source(name, section, second_sight)

    def discover(self):
        """Print what flags the first database of the settings holds."""
        sources = self.settings.get_sources()
        name = next((name for name, section in sources.items() if section.get("odbc")),
                    next(iter(sources)))  # fmt: skip
        self._make_source(name, sources[name]).discover()
        return True

    # === CHANGES === #

    def changes(self):
        """Append the changes made in Odoo to a CSV file.

        The rows are on disk before the cursor is. What a run that was killed in between has
        appended, in part or as a whole, is cut off by the next one, which fetches it again.
        """
        path = Path(self.settings.client.get("changes") or "odoo_changes.csv")
        with only_one(self.get_state_path()):
            state, count = State(self.get_state_path()), 0
            cut_back(path, state.values["changes_file"])
            while True:
                cursor = state.values["changes_cursor"]
                answer = self.odoo.call("changes", cursor=cursor or False)
                changes = answer["changes"]
                if changes:
                    state.values["changes_file"] = note_size(path)
                    state.save()
                    append_csv(path, changes)
                state.values |= {"changes_cursor": answer["cursor"], "changes_file": None}
                state.save()
                count += len(changes)
                if not changes:
                    break
        say(f"fetched: {count} changes into {path}")
        return True

    # === ORDERS === #

    def orders(self):
        """Hand every order that is due to the sink of the settings.

        :return: whether everything that was due was done
        """
        section = self.settings.get_section("orders", needed=True)
        limit = min(read_number(section, "page", 100, int, 1), 500)
        sink = self._make_sink(section)
        path = self.get_state_path("orders", ORDER_STATE)
        with only_one(path):
            state = OrderState(path)
            if self.options.again:
                for entry in state.queue.values():
                    entry["tries"] = 0
            return fetch_orders(self.odoo, state, sink, limit)

    def _make_sink(self, section):
        name = section.get("sink", "")
        if name == "json":
            return JsonSink(self._get_path(section, "folder"))
        if name == "epp":
            return EppSink(self._get_path(section, "folder"), self._make_writer(section))
        if name == "csv":
            return CsvSink(self._get_path(section, "file"))
        if name == "http":
            # As the key of Odoo, better not in a file.
            section["token"] = os.environ.get("ERP_BRIDGE_TOKEN") or section.get("token", "")
            feed, client = self.settings.odoo["feed"], self.settings.client
            return make_bridge_sink(section, feed, client, read_number)
        raise Problem(f"sink in [orders] of the settings is {name!r}: json, csv, epp or http")

    @staticmethod
    def _get_path(section, name):
        if not section.get(name):
            raise Problem(f"[orders] of the settings has no {name}")
        return Path(section[name])

    def _make_writer(self, section):
        if section.get("prices", "auto") not in ("auto", "net", "gross"):
            raise Problem("prices in [orders] of the settings is not auto, net or gross")
        zone = section.get("zone") or self.settings.get_section("source").get("zone")
        terms = read_terms(self.settings.get_terms())
        return Writer(section, self.settings.get_units(), parse_zone(zone), terms)


def append_csv(path, changes):
    """Append changes to a CSV file, which is on the disk afterwards."""
    is_new = not get_size(path)
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CHANGE_FIELDS, delimiter=";", extrasaction="ignore")
        if is_new:
            writer.writeheader()
        writer.writerows(
            # Customers write some of the notes.
            {**change, "note": table_csv.guard(change.get("note") or "")}
            for change in changes
        )
        file.flush()
        os.fsync(file.fileno())


# === MAIN === #


COMMANDS = {
    "push": Client.push,
    "dry-run": Client.dry_run,
    "changes": Client.changes,
    "orders": Client.orders,
    "discover": Client.discover,
}


def make_parser():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--config", default="erp_client.ini", help="the settings, see erp_client.example.ini"
    )
    parser.add_argument(
        "--vanished",
        choices=("ask", "send", "forget"),
        default="ask",
        help="for push: what is done with many rows that vanished from a snapshot at once",
    )
    parser.add_argument(
        "--no-mail",
        action="store_true",
        help="for push and dry-run: no customer is mailed about what this run sees, as at the first"
        " push of years of orders",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="for orders and push: send once more, at once, what was given up",
    )
    parser.add_argument("command", choices=COMMANDS)
    return parser


def main(arguments=None):
    options = make_parser().parse_args(arguments)
    # A console of a few letters must not end a run in the middle.
    sys.stdout.reconfigure(errors="replace")
    try:
        done = COMMANDS[options.command](Client(Settings(options.config), options))
    except Problem as problem:
        say(f"error: {problem}")
        return 1
    except OSError as error:
        say(f"error: {error.strerror or error}: {error.filename or ''}")
        return 1
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
