"""Read one sheet of an XLSX workbook as its reader sees it.

Of the texts that the workbook shares only those are kept that the sheet shows; cells and texts are
counted. What the spreadsheet hides (sheets, rows, columns) is passed over, and told.
"""

import io
import re
import zipfile
import zlib
from bisect import bisect_left
from xml.parsers import expat

from .number_format import get_plain, show_number, show_text
from .table_csv import MAX_COLUMNS, OUTER_BLANKS, Table, TableError, TableRow
from .xlsx_book import Archive, Book, Reader, get_local
from .xlsx_styles import THIN_COLUMN, THIN_ROW, Styles, find_run_problem, is_thin

MAX_CELLS = 1_000_000
MAX_CHARS = 20_000_000
MAX_CELL_CHARS = 32_767  # as Excel

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})\Z")
# Python's own reader takes more for a number than a spreadsheet does.
_NUMBER = re.compile(r"\s*[+-]?[0-9.]+([Ee][+-]?[0-9]+)?\s*\Z", re.ASCII)


def read_xlsx(content, sheet=None, max_rows=10_000):
    """Read a sheet of a workbook.

    :param bytes content: the file
    :param str sheet: name of a visible sheet; else the active one
    :param int max_rows: how many rows with content are allowed
    :rtype: Table
    :raise TableError: the file is refused as a whole
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_book(Archive(archive), sheet, max_rows)
    except TableError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        # Broken files say nonsense in every attribute.
        ValueError,
        KeyError,
        IndexError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        OverflowError,
    ) as error:
        raise TableError("unreadable") from error


def _read_book(archive, wanted, max_rows):
    book = Book(archive)
    table = Table(
        sheets=[name for name, _path in book.visible],
        hidden_sheets=book.hidden,
    )
    if not book.visible:
        raise TableError("no_sheet")
    paths = dict(book.visible)
    if wanted is not None and wanted not in paths:
        raise TableError("no_sheet")
    table.sheet = book.active if wanted is None else wanted
    reader = _Sheet(max_rows)
    archive.parse(paths[table.sheet], reader)
    reader.mark_ranges()
    _Texts(archive, book, reader).fill(table)
    return table


# === SHEET === #


class _Cell:
    """A cell as the file has it; shared texts and formats are looked up at the end."""

    __slots__ = ("formula", "kind", "problem", "range", "style", "value")

    def __init__(self, kind, style):
        self.kind, self.style, self.value, self.formula = kind, style, None, None
        self.problem, self.range = "", ""


class _Sheet(Reader):
    """The cells of a sheet that are not hidden.

    :ivar dict rows: `{row number: {column from 0: _Cell}}`
    :ivar dict problems: `{row number: {column: code}}`
    """

    def __init__(self, max_rows):
        self.max_rows = max_rows
        self.rows, self.problems = {}, {}
        self.hidden_rows, self.hidden_columns = set(), set()
        # Cells that others fill: of a merged one, and of a formula whose results are not there.
        self.hidden_ranges, self.merges, self.spills = [], [], []
        self.row, self.column, self.row_is_hidden = 0, -1, False
        self.cell, self.target = None, ""
        self.pieces, self.size = [], 0
        self.seen, self.chars = 0, 0
        self.used = set()

    def start(self, tag, attributes):
        tag = get_local(tag)
        if tag == "c":
            self._start_cell(attributes)
        elif tag in ("v", "f", "t"):
            if self.cell is not None and self.target != "skip":
                self.target, self.pieces, self.size = tag, [], 0
                if tag == "f":
                    self.cell.formula = "="
                    self.cell.range = attributes.get("ref", "")
        elif tag == "rPh":
            self.target = "skip"  # how to pronounce the text
        elif tag == "row":
            self._start_row(attributes)
        elif tag == "col":
            self._start_column(attributes)
        elif tag == "mergeCell":
            self.merges.append(attributes["ref"])
            if len(self.merges) > MAX_CELLS // 10:
                raise TableError("too_many_cells")
        elif self.cell is not None:
            self.cell.problem = find_run_problem(tag, attributes) or self.cell.problem

    def text(self, data):
        if self.target in ("v", "f", "t") and self.size < MAX_CELL_CHARS:
            self.pieces.append(data)
            self.size += len(data)

    def end(self, tag):
        tag = get_local(tag)
        if tag == "c":
            self._end_cell()
        elif tag == "rPh":
            self.target = ""
        elif tag == self.target:
            text = "".join(self.pieces)[:MAX_CELL_CHARS]
            self.chars += len(text)
            if self.chars > MAX_CHARS:
                raise TableError("unpacks")
            if tag == "f":
                self.cell.formula = f"={text}"
            else:
                self.cell.value = (self.cell.value or "") + text
            self.target = ""

    def _count(self):
        self.seen += 1
        if self.seen > MAX_CELLS:
            raise TableError("too_many_cells")

    def _start_row(self, attributes):
        self._count()
        self.row = int(attributes.get("r") or self.row + 1)
        self.column = -1
        is_hidden = _is_true(attributes.get("hidden"))
        self.row_is_hidden = is_hidden or is_thin(attributes.get("ht"), THIN_ROW)

    def _start_column(self, attributes):
        is_hidden = _is_true(attributes.get("hidden"))
        if is_hidden or is_thin(attributes.get("width"), THIN_COLUMN):
            if len(self.hidden_ranges) > MAX_COLUMNS:
                raise TableError("too_many_columns")
            self.hidden_ranges.append((int(attributes["min"]) - 1, int(attributes["max"]) - 1))

    def _start_cell(self, attributes):
        self._count()
        reference = attributes.get("r")
        self.column = _read_reference(reference)[0] if reference else self.column + 1
        self.cell = _Cell(attributes.get("t", "n"), int(attributes.get("s") or 0))

    def _end_cell(self):
        cell, self.cell = self.cell, None
        # A formula whose result is an empty text shows nothing; one without a result is told.
        if not cell.value and (cell.formula is None or (cell.kind == "str" and cell.value == "")):
            return
        if cell.kind in ("inlineStr", "str", "d") and not (cell.value or "x").strip(OUTER_BLANKS):
            return  # a blank text
        if cell.range and not cell.value:
            self.spills.append(cell.range)
        if self.row_is_hidden:
            self.hidden_rows.add(self.row)
        elif any(first <= self.column <= last for first, last in self.hidden_ranges):
            self.hidden_columns.add(self.column)
        else:
            self._keep(cell)

    def _keep(self, cell):
        if self.row not in self.rows and len(self.rows) >= self.max_rows:
            raise TableError("too_many_rows")
        row = self.rows.setdefault(self.row, {})
        if self.column in row:
            raise TableError("unreadable")  # which of the two is meant?
        row[self.column] = cell
        self.used.add(self.column)
        if len(self.used) > MAX_COLUMNS:
            raise TableError("too_many_columns")

    def mark_ranges(self):
        """Note the cells that lie below a merged one, or wait for a formula of another cell."""
        numbers = sorted(self.rows)
        ranges = [("merged", one) for one in self.merges]
        ranges += [("formula", one) for one in self.spills]
        marked = 0
        for code, reference in ranges:
            (left, top), (right, bottom) = _read_range(reference)
            start, end = bisect_left(numbers, top), bisect_left(numbers, bottom + 1)
            columns = [column for column in self.used if left <= column <= right]
            marked += (end - start) * len(columns) + 1
            if marked > MAX_CELLS:
                raise TableError("too_many_cells")
            for number in numbers[start:end]:
                for column in columns:
                    if (number, column) != (top, left):
                        self._mark(number, column, code)

    def _mark(self, number, column, code):
        row = self.rows[number]
        if code == "merged":
            row.pop(column, None)  # what it holds is not to be seen
        if column not in row:
            self.problems.setdefault(number, {})[column] = code


def _is_true(value):
    return value in ("1", "true")


def _read_reference(reference):
    """Return column from 0 and row from 1 of a reference like B7."""
    found = _REFERENCE.match(reference.replace("$", ""))
    if not found:
        raise TableError("unreadable")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return column - 1, int(found[2])


def _read_range(reference):
    first, _colon, last = reference.partition(":")
    return _read_reference(first), _read_reference(last or first)


def get_letters(column):
    """Return the letters of a column.

    :param int column: from 0
    :rtype: str
    """
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# === TEXTS === #


class _SharedTexts(Reader):
    """Those texts of a workbook that the sheet shows: `{index: text}`, and what is wrong."""

    def __init__(self, wanted):
        self.wanted, self.texts, self.problems = wanted, {}, {}
        self.index, self.depth = -1, 0
        self.taking = self.skipping = False
        self.pieces, self.size, self.chars = [], 0, 0

    def start(self, tag, attributes):
        tag = get_local(tag)
        if tag == "si":
            self.index += 1
            self.pieces, self.size = [], 0
        elif tag == "rPh":
            self.skipping = True
        elif tag == "t":
            self.taking = not self.skipping and self.index in self.wanted
        elif self.index in self.wanted and (problem := find_run_problem(tag, attributes)):
            self.problems[self.index] = problem

    def text(self, data):
        if self.taking and self.size < MAX_CELL_CHARS:
            self.pieces.append(data)
            self.size += len(data)

    def end(self, tag):
        tag = get_local(tag)
        if tag == "t":
            self.taking = False
        elif tag == "rPh":
            self.skipping = False
        elif tag == "si" and self.index in self.wanted:
            self.texts[self.index] = _unescape("".join(self.pieces)[:MAX_CELL_CHARS])
            self.chars += self.size
            if self.chars > MAX_CHARS:
                raise TableError("unpacks")


class _Texts:
    """What the cells of a sheet show."""

    def __init__(self, archive, book, sheet):
        self.sheet = sheet
        types = book.relations.types
        cells = [cell for row in sheet.rows.values() for cell in row.values()]
        shared = _SharedTexts({int(cell.value) for cell in cells if cell.kind == "s"})
        if shared.wanted:
            archive.parse(types["sharedStrings"], shared)
        self.shared = shared
        self.styles = Styles()
        if types.get("styles") in archive.names and any(cell.style for cell in cells):
            archive.parse(types["styles"], self.styles)

    def fill(self, table):
        """Put rows and columns into a table."""
        sheet = self.sheet
        columns = sorted(sheet.used)
        table.columns = [get_letters(column) for column in columns]
        table.hidden_columns = [get_letters(column) for column in sorted(sheet.hidden_columns)]
        table.hidden_rows = len(sheet.hidden_rows)
        for number in sorted(sheet.rows):
            row = self._read_row(number, columns)
            if row:
                table.rows.append(row)
        last = max((row.number for row in table.rows), default=0)
        table.empty_rows = last - len(table.rows) - sum(n < last for n in sheet.hidden_rows)

    def _read_row(self, number, columns):
        cells, numbers = [], []
        problems = self.sheet.problems.get(number, {})
        row = TableRow(number, cells)
        for index, column in enumerate(columns):
            text, problem, is_number = "", problems.get(column, ""), False
            if column in self.sheet.rows[number]:
                cell = self.sheet.rows[number][column]
                text, problem, is_number = self._show(cell)
                problem = problem or self._find_problem(cell)
                if cell.kind == "n" and not (problem or is_number):
                    row.stored[index] = get_plain(float(cell.value))
            cells.append(text)
            if problem:
                row.problems[index] = problem
            if is_number:
                numbers.append(index)
        row.numbers = frozenset(numbers)
        # What lies below a merged cell alone is a part of the row above.
        return row if any(cell.strip(OUTER_BLANKS) for cell in cells) else None

    def _show(self, cell):
        """Return what a cell shows, what is wrong with it, and whether it is a number."""
        if cell.formula is not None and not cell.value:
            return cell.formula, "formula", False
        if cell.kind == "e":
            return cell.value, "error", False
        if cell.kind == "b":
            return ("TRUE" if cell.value == "1" else "FALSE"), "", False
        if cell.kind == "d":
            return cell.value, "format", False
        code = self.styles.get_code(cell.style)
        if cell.kind == "n":
            if not _NUMBER.match(cell.value):
                raise TableError("unreadable")
            shown = show_number(float(cell.value), code)
            return (shown[0], "", shown[1]) if shown else (cell.value, "format", False)
        text = self.shared.texts[int(cell.value)] if cell.kind == "s" else _unescape(cell.value)
        shown = show_text(text, code)
        return (text, "format", False) if shown is None and text else (shown or "", "", False)

    def _find_problem(self, cell):
        """Return why a cell cannot be read by its letters alone, '' when it can."""
        shared = self.shared.problems.get(int(cell.value), "") if cell.kind == "s" else ""
        return cell.problem or shared or self.styles.problems.get(cell.style, "")


def _unescape(text):
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
