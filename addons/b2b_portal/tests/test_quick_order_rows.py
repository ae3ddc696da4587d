import csv
import io

from openpyxl.styles import Font

from odoo.tests import BaseCase, tagged

from odoo.addons.b2b_portal import quick_order_parser as parser
from odoo.addons.order_status_flags.tests.workbooks import save_workbook


@tagged("post_install", "-at_install")
class TestQuickOrderRows(BaseCase):
    """Rows that may mean another quantity than they seem to."""

    def _read(self, text):
        return [(row.sku, row.quantity, row.error) for row in parser.parse_text(text).rows]

    def _read_book(self, *rows, change=None):
        return parser.parse_file("list.xlsx", save_workbook(*rows, change=change))

    def test_cells_moved_to_the_right(self):
        """The last column is empty, and takes what an unquoted separator has pushed there."""
        for text, code in (
            ("SKU,Price,Quantity,Note\nA,2,50,24,", "too_many_columns"),
            ("SKU,Name,Price,Quantity,Note\nA,Bolt, zinc,2.50,24,", "too_many_columns"),
            ("SKU;Name;Price;Quantity;Note\nA;Bolt; zinc;2,50;24;", "surplus_cells"),
            ("SKU\tName\tPrice\tQuantity\tNote\nA\tBolt\tzinc\t2,50\t24\t", "surplus_cells"),
        ):
            with self.subTest(text=text):
                row = parser.parse_text(text).rows[-1]
                self.assertEqual((row.quantity, row.error), (0.0, code))
                self.assertEqual(parser.parse_quantity(row.raw_quantity)[1], "bad_quantity")

    def test_separator_that_ends_a_row_moves_nothing(self):
        for text in ("SKU;Quantity\nA;24;", "SKU;Name;Quantity\nA;Bolt;24;;", "Qty;SKU\n24;A;"):
            with self.subTest(text=text):
                self.assertEqual(self._read(text), [("A", 24.0, "")])
        self.assertEqual(self._read("SKU\nA;"), [("A", 1.0, "")])
        self.assertEqual(self._read("SKU;Quantity;Note;\nA;24;;\nB;2;x"), [
            ("A", 24.0, ""),
            ("B", 2.0, ""),
        ])  # fmt: skip

    def test_second_header_with_other_columns(self):
        text = (
            "SKU;Quantity;Price\nA;2;5\nSKU;Price;Quantity\nB;5;3\n"
            "sku;quantity;price\nC;4;9\nŠifra;Cena;Količina\nD;7;1"
        )
        self.assertEqual(self._read(text), [
            ("A", 2.0, ""),
            ("SKU", 0.0, "other_header"),
            ("B", 0.0, "other_header"),
            ("C", 4.0, ""),
            ("Šifra", 0.0, "other_header"),
            ("D", 0.0, "other_header"),
        ])  # fmt: skip

    def test_second_header_with_fewer_columns(self):
        self.assertEqual(self._read("SKU;Name;Quantity\nA;Bolt;2\nSKU;Quantity\nB;24")[1:], [
            ("SKU", 0.0, "other_header"),
            ("B", 0.0, "other_header"),
        ])  # fmt: skip

    def test_second_header_with_the_same_columns(self):
        parsed = parser.parse_text("SKU;Quantity\nA;2\n sku ; QUANTITY \nB;3")
        self.assertEqual([(row.sku, row.quantity) for row in parsed.rows], [("A", 2), ("B", 3)])
        self.assertEqual(parsed.skipped, 2)

    def test_row_with_a_word_for_a_quantity_is_no_header(self):
        self.assertEqual(self._read("SKU;Quantity\nA;pcs\nB;3")[1], ("B", 3.0, ""))

    def test_number_whose_format_shows_another(self):
        for number_format in ('0" 000"', '0"000"', '"1"0', '0"."0', '0","0'):
            with self.subTest(number_format=number_format):

                def style(sheet, code=number_format):
                    sheet["B2"].number_format = code

                row = self._read_book(["SKU", "Quantity"], ["A", 24], change=style).rows[0]
                self.assertEqual((row.quantity, row.error), (0.0, "format"))
        for number_format in ("0000", "+0", "# ##0", "0.00", "#,##0"):
            with self.subTest(number_format=number_format):

                def style(sheet, code=number_format):
                    sheet["B2"].number_format = code

                row = self._read_book(["SKU", "Quantity"], ["A", 24], change=style).rows[0]
                self.assertEqual((row.quantity, row.error), (24.0, ""))

    def test_crossed_out_row(self):
        def strike(sheet):
            sheet["A3"].font = sheet["B3"].font = Font(strike=True)

        parsed = self._read_book(["SKU", "Quantity"], ["A", 24], ["B", 2], change=strike)
        self.assertEqual([row.error for row in parsed.rows], ["", "struck"])

    def test_hidden_rows_or_columns_of_a_list_without_header_are_asked(self):
        def hide_column(sheet):
            sheet.column_dimensions["B"].hidden = True

        def hide_header(sheet):
            sheet.row_dimensions[1].hidden = True

        def hide_row(sheet):
            sheet.row_dimensions[2].hidden = True

        rows = (["A", 2, 10], ["B", 3, 20])
        self.assertTrue(self._read_book(*rows, change=hide_column).layout.is_open)
        rows = (["Article", "Price"], ["A", 10], ["B", 20])
        self.assertTrue(self._read_book(*rows, change=hide_header).layout.is_open)
        rows = (["A", 2], ["B", 3], ["C", 4])
        self.assertEqual([row.sku for row in self._read_book(*rows, change=hide_row).rows],
            ["A", "C"])  # fmt: skip

    def test_rejected_rows_come_back_rejected(self):
        """Unchanged, the file of rejected rows orders nothing of them."""
        import datetime

        def style(sheet):
            sheet["B3"].number_format = '0" 000"'
            sheet["A4"].font = Font(strike=True)

        parsed = self._read_book(
            ["SKU", "Quantity"],
            ["A", datetime.date(2026, 1, 24)],
            ["B", 24],
            ["C", 5],
            ["D", "=2*12"],
            change=style,
        )
        self.assertEqual(
            [row.error for row in parsed.rows], ["format", "format", "struck", "formula"]
        )
        self._check_comes_back_rejected(parsed)
        self._check_comes_back_rejected(
            parser.parse_text('SKU;Text;Qty\nA;"inch;3\nB;5";2\nSKU;Qty;Text\nC;5;x')
        )

    def _check_comes_back_rejected(self, parsed):
        output = io.StringIO()
        writer = csv.writer(output, delimiter=";")
        writer.writerow(["sku", "quantity", "reason"])
        writer.writerows([row.sku, row.raw_quantity, "x"] for row in parsed.rows if row.error)
        again = parser.parse_text(output.getvalue()).rows
        self.assertEqual(len(again), sum(bool(row.error) for row in parsed.rows))
        self.assertTrue(all(row.error for row in again), again)

    def test_lone_cell_with_two_commas_is_not_divided(self):
        for text in (
            '"SKU,Qty,Price"\n"A,24,5"\n"B,2,7"',
            "X;2\nA,24,5\nY;3",
            "X\t2\nA,1,000\nY\t3",
        ):
            with self.subTest(text=text):
                row = parser.parse_text(text).rows[1]
                self.assertIn(",", row.sku, "unknown as a whole: the buyer is told")
        self.assertEqual(self._read("X\t2\nA;24,5"), [("X", 2.0, ""), ("A", 24.5, "")])

    def test_thousands_are_whole(self):
        choice = parser.Choice(thousands=True)
        for text, quantity in (("1.001", 1001), ("2,003", 2003), ("999.999", 999_999)):
            self.assertEqual(parser.parse_text(f"A;{text}", choice).rows[0].quantity, quantity)
