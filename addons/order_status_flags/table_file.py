"""Read a table out of whatever file people have: CSV in all dialects, or XLSX."""

from .table_csv import TableError, read_csv

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
ZIP = b"PK\x03\x04"
# What is no text: a name that says so is believed.
OTHER_NAMES = (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".numbers", ".pdf")


def read_table(name, content, separator=None, sheet=None, max_rows=10_000):
    """Read a file; its content decides what it is, its name only helps.

    :param str name: of the file
    :param bytes content: the file
    :param str separator: of a CSV file, when it is known
    :param str sheet: of a workbook, when it is known; else its active one
    :param int max_rows: how many rows with content are allowed in a workbook
    :rtype: Table
    :raise TableError: the file is refused as a whole
    """
    if content.startswith(ZIP):
        from .table_xlsx import read_xlsx  # only for those who send spreadsheets

        return read_xlsx(content, sheet=sheet, max_rows=max_rows)
    if content.startswith((OLD_EXCEL, b"%PDF")) or name.lower().endswith(OTHER_NAMES):
        raise TableError("unreadable")
    return read_csv(content, separator)
