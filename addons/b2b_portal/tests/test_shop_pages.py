from functools import partial

from odoo.tests import tagged

from odoo.addons.b2b_pricelist.formatting import format_unit_price

from .pages import B2bPageCommon


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

    def test_navigation_says_which_page_it_is(self):
        """To whoever sees no colours, too."""
        for name in ("", "/quick-order", "/templates", "/pricelist", "/cart"):
            url = f"/my/b2b{name}"
            found = self._page(self._get(url)).xpath("//nav//a[@aria-current='page']/@href")
            self.assertEqual([href for href in found if href.startswith("/my/b2b")], [url])

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

    def test_less_than_the_unit_tells_takes_no_line_out(self):
        line, template = self.cart.order_line, self.template
        for url, data in (
            ("/my/b2b/cart/update", {f"qty_{line.id}": "0,0001"}),
            (
                f"/my/b2b/templates/{template.id}/save",
                {f"qty_{template.order_line[0].id}": "0.001"},
            ),
        ):
            with self.subTest(url=url):
                self.assertIn("zero", " ".join(self._alerts(self._post(url, data))))
        self.env.invalidate_all()
        self.assertEqual(self.cart.order_line.mapped("product_uom_qty"), [2.0])
        self.assertEqual(template.order_line.mapped("product_uom_qty"), [3.0, 0.0])

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
        self._post(f"{url}/rename", {"name": " \u200b "})
        response = self._post(f"{url}/share")
        button = self._page(response).xpath("//button[normalize-space()='Share']")
        self.assertEqual(button[0].get("aria-pressed"), "true")
        self.env.invalidate_all()
        self.assertEqual((template.name, template.b2b_template_shared), ("Yearly", True))
        # As the button said: pressed twice, it does the same twice.
        for _time in range(2):
            self._post(f"{url}/share", {"shared": button[0].get("value")})
            self.env.invalidate_all()
            self.assertFalse(template.b2b_template_shared)
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
            with self._count_queries() as queries:
                self._get("/my/b2b")
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts, extra=4)
