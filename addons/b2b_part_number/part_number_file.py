"""Read the customer's part numbers out of a file: a row per article, and none is dropped.

Pure Python, no database. Our own download, and what a purchasing program exports, are read alike:
the columns are found by the words of their header.
"""

from dataclasses import dataclass, field

from odoo.addons.b2b_portal.quick_order_header import fold, get_role, is_wider
from odoo.addons.b2b_portal.quick_order_parser import MAX_BYTES, MAX_ROWS
from odoo.addons.order_status_flags.table_csv import Table, TableError, clean, is_cut_short
from odoo.addons.order_status_flags.table_file import read_table

# Titles may stand above the header.
MAX_TITLES = 30
# What buyers call their own number, folded: English, Polish, Slovenian.
OWN_NUMBER = frozenset(
    {
        *("your part number", "own part number", "part number", "part no", "own number"),
        *("customer part number", "customer product reference", "customer's part number"),
        *("your number", "our number", "twoj numer artykulu", "wlasny numer artykulu"),
        *("numer artykulu klienta", "panstwa numer artykulu"),
        *("panstwa numer czesci", "twoj numer czesci"),
        *(
            "wlasny numer czesci",
            "numer czesci",
            "wlasny numer",
            "numer klienta",
            "nasz numer",
            "nasz indeks",
        ),
        *("vasa stevilka artikla", "lastna stevilka", "nasa stevilka", "nasa sifra"),
        *("stevilka dela", "lastna sifra", "vasa stevilka dela"),
    }
)


@dataclass
class PartNumberRow:
    """One row of the customer's file.

    :ivar int number: position in the file, from 1
    :ivar str sku: our reference or barcode
    :ivar str reference: the customer's number
    :ivar str error: '' or the code of why the row cannot be read
    """

    number: int
    sku: str
    reference: str
    error: str = ""


@dataclass
class PartNumberFile:
    """What was read.

    :ivar list rows: every :class:`PartNumberRow`
    :ivar list titles: numbers of the rows above the header, which are not read
    :ivar Table table: the file, and what of it was passed over
    """

    rows: list = field(default_factory=list)
    titles: list = field(default_factory=list)
    table: Table = field(default_factory=Table)


def parse_file(name, content, known=""):
    """Read a CSV or XLSX file.

    :param str name: of the file
    :param bytes content: the file
    :param str known: one more header of the customer's number, in the reader's language
    :rtype: PartNumberFile
    :raise TableError: the file is refused as a whole; `no_columns` when no column can be told
    """
    if len(content) > MAX_BYTES:
        raise TableError("too_large")
    table = read_table(name, content, max_rows=MAX_ROWS + MAX_TITLES + 1)
    names = OWN_NUMBER | {fold(known)}
    header, sku, own = _find_columns(table, names)
    body = table.rows[header + 1 :]
    if len(body) > MAX_ROWS:
        raise TableError("too_many_rows")
    return PartNumberFile(
        _read_rows(body, sku, own, _find_problems(table, header, sku, own, names)),
        [row.number for row in table.rows[: max(header, 0)]],
        table,
    )


def _find_columns(table, names):
    """Return the index of the header, -1 without one, and the columns of SKU and own number.

    :raise TableError: `no_columns` when a header leaves open which one is meant
    """
    for index, row in enumerate(table.rows[: MAX_TITLES + 1]):
        sku, own = _get_named(row, names)
        if len(own) == 1 and len(sku) == 1:
            return index, sku[0], own[0]
        if own and sku:
            raise TableError("no_columns")
    # Two columns need no header: ours is the first, as in every other list.
    widths = [len([cell for cell in row.cells if clean(cell)]) for row in table.rows]
    if not widths or (
        len(table.columns) == 2
        and max(widths) <= 2
        and not _is_header(table, names)
        # A header may be hidden, or the column of the own numbers.
        and not (table.hidden_columns or (table.hidden_rows and table.rows[0].number > 1))
    ):
        return -1, 0, 1
    raise TableError("no_columns")


def _get_named(row, names):
    """Return the columns that a row names as those of our codes, and of the own numbers."""
    roles = _get_roles(row, names)
    sku, barcode, own = (
        [column for column, role in enumerate(roles) if role == wanted]
        for wanted in ("sku", "barcode", "own")
    )
    return sku or barcode, own


def _is_header(table, names):
    """Whether the first row names columns: a price beside our reference is no part number."""
    row = table.rows[0]
    has_digits = any(char.isdecimal() for cell in row.cells for char in cell)
    return not has_digits and any(_get_roles(row, names))


def _get_roles(row, names):
    """Return what each cell of a row names: `own`, a role of a quick order, or ''."""
    folded = [fold(clean(cell)).rstrip(":") for cell in row.cells]
    return ["own" if text and text in names else get_role(text) for text in folded]


def _find_problems(table, header, sku, own, names):
    """Return which rows have their cells elsewhere: `{number: code of the problem}`."""
    if header < 0:
        return {}
    header_cells = [clean(cell) for cell in table.rows[header].cells]
    problems, is_other = {}, False
    for row in table.rows[header + 1 :]:
        named = _get_named(row, names)
        if all(named):  # a header once more, or another one
            is_other = named != ([sku], [own])
        if is_other:
            problems[row.number] = "other_header"
        elif table.separator:
            cells = [clean(cell) for cell in row.cells]
            if is_wider(cells, header_cells, max(sku, own)):
                problems[row.number] = "surplus_cells"
    return problems


def _read_rows(rows, sku, own, problems):
    return [_read_row(row, sku, own, problems.get(row.number, "")) for row in rows]


def _read_row(row, sku, own, problem):
    cells = [*row.cells, *[""] * (max(sku, own) + 1 - len(row.cells))]
    code, reference = clean(cells[sku]), clean(cells[own])
    problem = next((row.problems[one] for one in (sku, own) if one in row.problems), problem)
    if problem:
        # What was not understood would be a number when the rejected rows come back.
        return PartNumberRow(row.number, code, "", problem)
    if is_cut_short(reference):
        problem = "cut_short"
    elif not code:
        problem = "no_sku"
    return PartNumberRow(row.number, code, reference, problem)
