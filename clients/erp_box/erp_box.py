#!/usr/bin/env python3
"""An ERP in a box: it takes orders from Odoo, numbers, flags, delivers and invoices them.

For demonstrations and tests, and as an example of an ERP's side to copy: the three calls are in
class `Odoo`, how nothing is lost or told twice is in class `Books`. Standard library only; the
books are an SQLite file.

    erp_box.py --config erp_box.ini run               goes on by itself until it is stopped
    erp_box.py --config erp_box.ini once              fetches and tells once
    erp_box.py --config erp_box.ini list              shows the orders
    erp_box.py --config erp_box.ini deliver S00012    ... and so flag, invoice, delete
    erp_box.py --config erp_box.ini deliver S00012 --part
"""

import argparse
import base64
import configparser
import contextlib
import datetime
import http.client
import json
import sqlite3
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from paper import make_pdf

# Odoo needs these rows no more; the others are told again later.
SETTLED = ("applied", "unchanged", "duplicate", "stale")
MAX_TRIES = 10
FLAG = "W trakcie realizacji"
# Seconds after the number until each step of an order, one after the other.
PLAN = (("flag", 15), ("deliver_part", 35), ("deliver", 50), ("invoice", 70))
SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    serial INTEGER PRIMARY KEY,
    odoo_id INTEGER NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    content TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at REAL NOT NULL,
    step INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS document (
    serial INTEGER NOT NULL REFERENCES orders (serial),
    kind TEXT NOT NULL,
    number TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS outbox (
    key TEXT PRIMARY KEY,
    row TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT ''
);
"""


class Problem(Exception):
    """What the operator reads."""


# === ODOO === #


class Odoo:
    """The calls of a feed.

    :param str url: of Odoo
    :param int feed: id of the feed
    :param str key: of its client
    """

    def __init__(self, url, feed, key):
        self.url = url.rstrip("/")
        self.feed = int(feed)
        self.key = key

    def call(self, method, **values):
        """Return what Odoo answers.

        :param str method: `orders` or `push`
        :raise Problem: when it does not answer, or refuses
        """
        request = urllib.request.Request(
            f"{self.url}/json/2/order.flag.feed/{method}",
            data=json.dumps({"ids": [self.feed], **values}).encode(),
            headers={"Authorization": f"bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise Problem(f"Odoo answered {error.code}: {read_reason(error)}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Problem(f"Odoo cannot be reached: {error}") from error


def read_reason(error):
    """Return what a refused call says, as far as it came."""
    try:
        # Cut off wherever it may be, amid a letter too.
        return error.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return error.reason


# === THE BOOKS === #


class Books:
    """Orders, their documents, and what Odoo is still to be told.

    Whatever happens to an order and the row that tells Odoo of it are written in one transaction,
    so that a crash loses neither.

    :param Path path: an SQLite file
    :param float pace: 2 = everything in half the time
    :param int delete_every: each so manieth order is deleted instead of delivered; 0 = none
    """

    def __init__(self, path, pace=1.0, delete_every=0):
        self.base = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.base.row_factory = sqlite3.Row
        self.base.executescript(SCHEMA)
        self.pace = pace
        self.delete_every = delete_every

    @contextlib.contextmanager
    def transaction(self):
        self.base.execute("BEGIN IMMEDIATE")
        try:
            yield self.base
        except BaseException:
            self.base.execute("ROLLBACK")
            raise
        self.base.execute("COMMIT")

    def get(self, name):
        """Return a setting, "" when there is none."""
        row = self.base.execute("SELECT value FROM setting WHERE name = ?", [name]).fetchone()
        return row["value"] if row else ""

    def find(self, name):
        """Return an order by its number in Odoo or here.

        :raise Problem: when there is none
        """
        query = "SELECT * FROM orders WHERE name = ? OR number = ? ORDER BY serial DESC"
        row = self.base.execute(query, [name, name]).fetchone()
        if not row:
            raise Problem(f"there is no order {name}")
        return row

    # === ORDERS IN === #

    def take(self, orders, cursor):
        """Take over a page of orders; the cursor moves on in the same transaction.

        :return: how many orders are new
        """
        with self.transaction():
            new = sum(map(self._take_one, orders))
            self.base.execute("REPLACE INTO setting VALUES ('cursor', ?)", [cursor])
        return new

    def _take_one(self, order):
        query = "SELECT * FROM orders WHERE odoo_id = ?"
        known = self.base.execute(query, [order["id"]]).fetchone()
        if known:
            self._change(known, order)
            return 0
        if order["state"] == "cancelled":
            return 0
        year = order["placed_at"][:4]
        query = "SELECT COALESCE(MAX(serial), 0) + 1 FROM orders"
        (serial,) = self.base.execute(query).fetchone()
        self.base.execute(
            "INSERT INTO orders (serial, odoo_id, name, version, content, number, state, made_at)"
            " VALUES (?, ?, ?, ?, ?, ?, 'open', ?)",
            [serial, order["id"], order["name"], order["version"], json.dumps(order),
             f"ZK {serial}/{year}", time.time()],
        )  # fmt: skip
        self._tell_document(self.find(order["name"]), "order", f"ZK {serial}/{year}")
        return 1

    def _change(self, known, order):
        """Take over a later version of an order; at least once means that one may come again."""
        if order["version"] <= known["version"]:
            return
        state = "cancelled" if order["state"] == "cancelled" else known["state"]
        self.base.execute(
            "UPDATE orders SET version = ?, content = ?, state = ? WHERE serial = ?",
            [order["version"], json.dumps(order), state, known["serial"]],
        )

    # === WHAT BECOMES OF THEM === #

    def work(self):
        """Take the next step of each order that is due."""
        query = "SELECT * FROM orders WHERE state = 'open' AND step < ?"
        for order in self.base.execute(query, [len(PLAN)]).fetchall():
            action, seconds = PLAN[order["step"]]
            if time.time() >= order["made_at"] + seconds / self.pace:
                self._take_step(order, action)

    def _take_step(self, order, action):
        with self.transaction():
            self.base.execute(
                "UPDATE orders SET step = step + 1 WHERE serial = ?", [order["serial"]]
            )
            if action == "flag":
                self.flag(order)
            elif self._is_deleted(order):
                self.delete(order)
            elif action == "deliver_part":
                # Every second order comes in two parts.
                if order["serial"] % 2 == 0:
                    self.deliver(order, part=True)
            elif action == "deliver":
                self.deliver(order)
            elif order["serial"] % 5:
                # Every fifth one is invoiced some other day.
                self.invoice(order)

    def _is_deleted(self, order):
        return self.delete_every and order["serial"] % self.delete_every == 0

    def flag(self, order, flag=FLAG):
        """Set the flag of an order, "" takes it off."""
        self._tell({"order": order["name"], "flag": flag})

    def deliver(self, order, part=False):
        """Make a delivery of an order, or of a part of it."""
        number = self._number("delivery", "WZ", order)
        covers = "part" if part else "all"
        self._tell_document(order, "delivery", number, covers=covers, tracking=f"BOX{number[3:]}")

    def invoice(self, order):
        """Make the invoice of an order, with a PDF for the customer."""
        number = self._number("invoice", "FS", order)
        content = base64.b64encode(make_pdf(self._write_invoice(order, number))).decode()
        name = f"{number.replace(' ', '-').replace('/', '-')}.pdf"
        self._tell_document(order, "invoice", number, file={"name": name, "content": content})

    def delete(self, order):
        """Delete an order, as Subiekt's users do when a customer calls it off."""
        query = "UPDATE orders SET state = 'deleted' WHERE serial = ?"
        self.base.execute(query, [order["serial"]])
        self._tell_document(order, "order", order["number"], state="cancelled")

    def _number(self, kind, prefix, order):
        query = "SELECT COUNT(*) + 1 FROM document WHERE kind = ?"
        (count,) = self.base.execute(query, [kind]).fetchone()
        number = f"{prefix} {count}/{datetime.date.today().year}"
        self.base.execute("INSERT INTO document VALUES (?, ?, ?)", [order["serial"], kind, number])
        return number

    @staticmethod
    def _write_invoice(order, number):
        content = json.loads(order["content"])
        lines = [f"Invoice {number}", f"Order {order['number']} ({order['name']})", ""]
        lines += [
            f"{content['invoice_address']['name']}",
            f"{content['invoice_address']['city']}",
            "",
        ]
        lines += [f"{line['quantity']} x {line['name'][:60]}: {line['gross']}"
                  for line in content["lines"]]  # fmt: skip
        return [*lines, "", f"Total {content['totals']['gross']} {content['currency']}"]

    # === WHAT ODOO IS TOLD === #

    def _tell_document(self, order, kind, number, **values):
        today = datetime.date.today().isoformat()
        document = {"kind": kind, "number": number, "date": today, "state": "open", **values}
        self._tell({"order": order["name"], "document": document})

    def _tell(self, row):
        """Put a row into the outbox: with its key it is told once, however often it is sent."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        row = {"key": uuid.uuid4().hex, **row, "changed_at": now}
        self.base.execute(
            "INSERT INTO outbox (key, row) VALUES (?, ?)", [row["key"], json.dumps(row)]
        )

    def get_due(self, limit=100):
        """Return the rows that Odoo is to be told now, the oldest first."""
        query = "SELECT row FROM outbox WHERE due <= ? AND tries < ? ORDER BY rowid LIMIT ?"
        found = self.base.execute(query, [time.time(), MAX_TRIES, limit])
        return [json.loads(row["row"]) for row in found]

    def settle(self, results):
        """Note what Odoo answered.

        :return: the answers of rows that it did not take
        """
        bad = [one for one in results if one["result"] not in SETTLED]
        with self.transaction():
            good = [(one["key"],) for one in results if one["result"] in SETTLED]
            self.base.executemany("DELETE FROM outbox WHERE key = ?", good)
            self.base.executemany(
                "UPDATE outbox SET tries = tries + 1, problem = ?, due = ? + 3 * (1 << tries)"
                " WHERE key = ?",
                [(f"{one['result']}: {one['message']}", time.time(), one["key"]) for one in bad],
            )
        return bad


# === COMMANDS === #


def fetch(odoo, books):
    """Fetch new and changed orders, page by page. Return how many are new."""
    new, more = 0, True
    while more:
        page = odoo.call("orders", cursor=books.get("cursor") or False, limit=100)
        new += books.take(page["orders"], page["cursor"])
        more = page["more"]
    return new


def tell(odoo, books):
    """Tell Odoo what is due. Return how many rows it took."""
    taken = 0
    while rows := books.get_due():
        results = odoo.call("push", rows=rows)
        bad = books.settle(results)
        for one in bad:
            say(f"{one['result']}: {one['message']}")
        taken += len(rows) - len(bad)
    return taken


def run_once(odoo, books):
    new, taken = fetch(odoo, books), tell(odoo, books)
    if new or taken:
        say(f"{new} orders taken, Odoo was told {taken} things")


def run_for_ever(odoo, books, seconds):
    """Go on until stopped; Odoo may come later, go and come back."""
    said = ""
    while True:
        try:
            books.work()
            run_once(odoo, books)
            said = ""
        except Problem as problem:
            if str(problem) != said:
                said = str(problem)
                say(said)
        time.sleep(seconds)


def show(books):
    for order in books.base.execute("SELECT * FROM orders ORDER BY serial"):
        query = "SELECT number FROM document WHERE serial = ?"
        numbers = [row["number"] for row in books.base.execute(query, [order["serial"]])]
        print(order["name"], order["number"], order["state"], *numbers, sep="  ")
    for row in books.base.execute("SELECT * FROM outbox WHERE problem <> ''"):
        print("not taken:", json.loads(row["row"])["order"], row["problem"], sep="  ")


def do(books, options):
    """Do one thing with one order, by hand."""
    if not options.order:
        raise Problem(f"{options.command} needs the number of an order")
    order = books.find(options.order)
    with books.transaction():
        if options.command == "deliver":
            books.deliver(order, part=options.part)
        else:
            getattr(books, options.command)(order)


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", flush=True)


def read_config(path):
    """Return section [odoo] of the settings: `url`, `feed` and `key`."""
    config = configparser.ConfigParser(interpolation=None)
    if not config.read(path, encoding="utf-8") or "odoo" not in config:
        raise Problem(f"the settings {path} are not there, or have no section [odoo]")
    return config["odoo"]


def make_parser():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="erp_box.ini", help="[odoo] with url, feed and key")
    parser.add_argument("--books", default="erp_box.sqlite", help="the SQLite file")
    parser.add_argument("--url", help="of Odoo, instead of that in the settings")
    parser.add_argument("--seconds", type=float, default=3, help="between two looks of run")
    parser.add_argument("--pace", type=float, default=1, help="2 = everything in half the time")
    parser.add_argument(
        "--delete-every", type=int, default=0, metavar="N", help="run deletes every Nth order"
    )
    parser.add_argument("--part", action="store_true", help="for deliver: a part only")
    commands = ("run", "once", "list", "flag", "deliver", "invoice", "delete")
    parser.add_argument("command", choices=commands)
    parser.add_argument("order", nargs="?", help="number in Odoo or here")
    return parser


def main(arguments=None):
    options = make_parser().parse_args(arguments)
    # A console of a few letters must not end a run in the middle.
    sys.stdout.reconfigure(errors="replace")
    try:
        settings = read_config(options.config)
        odoo = Odoo(options.url or settings["url"], settings["feed"], settings["key"])
        books = Books(Path(options.books), options.pace, options.delete_every)
        if options.command == "run":
            run_for_ever(odoo, books, options.seconds)
        elif options.command == "once":
            run_once(odoo, books)
        elif options.command == "list":
            show(books)
        else:
            do(books, options)
    except (Problem, KeyError) as problem:
        say(f"error: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
