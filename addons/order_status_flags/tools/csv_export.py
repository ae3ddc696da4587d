import csv
import io

# Spreadsheets run a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    writer.writerows([_guard(cell) for cell in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")


def remove_guard(text):
    """Return a cell's text without the apostrophe of our files, when they come back corrected.

    :param str text: of one cell
    :rtype: str
    """
    guarded = text.startswith("'") and text[1:].startswith(FORMULA_STARTS)
    return text[1:] if guarded else text


def _guard(cell):
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell
