from odoo.tests import HttpCase, tagged

from odoo.addons.b2b_portal.tests.orders import B2bOrderCommon


@tagged("post_install", "-at_install")
class TestAvailability(B2bOrderCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"b2b_stock_display": "words", "b2b_stock_low": 5})
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)])[0]
        cls.product.is_storable = True

    def _set_stock(self, quantity, product=None, location=None):
        self.env["stock.quant"]._update_available_quantity(
            product or self.product, location or self.warehouse.lot_stock_id, quantity
        )
        self.env.invalidate_all()

    def _availability(self, product=None):
        product = (product or self.product).with_user(self.buyer_user).sudo()
        return product._get_b2b_availability(self.company).get(product.id)

    def test_words(self):
        self.assertEqual(self._availability()["state"], "out")
        self._set_stock(3)
        self.assertEqual(self._availability()["state"], "limited")
        self.assertIn("3 Units", self._availability()["text"])
        self._set_stock(20)
        self.assertEqual(self._availability(), {"state": "available", "text": "In stock"})

    def test_quantity(self):
        self.company.b2b_stock_display = "quantity"
        self._set_stock(20)
        self.assertIn("20 Units", self._availability()["text"])

    def test_nothing_is_told(self):
        self.company.b2b_stock_display = "none"
        self._set_stock(20)
        self.assertIsNone(self._availability())

    def test_what_is_promised_is_not_free(self):
        self._set_stock(20)
        order = self._create_order([(self.product, 18)])
        order.action_confirm()
        self.env.invalidate_all()
        self.assertEqual(self._availability()["state"], "limited")

    def test_stock_of_another_company_does_not_count(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        location = self.env["stock.warehouse"].search([("company_id", "=", other.id)]).lot_stock_id
        self._set_stock(20, location=location)
        self.assertEqual(self._availability()["state"], "out")

    def test_services_and_consumables_tell_nothing(self):
        self.assertIsNone(self._availability(self.product_b))

    def test_queries_do_not_grow(self):
        counts = []
        for size in (20, 60):
            products = self.env["product.product"].create(
                [{"name": f"{size}-{index}", "is_storable": True} for index in range(size)]
            )
            with self._count_queries() as queries:
                products._get_b2b_availability(self.company)
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts, extra=1)

    def test_shop_page(self):
        self._set_stock(20)
        self.authenticate(self.buyer_user.login, self.buyer_user.login)
        self.assertIn("In stock", self.url_open("/my/b2b?search=bolt").text)

    def test_carts_are_no_demand(self):
        self.env.flush_all()
        report = self.env["stock.forecasted_product_product"]
        lines = self.env["sale.order.line"].search(
            report._product_sale_domain(False, self.product.ids)
        )
        self.assertFalse(lines.order_id & (self.cart | self.template))
        quotation = self._create_order([(self.product, 1)])
        lines = self.env["sale.order.line"].search(
            report._product_sale_domain(False, self.product.ids)
        )
        self.assertIn(quotation, lines.order_id)

    def test_deliveries_stay_with_the_company(self):
        order = self._create_order([(self.product, 1)], partner_id=self.buyer_user.partner_id.id)
        order.action_confirm()
        delivery = order.picking_ids
        self.assertTrue(delivery.with_user(self.buyer_user).has_access("read"))
        self.buyer_user.partner_id.parent_id = self.rival
        self.assertFalse(delivery.with_user(self.buyer_user).has_access("read"))
