"""The price list as a file for spreadsheets."""

import io

import xlsxwriter

# Text stays text: an article number is no formula, number or link.
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def make_xlsx(table):
    """Return a table as an XLSX file.

    :param list table: header and rows
    :rtype: bytes
    """
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, OPTIONS) as workbook:
        sheet = workbook.add_worksheet()
        header, *rows = table
        sheet.write_row(0, 0, header, workbook.add_format({"bold": 1}))
        for index, row in enumerate(rows, start=1):
            sheet.write_row(index, 0, row)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 48)
        sheet.freeze_panes(1, 0)
    return output.getvalue()
