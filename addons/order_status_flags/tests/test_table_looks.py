import io

import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.formula import ArrayFormula

from odoo.tests import BaseCase, tagged

from odoo.addons.order_status_flags.table_csv import TableError, is_cut_short
from odoo.addons.order_status_flags.table_xlsx import read_xlsx

from .workbooks import edit_workbook, save_workbook

SHEET = "xl/worksheets/sheet1.xml"


@tagged("post_install", "-at_install")
class TestTableLooks(BaseCase):
    """What a workbook says by its looks, and not by the letters of its cells."""

    def _share(self, look):
        """Return a workbook with a shared text, as most programs have them."""
        content = io.BytesIO()
        with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            sheet.write(0, 0, "A")
            sheet.write_rich_string(0, 1, "12", book.add_format(look), "24")
        return content.getvalue()

    def _problems(self, content):
        return [row.problems for row in read_xlsx(content).rows]

    def test_crossed_out_part_of_a_quantity(self):
        for font, look, code in (
            ({"strike": True}, {"font_strikeout": True}, "struck"),
            ({"vertAlign": "superscript"}, {"font_script": 1}, "format"),
            ({"vertAlign": "subscript"}, {"font_script": 2}, "format"),
            ({"b": True}, {"bold": True}, ""),
            ({"strike": False}, {"italic": True}, ""),
        ):
            content = save_workbook(["A", CellRichText("12", TextBlock(InlineFont(**font), "24"))])
            expected = [{1: code} if code else {}]
            with self.subTest(font=font):
                self.assertEqual(self._problems(content), expected)
                self.assertEqual(self._problems(self._share(look)), expected, "shared")

    def test_crossed_out_cells(self):
        def strike(sheet):
            sheet["A2"].font = Font(strike=True)
            sheet["B3"].font = Font(strike=True, color="FFFF0000")

        content = save_workbook(["A", 1], ["B", 2], ["C", 3], change=strike)
        self.assertEqual(self._problems(content), [{}, {0: "struck"}, {1: "struck"}])

    def test_ink_in_the_colour_of_the_background(self):
        red = PatternFill("solid", fgColor="FFFF0000")
        looks = (
            (Font(color="FFFFFFFF"), None, "ink"),
            (Font(color="FFFF0000"), red, "ink"),
            (Font(color="FF000000"), PatternFill("solid", fgColor="FF000000"), "ink"),
            (Font(color="FFFFFFFF"), red, ""),
            (Font(color="FF808080"), None, ""),
            (Font(color="FFFFFFFF"), PatternFill("gray125"), ""),
            (Font(color="FF000000"), None, ""),
        )

        def paint(sheet):
            for number, (font, fill, _code) in enumerate(looks, start=1):
                sheet.cell(number, 1).font = font
                if fill:
                    sheet.cell(number, 1).fill = fill

        content = save_workbook(*[["A"]] * len(looks), change=paint)
        self.assertEqual(
            [problems.get(0, "") for problems in self._problems(content)],
            [code for _font, _fill, code in looks],
        )

    def test_colours_of_theme_and_palette(self):
        def paint(sheet):
            sheet["A1"].font = Font(color="FF123456")

        content = save_workbook(["A"], change=paint)
        for color, expected in (
            ('theme="0"', {0: "ink"}),
            ('theme="0" tint="-0.5"', {}),
            ('theme="1"', {}),
            ('indexed="9"', {0: "ink"}),
            ('indexed="10"', {}),
            ('auto="1"', {}),
        ):
            with self.subTest(color=color):
                changed = edit_workbook(content, "xl/styles.xml", 'rgb="FF123456"', color)
                self.assertEqual(self._problems(changed), [expected])

    def test_palette_of_the_workbook(self):
        def paint(sheet):
            sheet["A1"].font = Font(color="FF123456")

        content = save_workbook(["A"], change=paint)
        content = edit_workbook(content, "xl/styles.xml", 'rgb="FF123456"', 'indexed="9"')
        colors = [*["ff000000"] * 9, "ffbdc0bf"]
        palette = "".join(f'<rgbColor rgb="{color}"/>' for color in colors)
        palette = f"<colors><indexedColors>{palette}</indexedColors></colors></styleSheet>"
        pattern = r"(?s)(<colors>.*</colors>)?</styleSheet>"
        content = edit_workbook(content, "xl/styles.xml", pattern, palette)
        self.assertEqual(self._problems(content), [{}], "grey, and not the usual white")

    def test_rows_and_columns_too_thin_to_be_read(self):
        def press(sheet):
            sheet.row_dimensions[2].height = 0.75
            sheet.row_dimensions[3].height = 6
            sheet.column_dimensions["B"].width = 0.1
            sheet.column_dimensions["C"].width = 1

        table = read_xlsx(save_workbook(["A", 9, 1], ["B", 9, 2], ["C", 9, 3], change=press))
        self.assertEqual([row.cells for row in table.rows], [["A", "1"], ["C", "3"]])
        self.assertEqual((table.hidden_rows, table.hidden_columns), (1, ["B"]))

    def test_results_of_an_array_that_are_not_there(self):
        def calculate(sheet):
            sheet["B1"] = ArrayFormula("B1:B2", "=C1:C2*12")

        content = save_workbook(["A"], ["B"], ["C", 3], change=calculate)
        self.assertEqual(self._problems(content), [{1: "formula"}, {1: "formula"}, {}])
        content = edit_workbook(content, SHEET, "<v ?/>|<v></v>", "<v>24</v>")
        self.assertEqual(self._problems(content), [{}, {}, {}], "calculated")

    def test_number_that_its_format_changes_is_kept(self):
        def style(sheet):
            sheet["A1"].number_format = '0" 000"'
            sheet["B1"].number_format = "#,##0.00"

        row = read_xlsx(save_workbook([24, 24], change=style)).rows[0]
        self.assertEqual((row.cells, row.stored), (["24 000", "24"], {0: "24"}))

    def test_unknown_style_tells_nothing(self):
        content = save_workbook(["A", 24])
        content = edit_workbook(content, SHEET, '<c r="B1"', '<c s="77" r="B1"')
        self.assertEqual(self._problems(content), [{1: "format"}])

    def test_what_no_spreadsheet_writes_is_refused(self):
        content = save_workbook(["A", 24])
        for pattern, text in (
            ("<v>24</v>", "<v>2_4</v>"),
            ("<v>24</v>", "<v>24,5</v>"),
            ("<v>24</v>", "<v>٢٤</v>"),
            ("<v>24</v>", "<v>NaN</v>"),
            ("</row>", '<c r="B1"><v>99</v></c></row>'),
            ("</sheetData>", '<row r="1"><c r="B1"><v>99</v></c></row></sheetData>'),
        ):
            with self.subTest(text=text), self.assertRaises(TableError) as caught:
                read_xlsx(edit_workbook(content, SHEET, pattern, text))
            self.assertEqual(caught.exception.code, "unreadable")

    def test_numbers_cut_short(self):
        for text in ("5.9E+12", "5,90123E+12", "1E+05", " 5.9e+12 "):
            self.assertTrue(is_cut_short(text), text)
        for text in ("", "5.9", "E+12", "AE+12", "5.9E12", "12E+12", "1E+1", "5901234123457"):
            self.assertFalse(is_cut_short(text), text)
