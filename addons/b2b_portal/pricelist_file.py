"""Tables as files for spreadsheets: the price list, and what other addons offer."""

import io

import xlsxwriter


def make_xlsx(table, widths=(18, 48), bold=(0,)):
    """Return a table as an XLSX file, in which text stays text.

    :param list table: header and rows, of texts and numbers
    :param list widths: of the columns, in characters
    :param bold: numbers of the rows that stand out
    :rtype: bytes
    """
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        strong = workbook.add_format({"bold": 1})
        for index, row in enumerate(table):
            _write_row(sheet, index, row, strong if index in bold else None)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
    return output.getvalue()


def _write_row(sheet, index, row, looks):
    """Write a row, saying of each cell what it is.

    Left to guess, XlsxWriter takes texts for formulas, numbers or links: which ones, and whether
    its options keep it from that, differs by version.
    """
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            if cell:
                sheet.write_string(index, column, cell, looks)
        elif cell is not None and cell is not False:  # Odoo's empty text
            sheet.write_number(index, column, cell, looks)
