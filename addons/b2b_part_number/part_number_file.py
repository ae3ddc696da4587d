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
        [_read_row(row, sku, own, _is_shifted(table, header, row, sku, own)) for row in body],
        [row.number for row in table.rows[: max(header, 0)]],
        table,
    )


def _find_columns(table, names):
    """Return the index of the header, -1 without one, and the columns of SKU and own number.

    :raise TableError: `no_columns` when a header leaves open which one is meant
    """
    for index, row in enumerate(table.rows[: MAX_TITLES + 1]):
        roles = _get_roles(row, names)
        own, sku, barcode = (
            [column for column, role in enumerate(roles) if role == wanted]
            for wanted in ("own", "sku", "barcode")
        )
        sku = sku or barcode
        if len(own) == 1 and len(sku) == 1:
            return index, sku[0], own[0]
        if own and sku:
            raise TableError("no_columns")
    # Two columns need no header: ours is the first, as in every other list.
    widths = [len([cell for cell in row.cells if clean(cell)]) for row in table.rows]
    if not widths or (
        len(table.columns) == 2 and max(widths) <= 2 and not _is_header(table, names)
    ):
        return -1, 0, 1
    raise TableError("no_columns")


def _is_header(table, names):
    """Whether the first row names columns: a price beside our reference is no part number."""
    row = table.rows[0]
    has_digits = any(char.isdecimal() for cell in row.cells for char in cell)
    return not has_digits and any(_get_roles(row, names))


def _get_roles(row, names):
    """Return what each cell of a row names: `own`, a role of a quick order, or ''."""
    folded = [fold(clean(cell)).rstrip(":") for cell in row.cells]
    return ["own" if text and text in names else get_role(text) for text in folded]


def _is_shifted(table, header, row, sku, own):
    """Whether a text with a separator may have moved the cells of a row to the right."""
    if header < 0 or not table.separator:
        return False
    return is_wider(
        [clean(cell) for cell in row.cells],
        [clean(cell) for cell in table.rows[header].cells],
        max(sku, own),
    )


def _read_row(row, sku, own, is_shifted):
    cells = [*row.cells, *[""] * (max(sku, own) + 1 - len(row.cells))]
    code, reference = clean(cells[sku]), clean(cells[own])
    error = next((row.problems[one] for one in (sku, own) if one in row.problems), "")
    if not error and is_shifted:
        error = "surplus_cells"
    elif not error and is_cut_short(reference):
        error = "cut_short"
    elif not error and not code:
        error = "no_sku"
    return PartNumberRow(row.number, code, reference, error)
