import json
import random
from decimal import Decimal

import jsonschema

from odoo.fields import Command
from odoo.tests import BaseCase, tagged

from ..erp_order import decimal_text, digest, from_units, settle, spread, to_units
from .orders_common import SCHEMA, OrdersCommon

CASES = 120


@tagged("post_install", "-at_install")
class TestErpOrder(BaseCase):
    """Decimal texts, and cents that are shared out."""

    def test_decimal_text(self):
        for value, digits, expected in (
            (1, 2, "1.00"),
            (0.285, 2, "0.29"),
            (-0.004, 2, "0.00"),
            (-1.005, 2, "-1.01"),
            (None, 2, "0.00"),
            (1234567.891, 0, "1234568"),
            (1e-7, 10, "0.0000001000"),
            (1e15, 2, "1000000000000000.00"),
        ):
            self.assertEqual(decimal_text(value, digits), expected)
        self.assertEqual((to_units(12.34, 2), to_units(12.5, 0)), (1234, 13))
        self.assertEqual(
            (from_units(-5, 2), from_units(0, 2), from_units(7, 0)), ("-0.05", "0.00", "7")
        )

    def test_differences_are_shared_out_without_rest(self):
        self.assertEqual(spread(0, [5, 5]), [0, 0])
        self.assertEqual(spread(1, []), [])
        self.assertEqual(spread(3, [0, 0]), [2, 1])
        self.assertEqual(spread(-2, [100, -900, 1]), [0, -2, 0])
        self.assertEqual(spread(10, [1, 1, 1]), [4, 3, 3])
        self.assertEqual(settle([(100, 23), (100, 23)], 201, 45), [(101, 22), (100, 23)])
        self.assertEqual(settle([(100, 0)], 100, 3), [(100, 3)])


@tagged("post_install", "-at_install")
class TestOrderAmounts(OrdersCommon):
    """Lines that add up to the cent, whatever taxes, discounts and roundings there are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        taxes = cls.env["account.tax"]

        def tax(name, amount=0, **values):
            return taxes.create({"name": name, "amount": amount, "type_tax_use": "sale", **values})

        cls.excluded = tax("23 %", 23, price_include_override="tax_excluded")
        cls.included = tax("23 % included", 23, price_include_override="tax_included")
        cls.reduced = tax("8 %", 8, price_include_override="tax_excluded")
        cls.odd = tax("5.125 %", 5.125, price_include_override="tax_excluded")
        cls.piece = tax("Per piece", 0.37, amount_type="fixed")
        cls.share = tax(
            "10 % of the price", 10, amount_type="division", price_include_override="tax_included"
        )
        cls.based = tax("On top", 2, include_base_amount=True, sequence=0)
        cls.group = tax(
            "Group",
            amount_type="group",
            children_tax_ids=[Command.set((cls.reduced | cls.odd).ids)],
        )
        cls.taxes = [
            *(taxes, cls.excluded, cls.included, cls.reduced, cls.odd, cls.piece, cls.share),
            *(cls.group, cls.excluded | cls.piece, cls.included | cls.reduced),
            *(cls.based | cls.excluded, cls.piece | cls.included),
        ]

    def _line(self, price=10.0, quantity=1.0, discount=0.0, taxes=None, **values):
        return Command.create(
            {
                "product_id": self.product.id,
                "price_unit": price,
                "product_uom_qty": quantity,
                "discount": discount,
                "tax_ids": [Command.set(taxes.ids if taxes else [])],
                **values,
            }
        )

    def _export(self, *lines, **values):
        self._place(order_line=list(lines), **values)
        (found,) = self._news()
        self.assertAddsUp(found)
        return found

    def assertAddsUp(self, found):
        order = self.env["sale.order"].browse(found["id"])
        totals = {name: Decimal(value) for name, value in found["totals"].items()}
        digits = order.currency_id.decimal_places
        self.assertEqual(found["totals"]["gross"], f"{order.amount_total:.{digits}f}")
        self.assertEqual(found["totals"]["net"], f"{order.amount_untaxed:.{digits}f}")
        self.assertEqual(totals["net"] + totals["tax"], totals["gross"])
        for name, total in totals.items():
            self.assertEqual(sum(Decimal(line[name]) for line in found["lines"]), total, name)
        for line in found["lines"]:
            self.assertEqual(
                Decimal(line["net"]) + Decimal(line["tax"]), Decimal(line["gross"]), line
            )

    def test_price_that_includes_taxes_and_price_that_does_not(self):
        found = self._export(
            self._line(100.0, 2, 10, self.excluded), self._line(123.0, 2, 10, self.included)
        )
        for line in found["lines"]:
            self.assertEqual((line["unit_net"], line["unit_gross"]), ("100.0000", "123.0000"))
            self.assertEqual(
                (line["net"], line["tax"], line["gross"], line["discount"]),
                ("180.00", "41.40", "221.40", "10.0000"),
            )
            self.assertEqual(line["tax_rates"], ["23.0000"])

    def test_rates_of_each_kind_of_tax(self):
        found = self._export(
            self._line(taxes=self.piece),
            self._line(taxes=self.group),
            self._line(taxes=self.share),
            self._line(),
        )
        self.assertEqual(
            [line["tax_rates"] for line in found["lines"]],
            [[], ["8.0000", "5.1250"], ["11.1111"], []],
        )
        self.assertEqual(found["lines"][0]["unit_gross"], "10.3700")
        self.assertEqual(found["lines"][0]["tax"], "0.37")
        self.assertEqual(found["lines"][2]["unit_net"], "9.0000")

    def test_taxes_rounded_once_an_order(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        found = self._export(*[self._line(21.53, 1, 0, self.included)] * 2)
        self.assertEqual(found["totals"]["net"], "35.01")
        self.assertEqual(sorted(line["net"] for line in found["lines"]), ["17.50", "17.51"])
        found = self._export(*[self._line(0.05, 1, 0, self.excluded)] * 10)
        self.assertEqual(found["totals"]["tax"], "0.12")

    def test_negative_line_down_payment_section_and_note(self):
        found = self._export(
            self._line(100.0, 3, 0, self.excluded),
            self._line(-33.33, 1, 0, self.excluded, name="Voucher"),
            Command.create({"display_type": "line_section", "name": "Extras"}),
            Command.create({"display_type": "line_note", "name": "Handle with care"}),
        )
        self.assertEqual([line["net"] for line in found["lines"]], ["300.00", "-33.33"])
        order = self.env["sale.order"].browse(found["id"])
        self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": 30,
                "sale_order_ids": [Command.set(order.ids)],
            }
        ).create_invoices()
        (found,) = self._news()
        self.assertAddsUp(found)
        self.assertEqual({line["kind"] for line in found["lines"]}, {"service", "down_payment"})

    def test_foreign_currency(self):
        currency = (
            self.env["res.currency"].with_context(active_test=False).search([("name", "=", "JPY")])
        )
        currency.active = True
        self.env["res.currency.rate"].create(
            {"name": "2020-01-01", "rate": 161.5, "currency_id": currency.id}
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Yen", "currency_id": currency.id}
        )
        found = self._export(
            self._line(1999, 3, 7, self.excluded),
            self._line(101, 1, 0, self.included),
            pricelist_id=pricelist.id,
        )
        self.assertEqual(found["currency"], "JPY")
        self.assertEqual(Decimal(found["currency_rate"]), Decimal("161.5"))
        self.assertNotIn(".", found["totals"]["gross"])

    def test_line_without_product_and_order_without_lines(self):
        order = self._create_order(
            document_type="web",
            order_line=[Command.create({"name": "By hand", "price_unit": 5})],
            confirm=False,
        )
        order.action_quotation_sent()
        (found,) = self._news()
        self.assertAddsUp(found)
        line = found["lines"][0]
        self.assertEqual((line["sku"], line["barcode"], line["kind"]), ("", "", "service"))
        self.assertEqual(self._export()["lines"], [])

    def test_price_that_is_not_what_the_lines_say(self):
        """What a person sees is the order's total, also when its lines were changed by SQL."""
        order = self._place(
            order_line=[self._line(10, 3, 0, self.excluded), self._line(7, 1, 0, self.reduced)]
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET amount_total = amount_total + 0.05,"
            " amount_untaxed = amount_untaxed - 0.02 WHERE id = %s",
            [order.id],
        )
        order.invalidate_recordset()
        self.assertAddsUp(self._news()[0])

    def test_random_orders_add_up(self):
        validator = jsonschema.Draft202012Validator(SCHEMA)
        chance = random.Random(20261126)
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            for _case in range(CASES // 2):
                self._place(
                    order_line=[
                        self._line(
                            round(chance.uniform(-5, 120), chance.choice((0, 2, 2, 2))),
                            chance.choice((1, 2, 3, 7, 12.5, 0.25, 100, 0)),
                            chance.choice((0, 0, 5, 7.5, 33.33, 100)),
                            chance.choice(self.taxes),
                        )
                        for _line in range(chance.randint(0, 8))
                    ]
                )
            found = self._news()
            self.assertEqual(len(found), CASES // 2)
            for order in found:
                self.assertAddsUp(order)
                validator.validate(order)

    def test_pack_is_told_in_the_unit_of_the_article_too(self):
        unit = self.product.uom_id
        box, third = self.env["uom.uom"].create(
            [
                {"name": "Box of 6", "relative_factor": 6, "relative_uom_id": unit.id},
                {"name": "Third", "relative_factor": 1 / 3, "relative_uom_id": unit.id},
            ]
        )
        self._place(
            order_line=[
                Command.create({"product_id": self.product.id, "product_uom_qty": qty, **values})
                for qty, values in (
                    (2, {"product_uom_id": box.id}),
                    (3, {}),
                    (1, {"product_uom_id": third.id}),
                    (3, {"product_uom_id": third.id}),
                )
            ]
        )
        (found,) = self._news()
        jsonschema.Draft202012Validator(SCHEMA).validate(found)
        names = ("quantity", "uom", "stock_quantity", "stock_uom")
        self.assertEqual(
            [tuple(line[name] for name in names) for line in found["lines"]],
            [
                ("2.00", "Box of 6", "12.000000", unit.name),
                ("3.00", unit.name, "3.000000", unit.name),
                ("1.00", "Third", "0.333333", unit.name),
                ("3.00", "Third", "1.000000", unit.name),
            ],
        )

    def test_quantity_in_the_unit_of_the_article_makes_no_version(self):
        """An order of before the key was there stays the version that ERPs have."""
        self._place()
        (found,) = self._news()
        before = json.loads(json.dumps(found))
        for line in before["lines"]:
            del line["stock_quantity"], line["stock_uom"]
        self.assertEqual(digest(found), digest(before))
        before["lines"][0]["quantity"] = "7.00"
        self.assertNotEqual(digest(found), digest(before))
