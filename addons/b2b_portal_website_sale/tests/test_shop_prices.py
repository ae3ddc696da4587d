from unittest.mock import patch

from odoo.tests import tagged

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestShopPrices(ShopCommon):
    def _get_product_page(self):
        slug = self.env["ir.http"]._slug
        return self.url_open(f"/shop/{slug(self.product.product_tmpl_id)}").text

    def test_each_visitor_sees_the_own_price(self):
        for user, price in (
            (None, r"200[.,]00"),
            (self.retail_user, r"200[.,]00"),
            (self.rival_user, r"150[.,]42"),
            (self.buyer_user, r"73[.,]19"),
            (None, r"200[.,]00"),
        ):
            with self.subTest(user=user and user.login):
                self._login(user)
                self.assertRegex(self._get_product_page(), price)
                self.assertRegex(self.url_open("/shop?search=bolt").text, price)

    def test_page_asks_for_the_agreement_once(self):
        self._login(self.buyer_user)
        asked = []
        Agreement = type(self.env["b2b.agreement"])
        find_in_force = Agreement._find_in_force

        def count(agreements, customer, company):
            asked.append(customer)
            return find_in_force(agreements, customer, company)

        with patch.object(Agreement, "_find_in_force", count):
            self.assertIn("orders.csv", self.url_open("/my/orders").text)
            self.assertEqual(len(asked), 1)
            # The next page asks anew: it may be over by then.
            self.agreement.action_terminate()
            self.assertNotIn("orders.csv", self.url_open("/my/orders").text)
        self.assertEqual(asked, [self.customer] * 2)

    def test_no_cache_keeps_own_prices(self):
        for user, expected in ((self.retail_user, False), (self.buyer_user, True)):
            self._login(user)
            for url in ("/shop", "/shop?search=bolt", "/shop/cart"):
                header = self.url_open(url).headers.get("Cache-Control", "")
                self.assertEqual("no-store" in header, expected, f"{user.login} {url} {header}")

    def test_cart_of_a_b2b_customer_has_own_prices_until_the_end(self):
        self._set_tax_free()
        self._login(self.buyer_user)
        self._add_to_cart(2)
        cart = self._get_cart(self.buyer_user.partner_id)
        self.assertEqual(cart.pricelist_id, self.pricelist)
        self.assertAlmostEqual(cart.amount_untaxed, 146.38)
        self.agreement.action_terminate()
        self.url_open("/shop/cart")
        self.env.invalidate_all()
        self.assertFalse(cart.pricelist_id.is_b2b)
        self.assertAlmostEqual(cart.amount_untaxed, 400.0)
        self.assertRegex(self._get_product_page(), r"200[.,]00")

    def test_cart_gets_own_prices_once_the_agreement_starts(self):
        self._set_tax_free()
        self.agreement.action_terminate()
        self._login(self.buyer_user)
        self._add_to_cart(2)
        cart = self._get_cart(self.buyer_user.partner_id)
        self.assertAlmostEqual(cart.amount_untaxed, 400.0)
        self._create_signed_agreement()
        self.url_open("/shop/cart")
        self.env.invalidate_all()
        self.assertAlmostEqual(cart.amount_untaxed, 146.38)

    def test_open_cart_of_a_visitor_who_changed_companies(self):
        self._set_tax_free()
        contact = self.buyer_user.partner_id
        for company, customer, amount in (
            (self.rival, self.rival, 300.84),
            (self.env["res.partner"], contact, 400.0),
        ):
            contact.parent_id = self.customer
            self._login(self.buyer_user)
            self._add_to_cart(2)
            cart = self._get_cart(contact)
            self.assertAlmostEqual(cart.amount_untaxed, 146.38)
            contact.parent_id = company
            self.env.flush_all()
            self.url_open("/shop/cart")
            self.env.invalidate_all()
            self.assertEqual(cart.b2b_customer_id, customer)
            self.assertAlmostEqual(cart.amount_untaxed, amount)
            self.assertFalse(cart.with_user(self.buyer2_user).has_access("read"))
            cart.order_line.unlink()

    def test_chosen_retail_list_does_not_beat_the_agreement(self):
        self._login(self.buyer_user)
        self.url_open(f"/shop/change_pricelist/{self.retail_pricelist.id}")
        self.assertRegex(self._get_product_page(), r"73[.,]19")

    def test_list_of_the_customer_gives_no_prices_without_agreement(self):
        self._set_tax_free()
        self.customer.property_product_pricelist = self.pricelist
        self._login(self.buyer_user)
        self._add_to_cart(2)
        cart = self._get_cart(self.buyer_user.partner_id)
        self.assertAlmostEqual(cart.amount_untaxed, 146.38)
        self.agreement.action_terminate()
        self.assertRegex(self._get_product_page(), r"200[.,]00")
        self.url_open("/shop/cart")
        self.env.invalidate_all()
        self.assertFalse(cart.pricelist_id.is_b2b)
        self.assertAlmostEqual(cart.amount_untaxed, 400.0)

    def test_b2b_drafts_belong_to_no_website(self):
        Order = self.env["sale.order"].with_context(default_website_id=self.website.id)
        values = {"partner_id": self.buyer_user.partner_id.id, "website_id": self.website.id}
        for qualifier in ("cart", "template"):
            order = Order.create({**values, "b2b_qualifier": qualifier})
            self.assertFalse(order.website_id)

    def test_b2b_lists_are_not_offered(self):
        website = self.website.with_user(self.env.ref("base.public_user"))
        self.assertNotIn(self.pricelist.id, website.sudo().pricelist_ids.ids)
        self.assertFalse(self.pricelist._is_available_on_website(self.website))
        domain = self.pricelist._get_website_pricelists_domain(self.website)
        self.assertNotIn(self.pricelist, self.pricelist.search(domain))
