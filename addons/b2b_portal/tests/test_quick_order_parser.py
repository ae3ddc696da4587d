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
            ("1'000'000", 1000000),
            ("1.000,", 1000),
            ("+3", 3),
            ("+ 3", 3),
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
            ("- 1", "negative_quantity"),
            # Blanks that group no thousands stand between two numbers.
            ("2 3", "bad_quantity"),
            ("2\u00a03", "bad_quantity"),
            ("1'5", "bad_quantity"),
            ("1 0000", "bad_quantity"),
            ("1.000 000", "bad_quantity"),
            ("10,00 5", "bad_quantity"),
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

    def test_german_header_of_the_quantity(self):
        for text in ("sku;menge\nA;7", "sku;;menge\nA;;7", "menge;kod\n7;A"):
            with self.subTest(text=text):
                self.assertEqual(self._read(text), [("A", 7.0, "")])

    def test_tolerant_headers(self):
        for header in (
            "SKU;Text;Order Qty",
            "SKU;Text;Qty.",
            "SKU;Text;Qty (pcs)",
            "SKU;Text;Ordered quantity",
            "Kod;Nazwa;Ilość szt.",
            "Symbol;Nazwa;Ilość (szt.)",
            "Indeks;Nazwa;Szt.",
            "Šifra artikla;Naziv;Količina (kos)",
            "Šifra;Naziv;Kol.",
            "Artikelnummer;Bezeichnung;Menge",
            "Internal Reference;Name;Quantity:",
            "Article number;Text;Quantity ordered",
            "EAN;Text;Qty",
            'Kod;Nazwa;"Ilość\n(szt.)"',
        ):
            with self.subTest(header=header):
                self.assertEqual(self._read(f"{header}\nA1;2026;24"), [("A1", 24.0, "")])

    def test_without_a_known_quantity_it_is_asked(self):
        for header in (
            "SKU;Price",
            "Kod;Cena",
            "SKU;Year",
            "SKU;Line",
            "SKU;Stock",
            "SKU;Amount",
            "SKU;Antal",
            "Item;Price",
            "Vara;Pris",
            "SKU;Text;Qty in stock",
            "SKU;Name;Minimum quantity;Price (untaxed);Currency",
            "SKU;Order Qty;Quantity",
            "SKU;Code;Quantity",
            "SKU;reason",
        ):
            with self.subTest(header=header):
                parsed = parser.parse_text(f"{header}\nA1;24,00;3;4;5")
                self.assertTrue(parsed.layout.is_open)
                self.assertFalse(parsed.rows)

    def test_three_columns_without_header_are_asked(self):
        for text in ("0060-40;2026;24", "0060-40;24;Dozen", "0060-40;Bolts;24"):
            with self.subTest(text=text):
                self.assertTrue(parser.parse_text(text).layout.is_open)

    def test_the_buyer_chooses(self):
        text = "SKU;Year;Antal\nA1;2026;24\nB1;2026;"
        choice = parser.Choice(sku=0, quantity=2)
        rows = parser.parse_text(text, choice).rows
        self.assertEqual([(row.sku, row.quantity) for row in rows], [("A1", 24), ("B1", 1)])
        choice = parser.Choice(sku=0, quantity=parser.NO_COLUMN)
        self.assertEqual([row.quantity for row in parser.parse_text(text, choice).rows], [1, 1])
        choice = parser.Choice(sku=0, quantity=0)
        self.assertTrue(parser.parse_text(text, choice).layout.is_open)
        rows = parser.parse_text("A,1;5", parser.Choice(separator=";")).rows
        self.assertEqual([(row.sku, row.quantity) for row in rows], [("A,1", 5)])

    def test_far_quantity_column(self):
        header = ";".join(f"c{index}" for index in range(55))
        text = f"SKU;{header};Quantity\n0060-40;{';'.join('x' * 55)};24"
        self.assertEqual(self._read(text), [("0060-40", 24.0, "")])

    def test_titles_above_the_header(self):
        parsed = parser.parse_text(
            "Order of Smith, Jones and Co\n\nQuantity;Text;SKU\n24;Bolts;0060-40"
        )
        self.assertEqual([(row.sku, row.quantity) for row in parsed.rows], [("0060-40", 24)])
        self.assertEqual((parsed.titles, parsed.layout.header.number), ([1], 3))

    def test_row_of_an_order_above_a_header_is_kept(self):
        self.assertEqual(self._read("A1;2\nSKU;Quantity\nB1;3"), [("A1", 2.0, ""), ("B1", 3.0, "")])
        self.assertEqual(self._read("0042\nsymbol\nB"), [
            ("0042", 1.0, ""),
            ("symbol", 1.0, ""),
            ("B", 1.0, ""),
        ])  # fmt: skip

    def test_header_on_each_page(self):
        parsed = parser.parse_text("SKU;Quantity\nA1;2\nSKU;Quantity\nB1;3")
        self.assertEqual([row.sku for row in parsed.rows], ["A1", "B1"])
        self.assertEqual(parsed.skipped, 2)

    def test_unit_column(self):
        for header in ("Unit", "UoM", "J.m.", "Jednostka", "Enota", "EM", "Unit of measure"):
            with self.subTest(header=header):
                row = parser.parse_text(f"SKU;Quantity;{header}\nA1;2;Dozen").rows[0]
                self.assertEqual((row.quantity, row.unit), (2.0, "Dozen"))

    def test_numbers_that_can_be_read_two_ways(self):
        for text in ("1,000", "1.000", "12.500", "+1,000"):
            with self.subTest(text=text):
                self.assertTrue(parser.parse_text(f"A1;{text}").rows[0].two_ways)
        for text in ("1,5", "1000", "0,500", "1.000,5", "1 000", "1.000.000", "x,000"):
            with self.subTest(text=text):
                self.assertFalse(parser.parse_text(f"A1;{text}").rows[0].two_ways)
        row = parser.parse_text("A1;1,000").rows[0]
        self.assertEqual(row.quantity, 1)
        choice = parser.Choice(thousands=True)
        self.assertEqual(parser.parse_text("A1;1,000", choice).rows[0].quantity, 1000)
        self.assertEqual(parser.parse_text("A1;12.500", choice).rows[0].quantity, 12500)
        self.assertEqual(parser.parse_text("A1;1,5", choice).rows[0].quantity, 1.5)

    def test_number_of_a_workbook_has_one_way(self):
        rows = parser.parse_file("list.xlsx", self._make_xlsx([["SKU", "Qty"], ["A", 1.125]])).rows
        self.assertEqual((rows[0].quantity, rows[0].two_ways), (1.125, False))

    def test_more_cells_than_the_header(self):
        row = parser.parse_text("SKU;Text;Qty\nA1;Bolts;50;24").rows[0]
        self.assertEqual((row.quantity, row.error), (0.0, "surplus_cells"))
        self.assertEqual(parser.parse_quantity(row.raw_quantity)[1], "bad_quantity")

    def test_line_break_in_a_quoted_cell(self):
        text = 'SKU;Description;Quantity\r\n0060-40;"Bolts; 50\r\nzinc";24\r\n0081;x;12'
        self.assertEqual(self._read(text), [("0060-40", 24.0, ""), ("0081", 12.0, "")])

    def test_row_that_a_quote_may_have_swallowed(self):
        row = parser.parse_text('SKU;Text;Qty\nA1;"inch;3\nB1;5";2').rows[0]
        self.assertEqual(row.error, "quotes")

    def test_hidden_column_beside_the_only_one_is_asked(self):
        for header in (["SKU", "Quantity"], []):
            book = openpyxl.Workbook()
            for row in filter(None, (header, ["A1", 24], ["B1", 20])):
                book.active.append(row)
            book.active.column_dimensions["B"].hidden = True
            content = io.BytesIO()
            book.save(content)
            parsed = parser.parse_file("list.xlsx", content.getvalue())
            self.assertTrue(parsed.layout.is_open)
            self.assertFalse(parsed.rows, "not one of each")
            choice = parser.Choice(sku=0, quantity=parser.NO_COLUMN)
            parsed = parser.parse_file("list.xlsx", content.getvalue(), choice)
            self.assertEqual([row.quantity for row in parsed.rows], [1.0, 1.0], "as the buyer says")

    def test_formulas_and_merged_cells_of_a_workbook(self):
        book = openpyxl.Workbook()
        rows = (["SKU", "Quantity"], ["A1", "=2*12"], ["=B1", "=2"], ["B1", 20], ["C1", None])
        for row in rows:
            book.active.append(row)
        book.active.merge_cells("B4:B5")
        content = io.BytesIO()
        book.save(content)
        rows = parser.parse_file("list.xlsx", content.getvalue()).rows
        self.assertEqual(
            [(row.number, row.quantity, row.error) for row in rows],
            [(2, 0.0, "formula"), (3, 0.0, "formula"), (4, 20.0, ""), (5, 0.0, "merged")],
        )
        # What comes back in the file of rejected rows is rejected again.
        for row in (rows[0], rows[1], rows[3]):
            self.assertEqual(parser.parse_quantity(row.raw_quantity)[1], "bad_quantity")

    def test_merged_header_is_asked(self):
        book = openpyxl.Workbook()
        for row in (["SKU", "Quantity", None], ["A1", 5, 24]):
            book.active.append(row)
        book.active.merge_cells("B1:C1")
        content = io.BytesIO()
        book.save(content)
        self.assertTrue(parser.parse_file("list.xlsx", content.getvalue()).layout.is_open)

    def test_stray_separator_changes_nothing(self):
        self.assertEqual(self._read("A;2\nB\t;3"), [("A", 2.0, ""), ("B", 3.0, "")])
        self.assertEqual(self._read("A;2\t\nB;3"), [("A", 2.0, ""), ("B", 3.0, "")])

    def test_typed_rows_have_no_header(self):
        rows = parser.parse_cells([("code", ""), ("A", "2")]).rows
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
