import io
import tracemalloc

import openpyxl
import xlsxwriter

from odoo.tests import BaseCase, tagged

from odoo.addons.order_status_flags.number_format import show_number, show_text
from odoo.addons.order_status_flags.table_csv import TableError, make_csv, read_csv, read_text
from odoo.addons.order_status_flags.table_file import read_table
from odoo.addons.order_status_flags.table_xlsx import get_letters, read_xlsx

from .workbooks import edit_workbook


@tagged("post_install", "-at_install")
class TestCsv(BaseCase):
    def _cells(self, text, separator=None):
        return [row.cells for row in read_text(text, separator).rows]

    def _problems(self, text):
        return [sorted(set(row.problems.values())) for row in read_text(text).rows]

    def test_line_break_in_a_quoted_cell(self):
        text = 'SKU;Description;Quantity\r\n0060-40;"Hex bolts M6\r\nzinc plated";24\r\n0081;x;3'
        table = read_text(text)
        self.assertEqual(table.rows[1].cells, ["0060-40", "Hex bolts M6\nzinc plated", "24"])
        self.assertEqual([row.number for row in table.rows], [1, 2, 3])
        self.assertEqual(self._problems(text), [[], [], []])

    def test_line_break_spoils_no_other_row(self):
        text = 'SKU;Text;Qty\n0060-40;"Bolts; 50; zinc";24\n0080-60;"Bolts\nM8";12'
        self.assertEqual(self._cells(text)[1:], [
            ["0060-40", "Bolts; 50; zinc", "24"],
            ["0080-60", "Bolts\nM8", "12"],
        ])  # fmt: skip

    def test_line_break_in_pasted_cells_and_in_the_header(self):
        self.assertEqual(
            self._cells('SKU\tText\t"Quantity\n(pcs)"\n0060-40\t"Bolts\nM6"\t24'),
            [["SKU", "Text", "Quantity\n(pcs)"], ["0060-40", "Bolts\nM6", "24"]],
        )

    def test_mark_that_may_have_swallowed_a_row_is_told(self):
        self.assertEqual(self._problems('A;"inch;3\nB;5";2\nC;1;1'), [["quotes"], []])
        self.assertEqual(self._problems('"A;1\nB";2'), [["quotes"]])

    def test_lone_marks_are_data(self):
        text = 'pipe 5" long;3\n"B" big;1\n"C;1\nD;2'
        self.assertEqual(
            self._cells(text), [['pipe 5" long', "3"], ['"B" big', "1"], ['"C', "1"], ["D", "2"]]
        )

    def test_text_formula(self):
        self.assertEqual(self._cells('="0060-40";24\n"=""0081""";2'), [
            ["0060-40", "24"],
            ["0081", "2"],
        ])  # fmt: skip

    def test_blanks_around_quoted_cells(self):
        self.assertEqual(self._cells('"0081", "20"\n"0082" ,"3"'), [["0081", "20"], ["0082", "3"]])

    def test_separator_by_all_rows(self):
        for text, separator in (
            ("Order of Smith, Jones and Co\nSKU;Text;Qty\n1;b;2", ";"),
            ('"a;b;c",1\nd,2', ","),
            ('"\t0081";20', ";"),
            ("0081;\t20", ";"),
            ("A;2\t\nB;3", ";"),
            ("A;2,5\nB;3,5", ";"),
            ("A\t1;5\nB\t2", "\t"),
            # The last column is empty here and there, and prices have a comma.
            ("SKU;Price;Qty;Note\nA;5,00;100;\nB;2,50;;a, b\nC;7;7;\nD;5,00;1,5;x", ";"),
            ("Qty\tPrice\tSKU\tPack\n\t2,50\tA\t\n1,5\t3\tB\t\n7\t5,00\tC\t12", "\t"),
            ("Smith, Jones\nA\t1,5\nB\t2,5", "\t"),
            ("A,Bolt; zinc,2\nB,Nut; brass,3\nC,Cap; steel,1", ","),
            ("A;\nB;", ";"),
            ("lonely", ","),
        ):
            with self.subTest(text=text):
                self.assertEqual(read_text(text).separator, separator)

    def test_hint_about_the_separator(self):
        for hint in ("sep=;", "SEP=;", '"sep=;"', '"sep=;",,', "sep=;;"):
            with self.subTest(hint=hint):
                self.assertEqual(self._cells(f"{hint}\r\nA,1;2\nB,2;3")[0], ["A,1", "2"])
        self.assertEqual(self._cells("sep=|\nA|1"), [["A", "1"]])

    def test_encodings_are_named(self):
        text = "klucz;Wysyłka\r\n"
        for encoding, name in (
            ("utf-8", "utf-8"),
            ("utf-8-sig", "utf-8"),
            ("utf-16", "utf-16"),
            ("utf-16-le", "utf-16-le"),
            ("utf-16-be", "utf-16-be"),
            ("utf-32", "utf-32"),
            ("cp1250", "cp1250"),
        ):
            with self.subTest(encoding=encoding):
                table = read_csv(text.encode(encoding))
                self.assertEqual(table.rows[0].cells, ["klucz", "Wysyłka"])
                self.assertEqual(table.encoding, name)
        with self.assertRaises(TableError):
            read_csv(b"\x81\x83")

    def test_empty_rows_keep_the_numbers(self):
        table = read_text("\nA;1\n ; \n\nB;2\n\n")
        self.assertEqual([row.number for row in table.rows], [2, 5])
        self.assertEqual(table.empty_rows, 3)

    def test_cap_of_columns(self):
        with self.assertRaises(TableError) as caught:
            read_text(";".join("x" * 300))
        self.assertEqual(caught.exception.code, "too_many_columns")

    def test_own_file_comes_back(self):
        rows = [["=A", 'quoted "x"', "line\nbreak", 2.0], ["-", "a;b", "'", 2.5]]
        table = read_csv(make_csv(rows))
        self.assertEqual(table.rows[0].cells, ["'=A", 'quoted "x"', "line\nbreak", "2"])
        self.assertEqual(table.rows[1].cells, ["'-", "a;b", "'", "2.5"])

    def test_hostile_text_is_read_in_time(self):
        for text in ('"' * 500_000, '"a""' * 200_000, '";"' * 200_000, "\n" * 2_000_000):
            with self.subTest(text=text[:4]):
                read_text(text)


@tagged("post_install", "-at_install")
class TestNumberFormat(BaseCase):
    def test_numbers(self):
        for value, code, shown in (
            (81, "0000", ("0081", False)),
            (81, "[$-415]0000", ("0081", False)),
            (81, "0000;@", ("0081", False)),
            (6040, r"0000\-00", ("0060-40", False)),
            (6040, '0000"-"00', ("0060-40", False)),
            (6040, "0000-00", ("0060-40", False)),
            (123456, "00-00", ("1234-56", False)),
            (24, "General", ("24", True)),
            (24, "@", ("24", True)),
            (24, "#,##0.00", ("24", True)),
            (24, "[Red]0;[Blue]-0", ("24", True)),
            (-3, "0;-0", ("-3", False)),
            (-3, "General", ("-3", True)),
            (2.5, "0.00", ("2.5", True)),
            (0.1 + 0.2, "General", ("0.3", True)),
            (5901234123457, "General", ("5901234123457", True)),
            (24, '0" szt."', ("24 szt.", False)),
        ):
            with self.subTest(value=value, code=code):
                self.assertEqual(show_number(value, code), shown)

    def test_what_cannot_be_told(self):
        for value, code in (
            (2.5, "0"),
            (2.25, "0.0"),
            (0.5, "0%"),
            (45000, "yyyy-mm-dd"),
            (45000, "mmm-yy"),
            (24000, "0,"),
            (24, ";;;"),
            (24, "# ?/?"),
            (24, "0.0E+00"),
            (24, "[>100]0;0"),
            (0, "#"),
            (1e16, "General"),
        ):
            with self.subTest(value=value, code=code):
                self.assertIsNone(show_number(value, code))

    def test_texts(self):
        self.assertEqual(show_text("0081", "General"), "0081")
        self.assertEqual(show_text("0081", "0000;@"), "0081")
        self.assertEqual(show_text("0081", '"A-"@'), "A-0081")
        self.assertIsNone(show_text("0081", ";;;"))


@tagged("post_install", "-at_install")
class TestXlsx(BaseCase):
    def _save(self, *sheets, change=None):
        """Return a workbook of sheets, each a list of rows."""
        book = openpyxl.Workbook()
        book.remove(book.active)
        for number, rows in enumerate(sheets, start=1):
            sheet = book.create_sheet(f"Sheet {number}")
            for row in rows:
                sheet.append(row)
        if change:
            change(book)
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()

    def _share(self, *texts):
        """Return a workbook whose texts are shared ones, as most programs write them."""
        content = io.BytesIO()
        with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            for number, text in enumerate(texts):
                sheet.write(number, 0, text)
        return content.getvalue()

    def _refuse(self, content):
        with self.assertRaises(TableError) as caught:
            read_xlsx(content)
        return caught.exception.code

    def test_values(self):
        rows = [["SKU", "Quantity"], ["0042", 3], [777, 2.5], [None, None], ["B", True]]
        table = read_xlsx(self._save(rows))
        self.assertEqual(
            [(row.number, row.cells) for row in table.rows],
            [(1, ["SKU", "Quantity"]), (2, ["0042", "3"]), (3, ["777", "2.5"]), (5, ["B", "TRUE"])],
        )
        self.assertEqual(table.rows[2].numbers, {0, 1})
        self.assertEqual(table.columns, ["A", "B"])
        self.assertEqual(table.empty_rows, 1)

    def test_formulas_without_result(self):
        rows = [["0060-40", "=2*12"], ['=CONCATENATE("0080","-60")', "=10+2"], ["0081", 20]]
        table = read_xlsx(self._save(rows))
        self.assertEqual([row.problems for row in table.rows], [
            {1: "formula"},
            {0: "formula", 1: "formula"},
            {},
        ])  # fmt: skip
        self.assertEqual(table.rows[0].cells[1], "=2*12")

    def test_formula_with_result(self):
        content = self._save([["A", "=2*12"]])
        content = edit_workbook(content, "xl/worksheets/sheet1.xml", "<v ?/>|<v></v>", "<v>24</v>")
        self.assertEqual(read_xlsx(content).rows[0].cells, ["A", "24"])
        self.assertEqual(read_xlsx(content).rows[0].problems, {})

    def test_merged_cells(self):
        def merge(book):
            book.active.merge_cells("B1:B2")

        table = read_xlsx(self._save([["A", 24], ["B", None], ["C", 1]], change=merge))
        self.assertEqual([row.problems for row in table.rows], [{}, {1: "merged"}, {}])

    def test_errors_and_dates(self):
        import datetime

        table = read_xlsx(self._save([["#N/A", 1], ["A", datetime.date(2026, 3, 1)]]))
        self.assertEqual([row.problems for row in table.rows], [{0: "error"}, {1: "format"}])

    def test_hidden_things_are_passed_over_and_told(self):
        def hide(book):
            first, second, third = book.worksheets
            first.sheet_state = "hidden"
            third.sheet_state = "veryHidden"
            book.active = 1
            second.row_dimensions[3].hidden = True
            second.column_dimensions["B"].hidden = True

        order = [["SKU", "Old", "Quantity"], ["0060-40", 999, 24], ["0081", 1, 20]]
        table = read_xlsx(self._save([["0080-60", 999]], order, [["x"]], change=hide))
        self.assertEqual(
            [row.cells for row in table.rows], [["SKU", "Quantity"], ["0060-40", "24"]]
        )
        self.assertEqual(table.columns, ["A", "C"])
        self.assertEqual(table.sheet, "Sheet 2")
        self.assertEqual(table.hidden_sheets, ["Sheet 1", "Sheet 3"])
        self.assertEqual((table.hidden_rows, table.hidden_columns), (1, ["B"]))

    def test_active_sheet_is_read_and_others_are_named(self):
        def choose(book):
            book.active = 1

        content = self._save([["Cover"]], [["A", 1]], [["B", 2]], change=choose)
        table = read_xlsx(content)
        self.assertEqual((table.sheet, table.rows[0].cells), ("Sheet 2", ["A", "1"]))
        self.assertEqual(table.sheets, ["Sheet 1", "Sheet 2", "Sheet 3"])
        self.assertEqual(read_xlsx(content, sheet="Sheet 3").rows[0].cells, ["B", "2"])
        with self.assertRaises(TableError):
            read_xlsx(content, sheet="Sheet 9")

    def test_a_hidden_sheet_cannot_be_chosen(self):
        def hide(book):
            book.worksheets[1].sheet_state = "hidden"

        content = self._save([["A", 1]], [["B", 2]], change=hide)
        with self.assertRaises(TableError):
            read_xlsx(content, sheet="Sheet 2")

    def test_number_formats(self):
        def style(book):
            book.active["A1"].number_format = "[$-415]0000"
            book.active["A2"].number_format = r"0000\-00"
            book.active["A3"].number_format = "0%"

        table = read_xlsx(self._save([[81, 1], [6040, 2], [3, 3]], change=style))
        self.assertEqual([row.cells[0] for row in table.rows], ["0081", "0060-40", "3"])
        self.assertEqual(table.rows[2].problems, {0: "format"})

    def test_formatted_cell_at_the_very_end(self):
        def style(book):
            book.active.cell(1_048_576, 16_384).number_format = "0000"

        table = read_xlsx(self._save([["SKU", "Qty"], ["0060-40", 24]], change=style))
        self.assertEqual(len(table.rows), 2)

    def test_far_columns_are_read(self):
        row = [None] * 60
        row[0], row[59] = "SKU", "Quantity"
        table = read_xlsx(self._save([row]))
        self.assertEqual(table.columns, ["A", get_letters(59)])
        self.assertEqual(get_letters(59), "BH")

    def test_cap_of_rows(self):
        content = self._save([[f"A{number}", 1] for number in range(30)])
        self.assertEqual(len(read_xlsx(content, max_rows=30).rows), 30)
        with self.assertRaises(TableError) as caught:
            read_xlsx(content, max_rows=29)
        self.assertEqual(caught.exception.code, "too_many_rows")

    def _bomb(self, sheet):
        content = self._save([["SKU"]])
        return edit_workbook(
            content, "xl/worksheets/sheet1.xml", r"(?s)<sheetData>.*</sheetData>", sheet
        )

    def test_bombs_take_no_memory(self):
        cells = "<c/>" * 100
        for sheet in (
            "<sheetData>" + f"<row>{cells}</row>" * 60_000 + "</sheetData>",
            "<sheetData>" + "<row/>" * 4_000_000 + "</sheetData>",
            "<sheetData><row><c t='str'><v>" + "x" * 110_000_000 + "</v></c></row></sheetData>",
            "<sheetData><row><c r='" + "A" * 50_000_000 + "'/></row></sheetData>",
        ):
            content = self._bomb(sheet)
            self.assertLess(len(content), 400_000)
            tracemalloc.start()
            try:
                self.assertIn(self._refuse(content), ("unpacks", "too_many_cells"))
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            self.assertLess(peak, 30_000_000)

    def test_shared_texts(self):
        table = read_xlsx(self._share("SKU", "0042", "SKU", "line\nbreak"))
        self.assertEqual(
            [row.cells[0] for row in table.rows], ["SKU", "0042", "SKU", "line\nbreak"]
        )

    def test_only_the_shared_texts_of_the_sheet_are_kept(self):
        content = self._share("SKU")
        texts = "<sst><si><t>SKU</t></si>" + f"<si><t>{'y' * 900}</t></si>" * 60_000 + "</sst>"
        content = edit_workbook(content, "xl/sharedStrings.xml", r"(?s)<sst.*</sst>", texts)
        tracemalloc.start()
        try:
            self.assertEqual(read_xlsx(content).rows[0].cells, ["SKU"])
            self.assertLess(tracemalloc.get_traced_memory()[1], 10_000_000)
        finally:
            tracemalloc.stop()

    def test_entities_are_refused(self):
        content = self._save([["SKU"]])
        content = edit_workbook(
            content,
            "xl/worksheets/sheet1.xml",
            r"<worksheet ",
            '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet ',
        )
        self.assertEqual(self._refuse(content), "unreadable")

    def test_many_merges(self):
        merges = "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 90_000 + "</mergeCells>"
        rows = "".join(f"<row><c><v>{n}</v></c><c><v>1</v></c></row>" for n in range(3000))
        content = self._bomb(f"<sheetData>{rows}</sheetData>{merges}")
        self.assertEqual(self._refuse(content), "too_many_cells")

    def test_broken_files(self):
        good = self._save([["SKU"]])
        for content in (
            b"PK\x03\x04 no workbook",
            good[: len(good) // 2],
            edit_workbook(good, "xl/worksheets/sheet1.xml", 'r="A1"', 'r="?"'),
            edit_workbook(self._share("A"), "xl/worksheets/sheet1.xml", "<v>0</v>", "<v>x</v>"),
            edit_workbook(self._share("A"), "xl/worksheets/sheet1.xml", "<v>0</v>", "<v>9</v>"),
            edit_workbook(good, "xl/workbook.xml", "(?s).*", "<nothing/>"),
            edit_workbook(good, "xl/workbook.xml", "(?s).*", "<nothing>"),
        ):
            self.assertIn(self._refuse(content), ("unreadable", "no_sheet"))

    def test_content_decides_and_not_the_name(self):
        self.assertEqual(read_table("a.csv", self._save([["A", 3]])).rows[0].cells, ["A", "3"])
        for name, content in (("a.xls", b"\xd0\xcf\x11\xe0"), ("a.ods", b"text"), ("a", b"%PDF-1")):
            with self.subTest(name=name), self.assertRaises(TableError):
                read_table(name, content)
