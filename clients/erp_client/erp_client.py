#!/usr/bin/env python3
"""Pushes changes of order flags from an ERP to Odoo, and fetches Odoo's own changes back.

Standard library only; `pyodbc` is needed when the changes come from a database. Three
commands, each of which runs once and ends, so that a scheduler (cron, the Windows task
scheduler) can call it every minute:

    flag_feed.py --config feed.ini push      send what changed in the ERP
    flag_feed.py --config feed.ini dry-run   tell what a push would do
    flag_feed.py --config feed.ini changes   append Odoo's own changes to a CSV file

It may be killed at any moment. What was sent is noted on disk only after Odoo has answered;
rows that are sent twice because of that are answered as `duplicate` and change nothing.
"""

import argparse
import configparser
import csv
import datetime
import http.client
import json
import os
import random
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import table_csv

FIELDS = ("key", "order", "flag", "note", "changed_at")
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
# Settled: Odoo needs this row no more. The others may succeed later and are kept.
SETTLED = ("applied", "unchanged", "duplicate", "stale")
# Codes that may pass: too busy, locked, restarting. Any other 4xx needs a person.
RETRY_CODES = (408, 409, 425, 429, 500, 502, 503, 504)
MAX_ROWS = 10_000
# A reserve below the server's 16 MiB.
MAX_BYTES = 12 * 1024 * 1024


class Problem(Exception):
    """Something the operator can mend; its text is printed."""


# === STATE ON DISK === #


class State:
    """What was sent: a cursor into the source and the rows to be sent again.

    :param Path path: a JSON file, replaced as a whole so that a kill leaves the old or the
        new one
    :param float overlap: minutes before the newest row sent in which rows may still turn up
        late; their keys are remembered
    """

    def __init__(self, path, overlap=60.0):
        self.path = path
        self.overlap = datetime.timedelta(minutes=overlap)
        self.values = {"since": "", "seen": {}, "retry": {}, "changes_cursor": ""}
        if path.exists():
            try:
                self.values.update(json.loads(path.read_text(encoding="utf-8")))
            except ValueError as error:
                raise Problem(
                    f"{path} cannot be read ({error}). Delete it to start anew: rows that"
                    " were sent already are answered as duplicates."
                ) from error

    def save(self):
        self._forget_old_keys()
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self.values, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def get_border(self):
        """Return the moment before which nothing is looked at again, None at the start."""
        return to_moment(self.values["since"]) - self.overlap if self.values["since"] else None

    def is_new(self, row):
        """Whether a row of the source was not sent yet."""
        if row["key"] in self.values["seen"] or row["key"] in self.values["retry"]:
            return False
        moment, border = to_moment(row["changed_at"]), self.get_border()
        return not moment or not border or moment >= border

    def note(self, rows, results, max_tries):
        """Note what Odoo answered; rows that may succeed later are kept for the next run."""
        for row, result in zip(rows, results, strict=True):
            self._advance(row)
            if result["result"] in SETTLED:
                self.values["retry"].pop(row["key"], None)
                continue
            tries = self.values["retry"].get(row["key"], {}).get("tries", 0) + 1
            if tries >= max_tries:
                self.values["retry"].pop(row["key"], None)
                say(f"given up after {tries} tries: {describe(row, result)}")
            else:
                self.values["retry"][row["key"]] = {"row": row, "tries": tries}

    def _advance(self, row):
        self.values["seen"][row["key"]] = row["changed_at"]
        moment = to_moment(row["changed_at"])
        since = to_moment(self.values["since"])
        # A clock that is ahead must not hide the rows of the time until then.
        now = datetime.datetime.now(datetime.timezone.utc)
        if moment and moment <= now and (not since or moment > since):
            self.values["since"] = row["changed_at"]

    def _forget_old_keys(self):
        border = self.get_border()
        self.values["seen"] = {
            key: changed_at
            for key, changed_at in self.values["seen"].items()
            if not border or (to_moment(changed_at) or border) >= border
        }


def to_moment(text):
    """Return an ISO 8601 text with zone as a moment, None when it is none."""
    try:
        # Python reads the Z by itself from 3.11 on only.
        moment = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


# === SOURCES === #


def read_csv(path):
    """Yield rows of a CSV file whose first line names the columns, in whatever encoding.

    :param Path path: the file
    :raise Problem: when it cannot be read
    """
    try:
        table = table_csv.read_csv(path.read_bytes())
    except FileNotFoundError as error:
        raise Problem(f"the file {path} is not there") from error
    except OSError as error:
        raise Problem(f"the file {path} cannot be read: {error.strerror}") from error
    except table_csv.TableError as error:
        raise Problem(f"{path} is no CSV file in UTF-8, UTF-16 or cp1250") from error
    header = [name.strip().lower() for name in table.rows[0].cells] if table.rows else []
    missing = set(FIELDS) - {"note"} - set(header)
    if missing:
        raise Problem(f"{path} has no column {', '.join(sorted(missing))}")
    twice = sorted(name for name in FIELDS if header.count(name) > 1)
    if twice:
        raise Problem(f"{path} has more than one column {', '.join(twice)}")
    for row in table.rows[1:]:
        if row.problems or any(cell.strip() for cell in row.cells[len(header) :]):
            say(f"row {row.number} of {path} does not fit the columns, and is not sent")
            continue
        values = {
            name: table_csv.remove_guard(value)
            for name, value in zip(header, row.cells, strict=False)
        }
        yield {name: values.get(name, "") for name in FIELDS}


def read_odbc(connection_string, query, border, zone):
    """Yield rows of a database query with one `?`: the moment to begin with.

    :param str zone: offset of the ERP's clock, like +01:00; empty = of this machine
    """
    try:
        import pyodbc
    except ImportError as error:
        raise Problem("reading from a database needs pyodbc: pip install pyodbc") from error
    border = border or datetime.datetime(2000, 1, 1).astimezone()
    local = border.astimezone(parse_zone(zone)).replace(tzinfo=None)
    try:
        with pyodbc.connect(connection_string, readonly=True, timeout=30) as connection:
            cursor = connection.execute(query, local)
            names = [column[0] for column in cursor.description]
            missing = set(FIELDS) - {"note"} - set(names)
            if missing:
                raise Problem(f"the query gives no column {', '.join(sorted(missing))}")
            for values in cursor:
                yield prepare_odbc_row(dict(zip(names, values, strict=True)), zone)
    except pyodbc.Error as error:
        raise Problem(f"the database refused: {error}") from error


def prepare_odbc_row(values, zone):
    moment = values["changed_at"]
    if isinstance(moment, datetime.datetime):
        tz = parse_zone(zone)
        # Without a zone of its own, astimezone() takes the machine's, summer time included.
        moment = moment.replace(tzinfo=tz) if tz else moment.astimezone()
        values["changed_at"] = moment.isoformat()
    return {name: "" if values.get(name) is None else str(values[name]) for name in FIELDS}


def parse_zone(zone):
    return datetime.datetime.strptime(zone, "%z").tzinfo if zone else None


# === ODOO === #


class Odoo:
    """Calls of one feed, with retry and growing pauses.

    :param dict settings: `url`, `database`, `feed`, `key`
    """

    def __init__(self, settings, tries=6, pause=1.0):
        self.settings = settings
        self.tries = tries
        self.pause = pause

    def call(self, method, **values):
        """Return the answer of a call.

        :raise Problem: when Odoo refuses, or cannot be reached in several tries
        """
        body = json.dumps({"ids": [int(self.settings["feed"])], **values}).encode()
        for attempt in range(self.tries):
            if attempt:
                wait = self.pause * 2 ** (attempt - 1)
                # Spread, so that clients that failed together do not come back together.
                time.sleep(wait + random.uniform(0, wait))
            try:
                return self._post(method, body)
            except urllib.error.HTTPError as error:
                problem = f"Odoo answered {error.code}: {get_message(error)}"
                if error.code not in RETRY_CODES:
                    raise Problem(problem) from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = f"Odoo cannot be reached: {error}"
            say(f"{problem} (try {attempt + 1} of {self.tries})")
        raise Problem(problem)

    def _post(self, method, body):
        request = urllib.request.Request(
            f"{self.settings['url'].rstrip('/')}/json/2/order.flag.feed/{method}",
            data=body,
            headers={
                "Authorization": f"bearer {self.settings['key']}",
                "Content-Type": "application/json",
            },
        )
        if self.settings.get("database"):
            request.add_header("X-Odoo-Database", self.settings["database"])
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)


def get_message(error):
    """Return what Odoo says about a refused call."""
    try:
        return json.loads(error.read())["message"]
    except (ValueError, KeyError, TypeError, OSError):
        return error.reason


# === COMMANDS === #


def push(odoo, rows, state, batch, max_tries):
    """Send the rows in batches; note each batch when it is answered."""
    counts = {}
    for part in split(rows, batch):
        results = odoo.call("push", rows=part)
        state.note(part, results, max_tries)
        state.save()
        for row, result in zip(part, results, strict=True):
            counts[result["result"]] = counts.get(result["result"], 0) + 1
            if result["result"] not in SETTLED:
                say(describe(row, result))
    say("pushed: " + (", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "nothing"))
    return counts


def dry_run(odoo, rows, batch):
    """Print what a push of the rows would do."""
    for part in split(rows, batch):
        answer = odoo.call("dry_run", rows=part)
        for row, result in zip(part, answer["results"], strict=True):
            say(describe(row, result))
        say(f"{answer['orders']} orders would change, {answer['customers']} customers be mailed")


def fetch_changes(odoo, state, path):
    """Append the changes made in Odoo to a CSV file.

    The rows are on disk before the cursor is: after a kill in between, a change can be
    there twice, with the same id, and none is missing.
    """
    count = 0
    while True:
        answer = odoo.call("changes", cursor=state.values["changes_cursor"] or False)
        changes = answer["changes"]
        if changes:
            append_csv(path, changes)
        state.values["changes_cursor"] = answer["cursor"]
        state.save()
        count += len(changes)
        if not changes:
            break
    say(f"fetched: {count} changes into {path}")


def append_csv(path, changes):
    is_new = not path.exists() or not path.stat().st_size
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


def split(rows, batch):
    """Yield lists of at most `batch` rows and a good deal less than the server's cap."""
    part, size = [], 0
    for row in rows:
        length = len(json.dumps(row))
        if part and (len(part) >= batch or size + length > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def describe(row, result):
    return f"{result['result']}: order {row['order']}, flag “{row['flag']}”: {result['message']}"


def say(text):
    moment = datetime.datetime.now().isoformat(sep=" ", timespec="seconds")
    print(f"{moment} {text}", flush=True)


# === MAIN === #


def collect_rows(config, state):
    """Return the rows to send, the kept ones of earlier runs first, each in its order."""
    source = config["source"]
    if source.get("csv"):
        rows = read_csv(Path(source["csv"]))
    elif source.get("odbc"):
        rows = read_odbc(
            source["odbc"],
            read_query(source.get("query")),
            state.get_border(),
            source.get("zone", ""),
        )
    else:
        raise Problem("[source] of the settings names neither csv nor odbc")
    kept = [entry["row"] for entry in state.values["retry"].values()]
    new = [row for row in rows if state.is_new(row)]
    return sorted(kept + new, key=lambda row: to_moment(row["changed_at"]) or OLDEST)


def read_query(path):
    """Return the query of the settings, whatever encoding an editor gave it."""
    if not path:
        raise Problem("[source] of the settings has no query")
    try:
        return table_csv.decode(Path(path).read_bytes())[0].lstrip("\ufeff")
    except OSError as error:
        raise Problem(f"the query {path} cannot be read: {error.strerror}") from error
    except table_csv.TableError as error:
        raise Problem(f"the query {path} is no text") from error


OLDEST = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)


def read_config(path):
    config = configparser.ConfigParser(interpolation=None)
    try:
        text, _encoding = table_csv.decode(Path(path).read_bytes())
        config.read_string(text.lstrip("\ufeff"), source=path)
    except FileNotFoundError as error:
        raise Problem(f"the settings {path} are not there") from error
    except OSError as error:
        raise Problem(f"the settings {path} cannot be read: {error.strerror}") from error
    except (table_csv.TableError, configparser.Error) as error:
        words = " ".join(str(error).split())
        raise Problem(f"the settings {path} cannot be read: {words}") from error
    for section, names in (("odoo", ("url", "feed")), ("source", ())):
        if section not in config:
            raise Problem(f"{path} has no section [{section}]")
        for name in names:
            if not config[section].get(name):
                raise Problem(f"{path} has no {name} in section [{section}]")
    settings = dict(config["odoo"])
    # The environment keeps the key out of a file that gets copied around.
    settings["key"] = os.environ.get("FLAG_FEED_KEY") or settings.get("key", "")
    if not settings["key"]:
        raise Problem("there is no key: set FLAG_FEED_KEY, or key in section [odoo]")
    read_number(settings, "feed", "", int, 1)
    try:
        parse_zone(config["source"].get("zone"))
    except ValueError as error:
        raise Problem("zone in the settings is no offset such as +01:00") from error
    return config, settings


def read_number(section, name, default, kind, least):
    """Return a number of the settings.

    :param kind: `int` or `float`
    :param least: the smallest one that makes sense
    :raise Problem: when it is none
    """
    text = section.get(name, str(default))
    try:
        number = kind(text.strip().replace(",", "."))
        if not least <= number < float("inf"):
            raise ValueError(text)
    except ValueError as error:
        raise Problem(
            f"{name} in the settings is {text!r}, not a number from {least} on"
        ) from error
    return number


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, help="the settings, see feed.example.ini")
    parser.add_argument("command", choices=("push", "dry-run", "changes"))
    options = parser.parse_args(arguments)
    try:
        config, settings = read_config(options.config)
        tuning = config["client"] if "client" in config else {}  # noqa: SIM401
        batch = min(read_number(tuning, "batch", 1000, int, 1), MAX_ROWS)
        state = State(
            Path(tuning.get("state", "flag_feed.state.json")),
            read_number(tuning, "overlap", 60, float, 0),
        )
        odoo = Odoo(
            settings,
            read_number(tuning, "tries", 6, int, 1),
            read_number(tuning, "pause", 1, float, 0),
        )
        if options.command == "changes":
            fetch_changes(odoo, state, Path(tuning.get("changes", "odoo_changes.csv")))
            return 0
        rows = collect_rows(config, state)
        if options.command == "dry-run":
            dry_run(odoo, rows, batch)
        else:
            push(odoo, rows, state, batch, read_number(tuning, "max_tries", 1000, int, 1))
    except Problem as problem:
        say(f"error: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
