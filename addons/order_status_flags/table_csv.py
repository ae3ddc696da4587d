"""Read and write CSV as spreadsheets, ERPs and our own downloads have it.

Standard library only, and nothing of Odoo: the feed's client has a copy of this file beside it,
`clients/erp_client/table_csv.py`, and a test keeps the two equal.

The reader never guesses in silence: :class:`Table` says how the file was read, and a row that can
be read in two ways has a problem.
"""

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

SEPARATORS = "\t;,"
MAX_COLUMNS = 256
# So many rows decide which separator fits best.
SAMPLE = 6000

# Spreadsheets run a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

OUTER_BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\ufeff"
_BLANKS = " \u00a0\u2007\u202f"
_SEPARATOR_LINE = re.compile(r'\A"?sep=([^\n"])"?[;,\t ]*(?:\n|\Z)', re.IGNORECASE)
# ="0042": how a program tells a spreadsheet that a number is text
_TEXT_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
# 5,90123E+12: a spreadsheet has cut a long number short before it was saved as text
_CUT_SHORT = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)
# Cells that begin or end like this were cut in the wrong place, and what is left in them should
# have divided them: it is no decimal comma, and no sign in a sentence.
_LEFT_OVER = re.compile(r'\A[;,"]|[;,]\Z|\t|;(?! )|,(?![ \d])')


class TableError(Exception):
    """A file as a whole is refused.

    :param str code: `too_large`, `unpacks` (to more than is read), `too_many_rows`,
        `too_many_cells`, `too_many_columns`, `unreadable`, `encoding` or `no_sheet`
    """

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class TableRow:
    """One row of a file that is not empty.

    :ivar int number: position in the file from 1, as a spreadsheet program counts
    :ivar list cells: text of each column of the table
    :ivar dict problems: `{column: code}` of cells that cannot be told: `quotes` (a lone quotation
        mark may have swallowed a row), `formula` (without a stored result), `merged`, `error`,
        `format` (what the spreadsheet shows is not what it stores), `struck` (crossed out), `ink`
        (in the colour of its background)
    :ivar frozenset numbers: columns whose cell is a number and no text
    :ivar dict stored: `{column: number}` of cells whose number format shows something else
    """

    number: int
    cells: list
    problems: dict = field(default_factory=dict)
    numbers: frozenset = frozenset()
    stored: dict = field(default_factory=dict)


@dataclass
class Table:
    """A file as it was read, and what was passed over.

    :ivar list rows: every :class:`TableRow`
    :ivar list columns: how each column is called: `A`, `B` in a spreadsheet, else `1`, `2`
    :ivar int empty_rows: how many empty rows are between the others
    :ivar str encoding: of a text file
    :ivar str separator: of a text file
    :ivar str sheet: that was read, of a spreadsheet
    :ivar list sheets: every visible sheet
    :ivar list hidden_sheets: sheets that the spreadsheet hides
    :ivar int hidden_rows: how many rows with content the sheet hides
    :ivar list hidden_columns: columns with content that the sheet hides
    """

    rows: list = field(default_factory=list)
    columns: list = field(default_factory=list)
    empty_rows: int = 0
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    sheets: list = field(default_factory=list)
    hidden_sheets: list = field(default_factory=list)
    hidden_rows: int = 0
    hidden_columns: list = field(default_factory=list)


# === READING === #


def read_csv(content, separator=None):
    """Read a CSV file in UTF-8, UTF-16 or cp1250.

    :param bytes content: the file
    :param str separator: when it is known; else the one that fits most rows
    :rtype: Table
    :raise TableError: the file is refused as a whole
    """
    text, encoding = decode(content)
    table = read_text(text, separator)
    table.encoding = encoding
    return table


def read_text(text, separator=None):
    """Read CSV that is text already, such as one that was pasted.

    :param str text: the rows
    :param str separator: when it is known; else the one that fits most rows
    :rtype: Table
    :raise TableError: when it has too many columns
    """
    text = text.lstrip("\ufeff").replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    hint = _SEPARATOR_LINE.match(text)
    if hint:
        text = text[hint.end() :]
        separator = separator or hint[1]
    table = Table(separator=separator or find_separator(text))
    width, empty = 0, 0
    for number, (cells, problem) in enumerate(split(text, table.separator), start=1):
        if not any(cell.strip(OUTER_BLANKS) for cell in cells):
            empty += 1
            continue
        table.empty_rows += empty
        empty = 0
        width = max(width, len(cells))
        problems = dict.fromkeys(range(len(cells)), problem) if problem else {}
        table.rows.append(TableRow(number, [_unwrap(cell) for cell in cells], problems))
    if width > MAX_COLUMNS:
        raise TableError("too_many_columns")
    table.columns = [str(index) for index in range(1, width + 1)]
    return table


def decode(content):
    """Return the text of a CSV file, and its encoding.

    :param bytes content: the file
    :rtype: tuple[str, str]
    :raise TableError: no encoding fits
    """
    for encoding in _get_encodings(content):
        try:
            return content.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise TableError("encoding")


def _get_encodings(content):
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ("utf-32",)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    head = content[:64]
    if len(content) % 2 == 0 and head.count(0) * 3 > len(head):
        little = head[1::2].count(0) > head[0::2].count(0)
        return ("utf-16-le" if little else "utf-16-be",)
    return "utf-8-sig", "cp1250"


def find_separator(text):
    """Return the separator that divides most rows, and leaves none of the others in their cells.

    Quoted cells are looked past, and so are title rows: each row has a vote. Of equals, the one by
    which most rows have the same number of cells.

    :param str text: the rows
    :rtype: str
    """
    candidates = [one for one in SEPARATORS if one in text]
    if not candidates:
        return ","
    # max() takes the first of equals, which is why the comma, the decimal sign of many, is last
    return max(candidates, key=lambda one: _rate_separator(text, one))


def _rate_separator(text, separator):
    widths, full_widths, clean_rows = Counter(), Counter(), 0
    for cells, _problem in islice(split(text, separator), SAMPLE):
        full_width = len(cells)
        cells = [cell.strip(OUTER_BLANKS) for cell in cells]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) < 2:
            continue
        # Programs write empty cells at the end of a row, people do not.
        widths[len(cells)] += 1
        full_widths[full_width] += 1
        clean_rows += not any(map(_LEFT_OVER.search, cells))
    return clean_rows, max([*widths.values(), *full_widths.values(), 0])


def split(text, separator):
    """Yield the cells of each row, and `quotes` for one that can be read in two ways, else ''.

    A quotation mark opens a cell only where a mark that closes one follows: in `5" pipe` it is
    data, and swallows no rows.

    :param str text: with line feeds alone as ends of lines
    :param str separator: one character
    """
    if '"' not in text:
        for line in text.split("\n"):
            yield line.split(separator), ""
        return
    sep = re.escape(separator)
    blank = f"[{_BLANKS}]*" if separator == "\t" else f"[{_BLANKS}\t]*"
    cell = re.compile(
        rf'{blank}=?"([^"]*(?:""[^"]*)*)"{blank}(?={sep}|\n|\Z)|([^{sep}\n]*)', re.DOTALL
    )
    cells, start, position = [], 0, 0
    while position <= len(text):
        found = cell.match(text, position)
        quoted = found[1]
        cells.append(found[2] if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if text[position : position + 1] == separator:
            position += 1
            continue
        yield cells, _find_quote_problem(text[start:position], cells, separator)
        position += 1
        cells, start = [], position


def _find_quote_problem(raw, cells, separator):
    """Tell of a quoted line break that may as well be lone marks in two rows of their own."""
    if "\n" not in raw or len(cells) < 2:
        return ""
    alike = all(line.count(separator) == len(cells) - 1 for line in raw.split("\n"))
    return "quotes" if alike else ""


def _unwrap(cell):
    if not cell.startswith('="'):
        return cell
    found = _TEXT_FORMULA.fullmatch(cell)
    return found[1].replace('""', '"') if found else cell


# === CELLS === #


def clean(value):
    """Return a cell as text without outer blanks, and without the guard of our downloads.

    The apostrophe that keeps spreadsheet programs from running a cell as a formula comes off
    again, so that a corrected download can be uploaded.

    :param value: the cell, any type
    :rtype: str
    """
    text = "" if value is None else str(value).replace("\x00", "").strip(OUTER_BLANKS)
    return remove_guard(text)


def is_cut_short(text):
    """Whether a number or code lost its digits when a spreadsheet saved it as text.

    :param str text: of one cell
    """
    return bool(_CUT_SHORT.fullmatch(text.strip(OUTER_BLANKS)))


def remove_guard(text):
    """Return a cell's text without the apostrophe of our files, when they come back corrected.

    :param str text: of one cell
    :rtype: str
    """
    guarded = text.startswith("'") and text[1:].startswith(FORMULA_STARTS)
    return text[1:] if guarded else text


def guard(text):
    """Return a text with an apostrophe before it when a spreadsheet would run it as a formula.

    :param str text: of one cell
    :rtype: str
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


# === WRITING === #


def make_csv(rows, delimiter=";"):
    """Return rows as a CSV file that spreadsheets open as they are.

    UTF-8 with BOM, since Excel takes a file without one for the local code page. Text that would
    run as a formula is quoted with an apostrophe; numbers are written with a decimal point.

    :param list rows: lists of text and numbers
    :param str delimiter: one character
    :rtype: bytes
    """
    output = io.StringIO()
    writer = csv.writer(output, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([_prepare_cell(cell) for cell in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")


def _prepare_cell(cell):
    if isinstance(cell, str):
        return guard(cell)
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell
