from dataclasses import FrozenInstanceError
from datetime import datetime, timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..pricing import PriceLine
from .pricing_common import PricingCommon


@tagged("post_install", "-at_install")
class TestPrice(PricingCommon):
    """One price: what is in it, and when it is computed."""

    def test_line_and_plain_tuple_are_the_same(self):
        pricer = self._get_pricer()
        prices = pricer.prices(
            [PriceLine(self.product, 2, self.dozen), (self.product, 2, self.dozen), (self.product,)]
        )
        self.assertEqual(prices[0].line, prices[1].line)
        self.assertEqual(prices[0].net, prices[1].net)
        self.assertEqual(prices[2].line, (self.product, 1.0, self.product.uom_id))

    def test_prices_come_in_the_order_of_the_lines(self):
        lines = [(self.product_b, 3), (self.product, 1), (self.product_b, 1), (self.product, 1)]
        prices = self._get_pricer().prices(lines)
        self.assertEqual([(price.product, price.quantity) for price in prices], lines)
        self.assertEqual(self._get_pricer().prices([]), [])

    def test_price_cannot_be_changed(self):
        price = self._get_price(self.product)
        for name in ("line", "pricer", "net", "discount"):
            with self.subTest(name=name), self.assertRaises(FrozenInstanceError):
                setattr(price, name, 1)

    def test_price_stays_what_it_was_when_it_was_asked_for(self):
        price = self._get_price(self.product)
        self.assertEqual(price.net, 110.47)
        self.product.list_price = 1
        self.assertEqual(price.net, 110.47)
        self.assertEqual(self._get_price(self.product).net, 1)

    def test_amounts_are_rounded_as_money_and_unit_prices_as_prices(self):
        self.product.write({"list_price": 0.333, "taxes_id": self._create_tax(23)})
        self.env.ref("product.decimal_price").digits = 3
        price = self._get_price(self.product, 1000)
        self.assertEqual((price.net, price.gross, price.tax), (0.333, 0.41, 0.077))
        self.assertAlmostEqual(price.subtotal, 333.0, places=9)
        self.assertAlmostEqual(price.total, 409.59, places=9)

    def test_net_leaves_out_included_taxes_of_groups_too(self):
        included = self._create_tax(25, price_include_override="tax_included")
        group = self._create_tax(
            0, amount_type="group", children_tax_ids=[Command.set(included.ids)]
        )
        self.product.list_price = 125
        for taxes in (included, group):
            with self.subTest(taxes=taxes.amount_type):
                self.product.taxes_id = taxes
                price = self._get_price(self.product)
                self.assertEqual((price.net, price.list_net, price.gross), (100, 100, 125))
                self.assertEqual((price.subtotal, price.total), (100, 125))

    def test_stored_line_has_the_net_of_its_own_taxes(self):
        included = self._create_tax(25, price_include_override="tax_included")
        pricer = self._get_pricer()
        line = PriceLine(self.product, 1.0, self.product.uom_id)
        self.assertEqual(pricer.get_net(line, 125, 20, included), 80)
        self.assertEqual(pricer.get_net(line, 125, 20, included.browse()), 100)

    def test_fiscal_position_changes_a_price_with_included_taxes(self):
        self.product.write(
            {
                "list_price": 125,
                "taxes_id": self._create_tax(25, price_include_override="tax_included"),
            }
        )
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        price = self._get_price(self.product, fiscal_position=position)
        self.assertFalse(price.taxes)
        self.assertEqual((price.price_unit, price.net, price.gross), (100, 100, 100))

    def test_list_price_is_never_undercut_by_a_surcharge(self):
        self._create_rule(percent_price=-10, product_id=self.product.id)
        price = self._get_price(self.product)
        self.assertEqual((price.net, price.list_net, price.percentage), (121.52, 110.47, 0))

    def test_discount_column_works_on_a_list_that_builds_on_another(self):
        """The shop broke here: core takes these arguments by their names only."""
        self.env.ref("base.group_user")._apply_group(
            self.env.ref("sale.group_discount_per_so_line")
        )
        beneath = self._create_pricelist(name="Beneath", is_b2b=False)
        self._create_rule(pricelist_id=beneath.id, percent_price=10)
        self._create_rule(percent_price=20, base="pricelist", base_pricelist_id=beneath.id)
        price = self._get_price(self.product_b)
        order = self._create_order(
            [(self.product_b, 1)], pricelist_id=self.pricelist.id, date_order=price.pricer.date
        )
        line = order.order_line
        self.assertEqual((price.price_unit, price.discount), (line.price_unit, line.discount))
        self.assertEqual((price.price_unit, price.discount), (50, 28))
        self.assertEqual((price.net, price.subtotal), (36, line.price_subtotal))

    def test_without_pricelist_it_is_the_sales_price(self):
        self.product.b2b_discount = 20
        price = self._get_price(self.product, pricelist=self.pricelist.browse())
        self.assertEqual((price.net, price.source), (110.47, "list_price"))
        self.assertEqual(price.currency, self.company.currency_id)
        self.assertFalse(price.rule or price.next_break)

    def test_other_units_cost_what_they_hold(self):
        self._create_rule(compute_price="fixed", fixed_price=2, min_quantity=24)
        for quantity, uom, net in ((1, self.dozen, 1325.64), (2, self.dozen, 24), (24, None, 2)):
            with self.subTest(quantity=quantity, uom=uom):
                self.assertEqual(self._get_price(self.product, quantity, uom).net, net)

    def test_dates_of_rules_are_those_of_the_price(self):
        now = fields.Datetime.now()
        self._create_rule(percent_price=50, date_start=now + timedelta(days=3))
        self._create_rule(percent_price=10, date_end=now + timedelta(days=1))
        for days, net in ((0, 99.42), (2, 110.47), (4, 55.24)):
            with self.subTest(days=days):
                price = self._get_price(self.product, date=now + timedelta(days=days))
                self.assertEqual(price.net, net)

    def test_rate_is_that_of_the_date(self):
        foreign = self.env["res.currency"].create(
            {
                "name": "B2D",
                "symbol": "D",
                "rate_ids": [
                    Command.create({"rate": rate, "name": name})
                    for rate, name in ((2, "2020-01-01"), (4, "2024-01-01"))
                ],
            }
        )
        self.pricelist.currency_id = foreign
        self.product.b2b_discount = 50
        for year, net in ((2021, 110.47), (2025, 220.94)):
            with self.subTest(year=year):
                price = self._get_price(self.product, date=datetime(year, 6, 1))
                self.assertEqual((price.net, price.currency), (net, foreign))

    def test_currency_of_the_caller_wins(self):
        foreign = self.env["res.currency"].create(
            {
                "name": "B2E",
                "symbol": "E",
                "rate_ids": [Command.create({"rate": 2, "name": "2020-01-01"})],
            }
        )
        price = self._get_price(self.product_b, currency=foreign)
        self.assertEqual((price.net, price.list_net, price.currency), (100, 100, foreign))


@tagged("post_install", "-at_install")
class TestPolicy(PricingCommon):
    """The B2B discount of a product against the rules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product_b.b2b_discount = 20  # 40 instead of 50
        cls.rule = cls._create_rule(percent_price=10)
        cls.rule_10 = cls._create_rule(percent_price=36, min_quantity=10)

    def test_best_price_at_each_quantity(self):
        for quantity, net, source in (
            (1, 40, "product_discount"),
            (9.99, 40, "product_discount"),
            (10, 32, "rule"),
        ):
            with self.subTest(quantity=quantity):
                price = self._get_price(self.product_b, quantity)
                self.assertEqual((price.net, price.source), (net, source))

    def test_equal_prices_are_the_rules(self):
        self.rule.percent_price = 20
        price = self._get_price(self.product_b)
        self.assertEqual((price.net, price.rule), (40, self.rule))

    def test_product_first_wins_whenever_there_is_a_discount(self):
        self.company.b2b_price_policy = "product_first"
        self.assertEqual(self._get_price(self.product_b, 10).net, 40)
        self.assertEqual(self._get_price(self.product, 10).source, "rule")

    def test_policy_is_that_of_the_company_of_the_list(self):
        other = self.env["res.company"].create(
            {"name": "Other", "b2b_price_policy": "product_first"}
        )
        self.company.b2b_price_policy = "best_price"
        self.pricelist.company_id = False
        pricer = self.pricelist._get_pricer(other, currency=self.pricelist.currency_id)
        self.assertEqual(pricer.prices([(self.product_b, 10)])[0].source, "product_discount")
        self.assertEqual(self._get_price(self.product_b, 10).source, "rule")
        self.pricelist.company_id = self.company
        pricer = self.pricelist._get_pricer(other, currency=self.pricelist.currency_id)
        self.assertEqual(pricer.prices([(self.product_b, 10)])[0].source, "rule")

    def test_without_product_discounts_only_rules_count(self):
        pricer = self._get_pricer()
        [price] = pricer.prices([(self.product_b,)])
        [without] = pricer.without_product_discounts().prices([(self.product_b,)])
        self.assertEqual((price.net, without.net), (40, 45))
        self.assertEqual((without.source, without.rule), ("rule", self.rule))
        self.assertEqual(pricer.breaks(self.product_b)[self.product_b.id][0].net, 40)

    def test_product_discount_does_not_count_on_the_list_beneath(self):
        upper = self._create_pricelist(name="Upper")
        self._create_rule(
            pricelist_id=upper.id,
            percent_price=50,
            base="pricelist",
            base_pricelist_id=self.pricelist.id,
        )
        price = self._get_price(self.product_b, pricelist=upper)
        self.assertEqual((price.net, price.source), (22.5, "rule"))
        # As core asks for it, one product and one line at a time.
        self.assertAlmostEqual(upper._get_product_price(self.product_b, 1.0), 22.5)
        order = self._create_order([(self.product_b, 1)], pricelist_id=upper.id)
        self.assertAlmostEqual(order.order_line.price_unit, 22.5)

    def test_free_product_is_free(self):
        self.product_b.b2b_discount = 100
        price = self._get_price(self.product_b, 5)
        self.assertEqual((price.net, price.total, price.percentage), (0, 0, 100))


@tagged("post_install", "-at_install")
class TestBreaks(PricingCommon):
    """Quantity breaks, and the next of them."""

    def _get_steps(self, product, **kwargs):
        steps = self._get_pricer(**kwargs).breaks(product)[product.id]
        return [(step.quantity, step.net) for step in steps]

    def test_steps_are_in_the_unit_of_the_product(self):
        self._create_rule(percent_price=10, min_quantity=12)
        self.assertEqual(self._get_steps(self.product_b), [(1, 50), (12, 45)])
        price = self._get_price(self.product_b, 0.5, self.dozen)
        self.assertEqual((price.next_break.quantity, price.next_break.net), (12, 45))
        self.assertEqual(price.next_break.uom, self.product_b.uom_id)
        self.assertIsNone(self._get_price(self.product_b, 1, self.dozen).next_break)

    def test_small_minimum_quantities_are_no_steps(self):
        self._create_rule(percent_price=10, min_quantity=0.5)
        self._create_rule(percent_price=20, min_quantity=2.5)
        self.assertEqual(self._get_steps(self.product_b), [(1, 45), (2.5, 40)])

    def test_step_that_costs_more_is_shown_but_not_advised(self):
        self._create_rule(percent_price=20)
        self._create_rule(percent_price=5, min_quantity=10)
        self._create_rule(percent_price=30, min_quantity=100)
        self.assertEqual(self._get_steps(self.product_b), [(1, 40), (10, 47.5), (100, 35)])
        for quantity, step in ((1, 100), (10, 100), (99, 100), (0, 100)):
            with self.subTest(quantity=quantity):
                price = self._get_price(self.product_b, quantity)
                self.assertEqual(price.next_break.quantity, step)
        self.assertIsNone(self._get_price(self.product_b, 100).next_break)

    def test_steps_of_the_list_beneath_count(self):
        beneath = self._create_pricelist(name="Beneath", is_b2b=False)
        self._create_rule(pricelist_id=beneath.id, percent_price=30, min_quantity=50)
        self._create_rule(percent_price=10, base="pricelist", base_pricelist_id=beneath.id)
        self.assertEqual(self._get_steps(self.product_b), [(1, 45), (50, 31.5)])

    def test_product_first_leaves_no_steps(self):
        self._create_rule(percent_price=36, min_quantity=10)
        self.product_b.b2b_discount = 20
        self.assertEqual(self._get_steps(self.product_b), [(1, 40), (10, 32)])
        self.company.b2b_price_policy = "product_first"
        self.assertEqual(self._get_steps(self.product_b), [(1, 40)])

    def test_no_products_have_no_steps(self):
        self.assertEqual(self._get_pricer().breaks(self.product.browse()), {})


@tagged("post_install", "-at_install")
class TestExplanationWords(PricingCommon):
    """What an explanation says."""

    def _explain(self, product, quantity=1.0, **kwargs):
        pricer = self._get_pricer()
        [rows] = pricer.explain(pricer.prices([(product, quantity)]), **kwargs)
        return {row["label"]: row["text"].replace("\N{NO-BREAK SPACE}", " ") for row in rows}

    def test_words_of_each_source(self):
        words = self._explain(self.product_b)
        self.assertEqual(words["Applied"], "Sales price, no agreed discount")
        self.assertEqual(set(words), {"List price (untaxed)", "Applied", "Your price (untaxed)"})
        rule = self._create_rule(percent_price=10, min_quantity=2)
        self.assertEqual(
            self._explain(self.product_b, 2)["Applied"],
            "Pricelist rule for All Products from quantity 2",
        )
        rule.min_quantity = 0
        self.assertEqual(
            self._explain(self.product_b)["Applied"], "Pricelist rule for All Products"
        )
        self.product_b.b2b_discount = 12.5
        words = self._explain(self.product_b, price_label="Price")
        self.assertEqual(words["Applied"], "B2B discount of the product")
        self.assertIn("43.75", words["Price"])
        self.assertIn("(−12.5%)", words["Price"])

    def test_large_quantities_are_readable(self):
        """1,000,000 read "1e+06"."""
        self._create_rule(percent_price=10, min_quantity=1_000_000)
        words = self._explain(self.product_b)
        self.assertRegex(words["Next quantity break"], r"^from 1,000,000 Units: .*45\.00")
        words = self._explain(self.product_b, 1_000_000)
        self.assertTrue(words["Applied"].endswith("from quantity 1,000,000"))
        self.assertNotIn("Next quantity break", words)

    def test_reader_reads_the_own_language(self):
        polish = self.env["res.lang"]._activate_lang("pl_PL")
        polish.write({"decimal_point": ",", "thousands_sep": " ", "grouping": "[3,0]"})
        self._create_rule(percent_price=12.5, min_quantity=1)
        self._create_rule(percent_price=20, min_quantity=12_000)
        pricer = self.pricelist.with_context(lang="pl_PL")._get_pricer(self.company)
        [rows] = pricer.explain(pricer.prices([(self.product_b,)]))
        words = {row["label"]: row["text"] for row in rows}
        self.assertIn("od 12 000 ", words["Następny próg ilościowy"])
        self.assertIn("(−12,5%)", str(words))
        self.assertIn("43,75", str(words))

    def test_page_formats_prices_its_own_way(self):
        words = self._explain(self.product_b, format_price=lambda amount, currency: f"<{amount}>")
        self.assertEqual(words["List price (untaxed)"], "<50.0> per Units")
