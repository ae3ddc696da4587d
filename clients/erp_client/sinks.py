"""Sinks that write files: JSON, EDI++ and CSV. A kill at any moment doubles and loses nothing."""

import csv
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
                content = self._make(order, state)
            except Unwritable as error:
                state.reject(key, str(error))
                continue
            done.append(key)
            if content:
                path = self.folder / make_name(order, self.suffix)
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

    def _make(self, order, state):
        """Return the content of a file, b"" when there is none to write.

        :raise Unwritable: when it cannot be made
        """
        raise NotImplementedError


class JsonSink(FileSink):
    """Files with an order as Odoo gives it."""

    suffix = ".json"

    def _make(self, order, _state):
        return to_json(order)


class EppSink(FileSink):
    """EDI++ files, each a new customer order for the ERP; a later version is said.

    There is none of a cancelled order, which a person cancels in the ERP.

    :param Writer writer: of :mod:`epp`
    """

    suffix = ".epp"

    def __init__(self, folder, writer):
        super().__init__(folder)
        self.writer = writer

    def _make(self, order, state):
        if order["state"] == "cancelled":
            say(f"order {order['name']} is cancelled: no file. Is it in the ERP? Cancel it there")
            return b""
        try:
            content, warnings = self.writer.write(order)
        except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise Unwritable(f"it cannot be written as EDI++ ({error!r})") from error
        is_known = str(order["id"]) in state.values["versions"]
        if int(order["version"]) > 1 or is_known:
            self._say_changed(order, is_known or order["external_ref"])
        for warning in dict.fromkeys(warnings):
            say(warning)
        return content

    def _say_changed(self, order, is_there):
        name = make_name(order, self.suffix)
        # A later version may be the first one that comes here: the filter of the feed let it in.
        what = "change or cancel the one in the ERP"
        if not is_there:
            what = "if it is in the ERP already, change or cancel the one that is there"
        words = f"{name} is the whole order anew: {what}"
        if order["external_ref"]:
            words = f"ATTENTION, it is {order['external_ref']} in the ERP: {words}"
        say(f"order {order['name']} version {order['version']}: {words}")


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

    One that an earlier client began has fewer, and keeps them: a longer row fits no header. Excel
    saves it with a mark of its encoding.
    """
    if not path.exists():
        return COLUMNS
    with path.open("rb") as file:
        header = file.readline().decode("utf-8-sig", errors="replace").strip().split(";")
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
