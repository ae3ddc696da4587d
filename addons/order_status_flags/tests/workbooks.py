"""Workbooks for tests of what is read from them."""

import io
import re
import zipfile

import openpyxl


def save_workbook(*rows, change=None):
    """Return an XLSX file of one sheet.

    :param rows: lists of values
    :param change: called with the sheet, before it is saved
    :rtype: bytes
    """
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def edit_workbook(content, name, pattern, text):
    """Return an XLSX file with another text in one of its parts.

    :param bytes content: of the file
    :param str name: of the part
    :param str pattern: of what is replaced in it
    :param str text: what stands there instead, as it is
    :raise LookupError: when the part has nothing like that
    :rtype: bytes
    """
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(output, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == name:
                changed, count = re.subn(pattern, lambda _found: text, data.decode())
                if not count:
                    raise LookupError(f"no {pattern} in {name}")
                data = changed.encode()
            new.writestr(info.filename, data, zipfile.ZIP_DEFLATED)
    return output.getvalue()
