"""Read the rows of a quick order from whatever buyers paste or upload.

Pure Python, no database: what a row *is* (which article, at which price) is decided elsewhere. The
parser only finds the rows, and never drops one in silence: a row that it does not understand comes
back with an :attr:`Row.error` code. What is not understood of the list as a whole is asked: which
column is the quantity is never guessed.
"""

import re
from dataclasses import dataclass, field

from odoo.addons.order_status_flags.table_csv import (
    SEPARATORS,
    Table,
    TableError,
    TableRow,
    clean,
    read_text,
)
from odoo.addons.order_status_flags.table_file import read_table

from .quick_order_header import fold, get_role, is_wider, strip
from .quick_order_quantity import has_two_ways, parse_quantity

MAX_ROWS = 5000
MAX_BYTES = 5 * 1024 * 1024
# Titles, headers and totals may stand around the rows.
MAX_FILE_ROWS = MAX_ROWS + 200
# Below so many rows of titles no header is looked for.
MAX_TITLES = 30
# The buyer says that there is no such column: one of each article, or its own unit.
NO_COLUMN = -1

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")

QuickOrderError = TableError


@dataclass
class Row:
    """One row of the customer's list.

    :ivar int number: position in the customer's list, from 1, headers and empty rows counted
    :ivar str sku: reference or barcode as typed, without outer blanks
    :ivar str raw_quantity: the quantity as typed
    :ivar float quantity: the quantity read, 0.0 with an error
    :ivar str error: '' or `no_sku`, `bad_quantity`, `zero_quantity`, `negative_quantity`,
        `absurd_quantity`, `too_many_columns`, `surplus_cells`, `other_header` (it stands below a
        second one with other columns), and the problems of a :class:`TableRow`
    :ivar str unit: the unit as typed
    :ivar bool two_ways: `1,000` may be one or a thousand; it is one unless the buyer says so
    """

    number: int
    sku: str
    raw_quantity: str = ""
    quantity: float = 0.0
    error: str = ""
    unit: str = ""
    two_ways: bool = False


@dataclass
class Choice:
    """What the buyer says about a list; None where nothing is said.

    :ivar str separator: of a text
    :ivar str sheet: of a workbook
    :ivar int sku: column, from 0
    :ivar int quantity: column, `NO_COLUMN` for one of each
    :ivar int unit: column, `NO_COLUMN` for the articles' own units
    :ivar bool thousands: `1,000` is a thousand
    """

    separator: str = None
    sheet: str = None
    sku: int = None
    quantity: int = None
    unit: int = None
    thousands: bool = False


@dataclass
class Layout:
    """Which column is what.

    :ivar TableRow header: None without one
    :ivar bool is_open: the buyer has to say it; the columns are only proposed
    """

    header: TableRow = None
    sku: int = 0
    quantity: int = NO_COLUMN
    unit: int = NO_COLUMN
    is_open: bool = False

    @property
    def asked(self):
        """The columns that are read."""
        return [column for column in (self.sku, self.quantity, self.unit) if column >= 0]


@dataclass
class ParsedRows:
    """The outcome of a parse.

    :ivar list rows: every :class:`Row`, in the customer's order; none while the layout is open
    :ivar int skipped: how many rows were left out because they were empty, a header or a title
    :ivar Table table: what was read
    :ivar Layout layout: how it was understood
    :ivar list titles: numbers of rows above the header that are no rows of the order
    :ivar dict parts: what a list was joined from, `{source: ParsedRows}`
    """

    rows: list = field(default_factory=list)
    skipped: int = 0
    table: Table = None
    layout: Layout = None
    titles: list = field(default_factory=list)
    parts: dict = field(default_factory=dict)

    @property
    def open_parts(self):
        """Those parts whose columns the buyer has to name, `{source: ParsedRows}`."""
        return {key: part for key, part in self.parts.items() if part.layout.is_open}


# === LISTS === #


def parse_text(text, choice=None):
    """Read pasted or decoded text.

    :param str text: lines of SKU and quantity, separated by tab, semicolon or comma
    :param Choice choice: what the buyer says
    :rtype: ParsedRows
    :raise QuickOrderError: above the cap of rows or bytes
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise QuickOrderError("too_large")
    return parse_table(read_text(text, choice and choice.separator), choice)


def parse_file(name, content, choice=None):
    """Read an uploaded CSV or XLSX file.

    :param str name: the file's name; the content decides, the name only helps
    :param bytes content: the file
    :param Choice choice: what the buyer says
    :rtype: ParsedRows
    :raise QuickOrderError: the file is refused as a whole
    """
    if len(content) > MAX_BYTES:
        raise QuickOrderError("too_large")
    choice = choice or Choice()
    table = read_table(
        name, content, separator=choice.separator, sheet=choice.sheet, max_rows=MAX_FILE_ROWS
    )
    return parse_table(table, choice)


def parse_cells(rows, choice=None):
    """Read rows that were typed into fields: SKU, quantity and perhaps the unit.

    :param rows: iterable of lists of text
    :param Choice choice: what the buyer says
    :rtype: ParsedRows
    :raise QuickOrderError: above the cap of rows
    """
    table = Table()
    for number, cells in enumerate(rows, start=1):
        row = TableRow(number, [clean(cell) for cell in cells[:3]])
        if any(row.cells):
            table.rows.append(row)
        else:
            table.empty_rows += 1
    return _read_rows(table, Layout(sku=0, quantity=1, unit=2), choice=choice)


def parse_table(table, choice=None):
    """Read the rows of a file.

    :param Table table: as it was read
    :param Choice choice: what the buyer says
    :rtype: ParsedRows
    :raise QuickOrderError: above the cap of rows
    """
    for row in table.rows:
        row.cells = [clean(cell) for cell in row.cells]
    if table.separator and _get_width(table.rows) <= 2:
        _split_singles(table)
    layout = find_layout(table, choice)
    if layout.is_open:
        return ParsedRows(table=table, layout=layout)
    return _read_rows(table, layout, _find_titles(table, layout), choice)


def _get_width(rows):
    """Return how many columns have content."""
    return max((len(strip(row.cells)) for row in rows), default=0)


def _split_singles(table):
    """Split lone cells by another separator where that gives a SKU and a quantity."""
    for row in table.rows:
        cells = strip(row.cells)
        if len(cells) == 1:
            row.cells = _split_single(cells[0])


def _split_single(cell):
    for separator in SEPARATORS:
        sku, found, quantity = cell.partition(separator)
        quantity = clean(quantity)
        # In A,24,5 the second comma may be that of a number, or divide it from a price.
        number = quantity if separator == "," else quantity.replace(",", ".")
        if found and clean(sku) and _NUMBER.match(number):
            return [clean(sku), quantity]
    return [cell]


def _cell(cells, index):
    return cells[index] if 0 <= index < len(cells) else ""


# === LAYOUT === #


def find_layout(table, choice=None):
    """Tell which column is what: as the buyer says, by the header, or as an open question.

    :param Table table: with clean cells
    :param Choice choice: what the buyer says
    :rtype: Layout
    """
    header = _find_header(table.rows)
    layout = _read_header(header, table) if header else _guess_layout(table)
    if choice and choice.sku is not None and choice.quantity is not None:
        layout.sku, layout.quantity, layout.is_open = choice.sku, choice.quantity, False
    if choice and choice.unit is not None:
        layout.unit = choice.unit
    if layout.quantity != NO_COLUMN and layout.quantity == layout.sku:
        layout.is_open = True
    return layout


def _is_header(row):
    """Whether the cells of a row are names of columns."""
    cells = [cell for cell in row.cells if cell]
    if any(parse_quantity(cell)[1] != "bad_quantity" for cell in cells):
        return False
    return bool({get_role(cell) for cell in cells} & {"sku", "barcode", "quantity"})


def _find_header(rows):
    """Return the row with the names of the columns, None without one."""
    if _get_width(rows) == 1:
        return next((row for row in rows[:1] if _is_header(row)), None)
    for row in rows[:MAX_TITLES]:
        # A lone word above wider rows is a title, such as "Code: please fill in".
        if len([cell for cell in row.cells if cell]) > 1 and _is_header(row):
            return row
    return rows[0] if len(rows) > 1 and _has_unknown_names(rows[0]) else None


def _has_unknown_names(row):
    """Whether a row names columns in words that are not known: most articles have digits."""
    cells = [cell for cell in row.cells if cell]
    return len(cells) > 1 and not any(char.isdecimal() for cell in cells for char in cell)


def _read_header(header, table):
    roles = [get_role(cell) for cell in header.cells]
    columns = {
        role: [i for i, one in enumerate(roles) if one == role]
        for role in ("sku", "barcode", "quantity", "unit")
    }
    filled = [i for i, cell in enumerate(header.cells) if cell]
    skus = columns["sku"] or columns["barcode"]
    layout = Layout(header)
    if not skus and len(columns["quantity"]) == 1 and len(filled) == 2:
        # The other one of two; what it is not, the database tells.
        skus = [i for i in filled if i != columns["quantity"][0] and roles[i] == ""]
    layout.sku = skus[0] if skus else next((i for i in filled if roles[i] == ""), 0)
    layout.quantity = columns["quantity"][0] if columns["quantity"] else NO_COLUMN
    layout.unit = columns["unit"][0] if columns["unit"] else NO_COLUMN
    is_single = (
        len(filled) == 1
        and _get_width(table.rows) <= filled[0] + 1
        # What is hidden beside it may be the quantities.
        and not table.hidden_columns
    )
    layout.is_open = (
        len(skus) != 1
        or len(columns["quantity"]) > 1
        or len(columns["unit"]) > 1
        or (not columns["quantity"] and not is_single)
        # One name over several columns: which of them is meant?
        or "merged" in (header.problems.get(i + 1) for i in (layout.sku, layout.quantity) if i >= 0)
    )
    if layout.is_open and layout.quantity == NO_COLUMN:
        layout.quantity = next(
            (i for i in filled if roles[i] == "" and _is_numeric(table, i, header)), NO_COLUMN
        )
    return layout


def _is_numeric(table, column, header):
    cells = [_cell(row.cells, column) for row in table.rows if row is not header]
    cells = [cell for cell in cells if cell]
    return bool(cells) and sum(not parse_quantity(cell)[1] for cell in cells) * 2 > len(cells)


def _guess_layout(table):
    """Take a list without header for SKU and quantity, when it has no more columns."""
    width = _get_width(table.rows)
    if width <= 1:
        return Layout(is_open=bool(table.hidden_columns))
    # A header may be hidden, or the column that is the quantity.
    hides = bool(table.hidden_columns or (table.hidden_rows and table.rows[0].number > 1))
    layout = Layout(sku=0, quantity=1, is_open=hides)
    wide = [row for row in table.rows if len(strip(row.cells)) > 2]
    # Rows that a decimal comma may have cut are rejected, each with its reason.
    layout.is_open |= bool(wide) and not (
        table.separator == "," and all(_is_cut(row.cells, layout) for row in wide)
    )
    return layout


def _find_titles(table, layout):
    """Return the numbers of the rows above the header that are no rows of an order."""
    titles = []
    for row in table.rows if layout.header else ():
        if row is layout.header:
            break
        quantity = _cell(row.cells, layout.quantity)
        if not (_cell(row.cells, layout.sku) and quantity) or parse_quantity(quantity)[1]:
            titles.append(row.number)
    return titles


# === ROWS === #


def _read_rows(table, layout, titles=(), choice=None):
    result = ParsedRows(table=table, layout=layout, titles=list(titles))
    result.skipped = table.empty_rows + len(result.titles)
    known = set(titles)
    headers = _find_headers(table, layout)
    is_other = False
    for row in table.rows:
        if row.number in known:
            continue
        if headers.get(row.number):  # once more on each page
            is_other = False
            result.skipped += 1
            continue
        if len(result.rows) >= MAX_ROWS:
            raise QuickOrderError("too_many_rows")
        is_other = is_other or row.number in headers
        result.rows.append(_read_row(row, table, layout, is_other))
    if choice and choice.thousands:
        for row in result.rows:
            if row.two_ways:
                row.quantity = float(round(row.quantity * 1000))
    return result


def _find_headers(table, layout):
    """Return the rows that name the columns: `{number: whether they are at the same places}`.

    Below a later header with other places a price would be taken for a quantity.
    """
    if not layout.header:
        return {}
    headers, names = {}, layout.header.cells
    roles = [get_role(_cell(names, column)) for column in layout.asked]
    for row in table.rows:
        if row.cells == names:
            headers[row.number] = True
        elif row.number > layout.header.number and _names_both(row, layout):
            found = [get_role(_cell(row.cells, column)) for column in layout.asked]
            headers[row.number] = found == roles
    return headers


def _names_both(row, layout):
    """Whether a row names the column of the article and that of the quantity."""
    quantity = _cell(row.cells, layout.quantity)
    if (quantity and parse_quantity(quantity)[1] != "bad_quantity") or not _is_header(row):
        return False
    roles = {get_role(cell) for cell in row.cells}
    return "quantity" in roles and not roles.isdisjoint(("sku", "barcode"))


def _read_row(source, table, layout, is_other=False):
    cells = source.cells
    raw_quantity = _cell(cells, layout.quantity)
    row = Row(source.number, _cell(cells, layout.sku), raw_quantity)
    row.unit = _cell(cells, layout.unit)
    problem = next((source.problems[i] for i in layout.asked if i in source.problems), "")
    if problem or is_other:
        row.error = "other_header" if is_other else problem
    elif not row.sku:
        row.error = "no_sku"
    elif table.separator == "," and _is_cut(cells, layout):
        row.error = "too_many_columns"
        row.raw_quantity = ",".join(cells[max(layout.quantity, 0) :][:2])
    elif table.separator and layout.header and _is_wider(cells, layout):
        row.error = "surplus_cells"
    else:
        row.quantity, row.error = parse_quantity(raw_quantity)
        row.two_ways = (
            not row.error and layout.quantity not in source.numbers and has_two_ways(raw_quantity)
        )
        stored = source.stored.get(layout.quantity)
        if stored and not row.error and parse_quantity(stored)[0] != row.quantity:
            row.quantity, row.error, row.two_ways = 0.0, "format", False
    if _is_misleading(row, layout):
        row.raw_quantity = f"{row.raw_quantity} ?".strip()
    return row


def _is_misleading(row, layout):
    """Whether the rejected row would be read as a quantity when it comes back as it is."""
    if row.error in ("", "no_sku") or parse_quantity(row.raw_quantity)[1]:
        return False
    # Where nothing but the article stands before it, the comma was that of the quantity.
    return row.error != "too_many_columns" or layout.quantity > 1


def _is_wider(cells, layout):
    return is_wider(cells, layout.header.cells, max(layout.asked))


def _is_cut(cells, layout):
    """Whether an unquoted decimal comma may have cut a quantity into two cells."""
    header = layout.header
    if header and _is_wider(cells, layout):
        return True
    cells = strip(cells)
    quantity = layout.quantity
    if quantity < 0 or len(cells) <= quantity + 1:
        return False
    decimals = not header or fold(_cell(header.cells, quantity + 1)).rstrip(":") in (
        "reason",
        "powod",
        "razlog",
    )
    return decimals and cells[quantity].isdecimal() and cells[quantity + 1].isdecimal()
