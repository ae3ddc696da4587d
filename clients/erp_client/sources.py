"""Where rows come from: a CSV file, or a database that is asked by a query in a file."""

import datetime
import hashlib
import re
from pathlib import Path

import table_csv
from rows import FIELDS, find_missing
from tools import Problem, localize, parse_zone, say, to_clock, to_moment

HERE = Path(__file__).resolve().parent
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# The flags of Subiekt are told apart by two numbers that are to be looked up first.
NOT_SET = re.compile(r"\b(flw_IdGrupyFlag|flw_TypObiektu)\s*=\s*0\b", re.IGNORECASE)
# A spreadsheet that takes a long one for a number cuts it short.
CODES = ("key", "order", "number", "tracking")
# What names a server or a database in a connection string, by the drivers' various words.
PLACE = ("dsn", "filedsn", "server", "servername", "address", "addr", "data source", "port")
PLACE += ("database", "initial catalog", "dbq")
PART = re.compile(r"([^;=]+)=\s*(\{(?:[^}]|\}\})*\}|[^;]*)")
# A day with a time of day, which no document has.
DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?", re.ASCII)


class Source:
    """One source of the settings.

    :param str name: of its section
    :param dict section: of the settings
    :ivar bool is_snapshot: it shows what is, not when it changed
    :ivar bool second_sight: a document counts when it is seen twice
    :ivar int problems: rows that cannot be sent, each told
    :ivar int unread: those of them of which nobody knows what they are about
    """

    def __init__(self, name, section, second_sight):
        self.name = name
        self.section = section
        self.is_snapshot = section.get("mode") == "snapshot"
        self.second_sight = second_sight
        self.zone = parse_zone(section.get("zone"))
        self.problems = 0
        self.unread = 0

    def read(self, border=None):
        """Yield the rows.

        :param datetime border: the moment to begin with, for a source that keeps times
        :raise Problem: when the source cannot be read
        """
        if self.section.get("csv"):
            yield from self._read_csv(Path(self.section["csv"]))
        else:
            query, border = self._read_query(), border or datetime.datetime(2000, 1, 2).astimezone()
            # A snapshot asks for everything, each time.
            parameters = [] if self.is_snapshot else [to_clock(border, self.zone)]
            yield from map(self._prepare, self._ask(query, parameters))

    def get_print(self):
        """Return a short text that changes when something else is asked for, or another place.

        Of a database it is `QUERY@PLACE`; earlier clients kept the first alone.
        """
        if self.section.get("csv"):
            return self.section["csv"]
        words = " ".join(COMMENT.sub(" ", self._read_query()).split())
        return f"{make_print(words)}@{make_print(find_place(self.section['odbc']))}"

    def _check_columns(self, names, where):
        missing = find_missing(names, not self.is_snapshot)
        if missing:
            raise Problem(f"{where} has no column {', '.join(missing)}")
        twice = sorted(name for name in FIELDS if list(names).count(name) > 1)
        if twice:
            raise Problem(f"{where} has more than one column {', '.join(twice)}")

    def _prepare(self, values):
        """Return a row as texts."""
        row = {name: self._to_text(name, values.get(name)) for name in FIELDS}
        row["kind"] = row["kind"].lower()
        row["state"] = row["state"].lower()
        row["covers"] = row["covers"].lower()
        if row["changed_at"] and not to_moment(row["changed_at"]):
            row["changed_at"] = self._add_zone(row["changed_at"])
        return row

    def _to_text(self, name, value):
        if value is None:
            return ""
        if isinstance(value, datetime.date):
            value = value.isoformat()
        text = str(value)
        if name == "note":
            return text
        # Fixed columns of a database are filled up with blanks.
        text = text.strip()
        found = DATE.fullmatch(text) if name == "date" else None
        return found[1] if found else text

    # === CSV === #

    def _read_csv(self, path):
        """Yield rows of a CSV file whose first line names the columns, in whatever encoding."""
        table, is_cut_off = read_table(path)
        header = [name.strip().lower() for name in table.rows[0].cells] if table.rows else []
        self._check_columns(header, path)
        rows = table.rows[1:]
        if is_cut_off:
            self._pass_over(rows.pop(), path, "is cut off: is the file still being written?")
        for row in rows:
            if row.problems or any(cell.strip() for cell in row.cells[len(header) :]):
                self._pass_over(row, path, "does not fit the columns, and is not sent")
                continue
            values = dict(zip(header, map(table_csv.remove_guard, row.cells), strict=False))
            if any(table_csv.is_cut_short(values.get(name, "")) for name in CODES):
                self._pass_over(row, path, "has a number that a spreadsheet cut short (5.9E+12)")
                continue
            yield self._prepare_csv_row(values, path)

    def _pass_over(self, row, path, words):
        say(f"row {row.number} of {path} {words}")
        self.problems += 1
        self.unread += 1

    def _prepare_csv_row(self, values, path):
        row = self._prepare(values)
        if row["file"]:
            row["file"] = str(path.parent / row["file"])
        return row

    def _add_zone(self, text):
        try:
            return localize(datetime.datetime.fromisoformat(text), self.zone).isoformat()
        except (ValueError, OverflowError, OSError):
            # The year 1, for one, stands for no time at all in some programs.
            # Odoo says what is wrong with it.
            return text

    # === ODBC === #

    def _read_query(self):
        path = self.section.get("query")
        if not path:
            raise Problem(f"[{self.name}] of the settings has no query")
        query = read_query(path)
        not_set = NOT_SET.search(COMMENT.sub(" ", query))
        if not_set:
            raise Problem(
                f"{path}: {not_set[1]} is still 0. Look up the group of flags and the object type"
                " of customer orders with the command discover, and write them into the query"
            )
        return query

    def _ask(self, query, parameters=()):
        """Yield the rows of a query as dicts, after a check of their columns."""
        for names, values in ask(self.section["odbc"], query, parameters):
            if values is None:
                self._check_columns(names, "the query")
            else:
                yield dict(zip(names, values, strict=True))

    def discover(self):
        """Print what the query `discover` finds: by it a person tells flags of orders apart.

        :raise Problem: for a source that is no database
        """
        if not self.section.get("odbc"):
            raise Problem(f"discover asks a database, and [{self.name}] is a CSV file")
        query = read_query(self.section.get("discover") or HERE / "subiekt_gt_discover.sql")
        table = [[str("" if value is None else value) for value in values or names]
                 for names, values in ask(self.section["odbc"], query)]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for line in table:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            print("  ".join(cells).rstrip(), flush=True)
        say(f"discovered: {len(table) - 1} lines")


def read_table(path):
    """Return the table of a CSV file, and whether its last row is a piece of one.

    :raise Problem: when it cannot be read
    """
    try:
        content = path.read_bytes()
        if is_cut_amid_letter(content):
            raise Problem(f"the file {path} is cut off: is it still being written?")
        table = table_csv.read_csv(content)
        return table, is_cut_off(table, content)
    except FileNotFoundError as error:
        raise Problem(f"the file {path} is not there") from error
    except OSError as error:
        raise Problem(f"the file {path} cannot be read: {error.strerror}") from error
    except table_csv.TableError as error:
        raise Problem(f"{path} is no CSV file in UTF-8, UTF-16 or cp1250") from error


def is_cut_amid_letter(content):
    """Whether a file in UTF-8 ends within a letter: it would be taken for one in cp1250."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        whole = content[: error.start]
        return error.reason == "unexpected end of data" and not whole.isascii()
    return False


def is_cut_off(table, content):
    """Whether the last row has no line end, and fewer cells than the one before it.

    Many programs write no line end after the last row: that alone says nothing.
    """
    if len(table.rows) < 3:
        return False
    *_others, before, last = table.rows
    if len(last.cells) >= len(before.cells):
        return False
    return not table_csv.decode(content)[0].rstrip(" \t").endswith(("\n", "\r"))


def read_query(path):
    """Return a query, whatever encoding an editor gave it.

    :param path: beside the settings, or beside the client
    """
    path = Path(path)
    if not path.exists() and (HERE / path).exists():
        path = HERE / path
    try:
        return table_csv.decode(path.read_bytes())[0].lstrip("\ufeff")
    except OSError as error:
        raise Problem(f"the query {path} cannot be read: {error.strerror}") from error
    except table_csv.TableError as error:
        raise Problem(f"the query {path} is no text") from error


def find_place(connection_string):
    """Return the server and the database of a connection string, and nothing of who asks."""
    words = {name.strip().lower(): value for name, value in PART.findall(connection_string)}
    return " ".join(words[name].strip(" {}").lower() for name in PLACE if name in words)


def make_print(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def ask(connection_string, query, parameters=()):
    """Yield `(names, None)`, then `(names, values)` of each row of a query.

    :raise Problem: when there is no pyodbc, or the database refuses
    """
    try:
        import pyodbc
    except ImportError as error:
        raise Problem("reading from a database needs pyodbc: pip install pyodbc") from error
    try:
        with pyodbc.connect(connection_string, readonly=True, timeout=30) as connection:
            cursor = connection.execute(query, *parameters)
            # Before its table a query may say, say, SET NOCOUNT ON.
            while cursor.description is None:
                if not cursor.nextset():
                    raise Problem("the query asks for nothing: it has no SELECT")
            names = [column[0].lower() for column in cursor.description]
            yield names, None
            for values in cursor:
                yield names, values
    except pyodbc.Error as error:
        raise Problem(f"the database refused: {error}") from error
