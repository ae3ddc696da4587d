"""Read the rows of a quick order from whatever buyers paste or upload.

Pure Python, no database: what a row *is* (which article, at which price) is decided elsewhere. The
parser only finds the rows, and never drops one in silence: a row that it does not understand comes
back with an :attr:`Row.error` code.
"""

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass, field

from odoo.addons.order_status_flags.tools.csv_export import remove_guard

MAX_ROWS = 5000
MAX_BYTES = 5 * 1024 * 1024
# A spreadsheet is a zip: 5 MiB may unpack to gigabytes.
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_QUANTITY = 1_000_000
MAX_COLUMNS = 50
SEPARATORS = "\t;,"

SKU_HEADERS = {"sku", "code", "reference", "kod", "indeks", "symbol", "sifra", "koda"}
QUANTITY_HEADERS = {"quantity", "qty", "ilosc", "kolicina"}
REASON_HEADERS = {"reason", "powod", "razlog"}

_OUTER_BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\ufeff"
_THOUSANDS_BLANKS = re.compile(r"[ \u00a0\u2007\u202f'\u2019]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_NO_DECOMPOSITION = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D"})


class QuickOrderError(Exception):
    """The file or text as a whole is refused.

    :param str code: `too_large`, `too_many_rows`, `unreadable` or `encoding`
    """

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass
class Row:
    """One row of the customer's list.

    :ivar int number: position in the customer's list, from 1, headers and empty rows counted
    :ivar str sku: reference or barcode as typed, without outer blanks
    :ivar str raw_quantity: the quantity as typed
    :ivar float quantity: the quantity read, 0.0 with an error
    :ivar str error: '' or `no_sku`, `bad_quantity`, `zero_quantity`, `negative_quantity`,
        `absurd_quantity`, `too_many_columns`
    """

    number: int
    sku: str
    raw_quantity: str = ""
    quantity: float = 0.0
    error: str = ""


@dataclass
class ParsedRows:
    """The outcome of a parse.

    :ivar list rows: every :class:`Row`, in the customer's order
    :ivar int skipped: how many rows were left out because they were empty or a header
    """

    rows: list = field(default_factory=list)
    skipped: int = 0


def fold(text):
    """Return `text` without accents and case, for comparing words.

    :param str text: any text
    :rtype: str
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_NO_DECOMPOSITION))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().strip()


def clean(value):
    """Return a cell as text without outer blanks, and without the guard of our downloads.

    The apostrophe that keeps spreadsheet programs from running a cell as a formula comes off
    again, so that a corrected download can be uploaded.

    :param value: the cell, any type
    :rtype: str
    """
    text = "" if value is None else str(value).replace("\x00", "").strip(_OUTER_BLANKS)
    return remove_guard(text)


def parse_quantity(text):
    """Read a quantity with decimal comma or point.

    :param str text: the cell; empty means 1
    :return: the quantity and an error code, '' when fine (see :class:`Row`)
    :rtype: tuple[float, str]
    """
    text = _THOUSANDS_BLANKS.sub("", clean(text))
    if not text:
        return 1.0, ""
    decimal = max(text.rfind(","), text.rfind("."))
    if decimal >= 0:
        head, tail = text[:decimal], text[decimal + 1 :]
        separator = text[decimal]
        if separator in head:  # 1.000.000: the separator groups thousands
            text = text.replace(separator, "") if _is_grouped(text, separator) else ""
        else:
            other = "." if separator == "," else ","
            if other in head and not _is_grouped(head, other):
                text = ""
            else:
                text = f"{head.replace(other, '')}.{tail}" if tail else head
                text = f"0{text}" if text.startswith(".") else text
    text = text.removeprefix("+")
    if not _NUMBER.match(text):
        return 0.0, "bad_quantity"
    if len(text) > 20:
        return 0.0, "absurd_quantity"
    quantity = float(text)
    if quantity == 0:
        return 0.0, "zero_quantity"
    if quantity < 0:
        return 0.0, "negative_quantity"
    if quantity > MAX_QUANTITY:
        return 0.0, "absurd_quantity"
    return quantity, ""


def parse_text(text):
    """Read pasted or decoded text.

    :param str text: lines of SKU and quantity, separated by tab, semicolon or comma
    :rtype: ParsedRows
    :raise QuickOrderError: above the cap of rows or bytes
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise QuickOrderError("too_large")
    text = text.lstrip("\ufeff").replace("\x00", "")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"\Asep=.\n", "", text)  # Excel's own hint about the separator
    separator = _find_separator(text)
    try:
        return parse_table(_split(text, separator), comma_separated=separator == ",")
    except csv.Error as error:  # such as a cell of more than 128 KiB
        raise QuickOrderError("unreadable") from error


def parse_file(name, content):
    """Read an uploaded CSV or XLSX file.

    :param str name: the file's name; the content decides, the name only helps
    :param bytes content: the file
    :rtype: ParsedRows
    :raise QuickOrderError: the file is refused as a whole
    """
    if len(content) > MAX_BYTES:
        raise QuickOrderError("too_large")
    if content.startswith(b"PK\x03\x04"):
        return parse_table(_read_xlsx(content))
    if content.startswith(b"\xd0\xcf\x11\xe0") or name.lower().endswith((".xls", ".xlsx", ".ods")):
        raise QuickOrderError("unreadable")
    return parse_text(decode(content))


def parse_table(table, comma_separated=False, has_header=True):
    """Read rows of cells.

    :param table: iterable of lists of cells
    :param bool comma_separated: a surplus cell may be the decimals of an unquoted `1,5`
    :param bool has_header: False takes the first row for an article, whatever it says
    :rtype: ParsedRows
    :raise QuickOrderError: above the cap of rows
    """
    result = ParsedRows()
    columns = None if has_header else (0, 1)
    header = None
    for number, cells in enumerate(table, start=1):
        cells = [clean(cell) for cell in cells[:MAX_COLUMNS]]
        if not any(cells):
            result.skipped += 1
            continue
        if columns is None:
            columns = _find_header(cells)
            if columns:
                header = cells
                result.skipped += 1
                continue
            columns = (0, 1)
        if len(result.rows) >= MAX_ROWS:
            raise QuickOrderError("too_many_rows")
        row = _read_row(number, cells, columns)
        if comma_separated and row.error != "no_sku" and _is_cut(cells, columns, header):
            row.raw_quantity = ",".join([row.raw_quantity, *_strip(cells)[2:]][:2])
            row.quantity, row.error = 0.0, "too_many_columns"
        result.rows.append(row)
    return result


def decode(content):
    """Return the text of a CSV file in UTF-8, UTF-16 or cp1250.

    :param bytes content: the file
    :rtype: str
    :raise QuickOrderError: no encoding fits
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ("utf-16",)
    elif _looks_like_utf16(content):
        little = content[1:64:2].count(0) > content[0:64:2].count(0)
        encodings = ("utf-16-le" if little else "utf-16-be",)
    else:
        encodings = ("utf-8-sig", "cp1250")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise QuickOrderError("encoding")


def _looks_like_utf16(content):
    head = content[:64]
    return len(content) % 2 == 0 and head.count(0) * 3 > len(head)


def _is_grouped(text, separator):
    groups = text.lstrip("+-").split(separator)
    return 1 <= len(groups[0]) <= 3 and all(len(g) == 3 and g.isdecimal() for g in groups[1:])


def _find_separator(text):
    """Return the separator of the first line that has one: a stray tab further on is no hint."""
    for line in text.split("\n"):
        separator = next((s for s in SEPARATORS if s in line.strip(_OUTER_BLANKS)), None)
        if separator:
            return separator
    return ","


def _split(text, separator):
    """Yield the cells of each line, with the separator of the text, else of the line."""
    # A lone quote (5" pipe) is data, not the start of a field that swallows rows
    quoting = csv.QUOTE_MINIMAL if _has_balanced_quotes(text, separator) else csv.QUOTE_NONE
    for cells in csv.reader(io.StringIO(text), delimiter=separator, quoting=quoting):
        if len(cells) == 1 and cells[0]:
            cells = _split_single(cells[0])
        yield cells


def _has_balanced_quotes(text, separator):
    """Whether quotes stand only around whole cells, as a CSV writer puts them."""
    sep = re.escape(separator)
    cell = rf'(?:"(?:[^"]|"")*"|[^"\n{sep}][^\n{sep}]*|)'
    return all(
        '"' not in line or re.fullmatch(rf"{cell}(?:{sep}{cell})*", line)
        for line in text.split("\n")
    )


def _split_single(cell):
    """Split a lone cell by another separator when that gives a SKU and a quantity."""
    for separator in SEPARATORS:
        sku, found, quantity = cell.partition(separator)
        if found and clean(sku) and _NUMBER.match(_comma_to_point(quantity)):
            return [sku, quantity]
    return [cell]


def _comma_to_point(quantity):
    return clean(quantity).replace(",", ".")


def _find_header(cells):
    """Return the columns of SKU and quantity when `cells` are a header, else None."""
    folded = [fold(cell).rstrip(":") for cell in cells]
    if any(cell and parse_quantity(cell)[1] != "bad_quantity" for cell in cells):
        return None
    sku = next((i for i, word in enumerate(folded) if word in SKU_HEADERS), None)
    quantity = next((i for i, word in enumerate(folded) if word in QUANTITY_HEADERS), None)
    if sku is None and quantity is None:
        return None
    if sku is None:
        sku = 0 if quantity else 1
    if quantity is None:
        quantity = _find_other_column(folded, sku)
    return sku, quantity


def _find_other_column(folded, sku):
    """Return the only other column of a header, whatever it calls the quantity, else None."""
    others = [i for i, word in enumerate(folded) if word and i != sku]
    return others[0] if len(others) == 1 and folded[others[0]] not in REASON_HEADERS else None


def _strip(cells):
    """Return cells without empty ones at the end."""
    count = max((i for i, cell in enumerate(cells, start=1) if cell), default=0)
    return cells[:count]


def _is_cut(cells, columns, header):
    """Whether an unquoted decimal comma may have cut a quantity into two cells."""
    cells = _strip(cells)
    if header and len(cells) > len(_strip(header)):
        return True
    quantity = columns[1]
    if quantity is None or len(cells) <= quantity + 1:
        return False
    decimals = fold(header[quantity + 1]).rstrip(":") in REASON_HEADERS if header else True
    return decimals and cells[quantity].isdecimal() and cells[quantity + 1].isdecimal()


def _read_row(number, cells, columns):
    sku_column, quantity_column = columns
    sku = _cell(cells, sku_column)
    raw_quantity = "" if quantity_column is None else _cell(cells, quantity_column)
    row = Row(number, sku, raw_quantity)
    if not sku:
        row.error = "no_sku"
    else:
        row.quantity, row.error = parse_quantity(raw_quantity)
    return row


def _cell(cells, index):
    return cells[index] if index < len(cells) else ""


def _read_xlsx(content):
    """Yield the rows of the first sheet, as the buyer sees them."""
    import openpyxl  # heavy, and only for spreadsheets

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise QuickOrderError("too_large")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # the file's own claim about its size may be wrong
        table = []
        for cells in sheet.iter_rows(max_col=MAX_COLUMNS):
            table.append([_read_xlsx_cell(cell) for cell in cells])
            # empty rows are no rows of the order, but a sheet may hold a million of them
            if len(table) > 20 * MAX_ROWS:
                raise QuickOrderError("too_many_rows")
    except QuickOrderError:
        raise
    except Exception as error:  # openpyxl raises nearly anything on a broken file
        raise QuickOrderError("unreadable") from error
    return table


def _read_xlsx_cell(cell):
    """Return the text that the spreadsheet shows: 00123 stays 00123, 5.0 is 5."""
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    number_format = cell.number_format or ""
    if re.fullmatch(r"0{2,}", number_format) and float(value).is_integer():
        return str(int(value)).zfill(len(number_format))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
