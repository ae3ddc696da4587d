from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.b2b_agreement.tests.common import SIGNATURE

from .pages import PAGES, POSTS, B2bPageCommon


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
                page = self._get(f"/my/b2b/product/{product.id}")
                self.assertIn("no longer sold", " ".join(self._alerts(page)))
                self.assertNotIn(product.name, page.text)
        self.assertEqual(self.cart.order_line.product_id, self.product)
