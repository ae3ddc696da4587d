from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.b2b_agreement.tests.common import SIGNATURE

from .pages import B2bPageCommon


@tagged("post_install", "-at_install")
class TestProductPage(B2bPageCommon):
    def setUp(self):
        super().setUp()
        self.url = f"/my/b2b/product/{self.product.id}"
        self._login(self.buyer_user)

    def _create_document(self, name="Manual.txt", **values):
        return self.env["product.document"].create(
            {
                "name": name,
                "raw": b"how to",
                "res_model": "product.template",
                "res_id": self.product.product_tmpl_id.id,
                "attached_on_sale": "quotation",
                **values,
            }
        )

    # === ACCESS === #

    def test_closed_to_others(self):
        self.product.image_1920 = SIGNATURE
        urls = (
            self.url,
            f"{self.url}/picture/0",
            f"{self.url}/document/{self._create_document().id}",
        )
        for user, where in ((None, "/web/login"), (self.retail_user, "/my/agreements?closed=none")):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            for url in urls:
                with self.subTest(url=url, user=user and user.login):
                    response = self._get(url, allow_redirects=False)
                    self.assertIn(where, response.headers.get("Location", ""))

    def test_own_prices_only(self):
        self._create_signed_agreement(
            partner_id=self.rival.id, pricelist_id=self.rival_pricelist.id
        )
        self.assertIn("99.42", self._get(self.url).text)
        self._login(self.rival_user)
        text = self._get(self.url).text
        self.assertIn("110.47", text)
        self.assertNotIn("99.42", text)

    def test_what_is_not_sold_has_no_page(self):
        self.product.image_1920 = SIGNATURE
        document = self._create_document()
        self.product.sale_ok = False
        response = self._get(self.url)
        self.assertIn("no longer sold", " ".join(self._alerts(response)))
        for url in (f"{self.url}/picture/0", f"{self.url}/document/{document.id}"):
            self.assertEqual(self._get(url).status_code, 404)
        self.assertEqual(self._get("/my/b2b/product/999999999").status_code, 200)

    # === THE PAGE === #

    def test_page(self):
        self.product.description_sale = "Zinc-plated\nsteel"
        response = self._get(self.url)
        page = self._page(response)
        text = " ".join(page.text_content().split())
        for words in ("Bolt", "0042", "99.42", "from 10", "88.38", "Zinc-plated steel"):
            self.assertIn(words, text)
        self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_add_to_cart_leads_back(self):
        action, data = self._form(self._get(self.url), "Add to cart")
        response = self._post(action, data)
        self.assertTrue(response.url.endswith(self.url))
        self.assertEqual(self._get_cart().order_line.product_uom_qty, 3)

    def test_variants_are_links(self):
        attribute = self.env["product.attribute"].create(
            {
                "name": "Length",
                "value_ids": [Command.create({"name": name}) for name in ("20 mm", "40 mm")],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Screw",
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": attribute.id,
                            "value_ids": [Command.set(attribute.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        short, long = template.product_variant_ids
        page = self._page(self._get(f"/my/b2b/product/{short.id}"))
        self.assertTrue(page.xpath(f"//dd/a[@href='/my/b2b/product/{long.id}']"))
        self.assertFalse(page.xpath(f"//dd/a[@href='/my/b2b/product/{short.id}']"))
        long.active = False
        page = self._page(self._get(f"/my/b2b/product/{short.id}"))
        self.assertFalse(page.xpath("//dd/a"))

    def test_picture(self):
        self.assertEqual(self._get(f"{self.url}/picture/0").status_code, 404)
        self.product.image_1920 = SIGNATURE
        response = self._get(f"{self.url}/picture/0")
        self.assertTrue(response.headers["Content-Type"].startswith("image/"))
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(self._get(f"{self.url}/picture/1").status_code, 404)

    def test_documents_that_customers_see(self):
        shown = self._create_document()
        hidden = self._create_document("Calculation.txt", attached_on_sale="hidden")
        other = self._create_document(res_id=self.product_b.product_tmpl_id.id)
        text = self._get(self.url).text
        self.assertIn("Manual.txt", text)
        self.assertNotIn("Calculation.txt", text)
        self.assertEqual(self._get(f"{self.url}/document/{shown.id}").content, b"how to")
        for document in (hidden, other):
            self.assertEqual(self._get(f"{self.url}/document/{document.id}").status_code, 404)

    def test_empty_lists_are_not_read(self):
        """Which lists of an article have anything in them is known before one is read."""
        product = self.product_b.sudo()
        self.assertFalse(product._find_b2b_lists())
        self.env["product.document"].create(
            {"name": "A.txt", "raw": b"a", "res_model": product._name, "res_id": product.id}
        )
        attribute = self.env["product.attribute"].create(
            {"name": "Finish", "value_ids": [Command.create({"name": "Matt"})]}
        )
        product.product_tmpl_id.attribute_line_ids = [
            Command.create(
                {"attribute_id": attribute.id, "value_ids": [Command.set(attribute.value_ids.ids)]}
            )
        ]
        self.env.flush_all()
        self.assertEqual(product._find_b2b_lists(), {"attribute_line_ids", "documents"})

    def test_empty_lists_are_known(self):
        """Units and attributes that an article has not are asked for by nobody again."""
        product = self.product_b.sudo()
        with self._count_queries():
            product._find_b2b_lists()
            found = self.env.cr.sql_log_count
            self.assertFalse(product.uom_ids or product.product_template_attribute_value_ids)
            self.assertEqual(product.price_extra, 0)
            self.assertEqual(self.env.cr.sql_log_count, found)

    def test_units_of_an_article_are_read(self):
        """What is there is read as before, also where it was empty a moment ago."""
        product = self.product_b.sudo()
        product._find_b2b_lists()
        box = self.env["uom.uom"].create(
            {"name": "Box of 6", "relative_factor": 6, "relative_uom_id": product.uom_id.id}
        )
        product.uom_ids = box
        self.env.flush_all()
        self.assertIn("uom_ids", product._find_b2b_lists())
        self.assertEqual(product._get_b2b_uoms(), product.uom_id | box)

    def test_buyer_and_seller_are_read_by_name(self):
        """Pages of the shop read a few fields of both at once, and nothing else of them."""
        buyer, company = self.buyer_user.partner_id, self.env.company
        with self._count_queries() as alone:
            buyer._get_b2b_agreement(company)._get_fiscal_position()
        with self._count_queries() as named:
            buyer._fetch_b2b_page(company)
            buyer._get_b2b_agreement(company)._get_fiscal_position()
        self.assertLess(named[0], alone[0])
        known = buyer._fields["email"]._get_cache(self.env)
        self.assertFalse({buyer.id, company.partner_id.id} & set(known))
        self.assertNotIn(company.id, company._fields["email"]._get_cache(self.env))
        self.assertIn(company.id, company._fields["currency_id"]._get_cache(self.env))

    def test_reached_from_everywhere(self):
        for url in (
            "/my/b2b",
            "/my/b2b/cart",
            f"/my/b2b/templates/{self.template.id}",
            "/my/b2b/pricelist",
        ):
            with self.subTest(url=url):
                self.assertIn(f'href="{self.url}"', self._get(url).text)
        self._place()
        self.assertIn(f'href="{self.url}"', self._get(f"/my/orders/{self.cart.id}").text)
