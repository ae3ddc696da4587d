import io
import json
from unittest.mock import patch

import openpyxl

from odoo import http
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.b2b_portal import quick_order_parser as parser
from odoo.addons.order_status_flags.table_csv import make_csv

from .pages import B2bPageCommon

URL = "/my/b2b/quick-order"


class QuickOrderCommon(B2bPageCommon):
    def setUp(self):
        super().setUp()
        self.cart.order_line.unlink()
        self._login(self.buyer_user)

    def _upload(self, content, name="list.csv", **kwargs):
        content = content.encode() if isinstance(content, str) else content
        return self._post(URL, files={"upload": (name, content, "text/csv")}, **kwargs)

    def _workbook(self, rows, change=None):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if change:
            change(book)
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()

    def _states(self, response):
        rows = self._page(response).xpath("//table[contains(@class, 'o_b2b_table')]/tbody/tr")
        return [" ".join(row.xpath("td")[-1].text_content().split()) for row in rows]

    def _told(self, response):
        return " ".join(self._alerts(response))

    def _add(self, response, **values):
        action, fields = self._form(response, "Add to cart")
        return self._post(action, {"target": "cart", **fields, **values})

    def _cart(self):
        self.env.invalidate_all()
        return {
            (line.product_id.default_code, line.product_uom_id.name): line.product_uom_qty
            for line in self.cart.order_line
        }

    def _choose(self, response, **values):
        """Send the form of the columns."""
        action, fields = self._form(response, "Read again")
        query = {**fields, **values}
        return self.url_open(action, params=query)

    def _evaluate(self, text, **choices):
        QuickOrder = self.env["b2b.quick.order"].with_user(self.buyer_user)
        parsed = QuickOrder._parse(text=text, choices=choices)
        return QuickOrder._evaluate(self.agreement, parsed)


@tagged("post_install", "-at_install")
class TestQuickOrderReading(QuickOrderCommon):
    def test_unknown_quantity_column_is_asked(self):
        response = self._upload("SKU;Price;Antal\n0042;24,00;3\n0043;10;2")
        self.assertIn("Please choose the columns", self._told(response))
        self.assertNotIn("Add to cart", response.text)
        self.assertFalse(self._states(response))
        page = self._page(response)
        options = page.xpath("//select[@name='file_quantity']/option")
        self.assertIn("3: Antal", [option.text_content() for option in options])
        response = self._choose(response, file_quantity="2")
        self.assertEqual(self._states(response), ["OK", "OK"])
        self._add(response)
        self.assertEqual(self._cart(), {("0042", "Units"): 3, ("0043", "Units"): 2})

    def test_one_of_each_only_when_the_buyer_says_so(self):
        response = self._upload("SKU;Price\n0042;24,00")
        response = self._choose(response)
        self.assertIn("Please choose the columns", self._told(response))
        response = self._choose(response, file_quantity="none")
        self._add(response)
        self.assertEqual(self._cart(), {("0042", "Units"): 1})

    def test_preview_says_what_was_read(self):
        text = self._page(self._upload("SKU;Name;Order Qty\n0042;Bolt;3")).text_content()
        text = " ".join(text.split())
        self.assertIn("Separator: Semicolon ;", text)
        self.assertIn("Encoding: UTF-8", text)
        self.assertIn("Article: 1: SKU", text)
        self.assertIn("Quantity: 3: Order Qty", text)
        self.assertIn("Columns that do not matter: 2: Name", text)

    def test_columns_may_be_chosen_although_they_are_known(self):
        response = self._upload("SKU;Quantity;Second\n0042;3;5")
        response = self._choose(response, file_quantity="2")
        action, values = self._form(response, "Add to cart")
        self.assertEqual(values["file_quantity"], "2")
        self._post(action, {**values, "target": "cart"})
        self.assertEqual(self._cart(), {("0042", "Units"): 5})

    def test_another_separator_forgets_the_columns(self):
        response = self._upload("SKU;Text,Quantity\n0042;Bolt,3")
        response = self._choose(response, file_separator="comma", file_sku="1", file_quantity="0")
        self.assertEqual(self._states(response), ["Unknown, or no longer sold"])
        self.assertIn("0042;Bolt", self._page(response).text_content())

    def test_sheets_and_what_is_hidden(self):
        def change(book):
            book.active.row_dimensions[3].hidden = True
            more = book.create_sheet("More")
            for row in (["SKU", "Quantity"], ["0043", 7]):
                more.append(row)
            book.create_sheet("Secret").sheet_state = "hidden"

        content = self._workbook([["SKU", "Quantity"], ["0042", 3], ["0043", 9]], change)
        response = self._upload(content, "list.xlsx")
        text = " ".join(self._page(response).text_content().split())
        self.assertIn("Other sheets, not read: More", text)
        self.assertIn("Hidden sheets, not read: Secret", text)
        self.assertIn("Hidden rows, not read: 1", text)
        self.assertEqual(len(self._states(response)), 1)
        response = self._choose(response, file_sheet="More")
        self._add(response)
        self.assertEqual(self._cart(), {("0043", "Units"): 7})

    def test_formulas_and_merged_cells_are_rejected_and_stay_so(self):
        rows = [["SKU", "Quantity"], ["0042", "=2*12"], ["0043", 5], ["0042", None]]
        content = self._workbook(rows, lambda book: book.active.merge_cells("B3:B4"))
        response = self._upload(content, "list.xlsx")
        states = self._states(response)
        self.assertIn("without its result", states[0])
        self.assertEqual(states[1], "OK")
        self.assertIn("merged cell", states[2])
        action, values = self._form(response, "Rejected rows")
        again = self._upload(self._post(action, values).content)
        self.assertEqual(self._states(again), ["The quantity is not a number"] * 2)

    def test_numbers_that_can_be_read_two_ways(self):
        response = self._upload("SKU;Quantity\n0042;1,000")
        self.assertIn("read in two ways", self._told(response))
        self.assertIn("≟ 1,000", " ".join(self._page(response).text_content().split()))
        action, values = self._form(response, "Read them as thousands")
        response = self.url_open(action, params=values)
        self._add(response)
        self.assertEqual(self._cart(), {("0042", "Units"): 1000})

    def test_labels_stand_before_numbers(self):
        told = self._told(self._post(URL, {"text": "0042;1\n0042;2\nnothing;1"}))
        self.assertIn("Rows: 3. Accepted: 1. Added to an earlier row: 1. Rejected: 1.", told)

    def test_pasted_line_break(self):
        text = 'SKU\tDescription\tQuantity\n0042\t"Bolts\nM6"\t24'
        self._add(self._post(URL, {"text": text}))
        self.assertEqual(self._cart(), {("0042", "Units"): 24})

    def test_bomb_is_refused_in_words(self):
        content = self._workbook([["x"] * 50] * 5)
        with patch("odoo.addons.order_status_flags.table_xlsx.MAX_CELLS", 200):
            response = self._upload(content, "list.xlsx")
        self.assertIn("too many cells", self._told(response))


@tagged("post_install", "-at_install")
class TestQuickOrderSteps(QuickOrderCommon):
    def test_back_leads_to_the_preview(self):
        response = self._post(URL, {"text": "0042;2"}, allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        preview = self.url_open(response.headers["Location"])
        self.assertEqual(self._states(preview), ["OK"])
        self._add(preview)
        again = self.url_open(response.headers["Location"])
        self.assertEqual(self._states(again), ["OK"])
        self.assertIn("has been added already", self._told(again))

    def test_refused_list_keeps_what_was_typed(self):
        text = "\n".join("0042;1" for _index in range(5001))
        response = self._post(URL, {"text": text}, allow_redirects=False)
        page = self.url_open(response.headers["Location"])
        self.assertIn("at most 5000 rows", self._told(page))
        self.assertIn("0042;1", self._page(page).xpath("//textarea")[0].text_content())

    def test_login_in_between_leads_back_to_the_preview(self):
        preview = self._post(URL, {"text": "0042;2"})
        for button in ("add", "rejected"):
            response = self._get(f"{URL}/{button}")
            self.assertEqual(response.url, preview.url)

    def test_lists_are_private_and_few(self):
        preview = self._post(URL, {"text": "0042;2"})
        self._login(self.buyer2_user)
        response = self.url_open(preview.url)
        self.assertIn("no longer kept", self._told(response))
        self.assertNotIn("0042;2", response.text)
        self._login(self.buyer_user)
        for number in range(5):
            self._post(URL, {"text": f"0042;{number + 1}"})
        lists = self.env["b2b.quick.order.list"].search([("create_uid", "=", self.buyer_user.id)])
        self.assertEqual(len(lists), 3)
        self.assertIn("no longer kept", self._told(self.url_open(preview.url)))

    def test_only_what_the_preview_accepted_is_added(self):
        self.product_b.active = False
        preview = self._post(URL, {"text": "0042;2\n0043;1"})
        self.product_b.active = True
        self._add(preview)
        self.assertEqual(self._cart(), {("0042", "Units"): 2})

    def _refuse_line(self, product):
        """Return a patch by which another addon refuses an article."""
        Line = self.env.registry["sale.order.line"]
        create, words = Line.create, "No licence"

        def refuse(records, vals_list):
            lines = create(records, vals_list)
            if any(values.get("product_id") == product.id for values in vals_list):
                raise ValidationError(words)
            return lines

        return patch.object(Line, "create", refuse)

    def test_refusal_of_one_line_stops_no_other(self):
        third = self._create_product(name="Third", default_code="0044")
        preview = self._post(URL, {"text": "0042;2\n0043;1\n0044;3"})
        with self._refuse_line(self.product_b):
            response = self._add(preview)
        self.assertIn("0043: No licence", self._told(response))
        self.assertIn("Articles added: 2", self._told(response))
        self.assertEqual(self._cart(), {("0042", "Units"): 2, ("0044", "Units"): 3})
        self.assertTrue(third)

    def test_refusal_of_all_lines_leaves_no_template(self):
        preview = self._post(URL, {"text": "0043;1"})
        action, values = self._form(preview, "Add to template")
        with self._refuse_line(self.product_b):
            response = self._post(action, {**values, "target": "template", "name": "Nothing"})
        self.assertIn("0043: No licence", self._told(response))
        self.assertFalse(self.env["sale.order"].search([("b2b_template_name", "=", "Nothing")]))

    def test_too_many_templates_are_told_on_the_page(self):
        preview = self._post(URL, {"text": "0042;2"})
        action, values = self._form(preview, "Add to template")
        with patch("odoo.addons.b2b_portal.models.sale_order.template.MAX_TEMPLATES", 0):
            response = self._post(action, {**values, "target": "template", "name": "One more"})
        self.assertEqual(response.status_code, 200)
        self.assertIn("no more are kept", self._told(response))
        self.assertFalse(self.env["sale.order"].search([("b2b_template_name", "=", "One more")]))

    def test_refused_article_of_the_shop_is_not_in_the_cart(self):
        with self._refuse_line(self.product_b):
            self._post("/my/b2b/cart/add", {"product_id": self.product_b.id, "quantity": "2"})
        self.assertFalse(self._cart())

    def test_messages_are_few(self):
        rows = [["0042", "2"]] + [["X" * 3000 + str(number), "1"] for number in range(300)]
        response = self._post(f"{URL}/add", {"rows": json.dumps(rows), "target": "cart"})
        alerts = self._alerts(response)
        self.assertLessEqual(len(alerts), 22)
        self.assertIn("Articles added: 1", alerts[0])
        self.assertTrue(any("and 281 more" in alert for alert in alerts), alerts[-1])
        self.assertLess(max(map(len, alerts)), 600)
        self.assertFalse(self._alerts(self._get("/my/b2b/cart")))

    def test_messages_of_several_requests_are_few(self):
        rows = json.dumps([["0042", "1"], *[[f"X{number}", "1"] for number in range(30)]])
        for _time in range(3):
            self._post(f"{URL}/add", {"rows": rows}, allow_redirects=False)
        self.assertLessEqual(len(self._alerts(self._get("/my/b2b/cart"))), 22)

    def test_cap_counts_what_is_in_the_cart(self):
        self._add(self._post(URL, {"text": "0042;1000000"}))
        response = self._add(self._post(URL, {"text": "0042;1\n0043;1"}))
        self.assertIn("at most 1,000,000", self._told(response))
        self.assertEqual(self._cart(), {("0042", "Units"): 1_000_000, ("0043", "Units"): 1})
        response = self._post("/my/b2b/cart/add", {"product_id": self.product.id, "quantity": "1"})
        self.assertIn("at most 1,000,000", self._told(response))
        self.assertEqual(self._cart()["0042", "Units"], 1_000_000)

    def test_numbers_are_told_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        QuickOrder = self.env["b2b.quick.order"]
        self.assertEqual(QuickOrder.with_context(lang="en_US")._format_count(5000), "5,000")
        told = QuickOrder.with_context(lang="pl_PL")._format_count(5000)
        self.assertRegex(told, "^5[\u00a0\u202f ]?000$")


@tagged("post_install", "-at_install")
class TestQuickOrderCodes(QuickOrderCommon):
    def setUp(self):
        super().setUp()
        self.dozen = self.env.ref("uom.product_uom_dozen")
        self.dozen.active = True
        self.product.uom_ids = [Command.link(self.dozen.id)]

    def test_barcode_of_a_pack(self):
        self.env["product.uom"].create(
            {"product_id": self.product.id, "uom_id": self.dozen.id, "barcode": "5900000060411"}
        )
        self._add(self._post(URL, {"text": "5900000060411;2\n0042;5"}))
        self.assertEqual(self._cart(), {("0042", "Dozens"): 2, ("0042", "Units"): 5})

    def test_reference_with_outer_blanks(self):
        for blank in ("\u00a0", "\t", "\u200b"):
            self.product_b.default_code = f"HB-NB{blank}"
            self.assertEqual(self._evaluate("hb-nb;1")[0]["product"], self.product_b)

    def test_letters_that_languages_make_small_in_their_own_way(self):
        for code in ("İ-1", "ß-2", "ŁÓDŹ-3"):
            self.product_b.default_code = code
            self.assertEqual(self._evaluate(f"{code};1")[0]["product"], self.product_b)

    def test_unit_column(self):
        rows = self._evaluate(
            "sku;quantity;unit\n0042;2;Dozens\n0042;3;\n0042;1;pcs\n0042;1;pallet\n0043;1;Dozens"
        )
        self.assertEqual(
            [row["state"] for row in rows], ["ok", "ok", "merged", "rejected", "rejected"]
        )
        self.assertEqual(rows[0]["uom"], self.dozen)
        self.assertEqual(rows[1]["total_quantity"], 4)
        self.assertIn("not sold in pallet", rows[3]["reason"])
        table = self.env["b2b.quick.order"]._get_rejected_table(rows)
        self.assertEqual(table[0], ["sku", "quantity", "unit", "reason"])

    def test_pack_column_is_understood_or_rejected(self):
        rows = self._evaluate("SKU;Qty;Packaging\n0042;2;Dozens\n0042;2;Box of 12")
        self.assertEqual([row["state"] for row in rows], ["ok", "rejected"])
        self.assertEqual(rows[0]["uom"], self.dozen)

    def test_own_downloads_come_back_in_each_language(self):
        order = self._create_order([(self.product, 1), (self.product_b, 4)])
        order.order_line[0].write({"product_uom_id": self.dozen.id, "product_uom_qty": 3})
        for lang in ("pl_PL", "sl_SI", "en_US"):
            self.env["res.lang"]._activate_lang(lang)
            with self.subTest(lang=lang):
                Order = self.env["sale.order"].with_context(lang=lang)
                content = make_csv(Order._get_b2b_export_table(order.with_context(lang=lang)))
                QuickOrder = self.env["b2b.quick.order"].with_user(self.buyer_user)
                parsed = QuickOrder._parse(upload=("orders.csv", content))
                rows = QuickOrder._evaluate(self.agreement, parsed)
                self.assertEqual(
                    [(row["state"], row["uom"].id, row["quantity"]) for row in rows],
                    [("ok", self.dozen.id, 3), ("ok", self.product_b.uom_id.id, 4)],
                )
                agreement = self.agreement.with_context(lang=lang)
                header = agreement._get_pricelist_header()
                rows = [header, ["0042", "Bolt", 24.0, 3.5, "EUR"]]
                for name, content in (
                    ("pricelist.csv", make_csv(rows)),
                    ("pricelist.xlsx", self._workbook(rows)),
                ):
                    part = parser.parse_file(name, content)
                    self.assertTrue(part.layout.is_open, name)
                    self.assertEqual(part.layout.sku, 0)
                    part = parser.parse_file(name, content, parser.Choice(sku=0, quantity=2))
                    self.assertEqual([(r.sku, r.quantity) for r in part.rows], [("0042", 24)])

    def test_queries_do_not_grow(self):
        counts = []
        for size in (5, 200):
            products = self.env["product.product"].create(
                [
                    {"name": f"P{number}", "default_code": f"Q{size}-{number}"}
                    for number in range(size)
                ]
            )
            text = "sku;quantity;unit\n" + "\n".join(
                f"{product.default_code};2;Units" for product in products
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            rows = self._evaluate(text)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual({row["state"] for row in rows}, {"ok"})
        self.assertLess(counts[1] - counts[0], 5, counts)

    def test_typed_rows_and_a_file_together(self):
        data = [("sku", "0042"), ("quantity", "2"), ("text", "0043;3")]
        data.append(("csrf_token", http.Request.csrf_token(self)))
        files = {"upload": ("l.csv", b"SKU;Text;Antal\n0042;Bolt;1", "text/csv")}
        response = self.url_open(URL, data=data, files=files)
        self.assertFalse(self._states(response), "nothing is taken while a part is open")
        response = self._choose(response, file_quantity="2")
        self._add(response)
        self.assertEqual(self._cart(), {("0042", "Units"): 3, ("0043", "Units"): 3})
