import io

import openpyxl
from openpyxl.styles import Font

from odoo.tests import BaseCase, tagged

from odoo.addons.order_status_flags.table_csv import TableError
from odoo.addons.order_status_flags.tests.workbooks import save_workbook

from ..part_number_file import MAX_ROWS, parse_file

SKUS = ("SKU", "sku", "Indeks", "Symbol", "Šifra", "kod")


@tagged("post_install", "-at_install")
class TestPartNumberFile(BaseCase):
    def _rows(self, text, name="l.csv"):
        content = text if isinstance(text, bytes) else text.encode()
        return [(row.sku, row.reference, row.error) for row in parse_file(name, content).rows]

    def test_headers_in_any_order_and_language(self):
        for header in (
            "SKU;Article;Your part number",
            "part number,sku",
            "Indeks;Nazwa;Państwa numer części",
            "Symbol;Artykuł;Twój numer artykułu",
            "Šifra;Vaša številka artikla",
            "kod\tnasz numer",
        ):
            with self.subTest(header=header):
                sep = next(one for one in ";,\t" if one in header)
                names = header.split(sep)
                own = next(
                    i
                    for i, n in enumerate(names)
                    if "umer" in n or "art number" in n or "tevilka" in n
                )
                sku = next(i for i, n in enumerate(names) if n in SKUS)
                cells = [""] * len(names)
                cells[own], cells[sku] = "A-1", "0042"
                self.assertEqual(self._rows(f"{header}\n{sep.join(cells)}"), [("0042", "A-1", "")])

    def test_two_columns_need_no_header(self):
        self.assertEqual(self._rows("0042;A-1"), [("0042", "A-1", "")])

    def test_unknown_columns_are_not_guessed(self):
        with self.assertRaises(TableError) as caught:
            parse_file("l.csv", b"a;b;c\n1;2;3")
        self.assertEqual(caught.exception.code, "no_columns")

    def test_columns_that_could_both_be_meant_are_asked(self):
        for header in (
            "Symbol;Kod;Part number",
            "sku;Part number;Our number",
            "EAN;Barcode;Part number",
            "SKU;Price",
            "Kod;Cena",
            "Šifra;Količina",
            "Part number;Year",
        ):
            with self.subTest(header=header), self.assertRaises(TableError) as caught:
                cells = ["0042", "24,00", "7"][: header.count(";") + 1]
                self._rows(f"{header}\n{';'.join(cells)}")
            self.assertEqual(caught.exception.code, "no_columns")
        self.assertEqual(self._rows("EAN;SKU;Part number\n1;0042;A-1"), [("0042", "A-1", "")])
        self.assertEqual(self._rows("LP-100;A-1"), [("LP-100", "A-1", "")], "no header")

    def test_every_row_comes_back(self):
        rows = self._rows("sku;part number\n0042;A\n;B\n0043;\n0042")
        self.assertEqual(
            rows, [("0042", "A", ""), ("", "B", "no_sku"), ("0043", "", ""), ("0042", "", "")]
        )

    def test_row_whose_cells_were_moved_to_the_right(self):
        for text in (
            "sku;name;part number\n0042;Bolt; zinc;A-1",
            "sku;name;part number;note\n0042;Bolt; zinc;A-1;",
        ):
            with self.subTest(text=text):
                self.assertEqual([row[2] for row in self._rows(text)], ["surplus_cells"])
        self.assertEqual(self._rows("sku;part number\n0042;A;"), [("0042", "A", "")])

    def test_second_header_with_other_columns(self):
        text = "sku;name;part number\n0042;Bolt;A-1\nsku;part number;name\n0043;B-1;Nut\n"
        self.assertEqual(
            self._rows(text + "SKU;Name;Part number\n0044;Cap;C-1"),
            [
                ("0042", "A-1", ""),
                ("sku", "", "other_header"),
                ("0043", "", "other_header"),
                ("SKU", "Part number", ""),
                ("0044", "C-1", ""),
            ],
        )

    def _hide(self, hide, *rows):
        return save_workbook(*rows, change=hide)

    def test_list_without_header_that_hides_a_part_is_refused(self):
        def hide_column(sheet):
            sheet.column_dimensions["B"].hidden = True

        def hide_header(sheet):
            sheet.row_dimensions[1].hidden = True

        for content in (
            self._hide(hide_column, ["0042", "A-1", 24], ["0043", "B-1", 30]),
            self._hide(hide_header, ["SKU", "Price"], ["0042", 24], ["0043", 30]),
        ):
            with self.assertRaises(TableError) as caught:
                parse_file("l.xlsx", content)
            self.assertEqual(caught.exception.code, "no_columns")

    def test_what_was_not_understood_is_no_number_when_it_comes_back(self):
        def strike(sheet):
            sheet["B2"].font = Font(strike=True)
            sheet["B3"].number_format = "dd.mm.yyyy"

        rows = (["sku", "part number"], ["0042", "A-1"], ["0043", 46046], ["0044", "#N/A"])
        self.assertEqual(self._rows(self._hide(strike, *rows), "l.xlsx"), [
            ("0042", "", "struck"),
            ("0043", "", "format"),
            ("0044", "", "error"),
        ])  # fmt: skip

    def test_number_that_a_spreadsheet_cut_short(self):
        self.assertEqual(
            self._rows("sku;part number\n0042;5,90123E+12\n0043;5E12"),
            [("0042", "5,90123E+12", "cut_short"), ("0043", "5E12", "")],
        )

    def test_titles_are_told(self):
        parsed = parse_file("l.csv", b"Our list;;\nsku;part number;\n0042;A;")
        self.assertEqual((parsed.titles, len(parsed.rows)), ([1], 1))

    def test_caps(self):
        with self.assertRaises(TableError):
            parse_file("l.csv", b"sku;part number\n" + b"1;2\n" * (MAX_ROWS + 1))
        with self.assertRaises(TableError):
            parse_file("l.csv", b"x" * (5 * 1024 * 1024 + 1))

    def test_workbook_keeps_leading_zeros(self):
        book = openpyxl.Workbook()
        book.active.append(["sku", "part number"])
        book.active.append(["0042", "007"])
        content = io.BytesIO()
        book.save(content)
        self.assertEqual(self._rows(content.getvalue(), "l.xlsx"), [("0042", "007", "")])

    def test_formula_guard_comes_off(self):
        self.assertEqual(self._rows("sku;part number\n0042;'=1+1"), [("0042", "=1+1", "")])
