import io
import json
from datetime import timedelta
from functools import partial

import openpyxl
from lxml import html

from odoo import fields, http
from odoo.fields import Command
from odoo.tests import HttpCase, freeze_time, tagged

from odoo.addons.b2b_agreement.tests.common import SIGNATURE
from odoo.addons.b2b_pricelist.formatting import format_unit_price

from .test_orders import B2bOrderCommon

PAGES = (
    "/my/b2b",
    "/my/b2b/page/2",
    "/my/b2b/cart",
    "/my/b2b/checkout",
    "/my/b2b/quick-order",
    "/my/b2b/templates",
    "/my/b2b/suggest?search=bo",
    "/my/b2b/orders.csv",
)
POSTS = (
    "/my/b2b/cart/add",
    "/my/b2b/cart/update",
    "/my/b2b/checkout",
    "/my/b2b/quick-order",
    "/my/b2b/quick-order/add",
    "/my/b2b/quick-order/rejected",
    "/my/b2b/templates/new",
)


class B2bPageCommon(B2bOrderCommon, HttpCase):
    def _login(self, user):
        self.authenticate(user.login, self._password(user))

    def _password(self, user):
        return user.login + "x" * max(8 - len(user.login), 0)

    def _get(self, url, **kwargs):
        return self.url_open(url, **kwargs)

    def _post(self, url, data=None, **kwargs):
        data = {"csrf_token": http.Request.csrf_token(self), **(data or {})}
        return self.url_open(url, data=data, **kwargs)

    def _page(self, response):
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)

    def _alerts(self, response):
        return [
            " ".join(node.text_content().split())
            for node in self._page(response).xpath("//*[@role='alert']")
            if node.text_content().strip()
        ]

    def _form(self, response, button):
        """Return action and fields of the form with a button of that caption."""
        page = self._page(response)
        forms = [
            node
            for node in page.xpath("//div[@id='wrap']//form")
            if button in [" ".join(one.text_content().split()) for one in node.xpath(".//button")]
        ]
        self.assertTrue(forms, f"no form with a button {button}")
        return forms[0].action, dict(forms[0].form_values())


@tagged("post_install", "-at_install")
class TestShopAccess(B2bPageCommon):
    """Every route: the agreement in force opens it, and nothing else does."""

    def _all_routes(self):
        template_url = f"/my/b2b/templates/{self.template.id}"
        image_url = f"/my/b2b/image/{self.product.id}"
        gets = [*PAGES, template_url, image_url]
        actions = ("order", "save", "add", "rename", "share", "delete")
        return gets, [*POSTS, *(f"{template_url}/{action}" for action in actions)]

    def _snapshot(self):
        self.env.invalidate_all()
        orders = self.env["sale.order"].search([("b2b_qualifier", "!=", False)], order="id")
        return [
            (order.id, order.name, order.state, order.b2b_template_shared, len(order.order_line))
            for order in orders
        ]

    def test_anonymous_goes_to_the_login(self):
        gets, posts = self._all_routes()
        before = self._snapshot()
        self.authenticate(None, None)
        for url in gets:
            with self.subTest(url=url):
                response = self._get(url, allow_redirects=False)
                self.assertEqual(response.status_code, 303)
                self.assertIn("/web/login", response.headers["Location"])
        for url in posts:
            with self.subTest(url=url):
                response = self._post(url, allow_redirects=False)
                self.assertIn("/web/login", response.headers.get("Location", ""))
        self.assertEqual(self._snapshot(), before)

    def test_without_agreement_the_agreements_say_why(self):
        gets, posts = self._all_routes()
        before = self._snapshot()
        self._login(self.retail_user)
        for url in gets:
            with self.subTest(url=url):
                response = self._get(url, allow_redirects=False)
                self.assertIn("/my/agreements?closed=none", response.headers["Location"])
                self.assertEqual(response.headers["Cache-Control"], "no-store")
        for url in posts:
            with self.subTest(url=url):
                response = self._post(url, allow_redirects=False)
                self.assertIn("/my/agreements?closed=none", response.headers["Location"])
        self.assertEqual(self._snapshot(), before)

    def test_terminated_agreement_closes_with_the_next_click(self):
        self._login(self.buyer_user)
        self.assertEqual(self._get("/my/b2b", allow_redirects=False).status_code, 200)
        self.agreement.action_terminate()
        response = self._get("/my/b2b", allow_redirects=False)
        self.assertIn("/my/agreements?closed=terminated", response.headers["Location"])

    def test_last_day_and_the_day_after(self):
        self._login(self.buyer_user)
        last = self.agreement.date_end
        session_safe = fields.Datetime.to_datetime(last)
        with freeze_time(session_safe + timedelta(hours=12)):
            self.assertTrue(self.buyer_user.partner_id._get_b2b_agreement())
        with freeze_time(session_safe + timedelta(hours=36)):
            self.assertFalse(self.buyer_user.partner_id._get_b2b_agreement())

    def test_rival_reaches_nothing_of_the_buyer(self):
        self.template.b2b_template_shared = True
        self._create_signed_agreement(
            partner_id=self.rival.id, pricelist_id=self.rival_pricelist.id
        )
        before = self._snapshot()
        self._login(self.rival_user)
        url = f"/my/b2b/templates/{self.template.id}"
        self.assertNotIn("Weekly", self._get("/my/b2b/templates").text)
        self.assertNotIn("Weekly", self._get(url).text)
        for action in ("order", "save", "add", "rename", "share", "delete"):
            quantity = {f"qty_{self.template.order_line[0].id}": "9"}
            self._post(f"{url}/{action}", {"name": "Mine", **quantity})
        self._post("/my/b2b/cart/update", {f"qty_{self.cart.order_line.id}": "9", "empty": "1"})
        self._post("/my/b2b/checkout", {"cart_id": self.cart.id})
        self._post("/my/b2b/templates/new", {"order_id": self.cart.id, "name": "Stolen"})
        self._post("/my/b2b/templates/new", {"order_id": self.template.id, "name": "Stolen"})
        self.assertEqual(self._snapshot(), before)
        self.assertFalse(self.rival_user.partner_id.sale_order_ids.order_line)

    def test_colleague_uses_but_does_not_change_a_shared_template(self):
        url = f"/my/b2b/templates/{self.template.id}"
        self._login(self.buyer2_user)
        self.assertNotIn("Weekly", self._get(url).text)
        self.template.b2b_template_shared = True
        self.assertIn("Weekly", self._get(url).text)
        self.assertNotIn("Rename", self._get(url).text)
        for action in ("save", "add", "rename", "share", "delete"):
            self._post(f"{url}/{action}", {"name": "Mine", "sku": "0042"})
        self.assertEqual(self.template.exists().b2b_template_name, "Weekly")
        self.assertTrue(self.template.b2b_template_shared)
        self._post(f"{url}/order")
        self.assertEqual(self._get_cart(self.buyer2_user).order_line.product_uom_qty, 3)

    def test_forms_need_the_token(self):
        self._login(self.buyer_user)
        _gets, posts = self._all_routes()
        for url in posts:
            with self.subTest(url=url):
                self.assertEqual(self.url_open(url, data={"a": "b"}).status_code, 400)

    def test_get_changes_nothing(self):
        gets, posts = self._all_routes()
        self.product.list_price = 500
        self.cart.date_order = fields.Datetime.now() - timedelta(days=3)
        self.env.flush_all()
        self._login(self.buyer_user)
        self._get("/my/b2b/cart")  # the log-in itself is behind us
        tables = ("sale_order", "sale_order_line", "ir_sequence", "mail_message")

        def written():
            self.env.flush_all()
            rows = []
            for table in tables:
                self.cr.execute(f"SELECT id, write_date, xmin::text FROM {table} ORDER BY id")
                rows.append(self.cr.fetchall())
            return rows

        before = written()
        for url in (*gets, *posts):
            response = self._get(url, allow_redirects=False)
            self.assertLess(response.status_code, 500, url)
        self.assertEqual(written(), before)

    def test_no_cache_keeps_a_page(self):
        self._login(self.buyer_user)
        gets, _posts = self._all_routes()
        order = self._place()
        for url in (*gets, "/my/b2b/image/999999999", f"/my/orders/{order.id}"):
            self.assertEqual(self._get(url).headers["Cache-Control"], "no-store", url)

    def test_orders_own_pages_reach_no_draft(self):
        token = self.cart._portal_ensure_token()
        self._login(self.buyer_user)
        url = f"/my/orders/{self.cart.id}"
        for suffix in ("", f"?access_token={token}"):
            response = self._get(url + suffix, allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            self.assertTrue(response.headers["Location"].endswith("/my"))
        result = self.make_jsonrpc_request(
            f"{url}/accept", {"access_token": token, "name": "Me", "signature": SIGNATURE}
        )
        self.assertIn("error", result)
        self._post(f"{url}/decline?access_token={token}", {"decline_message": "no"})
        self.env.invalidate_all()
        self.assertEqual((self.cart.state, self.cart.signed_by), ("draft", False))

    def test_product_that_is_not_in_the_shop(self):
        hidden = self._create_product(name="Hidden", default_code="HID", sale_ok=False)
        archived = self._create_product(name="Old", default_code="OLD", active=False)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._create_product(name="Foreign", default_code="FOR", company_id=company.id)
        choice = self.env["product.combo"].create(
            {"name": "c", "combo_item_ids": [Command.create({"product_id": self.product.id})]}
        )
        combo = self.env["product.product"].create(
            {"name": "Combo", "type": "combo", "combo_ids": [Command.set(choice.ids)]}
        )
        self._login(self.buyer_user)
        for product in (hidden, archived, foreign, combo):
            with self.subTest(product=product.name):
                response = self._post("/my/b2b/cart/add", {"product_id": product.id})
                self.assertIn("no longer sold", " ".join(self._alerts(response)))
                self.assertEqual(self._get(f"/my/b2b/image/{product.id}").status_code, 404)
        self.assertEqual(self.cart.order_line.product_id, self.product)


@tagged("post_install", "-at_install")
class TestShopPages(B2bPageCommon):
    def setUp(self):
        super().setUp()
        self._login(self.buyer_user)

    def test_prices_below_a_cent_are_shown_in_full(self):
        precision = self.env["decimal.precision"].search([("name", "=", "Product Price")])
        precision.digits = 4
        self._create_rule(
            compute_price="fixed",
            fixed_price=0.2432,
            product_tmpl_id=self.product.product_tmpl_id.id,
            applied_on="1_product",
        )
        self.env.company.b2b_price_policy = "best_price"
        self._post("/my/b2b/cart/add", {"product_id": self.product.id, "quantity": "500"})
        for url in ("/my/b2b", "/my/b2b/pricelist", "/my/b2b/cart", "/my/b2b/pricelist.csv"):
            with self.subTest(url=url):
                self.assertIn("0.2432", self._get(url).text)
        # More digits only where the price needs them.
        format_price = partial(format_unit_price, self.env)
        usd = self.env.ref("base.USD")
        self.assertEqual(format_price(12.5, usd), "$\N{NO-BREAK SPACE}12.50")
        self.assertEqual(format_price(0.245, usd), "$\N{NO-BREAK SPACE}0.245")
        precision.digits = 2
        self.assertEqual(format_price(0.24, usd), "$\N{NO-BREAK SPACE}0.24")

    def test_shop_says_in_which_quantities_an_article_is_sold(self):
        self.assertNotIn("Sold in multiples of", self._get("/my/b2b").text)
        self.product.product_tmpl_id.write({"b2b_multiple_qty": 4, "b2b_minimum_qty": 8})
        text = " ".join(self._page(self._get("/my/b2b")).text_content().split())
        self.assertIn("Sold in multiples of 4 Units", text)
        self.assertIn("At least 8 Units", text)

    def test_price_list_is_a_page_of_the_shop(self):
        page = self._page(self._get("/my/b2b/pricelist"))
        self.assertTrue(page.xpath("//nav//a[@href='/my/b2b/cart']"))
        self.assertTrue(page.xpath("//nav//a[@aria-current='page'][@href='/my/b2b/pricelist']"))

    def test_thanks_stand_above_the_order(self):
        """On a phone, amount and buttons alone fill the screen."""
        self._post("/my/b2b/cart/add", {"product_id": self.product.id, "quantity": "3"})
        action, data = self._form(self._get("/my/b2b/checkout"), "Place order")
        text = self._post(action, data).text
        self.assertLess(text.index("has been placed"), text.index("o_portal_sale_sidebar"))

    def test_shop_shows_own_prices_and_breaks(self):
        response = self._get("/my/b2b?search=bolt")
        text = " ".join(self._page(response).text_content().split())
        self.assertIn("99.42", text)
        self.assertIn("88.38", text)
        self.assertIn("untaxed", text)
        self.assertIn("Why this price?", text)

    def test_files_where_texts_are_expected(self):
        for url, name in (
            ("/my/b2b/templates/new", "name"),
            (f"/my/b2b/templates/{self.template.id}/rename", "name"),
            ("/my/b2b/checkout", "client_order_ref"),
            ("/my/b2b/checkout", "commitment_date"),
            ("/my/b2b/checkout", "b2b_note"),
            ("/my/b2b", "search"),
            ("/my/b2b/cart/add", "quantity"),
        ):
            with self.subTest(url=url, name=name):
                files = {name: ("file.txt", b"x", "text/plain")}
                self.assertLess(self._post(url, files=files).status_code, 500)
        self.assertEqual(self.template.b2b_template_name, "Weekly")

    def test_odd_parameters(self):
        for query in (
            "search=%25%27%22%3Cscript%3E",
            "category=x",
            "category=999999999",
            "category=-1",
            "search=%00",
            "page=x",
        ):
            self.assertEqual(self._get(f"/my/b2b?{query}").status_code, 200, query)
        self.assertEqual(self._get("/my/b2b/page/9999").status_code, 200)
        self.assertNotIn("<script>alert", self._get("/my/b2b?search=<script>alert(1)").text)

    def test_add_by_plain_form(self):
        action, values = self._form(self._get("/my/b2b?search=nut"), "Add to cart")
        response = self._post(action, {**values, "quantity": "2,5"})
        self.assertIn("2.5 Units in your cart", " ".join(self._alerts(response)))
        self.assertTrue(response.url.endswith("/my/b2b?search=nut"))
        line = self.cart.order_line.filtered(lambda one: one.product_id == self.product_b)
        self.assertEqual(line.product_uom_qty, 2.5)

    def test_add_by_script(self):
        headers = {"Accept": "application/json"}
        data = {"product_id": self.product_b.id, "quantity": "1"}
        answer = self._post("/my/b2b/cart/add", data, headers=headers).json()
        self.assertEqual((answer["kind"], answer["cart_count"]), ("success", 2))
        data["quantity"] = "-1"
        answer = self._post("/my/b2b/cart/add", data, headers=headers).json()
        self.assertEqual((answer["kind"], answer["cart_count"]), ("danger", 2))

    def test_bad_additions(self):
        for data in (
            {"product_id": "x"},
            {},
            {"product_id": self.product.id, "quantity": "0"},
            {"product_id": self.product.id, "quantity": "many"},
            {"product_id": self.product.id, "quantity": "9999999"},
        ):
            with self.subTest(data=data):
                self.assertTrue(self._alerts(self._post("/my/b2b/cart/add", data)))
        self.assertEqual(self.cart.order_line.product_uom_qty, 2)

    def test_unit_in_which_the_article_is_not_sold(self):
        data = {"product_id": self.product.id, "uom_id": self.env.ref("uom.product_uom_dozen").id}
        for uom in (data["uom_id"], "x", "999999999"):
            response = self._post("/my/b2b/cart/add", {**data, "uom_id": uom})
            self.assertIn("not sold in that unit", " ".join(self._alerts(response)))
        self.assertEqual(self.cart.order_line.product_uom_qty, 2)

    def test_quantity_below_the_precision(self):
        data = {"product_id": self.product.id, "quantity": "0.001"}
        alerts = " ".join(self._alerts(self._post("/my/b2b/cart/add", data)))
        self.assertIn("nearest valid quantity is 0.01", alerts)

    def test_no_way_back_to_another_site(self):
        for back in (
            "https://evil.example.com",
            "//evil.example.com",
            "/my/b2b\\@evil",
            "/my/b2b\rX: y",
            "/my/b2b\nX: y",
            "/web",
        ):
            data = {"product_id": self.product.id, "back": back}
            response = self._post("/my/b2b/cart/add", data, allow_redirects=False)
            self.assertTrue(response.headers["Location"].endswith("/my/b2b"), back)

    def test_cart_update_remove_and_empty(self):
        line = self.cart.order_line
        self._post("/my/b2b/cart/update", {f"qty_{line.id}": "12"})
        self.env.invalidate_all()
        self.assertEqual(line.product_uom_qty, 12)
        self.assertAlmostEqual(line.price_unit, 88.38, 2)
        response = self._post("/my/b2b/cart/update", {f"qty_{line.id}": "x"})
        self.assertIn("not a number", " ".join(self._alerts(response)))
        # nothing half done: the good quantity is not stored beside a bad one
        self.cart._add_b2b_lines([(self.product_b, 1, self.product_b.uom_id)])
        other = self.cart.order_line - line
        self._post("/my/b2b/cart/update", {f"qty_{line.id}": "x", f"qty_{other.id}": "5"})
        self.env.invalidate_all()
        self.assertEqual(other.product_uom_qty, 1)
        data = {f"qty_{line.id}": "0", f"qty_{other.id}": "x", "remove": other.id}
        self._post("/my/b2b/cart/update", data)
        self.assertFalse((line | other).exists())
        response = self._get("/my/b2b/cart")
        self.assertIn("Your cart is empty", " ".join(self._alerts(response)))

    def test_checkout_by_form(self):
        action, values = self._form(self._get("/my/b2b/checkout"), "Place order")
        response = self._post(action, {**values, "client_order_ref": "PO-1"})
        self.env.invalidate_all()
        self.assertEqual((self.cart.state, self.cart.client_order_ref), ("sent", "PO-1"))
        self.assertIn(f"/my/orders/{self.cart.id}", response.url)
        self.assertIn("has been placed", response.text)
        self.assertNotIn("Accept &amp; Sign", response.text)
        # the same click again
        again = self._post(action, {**values, "client_order_ref": "PO-1"})
        self.assertIn(f"/my/orders/{self.cart.id}", again.url)
        placed = self.env["sale.order"].search(
            [("partner_id", "=", self.cart.partner_id.id), ("b2b_qualifier", "=", "order")]
        )
        self.assertEqual(placed, self.cart)

    def test_absurd_numbers_count_as_not_seen(self):
        name = f"seen_{self.cart.order_line.id}"
        for seen in ("nan@nan", "1@1e400", "1e999@77.31", "inf@-inf", "@", "1@1e13"):
            with self.subTest(seen=seen):
                response = self._post("/my/b2b/checkout", {name: seen})
                self.assertIn("Bolt", " ".join(self._alerts(response)))
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")

    def test_po_number_is_not_cut(self):
        action, values = self._form(self._get("/my/b2b/checkout"), "Place order")
        response = self._post(action, {**values, "client_order_ref": "9" * 101})
        self.assertIn("at most 100 characters", " ".join(self._alerts(response)))
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")

    def test_proforma_is_neither_paid_nor_rejected_on_its_page(self):
        order = self._place()
        page = self._page(self._get(f"/my/orders/{order.id}?payment_amount=10"))
        self.assertNotIn("Pay Now", page.text_content())
        self.assertFalse(page.xpath("//*[@id='modaldecline']"))
        self.assertTrue(page.xpath("//*[@id='portal_sale_content']"))
        self.assertEqual(self._get(f"/my/orders/{10**12}").status_code, 200)

    def test_price_changed_between_page_and_submit(self):
        action, values = self._form(self._get("/my/b2b/checkout"), "Place order")
        self.product.list_price = 200
        self.env.flush_all()
        response = self._post(action, values)
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        alert = " ".join(self._alerts(response))
        self.assertIn("99.42", alert)
        self.assertIn("180.00", alert)
        action, values = self._form(response, "Place order")
        self._post(action, values)
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "order")
        self.assertAlmostEqual(self.cart.order_line.price_unit, 180)

    def test_price_changed_since_it_was_stored_and_no_page_seen(self):
        self.cart._refresh_b2b_lines()
        self.product.list_price = 200
        self.env.flush_all()
        self._post("/my/b2b/checkout")
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        self._post("/my/b2b/checkout")
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "order")

    def test_cart_changed_between_page_and_submit(self):
        action, values = self._form(self._get("/my/b2b/checkout"), "Place order")
        self._post("/my/b2b/cart/add", {"product_id": self.product_b.id})
        response = self._post(action, values)
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        self.assertIn("Nut", " ".join(self._alerts(response)))

    def test_checkout_refused_keeps_what_was_typed(self):
        self.agreement.minimum_order_amount = 10_000
        action, values = self._form(self._get("/my/b2b/checkout"), "Place order")
        response = self._post(
            action, {**values, "client_order_ref": "PO-1", "commitment_date": "2020-01-01"}
        )
        alerts = " ".join(self._alerts(response))
        self.assertIn("minimum order amount", alerts)
        self.assertIn("in the past", alerts)
        _action, values = self._form(response, "Place order")
        self.assertEqual(values["client_order_ref"], "PO-1")
        self.assertEqual(self.cart.b2b_qualifier, "cart")

    def test_checkout_refuses_a_note_that_is_too_long(self):
        self._post("/my/b2b/cart/add", {"product_id": self.product_b.id})
        action, values = self._form(self._get("/my/b2b/checkout"), "Place order")
        note = "x\r\n" * 2501
        response = self._post(action, {**values, "b2b_note": note})
        self.assertIn("note is too long", " ".join(self._alerts(response)))
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        self.assertIn("x\nx\nx", response.text.replace("\r", ""))
        self._post(action, {**values, "b2b_note": "x\r\n" * 2500})
        self.assertEqual(self.cart.b2b_qualifier, "order")

    def test_placed_order_is_an_order_and_no_quotation(self):
        order = self._place()
        self.assertIn(order.name, self._get("/my/orders").text)
        self.assertNotIn(order.name, self._get("/my/quotes").text)
        counters = self.make_jsonrpc_request("/my/counters", {"counters": ["quotation_count"]})
        self.assertEqual(counters["quotation_count"], 0)
        self.assertNotIn("Weekly", self._get("/my/quotes").text + self._get("/my/orders").text)

    def test_placed_order_is_filtered_by_its_status(self):
        order = self._place()
        other = self.env["sale.order.status"].search([("name", "!=", order.order_status_id.name)])
        wanted = f"/my/orders?filterby={order.order_status_id.id}"
        self.assertIn(order.name, self._get(wanted).text)
        self.assertNotIn(order.name, self._get(f"/my/orders?filterby={other[0].id}").text)

    def test_orders_as_csv(self):
        order = self._place(client_order_ref="=1+1")
        text = self._get("/my/b2b/orders.csv").content.decode("utf-8-sig")
        row = next(line for line in text.splitlines() if line.startswith(order.name))
        self.assertIn(";0042;", row)
        self.assertIn(";'=1+1;", row)
        self.assertNotIn("Weekly", text)

    def test_templates_from_start_to_end(self):
        action, values = self._form(self._get("/my/b2b/templates"), "New template")
        response = self._post(action, {**values, "name": "Monthly"})
        template = self.env["sale.order"].search([("b2b_template_name", "=", "Monthly")])
        self.assertEqual(template.partner_id, self.buyer_user.partner_id)
        self.assertTrue(response.url.endswith(f"/my/b2b/templates/{template.id}"))
        url = f"/my/b2b/templates/{template.id}"
        self._post(f"{url}/add", {"sku": "0043", "quantity": "4"})
        for sku in ("nothing", "code"):
            response = self._post(f"{url}/add", {"sku": sku})
            self.assertIn("Unknown", " ".join(self._alerts(response)))
        response = self._post(f"{url}/add", {"sku": "", "quantity": ""})
        self.assertIn("No article", " ".join(self._alerts(response)))
        self.assertEqual(template.order_line.product_uom_qty, 4)
        self._post(f"{url}/save", {f"qty_{template.order_line.id}": "0"})
        self.env.invalidate_all()
        self.assertEqual(template.order_line.product_uom_qty, 0)
        self.assertTrue(self._alerts(self._post(f"{url}/order")))
        self._post(f"{url}/order", {f"qty_{template.order_line.id}": "7"})
        self.env.invalidate_all()
        line = self.cart.order_line.filtered(lambda one: one.product_id == self.product_b)
        self.assertEqual(line.product_uom_qty, 7)
        self._post(f"{url}/rename", {"name": "Yearly"})
        response = self._post(f"{url}/share")
        button = self._page(response).xpath("//button[normalize-space()='Share']")
        self.assertEqual(button[0].get("aria-pressed"), "true")
        self.env.invalidate_all()
        self.assertEqual((template.name, template.b2b_template_shared), ("Yearly", True))
        self._post(f"{url}/save", {"remove": template.order_line.id})
        self.assertFalse(template.order_line)
        self._post(f"{url}/delete")
        self.assertFalse(template.exists())

    def test_buttons_of_the_list_of_templates_say_what_they_show(self):
        page = self._page(self._get("/my/b2b/templates"))
        button = page.xpath("//main//form//button[normalize-space()='Order']")[0]
        self.assertFalse(button.get("aria-label"))
        name = page.get_element_by_id(button.get("aria-describedby"))
        self.assertEqual(name.text_content(), "Weekly")

    def test_template_of_nothing_says_so(self):
        foreign = self._create_order([(self.product, 1)], partner_id=self.rival.id)
        for order_id in (foreign.id, "x", 999999999):
            response = self._post("/my/b2b/templates/new", {"order_id": order_id, "name": "No"})
            self.assertIn("does not exist", " ".join(self._alerts(response)))

    def test_template_of_cart_and_of_order(self):
        action, values = self._form(self._get("/my/b2b/cart"), "Save as template")
        self._post(action, {**values, "name": "Cart again"})
        template = self.env["sale.order"].search([("b2b_template_name", "=", "Cart again")])
        self.assertEqual(template.order_line.product_uom_qty, 2)
        order = self._place()
        action, values = self._form(self._get(f"/my/orders/{order.id}"), "Save as template")
        self._post(action, values)
        template = self.env["sale.order"].search([("b2b_template_name", "=", order.name)])
        self.assertEqual(template.order_line.product_id, self.product)

    def test_page_queries_do_not_grow_with_the_assortment(self):
        counts = []
        for size in (30, 90):
            self.env["product.product"].create(
                [
                    {"name": f"{size} {index}", "default_code": f"S{index}", "taxes_id": [(5,)]}
                    for index in range(size)
                ]
            )
            self.env.flush_all()
            self._get("/my/b2b")
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._get("/my/b2b")
            counts.append(self.cr.sql_log_count - before)
        self.assertLess(counts[1] - counts[0], 5, counts)


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
