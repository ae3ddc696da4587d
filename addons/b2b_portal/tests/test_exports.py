import contextlib
import csv
import io
from datetime import datetime
from unittest.mock import patch

import openpyxl
from xlsxwriter.worksheet import Worksheet

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ..pricelist_file import make_xlsx
from .pages import B2bPageCommon

ORDER_COLUMNS = {
    "en_US": "Order;Date;PO number;Order status;SKU;Article;Quantity;Unit;"
    "Unit price (untaxed);Amount (untaxed);Currency",
    "pl_PL": "Zamówienie;Data;Numer zamówienia klienta;Status zamówienia;Symbol;Artykuł;Ilość;"
    "Jednostka;Cena jednostkowa (netto);Wartość (netto);Waluta",
    "sl_SI": "Naročilo;Datum;Št. naročilnice;Status naročila;Šifra;Artikel;Količina;Enota;"
    "Cena enote (brez DDV);Znesek (brez DDV);Valuta",
}
PRICE_COLUMNS = {
    "en_US": "SKU;Name;Minimum quantity;Price (untaxed);Currency",
    "pl_PL": "Symbol;Nazwa;Minimalna ilość;Cena (netto);Waluta",
    "sl_SI": "Šifra;Naziv;Najmanjša količina;Cena (brez DDV);Valuta",
}
DANGEROUS = ("=1+1", "+48 22 1", "-2", "@SUM(A1)", "\t=1")


class ExportCommon(B2bPageCommon):
    def setUp(self):
        super().setUp()
        self._login(self.buyer_user)

    def _get_file(self, name):
        self.env.flush_all()
        response = self._get(f"/my/b2b/{name}")
        self.assertEqual(response.status_code, 200)
        return response

    def _get_rows(self, name="orders.csv"):
        text = self._get_file(name).content.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))

    def _get_order_rows(self, order):
        return [row for row in self._get_rows() if row[0] == order.name]

    def _get_sheet(self):
        content = self._get_file("pricelist.xlsx").content
        return openpyxl.load_workbook(io.BytesIO(content)).active

    def _speak(self, lang):
        self.env["res.lang"]._activate_lang(lang)
        self.buyer_user.lang = lang
        self._login(self.buyer_user)


@tagged("post_install", "-at_install")
class TestOrdersFile(ExportCommon):
    """The file of the own orders."""

    def test_row_of_a_line(self):
        with freeze_time("2026-11-20 10:00:00"):
            order = self._place(client_order_ref="PO-1")
        status = order.order_status_id
        self.assertEqual(
            self._get_order_rows(order),
            [
                [
                    *(order.name, "2026-11-20", "PO-1", status.name, "0042", "Bolt"),
                    *("2", "Units", "99.42", "198.85", "USD"),
                ]
            ],
        )

    def test_columns_in_each_language(self):
        for lang, header in ORDER_COLUMNS.items():
            with self.subTest(lang=lang):
                self._speak(lang)
                self.assertEqual(self._get_rows()[0], header.split(";"))

    def test_price_of_a_unit_is_that_of_the_shop(self):
        order = self._place()
        line = order.order_line
        included = self.env["account.tax"].create(
            {
                "name": "Included",
                "amount": 25,
                "type_tax_use": "sale",
                "price_include_override": "tax_included",
            }
        )
        precision = self.env["decimal.precision"].search([("name", "=", "Product Price")])
        precision.digits = 4
        for values, price, amount in (
            # By the amount, it would be 0.25 and 0.01.
            ({"price_unit": 0.2532, "product_uom_qty": 3}, "0.2532", "0.76"),
            ({"price_unit": 0.0149, "product_uom_qty": 1000}, "0.0149", "14.9"),
            ({"price_unit": 10, "discount": 12.5, "product_uom_qty": 3}, "8.75", "26.25"),
            ({"price_unit": 10, "discount": 0, "tax_ids": included.ids}, "8", "24"),
            ({"price_unit": 10, "product_uom_qty": 0}, "8", "0"),
        ):
            with self.subTest(values=values):
                line.write(values)
                [row] = self._get_order_rows(order)
                self.assertEqual(row[8:10], [price, amount])

    def test_names_in_the_language_of_the_reader(self):
        order = self._place()
        self._speak("pl_PL")
        status = order.order_status_id
        self.product.with_context(lang="pl_PL").name = "Śruba"
        self.product.uom_id.with_context(lang="pl_PL").name = "Sztuka"
        [row] = self._get_order_rows(order)
        self.assertEqual(row[3], status.with_context(lang="pl_PL").name)
        self.assertEqual((row[5], row[7]), ("Śruba", "Sztuka"))
        # Numbers are for machines: a point in each language.
        self.assertEqual(row[8:10], ["99.42", "198.85"])

    def test_file_is_sent_as_a_file(self):
        headers = self._get_file("orders.csv").headers
        self.assertEqual(headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertIn("orders.csv", headers["Content-Disposition"])
        self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertTrue(self._get_file("orders.csv").content.startswith(b"\xef\xbb\xbf"))

    def test_orders_of_the_company_the_newest_first(self):
        first = self._place()
        second = self._place(self._create_draft("cart", [(self.product_b, 1)], self.buyer2_user))
        first.date_order = datetime(2026, 1, 1)
        second.date_order = datetime(2026, 2, 1)
        foreign = self._create_order([(self.product, 1)], partner_id=self.rival.id)
        foreign.action_confirm()
        self._create_draft("cart", [(self.product, 9)])
        names = [row[0] for row in self._get_rows()[1:]]
        self.assertEqual(names, [second.name, first.name])

    def test_quotations_are_no_orders(self):
        quotation = self._create_order(
            [(self.product, 1)], partner_id=self.buyer_user.partner_id.id
        )
        self.assertFalse(self._get_order_rows(quotation))
        quotation.action_confirm()
        self.assertEqual(len(self._get_order_rows(quotation)), 1)

    def test_day_is_that_of_the_readers_zone(self):
        order = self._place()
        for moment, zone, day in (
            (datetime(2026, 6, 30, 21, 59), "Europe/Warsaw", "2026-06-30"),
            (datetime(2026, 6, 30, 22, 0), "Europe/Warsaw", "2026-07-01"),
            (datetime(2026, 12, 31, 22, 59), "Europe/Warsaw", "2026-12-31"),
            (datetime(2026, 12, 31, 23, 0), "Europe/Warsaw", "2027-01-01"),
            (datetime(2026, 7, 1, 3, 59), "America/New_York", "2026-06-30"),
            (datetime(2026, 7, 1, 4, 0), "America/New_York", "2026-07-01"),
            (datetime(2026, 7, 1, 12, 0), "Pacific/Auckland", "2026-07-02"),
        ):
            with self.subTest(moment=moment, zone=zone):
                order.date_order = moment
                self.buyer_user.tz = zone
                self._login(self.buyer_user)
                self.assertEqual(self._get_order_rows(order)[0][1], day)

    def test_texts_are_no_formulas(self):
        order = self._place()
        for text in DANGEROUS:
            with self.subTest(text=text):
                order.client_order_ref = text
                self.product.write({"name": text, "default_code": text})
                [row] = self._get_order_rows(order)
                self.assertEqual((row[2], row[4], row[5]), (f"'{text}",) * 3)

    def test_numbers_are_not_guarded(self):
        order = self._create_order([(self.product, -2)], partner_id=self.buyer_user.partner_id.id)
        order.action_confirm()
        [row] = self._get_order_rows(order)
        self.assertEqual(float(row[6]), -2)

    def test_separators_in_texts(self):
        text = 'Bolt; "M8"\nlong'
        order = self._place()
        order.client_order_ref = text
        self.product.name = text
        [row] = self._get_order_rows(order)
        self.assertEqual((row[2], row[5], len(row)), (text, text, 11))

    def test_only_articles_have_rows(self):
        order = self._place()
        order.order_line = [
            Command.create({"display_type": "line_section", "name": "Section"}),
            Command.create({"display_type": "line_note", "name": "Note"}),
        ]
        self.assertEqual([row[5] for row in self._get_order_rows(order)], ["Bolt"])

    def test_subsection_of_a_section_without_prices(self):
        order = self._create_order([], partner_id=self.buyer_user.partner_id.id)
        article = {"price_unit": 3.0, "product_uom_qty": 2}
        order.order_line = [
            Command.create({**values, "sequence": sequence})
            for sequence, values in enumerate(
                [
                    {"product_id": self.product_b.id, **article},
                    {"display_type": "line_section", "name": "Kit", "collapse_prices": True},
                    {"display_type": "line_subsection", "name": "Part"},
                    {"product_id": self.product.id, **article},
                ]
            )
        ]
        order.action_confirm()
        rows = {row[5]: row[8:10] for row in self._get_order_rows(order)}
        self.assertEqual(rows["Nut"], ["3", "6"])
        self.assertEqual(rows["Bolt"], ["", ""], "the page hides it, too")
        self.assertEqual(rows["Kit"], ["", "6"])

    def test_barcode_where_there_is_no_reference(self):
        order = self._place()
        self.product.write({"default_code": False, "barcode": "5901234123457"})
        self.assertEqual(self._get_order_rows(order)[0][4], "5901234123457")


@tagged("post_install", "-at_install")
class TestPriceListFile(ExportCommon):
    """The file of the own prices, in both of its forms."""

    def test_columns_in_each_language(self):
        for lang, header in PRICE_COLUMNS.items():
            with self.subTest(lang=lang):
                self._speak(lang)
                self.assertEqual(self._get_rows("pricelist.csv")[0], header.split(";"))
                cells = [cell.value for cell in self._get_sheet()[1]]
                self.assertEqual(cells, header.split(";"))

    def test_names_in_the_language_of_the_reader(self):
        self._speak("sl_SI")
        self.product.with_context(lang="sl_SI").name = "Vijak"
        rows = self._get_rows("pricelist.csv")
        self.assertEqual({row[1] for row in rows if row[0] == "0042"}, {"Vijak"})
        names = {row[1] for row in self._get_sheet().values if row[0] == "0042"}
        self.assertEqual(names, {"Vijak"})

    def test_steps_of_a_price(self):
        expected = {"0042": [(1, 99.42), (10, 88.38)], "0043": [(1, 45.0), (10, 40.0)]}
        rows = self._get_rows("pricelist.csv")
        for code, steps in expected.items():
            found = [(float(row[2]), float(row[3])) for row in rows if row[0] == code]
            self.assertEqual(found, steps)
            found = [row[2:4] for row in self._get_sheet().values if row[0] == code]
            self.assertEqual(found, steps)

    def test_both_forms_say_the_same(self):
        text = [row for row in self._get_rows("pricelist.csv")[1:] if row[0] in ("0042", "0043")]
        table = [row for row in self._get_sheet().values if row[0] in ("0042", "0043")]
        self.assertEqual(
            [
                [sku, name, float(quantity), float(net), unit]
                for sku, name, quantity, net, unit in text
            ],
            [list(row) for row in table],
        )

    def test_named_by_the_day_of_the_seller(self):
        self.company.partner_id.tz = "Europe/Warsaw"
        self.env.flush_all()
        agreement = self.agreement.with_user(self.buyer_user)
        day = agreement._get_today(self.company)
        for extension in ("csv", "xlsx"):
            disposition = self._get_file(f"pricelist.{extension}").headers["Content-Disposition"]
            self.assertIn(f"pricelist-{day}.{extension}", disposition)
            self.assertTrue(disposition.startswith("attachment"))

    def test_texts_are_no_formulas(self):
        for text in DANGEROUS:
            with self.subTest(text=text):
                self.product.write({"name": text, "default_code": text})
                # Codes lose their outer blanks.
                rows = [row for row in self._get_rows("pricelist.csv") if row[1] == f"'{text}"]
                self.assertEqual(len(rows), 2)
                cells = [
                    cell
                    for row in self._get_sheet().iter_rows()
                    for cell in row[:2]
                    if cell.value == text
                ]
                self.assertTrue(cells)
                self.assertEqual({cell.data_type for cell in cells}, {"s"})

    def test_writer_is_left_nothing_to_guess(self):
        """Older versions of it take `{=1+1}` for a formula, whatever is asked of them."""
        texts = [*DANGEROUS, "{=1+1}", "0042", "https://example.com", "internal:Sheet1!A1"]
        guessing = [
            patch.object(Worksheet, name, side_effect=AssertionError(name))
            for name in ("write", "write_row", "write_formula", "write_array_formula", "write_url")
        ]
        with contextlib.ExitStack() as stack:
            for one in guessing:
                stack.enter_context(one)
            content = make_xlsx([["Text"], texts, [1, 2.5, "", 0, False]])
        rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(min_row=2))
        self.assertEqual([cell.value for cell in rows[0]], texts)
        self.assertEqual({cell.data_type for cell in rows[0]}, {"s"})
        self.assertEqual([cell.value for cell in rows[1]][:4], [1, 2.5, None, 0])
        self.assertEqual({cell.data_type for cell in rows[1]}, {"n"})

    def test_numbers_of_articles_keep_their_noughts(self):
        code = "000123456789012345"
        self.product.default_code = code
        self.assertIn(code, [row[0] for row in self._get_rows("pricelist.csv")])
        self.assertIn(code, [row[0].value for row in self._get_sheet().iter_rows()])

    def test_in_the_order_of_the_codes(self):
        self._create_product(name="Screw", default_code="0041")
        codes = [row[0] for row in self._get_rows("pricelist.csv")[1:]]
        own = [code for code in codes if code in ("0041", "0042", "0043")]
        self.assertEqual(list(dict.fromkeys(own)), ["0041", "0042", "0043"])

    def test_currency_of_the_list(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.pricelist.currency_id = euro
        for rows in (self._get_rows("pricelist.csv")[1:], list(self._get_sheet().values)[1:]):
            self.assertEqual({row[4] for row in rows}, {"EUR"})
