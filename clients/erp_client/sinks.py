"""Sinks that write files: JSON, EDI++ and CSV. A kill at any moment doubles and loses nothing."""

import csv
import hashlib
import io
import os
import re
from pathlib import Path

import table_csv
from tools import Problem, cut_back, note_size, say, sync_folder, to_json, write_part

ADDRESS = ("ref", "name", "company", "vat", "email", "phone", "street", "street2", "zip", "city")
ADDRESS += ("state", "country")
ORDER = ("id", "version", "name", "external_ref", "document_type", "state", "placed_at")
ORDER += ("currency", "currency_rate", "client_order_ref", "requested_date", "note", "carrier")
LINE = ("id", "sku", "barcode", "name", "quantity", "uom", "unit_net", "unit_gross", "discount")
LINE += ("tax_rates", "net", "tax", "gross", "kind")
PLACES = ("customer", "invoice_address", "delivery_address")
COLUMNS = [*ORDER, *(f"{place}_{name}" for place in PLACES for name in ADDRESS)]
COLUMNS += [*(f"payment_{name}" for name in ("method", "terms", "paid"))]
COLUMNS += [*(f"total_{name}" for name in ("net", "tax", "gross"))]
COLUMNS += [*(f"line_{name}" for name in LINE)]
# Keys of other addons, and of later ones: columns are added at the end only.
ORDER_ADDED = ("cost_center", "cost_center_name")
LINE_ADDED = ("stock_quantity", "stock_uom")
COLUMNS += [*ORDER_ADDED, *(f"line_{name}" for name in LINE_ADDED)]
# Amounts and phone numbers: no formula can come of them, and an apostrophe would be dialled.
SAFE = re.compile(r"-?[0-9]+(\.[0-9]+)?|\+?[0-9(][0-9 \u00a0()./-]*")


class Unwritable(Exception):
    """An order that the format of a file cannot hold."""


class FileSink:
    """One file per version of an order, in a folder.

    A file is written hidden, then noted in the state, and only then gets its name: a program that
    takes files away meets each once, whenever this one is killed.

    :param Path folder: is made the first time
    """

    suffix = ""

    def __init__(self, folder):
        self.folder = folder

    def recover(self, state):
        """Go on where a run was killed: give noted files their names.

        :raise Problem: when their folder is away: what is not seen there was not handed over
        """
        require_folder(self.folder, state)
        for part, path in (map(Path, pair) for pair in state.values["publishing"]):
            try:
                part.replace(path)
            except FileNotFoundError:
                # One that is not there has its name already.
                if not path.parent.is_dir():
                    raise make_problem(path.parent) from None
        state.values["publishing"] = []

    def deliver(self, state):
        """Write what is in the queue.

        :return: how many orders were handed over
        :raise Problem: when the folder cannot be written
        """
        count = 0
        try:
            make_folder(self.folder, state)
            # A later version may wait behind one that is handed over now.
            while done := self._deliver_once(state):
                count += done
        except OSError as error:
            raise Problem(f"{self.folder} cannot be written: {error.strerror}") from error
        return count

    def _deliver_once(self, state):
        files, done = [], []
        for key, entry in list(state.queue.items()):
            order = entry["order"]
            try:
                made = self._make(order, state)
            except Unwritable as error:
                state.reject(key, str(error))
                continue
            done.append(key)
            for path, content in made.items():
                files.append([str(write_part(path, content)), str(path)])
        self._publish(state, files, done)
        return len(done)

    def _publish(self, state, files, done):
        if not done:
            return
        state.values["publishing"] = files
        for key in done:
            state.settle(key)
        state.save()
        self.recover(state)
        sync_folder(self.folder)

    def _get_path(self, order, suffix=""):
        return self.folder / make_name(order, suffix or self.suffix)

    def _make(self, order, state):
        """Return `{path: content}` of what is to be written, and note it in the state.

        :raise Unwritable: when it cannot be made; then nothing is noted
        """
        raise NotImplementedError


class JsonSink(FileSink):
    """Files with an order as Odoo gives it."""

    suffix = ".json"

    def _make(self, order, _state):
        return {self._get_path(order): to_json(order)}


class EppSink(FileSink):
    """EDI++ files, each a new customer order for the ERP: there is one where it is another one.

    Of a cancelled order there is none, as no such file exists: a person cancels it in the ERP. If
    there was one before, a note lies in the folder until he did.

    :param Writer writer: of :mod:`epp`
    """

    suffix = ".epp"

    def __init__(self, folder, writer):
        super().__init__(folder)
        self.writer = writer

    def _make(self, order, state):
        key, prints = str(order["id"]), state.values["prints"]
        # Of an earlier client only the version is known.
        before = prints.get(key, state.values["versions"].get(key))
        if order["state"] == "cancelled":
            prints[key] = []
            return self._make_note(order, before, state)
        content, warnings, new = self._write(order)
        prints[key] = new
        if before and is_same(before, new):
            paid = order["payment"]["paid"]
            self._say(
                order, f"is that of the file before, now {order['state']}, paid {paid}: no file"
            )
            return {}
        if before:
            self._say_changed(order)
        for warning in dict.fromkeys(warnings):
            say(warning)
        return {self._get_path(order): content}

    def _write(self, order):
        """Return a file, what is to be said, and the prints by which a later version is known."""
        try:
            content, warnings = self.writer.write(order)
            return content, warnings, [self.writer.get_print(order), get_print(order)]
        except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise Unwritable(f"it cannot be written as EDI++ ({error!r})") from error

    def _make_note(self, order, before, state):
        what = f"order {order['name']} is cancelled: no file. "
        if not before:
            say(f"{what}Is it in the ERP? Cancel it there")
            return {}
        path = self._get_path(order, ".cancelled.txt")
        say(f"{what}Cancel it in the ERP, then delete {path}")
        state.values["notes"].append(str(path))
        return {path: make_note(order)}

    def _say_changed(self, order):
        name = self._get_path(order).name
        words = f"{name} is the whole order anew: change or cancel the one in the ERP"
        if order["external_ref"]:
            words = f"ATTENTION, it is {order['external_ref']} in the ERP: {words}"
        self._say(order, words)

    @staticmethod
    def _say(order, words):
        say(f"order {order['name']} version {order['version']}: {words}")


def get_print(order):
    """Return a short text that changes when anything but the version of an order does."""
    return hashlib.sha256(to_json({**order, "version": 0})).hexdigest()[:16]


def is_same(before, new):
    """Whether a version surely is the ERP's order of the file before.

    Of one in which nothing differs nobody knows what changed: a file too many is said, and seen.

    :param before: prints of the file before, or a version of an earlier client
    :param list new: prints of the order as EDI++ and as Odoo gives it
    """
    return isinstance(before, list) and before[0] == new[0] and before[1] != new[1]


def make_note(order):
    """Return what a person who reads the files into the ERP has to know of a cancelled order."""
    number = (
        f"{order['name']} ({order['external_ref']})" if order["external_ref"] else order["name"]
    )
    lines = (
        f"Zamówienie {number} zostało anulowane w Odoo.",
        "Proszę anulować je w ERP, a potem usunąć ten plik.",
        "",
        f"Order {number} was cancelled in Odoo.",
        "Please cancel it in the ERP, then delete this file.",
        "",
    )
    # Old editors of Windows know UTF-8 by its mark.
    return "\r\n".join(lines).encode("utf-8-sig")


class CsvSink:
    """A CSV file that grows by a row for each line of an order.

    :param Path path: the file
    """

    def __init__(self, path):
        self.path = path

    def recover(self, state):
        """Cut off what a killed run may have appended: its orders are still in the queue.

        :raise Problem: when the folder is away
        """
        require_folder(self.path.parent, state)
        cut_back(self.path, state.values["csv"])
        state.values["csv"] = None

    def deliver(self, state):
        """Append what is in the queue.

        :return: how many orders were handed over
        :raise Problem: when the file cannot be written
        """
        count = 0
        # A later version may wait behind one that is handed over now.
        while state.queue:
            count += self._deliver_once(state)
        return count

    def _deliver_once(self, state):
        try:
            make_folder(self.path.parent, state)
            state.values["csv"] = note_size(self.path)
            state.save()
            is_new = not state.values["csv"]["size"]
            self._append(make_table(state.queue.values(), find_columns(self.path), is_new))
        except OSError as error:
            raise Problem(f"{self.path} cannot be written: {error.strerror}") from error
        keys = list(state.queue)
        for key in keys:
            state.settle(key)
        state.values["csv"] = None
        state.save()
        return len(keys)

    def _append(self, content):
        with self.path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def make_folder(folder, state):
    """Make a folder the first time, and note that it was there.

    :raise Problem: when it was there before: that of a share that is away now would be made on
        this machine, where nobody fetches orders
    """
    require_folder(folder, state)
    folder.mkdir(parents=True, exist_ok=True)
    state.values["folder"] = str(folder)


def require_folder(folder, state):
    """Check that a folder is there that was there before.

    :raise Problem: when it is not
    """
    if state.values["folder"] == str(folder) and not folder.is_dir():
        raise make_problem(folder)


def make_problem(folder):
    return Problem(
        f"the folder {folder} is not there any more. Is it on a share that is away? Make it anew if"
        " it was deleted"
    )


def make_name(order, suffix):
    """Return the name of a file: the number of the order is for people, its id is unique."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", order["name"]).strip("._")[:60]
    return f"{name}-{int(order['id'])}-v{int(order['version'])}{suffix}"


# === CSV === #


def find_columns(path):
    """Return the columns of the rows of a file that grows.

    One that an earlier client began has fewer, and keeps them: a longer row fits no header.
    """
    if not path.exists():
        return COLUMNS
    with path.open("rb") as file:
        header = file.readline().decode(errors="replace").strip().split(";")
    return header if header == COLUMNS[: len(header)] else COLUMNS


def make_table(entries, columns, with_header):
    """Return rows as a piece of a CSV file in UTF-8, semicolons between the columns."""
    output = io.StringIO()
    writer = csv.DictWriter(output, columns, delimiter=";", extrasaction="ignore")
    if with_header:
        writer.writeheader()
    for entry in entries:
        writer.writerows(make_rows(entry["order"]))
    return output.getvalue().encode()


def make_rows(order):
    """Return a dict for each line of an order, one when it has no lines."""
    values = {name: order.get(name, "") for name in (*ORDER, *ORDER_ADDED)}
    for place in PLACES:
        values |= {f"{place}_{name}": order[place][name] for name in ADDRESS}
    values |= {f"payment_{name}": value for name, value in order["payment"].items()}
    values |= {f"total_{name}": value for name, value in order["totals"].items()}
    names = (*LINE, *LINE_ADDED)
    rows = [{f"line_{name}": line.get(name, "") for name in names} for line in order["lines"]]
    return [{name: _make_cell(name, {**values, **row}.get(name, "")) for name in COLUMNS}
            for row in rows or [{}]]  # fmt: skip


def _make_cell(name, value):
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = str(value)
    # Customers write some of the texts, and a spreadsheet runs what looks like a formula.
    return text if SAFE.fullmatch(text) else table_csv.guard(text)
