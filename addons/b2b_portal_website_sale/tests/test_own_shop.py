from lxml import html

from odoo.tests import tagged

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestOwnShop(ShopCommon):
    """One shop and one cart for B2B customers, where the seller wants that."""

    def setUp(self):
        super().setUp()
        self.template = self.product.product_tmpl_id
        self.pages = {
            "/shop": "/my/b2b",
            "/shop?search=bolt": "/my/b2b?search=bolt",
            self.template.website_url: f"/my/b2b/product/{self.product.id}",
            "/shop/cart": "/my/b2b/cart",
        }

    def _where(self, url):
        response = self.url_open(url, allow_redirects=False)
        if response.status_code in (301, 302, 303):
            return response.headers["Location"].partition("8069")[2] or response.headers["Location"]
        return response.status_code

    def _as(self, user):
        if not user:
            return self.authenticate(None, None)
        return self.authenticate(user.login, user.login + "x" * max(8 - len(user.login), 0))

    def test_off_by_default(self):
        self.assertFalse(self.company.b2b_own_shop)
        self._as(self.buyer_user)
        for url in self.pages:
            with self.subTest(url=url):
                self.assertEqual(self._where(url), 200)
        self.assertIn("/shop/cart", self.url_open("/shop").text)

    def test_customers_with_an_agreement_are_led(self):
        self.company.b2b_own_shop = True
        self._as(self.buyer_user)
        for url, target in self.pages.items():
            with self.subTest(url=url):
                response = self.url_open(url, allow_redirects=False)
                self.assertEqual(response.status_code, 303)
                self.assertTrue(response.headers["Location"].endswith(target))
                self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_one_cart(self):
        self.company.b2b_own_shop = True
        self._as(self.buyer_user)
        carts = self._carts()
        self.assertTrue(carts)
        self.assertTrue(all("d-none" in classes for classes in carts), carts)
        self.company.b2b_own_shop = False
        self.assertTrue(any("d-none" not in classes for classes in self._carts()))

    def _carts(self):
        page = html.fromstring(self.url_open("/my/b2b").text)
        return [
            node.get("class").split()
            for node in page.xpath("//li[contains(@class, 'o_wsale_my_cart')]")
        ]

    def test_others_are_not_led(self):
        self.company.b2b_own_shop = True
        for user in (None, self.retail_user):
            self._as(user)
            for url in self.pages:
                with self.subTest(url=url, user=user and user.login):
                    self.assertEqual(self._where(url), 200)

    def test_ended_agreement_opens_the_public_shop_again(self):
        self.company.b2b_own_shop = True
        self.agreement.action_terminate()
        self._as(self.buyer_user)
        self.assertEqual(self._where("/shop"), 200)

    def test_user_of_another_company_stays_in_the_public_shop(self):
        """The B2B shop would be closed to him: it asks for an agreement with his company."""
        self.company.b2b_own_shop = True
        other = self.env["res.company"].create({"name": "Seller of the other shop"})
        self.buyer_user.write({"company_ids": other.ids, "company_id": other.id})
        self._as(self.buyer_user)
        for url in self.pages:
            with self.subTest(url=url):
                self.assertEqual(self._where(url), 200)

    def _place_order(self, **values):
        partner = self.buyer_user.partner_id
        order = self._create_order(
            [(self.product, 3), (self.product_b, 2)], partner_id=partner.id, **values
        )
        order.action_confirm()
        return order

    def _order_again(self, order, **params):
        return self.make_jsonrpc_request("/my/orders/reorder", {"order_id": order.id, **params})

    def _read_cart(self):
        cart = self.env["sale.order"].search(
            [
                ("b2b_qualifier", "=", "cart"),
                ("partner_id", "=", self.buyer_user.partner_id.id),
            ]
        )
        return {line.product_id: line.product_uom_qty for line in cart.order_line}

    def test_order_again_fills_the_one_cart(self):
        order = self._place_order()
        self.company.b2b_own_shop = True
        self._as(self.buyer_user)
        answer = self._order_again(order)
        self.assertEqual(answer, {"tracking_info": [], "cart_quantity": 0})
        self.assertEqual(self._read_cart(), {self.product: 3, self.product_b: 2})
        self.assertFalse(self._get_cart(self.buyer_user.partner_id) - order)
        page = self.url_open("/shop/cart")
        self.assertTrue(page.url.endswith("/my/b2b/cart"))
        self.assertIn("Articles added: 2", page.text)
        self._order_again(order)
        self.assertEqual(self._read_cart(), {self.product: 6, self.product_b: 4})

    def test_order_again_names_what_is_left_out(self):
        order = self._place_order()
        self.product_b.sale_ok = False
        self.company.b2b_own_shop = True
        self._as(self.buyer_user)
        self._order_again(order)
        self.assertEqual(self._read_cart(), {self.product: 3})
        left_out = f"{self.product_b.display_name} was left out"
        self.assertIn(left_out, html.fromstring(self.url_open("/shop/cart").text).text_content())

    def test_order_again_of_another_company(self):
        order = self._place_order()
        other = self.env["res.company"].create({"name": "Other seller"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET company_id = %s WHERE id = %s", [other.id, order.id]
        )
        self.env.invalidate_all()
        token = order._portal_ensure_token()
        self.company.b2b_own_shop = True
        self._as(self.buyer_user)
        self._order_again(order, access_token=token)
        self.assertFalse(self._read_cart())
        self.assertIn("cannot be repeated here", self.url_open("/shop/cart").text)

    def test_order_again_in_the_public_shop(self):
        order = self._place_order()
        self._as(self.buyer_user)
        answer = self._order_again(order)
        self.assertEqual(answer["cart_quantity"], 5)
        self.assertFalse(self._read_cart())

    def test_order_again_is_for_who_may_read_the_order(self):
        order = self._place_order()
        self.company.b2b_own_shop = True
        self._as(self.rival_user)
        self._order_again(order)
        self.assertFalse(
            self.env["sale.order"].search([("partner_id", "=", self.rival_user.partner_id.id)])
        )

    def test_product_page_queries_do_not_grow(self):
        self._as(self.buyer_user)
        url, counts = f"/my/b2b/product/{self.product.id}", []
        for size in (1, 8):
            others = self.env["product.product"].create([{"name": f"P{n}"} for n in range(size)])
            self.template.accessory_product_ids = others
            self.url_open(url)
            before = self.env.cr.sql_log_count
            self.assertIn("Goes with it", self.url_open(url).text)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertNoMoreQueries(*counts, extra=2)
