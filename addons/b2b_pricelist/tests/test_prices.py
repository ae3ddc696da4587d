import random
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.product.models.product_pricelist import ProductPricelist

from ..pricing import PriceLine
from .common import B2bCommon


@tagged("post_install", "-at_install")
class TestPrices(B2bCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_signed_agreement()
        cls.tax = cls.env["account.tax"].create(
            {"name": "VAT 23", "amount": 23, "company_id": cls.company.id}
        )
        cls.tax_included = cls.env["account.tax"].create(
            {
                "name": "VAT 23 incl",
                "amount": 23,
                "company_id": cls.company.id,
                "price_include_override": "tax_included",
            }
        )

    def _price(self, product, quantity=1.0, uom=None, pricelist=None):
        return (pricelist or self.pricelist)._get_product_price(product, quantity, uom=uom)

    def _get_price(self, product, quantity=1.0, uom=None):
        """The price of the customer of the agreement, as an object."""
        pricer = self.agreement.with_context(lang="en_US")._get_pricer()
        return pricer.prices([PriceLine(product, quantity, uom)])[0]

    def _assert_line_agrees(self, product, quantity, uom=None, **order_values):
        """The engine's details and an order line give the same amounts."""
        order = self._create_order([(product, quantity)], **order_values)
        line = order.order_line
        if uom:
            line.product_uom_id = uom
        pricer = self.agreement._get_pricer(order.partner_shipping_id)
        [price] = pricer.prices([PriceLine(product, quantity, uom)])
        self.assertEqual(order.pricelist_id, self.pricelist)
        self.assertAlmostEqual(line.price_unit, price.price_unit, places=9)
        self.assertAlmostEqual(line.discount, price.discount, places=9)
        self.assertAlmostEqual(line.price_subtotal, price.subtotal, places=9)
        self.assertAlmostEqual(line.price_total, price.total, places=9)
        self.assertEqual(line.tax_ids, price.taxes)
        self.assertAlmostEqual(line.price_reduce_taxexcl, price.net, delta=0.005 + 1e-9)
        return line, price

    # === DISCOUNT OF THE PRODUCT === #

    def test_product_discount_lowers_price_only_on_b2b_lists(self):
        self.product.b2b_discount = 20
        plain = self._create_pricelist(name="Plain", is_b2b=False)
        self.assertAlmostEqual(self._price(self.product), 88.376)
        self.assertAlmostEqual(self._price(self.product, pricelist=plain), 110.47)

    def test_product_discount_out_of_range_is_refused(self):
        for value in (-0.01, 100.01):
            with self.subTest(value=value), self.assertRaises(ValidationError):
                self.product.b2b_discount = value
                self.env.flush_all()
        for value in (0, 100):
            self.product.b2b_discount = value

    def test_product_discount_of_100_makes_it_free(self):
        self.product.b2b_discount = 100
        self.assertEqual(self._price(self.product), 0)

    def test_best_price_takes_the_lower_at_each_quantity(self):
        self.product.b2b_discount = 20
        self._create_rule(percent_price=10)
        self._create_rule(percent_price=36, min_quantity=10)
        self.assertAlmostEqual(self._price(self.product, 1), 88.376)
        self.assertAlmostEqual(self._price(self.product, 10), 110.47 * 0.64)

    def test_product_first_hides_quantity_breaks(self):
        self.company.b2b_price_policy = "product_first"
        self.product.b2b_discount = 20
        self._create_rule(percent_price=36, min_quantity=10)
        self.assertAlmostEqual(self._price(self.product, 10), 88.376)
        self.assertAlmostEqual(self._price(self.product_b, 10), 32.0)

    def test_product_discount_is_never_stacked(self):
        self.product.b2b_discount = 20
        upper = self._create_pricelist(name="Upper", is_b2b=True)
        plain = self._create_pricelist(name="Plain", is_b2b=False)
        for pricelist in (upper, plain):
            self._create_rule(
                pricelist_id=pricelist.id,
                percent_price=5,
                base="pricelist",
                base_pricelist_id=self.pricelist.id,
            )
        self.assertAlmostEqual(self._price(self.product, pricelist=plain), 110.47 * 0.95)
        self.assertAlmostEqual(self._price(self.product, pricelist=upper), 88.376)
        self.company.b2b_price_policy = "product_first"
        self.assertAlmostEqual(self._price(self.product, pricelist=plain), 110.47 * 0.95)

    def test_technical_rule_follows_the_flag_and_is_protected(self):
        Item = self.env["product.pricelist.item"]
        domain = [("pricelist_id", "=", self.pricelist.id), ("is_b2b_discount", "=", True)]
        rule = Item.search(domain)
        self.assertEqual(len(rule), 1)
        self.assertNotIn(rule, self.pricelist.item_ids)
        with self.assertRaises(UserError):
            rule.percent_price = 50
        with self.assertRaises(UserError):
            rule.unlink()
        self.assertEqual(
            len(Item.search([*domain[1:], ("pricelist_id", "=", self.pricelist.copy().id)])), 1
        )
        pricelist = self._create_pricelist()
        domain = [("pricelist_id", "=", pricelist.id), *domain[1:]]
        for is_b2b in (True, False, True):
            pricelist.is_b2b = is_b2b
            self.assertEqual(len(Item.search(domain)), is_b2b)

    def test_nobody_makes_a_technical_rule(self):
        retail = self._create_pricelist(name="Retail", is_b2b=False)
        Item = self.env["product.pricelist.item"]
        values = {"pricelist_id": retail.id}
        with self.assertRaises(UserError):
            Item.create({**values, "is_b2b_discount": True})
        with self.assertRaises(UserError):
            Item.with_context(default_is_b2b_discount=True).create(values)
        rule = Item.create(values)
        with self.assertRaises(UserError):
            rule.is_b2b_discount = True

    # === AGREEMENT WITH ODOO'S OWN PRICES === #

    def test_prices_equal_core_on_random_rules(self):
        """Without product discounts, a B2B list gives what Odoo's own search for rules gives."""
        rng = random.Random(19)
        categories = self.env["product.category"].create([{"name": f"C{i}"} for i in range(4)])
        children = self.env["product.category"].create(
            [{"name": "D", "parent_id": category.id} for category in categories]
        )
        categories |= children
        templates = self.env["product.template"].create(
            [
                {
                    "name": f"P{i}",
                    "list_price": rng.uniform(1, 200),
                    "standard_price": rng.uniform(1, 100),
                    "categ_id": rng.choice(categories).id,
                }
                for i in range(20)
            ]
        )
        attribute = self.env["product.attribute"].create(
            {"name": "Size", "value_ids": [(0, 0, {"name": f"S{i}"}) for i in range(3)]}
        )
        for template in templates[:5]:
            template.attribute_line_ids = [
                (
                    0,
                    0,
                    {
                        "attribute_id": attribute.id,
                        "value_ids": [(6, 0, attribute.value_ids.ids)],
                    },
                )
            ]
        variants = templates.product_variant_ids
        base = self._create_pricelist(name="Base", is_b2b=False)
        self._create_rule(pricelist_id=base.id, percent_price=3, min_quantity=5)
        for _i in range(150):
            rule = {
                "min_quantity": rng.choice([0, 0, 1, 5, 10, 12.5]),
                "compute_price": rng.choice(["fixed", "percentage", "formula"]),
                "fixed_price": rng.uniform(1, 100),
                "percent_price": rng.uniform(-10, 50),
                "price_discount": rng.uniform(0, 30),
                "price_surcharge": rng.choice([0, 1.5]),
            }
            rule |= rng.choice(
                [
                    {"product_tmpl_id": rng.choice(templates).id},
                    {"product_id": rng.choice(variants).id},
                    {"categ_id": rng.choice(categories).id},
                    {"applied_on": "3_global", "min_quantity": rng.choice([20, 50])},
                ]
            )
            if rule["compute_price"] != "fixed" and rng.random() < 0.3:
                rule |= {"base": "pricelist", "base_pricelist_id": base.id}
            if rng.random() < 0.2:
                now = fields.Datetime.now()
                rule["date_start"] = now + timedelta(days=rng.choice([-5, 5]))
            self._create_rule(**rule)
        dozen = self.env.ref("uom.product_uom_dozen")
        core = ProductPricelist._compute_price_rule
        # Core would take the technical rule for a rule of all products; drop it for the comparison.
        plain = self.pricelist.copy({"is_b2b": False, "name": "Plain twin"})
        for products in (variants, templates):
            for quantity in (0.5, 1, 4, 5, 10, 12.5, 30):
                for uom in (None, dozen):
                    expected = core(plain, products, quantity, uom=uom)
                    found = self.pricelist._compute_price_rule(products, quantity, uom=uom)
                    self.assertEqual(
                        {key: price for key, (price, _rule) in expected.items()},
                        {key: price for key, (price, _rule) in found.items()},
                    )

    def test_line_agrees_with_engine_in_every_tax_mode(self):
        self.product.b2b_discount = 20
        self._create_rule(percent_price=36, min_quantity=10)
        self._create_rule(product_tmpl_id=self.product_b.product_tmpl_id.id, percent_price=33.33)
        for taxes in (self.env["account.tax"], self.tax, self.tax_included):
            (self.product | self.product_b).taxes_id = taxes
            for product in (self.product, self.product_b):
                for quantity in (1, 3, 10, 12.5):
                    with self.subTest(taxes=taxes.name, quantity=quantity):
                        self._assert_line_agrees(product, quantity)

    def test_line_agrees_with_engine_when_discounts_are_shown(self):
        self.env.ref("base.group_user")._apply_group(
            self.env.ref("sale.group_discount_per_so_line")
        )
        self.product.b2b_discount = 12.5
        self._create_rule(percent_price=33.333, min_quantity=10)
        line, _price = self._assert_line_agrees(self.product, 1)
        self.assertEqual(line.discount, 12.5)
        self.assertEqual(line.price_unit, 110.47)
        self._assert_line_agrees(self.product, 10)

    def test_line_agrees_with_engine_with_fiscal_position(self):
        self.product.write({"b2b_discount": 20, "taxes_id": [(6, 0, self.tax_included.ids)]})
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        self.customer.property_account_position_id = position
        line, price = self._assert_line_agrees(self.product, 3)
        self.assertFalse(price.taxes)
        self.assertAlmostEqual(line.price_unit, 88.376 / 1.23, places=2)

    def test_line_agrees_with_engine_in_foreign_currency(self):
        currency = self.env["res.currency"].create(
            {
                "name": "B2X",
                "symbol": "X",
                "rate_ids": [(0, 0, {"rate": 4.3217, "name": "2020-01-01"})],
            }
        )
        self.pricelist.currency_id = currency
        self.product.b2b_discount = 20
        line, price = self._assert_line_agrees(self.product, 3)
        self.assertEqual(price.currency, currency)
        self.assertAlmostEqual(line.price_unit, 88.376 * 4.3217, places=4)

    def test_line_agrees_with_engine_in_packs(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.product.b2b_discount = 20
        self._create_rule(percent_price=36, min_quantity=10)
        line, price = self._assert_line_agrees(self.product, 1, uom=dozen)
        self.assertAlmostEqual(line.price_unit, 110.47 * 0.64 * 12, places=6)
        self.assertEqual(price.source, "rule")

    def test_line_of_seller_gets_agreement_prices_too(self):
        self.product.b2b_discount = 20
        self.customer.property_product_pricelist = self.rival_pricelist
        order = (
            self.env["sale.order"]
            .with_user(self.seller_user)
            .create({"partner_id": self.buyer_user.partner_id.id})
        )
        self.assertEqual(order.pricelist_id, self.pricelist)

    def test_invoice_and_pdf_show_the_price_of_the_line(self):
        self.product.write({"b2b_discount": 20, "invoice_policy": "order"})
        order = self._create_order([(self.product, 3)])
        self.assertEqual(order.amount_untaxed, 265.13)
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("sale.action_report_saleorder", order.ids)[0]
            .decode()
        )
        self.assertRegex(html, r"265[.,]13")
        order.action_confirm()
        self.assertEqual(order._create_invoices().amount_untaxed, 265.13)

    # === DETAILS === #

    def test_details_name_source_list_price_and_next_break(self):
        self.product.b2b_discount = 20
        self._create_rule(percent_price=36, min_quantity=10)
        price = self._get_price(self.product, 1)
        self.assertEqual(price.source, "product_discount")
        self.assertEqual(price.net, 88.38)
        self.assertEqual(price.list_net, 110.47)
        self.assertEqual(price.percentage, 20.0)
        self.assertEqual(price.next_break.quantity, 10)
        self.assertEqual(price.next_break.net, 70.70)
        price = self._get_price(self.product, 10)
        self.assertEqual(price.source, "rule")
        self.assertIsNone(price.next_break)
        price = self._get_price(self.product_b, 1)
        self.assertEqual(price.source, "list_price")

    def test_quantity_breaks_are_those_that_change_the_price(self):
        self.product.b2b_discount = 20
        self._create_rule(percent_price=10, min_quantity=5)
        self._create_rule(percent_price=36, min_quantity=10)
        steps = self.agreement._get_pricer().breaks(self.product | self.product_b)
        self.assertEqual(
            [(step.quantity, step.net) for step in steps[self.product.id]],
            [(1, 88.38), (10, 70.70)],
        )
        self.assertEqual(
            [(step.quantity, step.net) for step in steps[self.product_b.id]],
            [(1, 50.0), (5, 45.0), (10, 32.0)],
        )

    def test_explanation_is_readable(self):
        self.product.b2b_discount = 20
        self._create_rule(percent_price=36, min_quantity=10)
        price = self._get_price(self.product, 1)
        [rows] = price.pricer.explain([price])
        text = " ".join(row["text"] for row in rows)
        for words in (r"110[.,]47", r"88[.,]38", r"70[.,]70", "B2B discount of the product"):
            self.assertRegex(text, words)

    def test_percentage_of_a_cheap_article_is_that_of_the_discount(self):
        self.product.write({"list_price": 0.62, "b2b_discount": 15})
        price = self._get_price(self.product, 1)
        self.assertEqual(price.percentage, 15.0)

    def test_seller_sees_why_a_line_costs_what_it_does(self):
        self.product.b2b_discount = 20
        line = self._create_order([(self.product, 1)]).order_line.with_user(self.seller_user)
        action = line.with_context(lang="en_US").action_explain_b2b_price()
        self.assertRegex(action["params"]["message"], r"B2B discount of the product")
        self.assertNotIn("On this line", action["params"]["message"])
        line.price_unit = 1
        action = line.with_context(lang="en_US").action_explain_b2b_price()
        self.assertIn("On this line", action["params"]["message"])

    def test_line_of_zero_quantity_has_a_price_and_no_amount(self):
        price = self._get_price(self.product, 0)
        self.assertEqual(price.net, 110.47)
        self.assertEqual(price.total, 0)

    # === QUERIES === #

    def test_queries_do_not_grow_with_products(self):
        def measure(count):
            products = self.env["product.product"].create(
                [{"name": f"Q{count}-{i}", "list_price": i + 1} for i in range(count)]
            )
            products[: count // 2].b2b_discount = 15
            for product in products[: count // 2]:
                self._create_rule(product_tmpl_id=product.product_tmpl_id.id, percent_price=7)
            with self._count_queries() as queries:
                for price in self.agreement._get_pricer().prices(
                    (product,) for product in products
                ):
                    self.assertTrue(price.net <= price.list_net and price.subtotal <= price.total)
                    self.assertTrue(price.source and not price.next_break)
            return queries[0]

        measure(5)
        small, large = measure(10), measure(200)
        self.assertNoMoreQueries(small, large, extra=2)
        self.assertLessEqual(large, 60)
