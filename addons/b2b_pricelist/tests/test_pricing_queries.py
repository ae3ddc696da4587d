from odoo.fields import Command
from odoo.tests import tagged

from .pricing_common import PricingCommon


@tagged("post_install", "-at_install")
class TestQueries(PricingCommon):
    """The number of queries does not depend on the number of lines, whatever is asked."""

    def setUp(self):
        super().setUp()
        self.tax = self._create_tax(23)

    def _create_products(self, count):
        return self.env["product.product"].create(
            [
                {
                    "name": f"Q{index}",
                    "list_price": index + 1,
                    "b2b_discount": 15 * (index % 2),
                    "taxes_id": [Command.set(self.tax.ids)],
                }
                for index in range(count)
            ]
        )

    def _measure(self, count, act):
        products = self._create_products(count)
        self._create_rule(percent_price=7, product_id=products[0].id)
        with self._count_queries() as queries:
            act(products)
        return queries[0]

    def _assert_constant(self, act):
        self._measure(5, act)
        small, large = self._measure(10, act), self._measure(100, act)
        self.assertNoMoreQueries(small, large, extra=2)
        self.assertLessEqual(large, 60)

    def test_each_amount_takes_no_query_a_line(self):
        position = self.env["account.fiscal.position"].create({"name": "Queries"})
        for name in ("price_unit", "net", "gross", "list_net", "percentage", "total", "next_break"):

            def act(products, name=name):
                pricer = self._get_pricer(fiscal_position=position, partner=self.customer)
                for price in pricer.prices((product, 2) for product in products):
                    getattr(price, name)

            with self.subTest(name=name):
                self._assert_constant(act)

    def test_list_beneath_takes_no_query_a_line(self):
        """Core searches the rules of the list beneath anew for every line."""
        beneath = self._create_pricelist(name="Beneath", is_b2b=False)
        self._create_rule(pricelist_id=beneath.id, percent_price=3, min_quantity=5)
        self._create_rule(percent_price=20, base="pricelist", base_pricelist_id=beneath.id)

        def act(products):
            for price in self._get_pricer().prices((product, 2) for product in products):
                self.assertTrue(price.net and price.list_net)

        self._assert_constant(act)

    def test_core_asks_in_as_many_queries(self):
        self._assert_constant(lambda products: self.pricelist._compute_price_rule(products, 1.0))
        self._assert_constant(
            lambda products: self.pricelist._compute_price_rule(products.product_tmpl_id, 1.0)
        )

    def test_rules_are_searched_once(self):
        self._create_rule(percent_price=20)
        pricer = self._get_pricer()
        for steps in pricer.breaks(self.product | self.product_b).values():
            self.assertTrue(steps[0].net)
        with self._count_queries(fresh=False) as queries:
            for price in pricer.prices([(self.product, 3), (self.product_b, 100)]):
                self.assertTrue(price.net)
        self.assertEqual(queries, [0])
