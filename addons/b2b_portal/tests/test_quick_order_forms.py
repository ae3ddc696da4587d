import io
import json

import openpyxl
from openpyxl.styles import Font

from odoo import http
from odoo.tests import tagged

from .pages import B2bPageCommon


@tagged("post_install", "-at_install")
class TestQuickOrderPages(B2bPageCommon):
    def setUp(self):
        super().setUp()
        self.cart.order_line.unlink()
        self.product.barcode = "5901234123457"
        self._login(self.buyer_user)

    def _preview(self, text="", **data):
        return self._post("/my/b2b/quick-order", {"text": text, **data})

    def test_every_row_has_a_state(self):
        self._create_product(name="Twin", default_code="twin")
        self._create_product(name="Twin 2", default_code="TWIN")
        rows = "0042;2\n nut;1\n5901234123457;3\ntwin;1\n0043;x\n0043;0\n;5\n42;1"
        response = self._preview(rows)
        table = self._page(response).xpath("//table//tbody/tr")
        states = [" ".join(row.xpath("td")[-1].text_content().split()) for row in table]
        self.assertEqual(
            states,
            [
                "OK",
                "Unknown, or no longer sold",
                "Added to row 1",
                "Ambiguous: several articles have this code (twin, TWIN)",
                "The quantity is not a number",
                "The quantity is zero",
                "No article in this row",
                "Unknown, or no longer sold",
            ],
        )
        self.assertFalse(self.cart.order_line)
        action, values = self._form(response, "Add to cart")
        self._post(action, values)
        self.assertEqual(self.cart.order_line.product_id, self.product)
        self.assertEqual(self.cart.order_line.product_uom_qty, 5)

    def test_rejected_rows_can_be_corrected_and_uploaded(self):
        response = self._preview("0042;2\n=0043;x\n0043,1,5\nhidden;-3")
        action, values = self._form(response, "Rejected rows")
        download = self._post(action, values)
        self.assertIn("attachment", download.headers["Content-Disposition"])
        text = download.content.decode("utf-8-sig")
        self.assertEqual(len(text.splitlines()), 4 if "0043,1,5" in text else 3)
        self.assertIn("'=0043", text)
        corrected = text.replace("'=0043;x", "0043;4").replace("hidden;'-3", "0042;1")
        files = {"upload": ("rejected.csv", corrected.encode("utf-8-sig"), "text/csv")}
        response = self._post("/my/b2b/quick-order", files=files)
        action, values = self._form(response, "Add to cart")
        self._post(action, values)
        quantities = {
            line.product_id.default_code: line.product_uom_qty for line in self.cart.order_line
        }
        self.assertEqual(quantities["0042"], 1)
        self.assertEqual(quantities["0043"], 4)

    def test_typed_rows(self):
        data = [("sku", "0042"), ("quantity", "2"), ("sku", ""), ("quantity", ""), ("sku", "0043")]
        data += [("quantity", ""), ("csrf_token", http.Request.csrf_token(self))]
        response = self.url_open("/my/b2b/quick-order", data=data)
        action, values = self._form(response, "Add to cart")
        self._post(action, values)
        self.assertEqual(sorted(self.cart.order_line.mapped("product_uom_qty")), [1, 2])

    def _type_rows(self, count):
        """Send the form as browsers do: as a multipart one."""
        data = [("csrf_token", http.Request.csrf_token(self)), ("text", "")]
        data += [("sku", "0042"), ("quantity", "1")] * count
        return self.url_open(
            "/my/b2b/quick-order", data=data, files={"upload": ("", b"", "text/csv")}
        )

    def test_as_many_typed_rows_as_the_page_says(self):
        self.assertIn("Accepted: 1", " ".join(self._alerts(self._type_rows(5000))))
        self.assertIn("at most 5000 rows", " ".join(self._alerts(self._type_rows(5001))))

    def test_upload_of_a_workbook(self):
        book = openpyxl.Workbook()
        for row in (["Šifra", "Količina"], ["0042", 2.5], ["0043", None]):
            book.active.append(row)
        content = io.BytesIO()
        book.save(content)
        files = {"upload": ("list.xlsx", content.getvalue(), "application/octet-stream")}
        response = self._post("/my/b2b/quick-order", files=files)
        self.assertIn("Accepted: 2", " ".join(self._alerts(response)))

    def test_what_a_workbook_shows_beside_its_letters(self):
        """Crossed out, in white ink, a date: told, and still rejected when it comes back."""
        book = openpyxl.Workbook()
        sheet = book.active
        for row in (["SKU", "Quantity"], ["0042", 2], ["0043", 5], ["0042", 7], ["0043", 46046]):
            sheet.append(row)
        sheet["B3"].font = Font(strike=True)
        sheet["A4"].font = Font(color="FFFFFFFF")
        sheet["B5"].number_format = "dd.mm.yyyy"
        content = io.BytesIO()
        book.save(content)
        files = {"upload": ("list.xlsx", content.getvalue(), "application/octet-stream")}
        response = self._post("/my/b2b/quick-order", files=files)
        text = self._page(response).text_content()
        for words in ("is crossed out", "colour of its background", "shows something else"):
            self.assertIn(words, text)
        self.assertIn("Accepted: 1", " ".join(self._alerts(response)))
        download = self._post(*self._form(response, "Rejected rows"))
        files = {"upload": ("rejected.csv", download.content, "text/csv")}
        response = self._post("/my/b2b/quick-order", files=files)
        self.assertIn("Rejected: 3", " ".join(self._alerts(response)))
        self._post(*self._form(response, "Rejected rows"))
        self.assertFalse(self.cart.order_line)

    def test_caps_are_stated_and_refused_above(self):
        text = "\n".join("0042;1" for _index in range(5001))
        self.assertIn("at most 5000 rows", " ".join(self._alerts(self._preview(text))))
        files = {"upload": ("list.csv", b"0042;1\n" * 800_000, "text/csv")}
        response = self._post("/my/b2b/quick-order", files=files)
        self.assertIn("at most 5 MiB", " ".join(self._alerts(response)))
        page = self._get("/my/b2b/quick-order").text
        self.assertIn("5 MiB", page)
        self.assertIn("5,000", page)

    def test_nothing_and_nonsense(self):
        self.assertIn("no rows", " ".join(self._alerts(self._preview(""))))
        files = {"upload": ("list.xlsx", b"PK\x03\x04 nonsense", "x")}
        response = self._post("/my/b2b/quick-order", files=files)
        self.assertIn("cannot be read", " ".join(self._alerts(response)))
        for rows in (
            "",
            "{",
            "{}",
            "[1]",
            '[["0042"]]',
            json.dumps([["0042", {"a": 1}]]),
            "[" * 100_000,
            '[["\\ud800", "1"]]',
        ):
            self.assertEqual(self._post("/my/b2b/quick-order/add", {"rows": rows}).status_code, 200)
            self.assertEqual(
                self._post("/my/b2b/quick-order/rejected", {"rows": rows}).status_code, 200
            )
        self.assertFalse(self.cart.order_line)

    def test_into_a_template(self):
        response = self._preview("0042;2")
        action, values = self._form(response, "Add to template")
        self._post(action, {**values, "target": "template", "template_id": self.template.id})
        line = self.template.order_line.filtered(lambda one: one.product_id == self.product)
        self.assertEqual(line.product_uom_qty, 5)
        self._post(
            action, {**values, "target": "template", "template_id": "", "name": "From a list"}
        )
        template = self.env["sale.order"].search([("b2b_template_name", "=", "From a list")])
        self.assertEqual(template.order_line.product_uom_qty, 2)

    def test_double_click_adds_once(self):
        response = self._preview("0042;2")
        action, values = self._form(response, "Add to cart")
        self._post(action, {**values, "target": "cart"})
        alerts = self._alerts(self._post(action, {**values, "target": "cart"}))
        self.assertIn("This list has been added already.", alerts)
        self.assertEqual(self.cart.order_line.product_uom_qty, 2)
        # Whoever looks at it again, and is told so, may order it twice.
        again = self._get(f"/my/b2b/quick-order?list={values['list']}")
        self.assertIn("orders it twice", " ".join(self._alerts(again)))
        action, values = self._form(again, "Add to cart")
        self._post(action, {**values, "target": "cart"})
        self.assertEqual(self.cart.order_line.product_uom_qty, 4)

    def test_double_click_makes_one_template(self):
        action, values = self._form(self._preview("0042;2"), "Add to template")
        values = {**values, "target": "template", "name": "Twice"}
        for _click in range(2):
            self._post(action, values)
        made = self.env["sale.order"].search([("b2b_template_name", "=", "Twice")])
        self.assertEqual(made.mapped("order_line.product_uom_qty"), [2])

    def test_enter_presses_the_button_that_the_field_is_about(self):
        response = self._preview("0042;2")
        for name, value in (("name", "template"), ("template_id", "template")):
            field = self._page(response).xpath(f"//*[@name='{name}']")[0]
            form = next(field.iterancestors("form"))
            buttons = form.xpath(".//button[@type='submit']/@value")
            self.assertEqual(buttons, [value], name)

    def test_into_a_template_that_is_gone(self):
        action, values = self._form(self._preview("0042;2"), "Add to template")
        values = {**values, "target": "template", "template_id": self.template.id}
        foreign = self._create_draft("template", user=self.buyer2_user, b2b_template_name="Hers")
        self.template.unlink()  # in another tab
        self.env.flush_all()
        templates = [("b2b_qualifier", "=", "template")]
        before = self.env["sale.order"].search(templates)
        for template_id in (values["template_id"], foreign.id, "x"):
            response = self._post(action, {**values, "template_id": template_id})
            self.assertIn("This template was deleted", " ".join(self._alerts(response)))
        self.assertEqual(self.env["sale.order"].search(templates), before)
        self.assertFalse(foreign.order_line)

    def test_row_rejected_since_the_preview_is_told_for_a_template_too(self):
        action, values = self._form(self._preview("0042;2\n0043;1"), "Add to template")
        self.product_b.active = False
        response = self._post(action, {**values, "target": "template", "template_id": ""})
        self.assertIn("0043: Unknown, or no longer sold", " ".join(self._alerts(response)))

    def test_packs(self):
        self.product.b2b_multiple_qty = 4
        alerts = self._page(self._preview("0042;1\n0042;2")).text_content()
        self.assertIn("multiples of 4", alerts)
        self.assertIn("Rejected: 2", alerts)
        self.assertIn("Accepted: 1", " ".join(self._alerts(self._preview("0042;1\n0042;3"))))

    def test_suggestions(self):
        answer = self._get("/my/b2b/suggest?search=bo").json()
        self.assertIn({"sku": "0042", "name": "Bolt"}, answer["products"])
        self.assertEqual(self._get("/my/b2b/suggest?search=b").json()["products"], [])
