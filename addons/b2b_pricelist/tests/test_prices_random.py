"""Our prices against those of Odoo's own order lines, in random worlds.

`Pricer` restates the arithmetic of an order line. Here Odoo's own code, with none of our overrides
in it, prices the same lines on a list with the same rules; both must agree to the last digit.
"""

import logging
import random
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.product.models.product_pricelist import ProductPricelist as CorePricelist
from odoo.addons.product.models.product_pricelist_item import ProductPricelistItem as CoreItem
from odoo.addons.sale.models.sale_order_line import SaleOrderLine as CoreLine

from ..models.product_pricelist import ProductPricelist
from ..models.product_pricelist_item import ProductPricelistItem
from ..models.sale_order_line import SaleOrderLine
from ..pricing import PriceLine
from .common import B2bCommon

_logger = logging.getLogger(__name__)

SEED = 20261126
WORLDS = 6
ROUNDINGS = "round_per_line", "round_globally"
OVERRIDES = (
    (ProductPricelist, CorePricelist, "_compute_price_rule"),
    (ProductPricelistItem, CoreItem, "_is_applicable_for"),
    (ProductPricelistItem, CoreItem, "_compute_price"),
    (ProductPricelistItem, CoreItem, "_compute_base_price"),
    (ProductPricelistItem, CoreItem, "_compute_price_before_discount"),
    (SaleOrderLine, CoreLine, "_compute_pricelist_item_id"),
)


@contextmanager
def core_only():
    """Put Odoo's own methods in the place of our overrides."""
    with ExitStack() as stack:
        for ours, core, name in OVERRIDES:
            stack.enter_context(patch.object(ours, name, getattr(core, name)))
        yield


@tagged("post_install", "-at_install")
class TestRandomPrices(B2bCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.foreign = cls.env["res.currency"].create(
            {
                "name": "B2R",
                "symbol": "R",
                "rounding": 0.05,
                "rate_ids": [Command.create({"rate": 4.3217, "name": "2020-01-01"})],
            }
        )
        cls.taxes = cls._create_taxes()
        cls.position = cls.env["account.fiscal.position"].create({"name": "Abroad"})
        cls._create_tax("VAT 8 abroad", 8, fiscal_position_ids=[Command.link(cls.position.id)])

    @classmethod
    def _create_tax(cls, name, amount, **values):
        return cls.env["account.tax"].create(
            {"name": name, "amount": amount, "company_id": cls.company.id, **values}
        )

    @classmethod
    def _create_taxes(cls):
        """Return sets of taxes: none, on top, included, both, of a group."""
        on_top = cls._create_tax("VAT 23", 23)
        included = cls._create_tax("VAT 23 in", 23, price_include_override="tax_included")
        fee = cls._create_tax("Fee", 0.35, amount_type="fixed")
        group = cls._create_tax(
            "Group", 0, amount_type="group", children_tax_ids=[Command.set((included + fee).ids)]
        )
        return [on_top.browse(), on_top, included, on_top + fee, group]

    def setUp(self):
        super().setUp()
        self.rng = random.Random(SEED)
        _logger.info("random prices with seed %s", SEED)

    # === RANDOM WORLDS === #

    def _create_world(self, number, discounts=False):
        """Make products, and a B2B list and a plain one with the same random rules."""
        currency = self.rng.choice([self.company.currency_id, self.foreign])
        category = self.env["product.category"].create({"name": f"World {number}"})
        self.products = self.env["product.product"].create(
            [
                {
                    "name": f"World {number}, article {index}",
                    "list_price": round(self.rng.uniform(0.2, 300), 2),
                    "standard_price": round(self.rng.uniform(0.1, 200), 2),
                    "categ_id": category.id,
                    "taxes_id": [Command.set(self.rng.choice(self.taxes).ids)],
                    "b2b_discount": self.rng.choice([0, 7.5, 20, 100]) if discounts else 0,
                }
                for index in range(10)
            ]
        )
        beneath = self._create_pricelist(
            name="Beneath", is_b2b=self.rng.random() < 0.5, currency_id=self.foreign.id
        )
        lists = {"pricelist": self._create_pricelist(currency_id=currency.id)}
        lists["twin"] = self._create_pricelist(is_b2b=False, currency_id=currency.id)
        for _index in range(4):
            self._create_rule(pricelist_id=beneath.id, **self._random_rule(category))
        for _index in range(self.rng.choice([3, 25])):
            rule = self._random_rule(category)
            if rule["compute_price"] != "fixed" and self.rng.random() < 0.3:
                rule |= {"base": "pricelist", "base_pricelist_id": beneath.id}
            for pricelist in lists.values():
                self._create_rule(pricelist_id=pricelist.id, **rule)
        self.pricelist, self.twin = lists["pricelist"], lists["twin"]

    def _random_rule(self, category):
        rng, now = self.rng, fields.Datetime.now()
        rule = {
            "min_quantity": rng.choice([0, 0, 1, 5, 10, 12.5, 24]),
            "compute_price": rng.choice(["fixed", "percentage", "percentage", "formula"]),
            "fixed_price": round(rng.uniform(0.5, 100), 2),
            "percent_price": rng.choice([-10, 0, 3, 12.5, 33.333]),
            "price_discount": rng.uniform(0, 30),
            "price_surcharge": rng.choice([0, 1.5]),
            "price_round": rng.choice([0, 0.05]),
        }
        if rng.random() < 0.2:
            rule["date_start"] = now + timedelta(days=rng.choice([-5, 5]))
        if rule["compute_price"] == "formula" and rng.random() < 0.3:
            rule["base"] = "standard_price"
        product = rng.choice(self.products)
        return rule | rng.choice(
            [
                {"product_id": product.id},
                {"product_tmpl_id": product.product_tmpl_id.id},
                {"categ_id": category.id},
                {"applied_on": "3_global"},
            ]
        )

    def _random_lines(self, count=15):
        return [
            PriceLine(
                self.rng.choice(self.products),
                self.rng.choice([1, 2, 5, 9, 10, 12.5, 30, 1000]),
                self.rng.choice([self.products.uom_id, self.dozen]),
            )
            for _index in range(count)
        ]

    def _create_core_order(self, lines, position):
        """Make an order on the plain list, by Odoo's own code."""
        with core_only():
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.customer.id,
                    "pricelist_id": self.twin.id,
                    "fiscal_position_id": position.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": product.id,
                                "product_uom_qty": quantity,
                                "product_uom_id": uom.id,
                            }
                        )
                        for product, quantity, uom in lines
                    ],
                }
            )
            order.order_line.flush_recordset()
        return order

    def _show_discounts(self, shown):
        group, feature = (
            self.env.ref(name) for name in ("base.group_user", "sale.group_discount_per_so_line")
        )
        if shown:
            group._apply_group(feature)
        else:
            group._remove_group(feature)

    # === TESTS === #

    def test_order_lines_of_core_agree(self):
        for number in range(WORLDS):
            shown, policy = number % 2, self.rng.choice(["best_price", "product_first"])
            # Not drawn, so that the worlds stay what they are.
            self.company.tax_calculation_rounding_method = ROUNDINGS[number // 2 % 2]
            position = self.rng.choice([self.position, self.position.browse()])
            self._show_discounts(shown)
            self.company.b2b_price_policy = policy
            self._create_world(number)
            lines = self._random_lines()
            order = self._create_core_order(lines, position)
            pricer = self.pricelist._get_pricer(
                self.company,
                date=order.date_order,
                fiscal_position=position,
                partner=self.customer,
            )
            for line, price in zip(order.order_line, pricer.prices(lines), strict=True):
                with self.subTest(seed=SEED, world=number, line=line.name, qty=price.quantity):
                    self._assert_same(line, price)

    def _assert_same(self, line, price):
        self.assertEqual(line.currency_id, price.currency)
        self.assertEqual(line.tax_ids, price.taxes)
        self.assertAlmostEqual(line.price_unit, price.price_unit, places=6)
        self.assertAlmostEqual(line.technical_price_unit, price.price_unit, places=6)
        self.assertAlmostEqual(line.discount, price.discount, places=9)
        self.assertAlmostEqual(line.price_subtotal, price.subtotal, places=6)
        self.assertAlmostEqual(line.price_total, price.total, places=6)

    def test_prices_follow_the_policy(self):
        """With product discounts: the policy, restated in two lines, on core's own prices."""
        for number in range(WORLDS):
            self.company.b2b_price_policy = policy = ("best_price", "product_first")[number % 2]
            self._show_discounts(shown=False)
            self._create_world(number, discounts=True)
            lines = self._random_lines()
            with core_only():
                expected = [self._restate(policy, *line) for line in lines]
            pricer = self.pricelist._get_pricer(self.company)
            for line, price, (amount, source) in zip(
                lines, pricer.prices(lines), expected, strict=True
            ):
                with self.subTest(seed=SEED, world=number, line=line):
                    self.assertAlmostEqual(price.amount, amount, places=9)
                    self.assertEqual(price.source, source)

    def _restate(self, policy, product, quantity, uom):
        """Return what a line costs and why, from core's prices and the words of the policy."""
        currency = self.twin.currency_id
        sales_price = self.env["product.pricelist"]._get_product_price(
            product, quantity, uom=uom, currency=currency
        )
        ruled, rule_id = self.twin._get_product_price_rule(product, quantity, uom=uom)
        rule = self.env["product.pricelist.item"].browse(rule_id)
        discounted = sales_price * (1 - product.b2b_discount / 100)
        if not product.b2b_discount:
            return (ruled, "rule") if rule else (sales_price, "list_price")
        if not rule or policy == "product_first" or discounted < ruled:
            return discounted, "product_discount"
        return ruled, "rule"

    def test_new_prices_are_those_of_a_new_order(self):
        """An order that a seller makes on the B2B list itself, our overrides in place."""
        self._create_signed_agreement()
        for number in range(2):
            self._create_world(number, discounts=True)
            lines = self._random_lines()
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.customer.id,
                    "pricelist_id": self.pricelist.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": product.id,
                                "product_uom_qty": quantity,
                                "product_uom_id": uom.id,
                            }
                        )
                        for product, quantity, uom in lines
                    ],
                }
            )
            pricer = self.pricelist._get_pricer(
                self.company, date=order.date_order, partner=self.customer
            )
            for line, price in zip(order.order_line, pricer.prices(lines), strict=True):
                with self.subTest(seed=SEED, world=number, line=line.name):
                    self._assert_same(line, price)
                    self.assertEqual(line.pricelist_item_id, price.rule)
