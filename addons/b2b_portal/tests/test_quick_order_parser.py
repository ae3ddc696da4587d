import io

import openpyxl

from odoo.tests import BaseCase, tagged

from odoo.addons.b2b_portal import quick_order_parser as parser


@tagged("post_install", "-at_install")
class TestQuickOrderParser(BaseCase):
    def _read(self, text):
        return [(row.sku, row.quantity, row.error) for row in parser.parse_text(text).rows]

    def _make_xlsx(self, rows, number_format=None):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if number_format:
            book.active["A1"].number_format = number_format
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()

    def test_separators(self):
        for separator in ("\t", ";", ","):
            with self.subTest(separator=separator):
                text = f"0042{separator}3\nB-1{separator}4"
                self.assertEqual(self._read(text), [("0042", 3.0, ""), ("B-1", 4.0, "")])

    def test_line_with_another_separator_than_the_rest(self):
        self.assertEqual(self._read("A;1\nB,2\nC\t3"), [("A", 1, ""), ("B", 2, ""), ("C", 3, "")])

    def test_encodings(self):
        text = "indeks;ilość\r\nŚRUBA-Ž;2\r\n"
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250"):
            with self.subTest(encoding=encoding):
                rows = parser.parse_file("list.csv", text.encode(encoding)).rows
                self.assertEqual([(row.sku, row.quantity) for row in rows], [("ŚRUBA-Ž", 2.0)])

    def test_headers(self):
        for header in (
            "sku;quantity",
            "Code;Qty",
            "Reference;qty",
            "Kod;Ilość",
            "INDEKS;ILOŚĆ",
            "symbol;ilosc",
            "Šifra;Količina",
            "koda;kolicina",
        ):
            with self.subTest(header=header):
                self.assertEqual(self._read(f"{header}\n0042;5"), [("0042", 5.0, "")])

    def test_header_decides_the_columns(self):
        text = "reason;quantity;name;sku\nno;5;Bolt;0042"
        self.assertEqual(self._read(text), [("0042", 5.0, "")])

    def test_no_header(self):
        self.assertEqual(self._read("0042;5"), [("0042", 5.0, "")])

    def test_article_named_like_a_header_is_no_header(self):
        self.assertEqual(self._read("symbol;5\nA;1"), [("symbol", 5.0, ""), ("A", 1.0, "")])

    def test_missing_quantity_is_one(self):
        self.assertEqual(self._read("A\nB;\nC; "), [("A", 1, ""), ("B", 1, ""), ("C", 1, "")])

    def test_quantities(self):
        for text, quantity in (
            ("1,5", 1.5),
            ("1.5", 1.5),
            ("1 000", 1000),
            ("1\u00a0000,5", 1000.5),
            ("1.000,5", 1000.5),
            ("1,000.5", 1000.5),
            ("1.000.000", 1000000),
            ("5,000", 5),
            ("+3", 3),
            (".5", 0.5),
        ):
            with self.subTest(text=text):
                self.assertEqual(parser.parse_quantity(text), (quantity, ""))

    def test_bad_quantities(self):
        for text, error in (
            ("0", "zero_quantity"),
            ("0,00", "zero_quantity"),
            ("-1", "negative_quantity"),
            ("1000001", "absurd_quantity"),
            ("9" * 400, "absurd_quantity"),
            ("ten", "bad_quantity"),
            ("1e5", "bad_quantity"),
            ("nan", "bad_quantity"),
            ("inf", "bad_quantity"),
            ("1.2.3", "bad_quantity"),
            ("٣", "bad_quantity"),
            ("--1", "bad_quantity"),
        ):
            with self.subTest(text=text):
                self.assertEqual(parser.parse_quantity(text), (0.0, error))

    def test_row_without_article_is_reported(self):
        self.assertEqual(self._read("A;1\n;3"), [("A", 1.0, ""), ("", 0.0, "no_sku")])

    def test_empty_rows_are_counted(self):
        parsed = parser.parse_text("sku;qty\nA;1\n\n ; \nB;2")
        self.assertEqual([row.number for row in parsed.rows], [2, 5])
        self.assertEqual(parsed.skipped, 3)

    def test_unquoted_decimal_comma_is_not_guessed(self):
        self.assertEqual(self._read("A,1,5"), [("A", 0.0, "too_many_columns")])
        self.assertEqual(self._read('A,"1,5"'), [("A", 1.5, "")])
        for text in (
            "A,1,5,",
            "sku,quantity\nA,1,5",
            "sku,quantity,\nA,1,5,",
            "quantity,sku\n1,5,A",
            "sku,quantity,reason\nA,1,5",
            "sku,name,quantity\nA,Bolt, big,5",
        ):
            with self.subTest(text=text):
                row = parser.parse_text(text).rows[-1]
                self.assertEqual((row.quantity, row.error), (0.0, "too_many_columns"))
        self.assertEqual(self._read("sku,quantity,pack\nA,1,5"), [("A", 1.0, "")])

    def test_unknown_header_of_the_quantity(self):
        for text in ("sku;menge\nA;7", "sku;;menge\nA;;7", "menge;kod\n7;A"):
            with self.subTest(text=text):
                self.assertEqual(self._read(text), [("A", 7.0, "")])
        self.assertEqual(self._read("sku;reason\nA;7"), [("A", 1.0, "")])

    def test_stray_separator_changes_nothing(self):
        self.assertEqual(self._read("A;2\nB\t;3"), [("A", 2.0, ""), ("B", 3.0, "")])
        self.assertEqual(self._read("A;2\t\nB;3"), [("A", 2.0, ""), ("B", 3.0, "")])

    def test_typed_rows_have_no_header(self):
        rows = parser.parse_table([("code", ""), ("A", "2")], has_header=False).rows
        self.assertEqual([(row.sku, row.quantity) for row in rows], [("code", 1.0), ("A", 2.0)])

    def test_lone_quotes_swallow_no_rows(self):
        rows = self._read('pipe 5" long;3\nB;1\n"C;1;2"\n"quoted ""D""";2')
        self.assertEqual(rows[0], ('pipe 5" long', 3.0, ""))
        self.assertEqual(rows[1], ("B", 1.0, ""))
        self.assertEqual(len(rows), 4)

    def test_guard_of_downloads_comes_off(self):
        self.assertEqual(
            self._read("'=A1;2\n'-X;'-5"),
            [
                ("=A1", 2.0, ""),
                ("-X", 0.0, "negative_quantity"),
            ],
        )

    def test_xlsx(self):
        content = self._make_xlsx([["Indeks", "Ilość"], ["0042", 3], [777, 2.5], ["B", None]])
        rows = parser.parse_file("list.xlsx", content).rows
        self.assertEqual(
            [(row.sku, row.quantity) for row in rows], [("0042", 3), ("777", 2.5), ("B", 1)]
        )

    def test_xlsx_number_that_shows_leading_zeros(self):
        content = self._make_xlsx([[42, 3]], number_format="00000")
        self.assertEqual(parser.parse_file("list.xlsx", content).rows[0].sku, "00042")

    def test_content_decides_and_not_the_name(self):
        content = self._make_xlsx([["A", 3]])
        self.assertEqual(parser.parse_file("list.csv", content).rows[0].sku, "A")

    def test_cap_of_rows(self):
        text = "\n".join(f"A{index};1" for index in range(parser.MAX_ROWS))
        self.assertEqual(len(parser.parse_text(text).rows), parser.MAX_ROWS)
        with self.assertRaises(parser.QuickOrderError) as caught:
            parser.parse_text(f"{text}\nB;1")
        self.assertEqual(caught.exception.code, "too_many_rows")

    def test_cap_of_bytes(self):
        with self.assertRaises(parser.QuickOrderError) as caught:
            parser.parse_file("list.csv", b"A" * (parser.MAX_BYTES + 1))
        self.assertEqual(caught.exception.code, "too_large")

    def test_files_that_cannot_be_read(self):
        for name, content in (
            ("list.xlsx", b"PK\x03\x04 no workbook"),
            ("list.xls", b"\xd0\xcf\x11\xe0 old excel"),
            ("list.ods", b"not even a zip"),
        ):
            with self.subTest(name=name), self.assertRaises(parser.QuickOrderError):
                parser.parse_file(name, content)

    def test_null_bytes(self):
        self.assertEqual(self._read("A\x00;1"), [("A", 1.0, "")])
