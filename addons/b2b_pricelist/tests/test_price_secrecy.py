from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from ..models import (
    b2b_agreement,
    product_pricelist,
    product_pricelist_item,
    sale_order_line,
)
from ..pricing import PriceLine
from ..rule_book import BOOK_KEY, RuleBook
from ..wizard import b2b_price_explanation
from .common import B2bCommon


@tagged("post_install", "-at_install")
class TestPriceSecrecy(B2bCommon):
    """Nobody learns another customer's prices, whatever method they call."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_signed_agreement()
        cls.product.b2b_discount = 20
        cls._create_rule(percent_price=36, min_quantity=10)
        cls.public_user = cls.env.ref("base.public_user")
        cls.strangers = cls.rival_user | cls.retail_user | cls.public_user

    def _call(self, user, model, method, *args, **kwargs):
        """Call a method as `/web/dataset/call_kw` does."""
        return call_kw(self.env[model].with_user(user), method, args, kwargs)

    def test_public_methods_of_prices_are_known(self):
        """A new public method is callable by every login: it must be added here on purpose."""
        known = {
            "action_explain_b2b_price",  # below
            "create",  # of rules and lists, by Odoo's access rights
            "write",
        }
        modules = (
            b2b_agreement,
            product_pricelist,
            product_pricelist_item,
            sale_order_line,
            b2b_price_explanation,
        )
        found = {
            name
            for module in modules
            for cls in vars(module).values()
            if isinstance(cls, type) and cls.__module__ == module.__name__
            for name, value in vars(cls).items()
            if callable(value) and not name.startswith("_")
        }
        self.assertEqual(found, known)

    def test_private_methods_are_no_remote_calls(self):
        for model, method in (
            ("product.pricelist", "_get_pricer"),
            ("product.pricelist", "_compute_price_rule"),
            ("product.pricelist", "_get_product_price"),
            ("b2b.agreement", "_get_pricer"),
            ("b2b.agreement", "_get_pricelist_rows"),
            ("b2b.price.explanation", "_get_price"),
        ):
            with self.subTest(method=f"{model}.{method}"), self.assertRaises(AccessError):
                self._call(self.rival_user, model, method, self.pricelist.ids)

    def test_customer_prices_on_no_list_but_the_own(self):
        for user in self.strangers:
            pricelist = self.pricelist.with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    pricelist._get_pricer(self.company)
                with self.assertRaises(AccessError):
                    pricelist._get_product_price(self.product.with_user(user), 1.0)
                with self.assertRaises(AccessError):
                    pricelist._get_product_rule(self.product.with_user(user), 1.0)

    def test_pricelist_report_tells_a_stranger_nothing(self):
        """Odoo's report is a public method that prices any product on any list."""
        data = {
            "pricelist_id": self.pricelist.id,
            "active_model": "product.product",
            "active_ids": self.product.ids,
            "quantities": [1, 10],
        }
        # Where the web shop lets customers read products, only the list itself is closed.
        self.env["ir.model.access"].create(
            [
                {
                    "name": model,
                    "model_id": self.env["ir.model"]._get_id(model),
                    "group_id": group.id,
                    "perm_read": True,
                }
                for model in ("product.product", "product.template", "product.pricelist")
                for group in (self.env.ref("base.group_portal"), self.env.ref("base.group_public"))
            ]
        )
        for user in self.strangers:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._call(user, "report.product.report_pricelist", "get_html", data)
        html = self._call(self.seller_user, "report.product.report_pricelist", "get_html", data)
        self.assertRegex(html, r"88[.,]38")

    def test_rules_and_discounts_are_not_read(self):
        rules = self.env["product.pricelist.item"].search(
            [("pricelist_id", "=", self.pricelist.id)]
        )
        secrets = (
            (self.pricelist, ["name", "item_ids"]),
            (rules, ["percent_price", "min_quantity"]),
            (self.product.product_tmpl_id, ["b2b_discount"]),
        )
        for user in self.strangers:
            for records, names in secrets:
                with self.subTest(user=user.login, names=names), self.assertRaises(AccessError):
                    self._call(user, records._name, "read", records.ids, names)

    def test_refused_changes_of_a_list_name_no_customer(self):
        """It says whose agreement keeps the list: to who may change it, and nobody else."""
        employee = new_test_user(self.env, "b2b_employee", groups="base.group_user")
        for user in self.strangers | employee | self.seller_user:
            for values in ({"active": False}, {"currency_id": False}, {"is_b2b": False}):
                with self.subTest(user=user.login, values=values), self.assertRaises(AccessError):
                    self._call(user, "product.pricelist", "write", self.pricelist.ids, values)

    def test_buyer_keeps_no_explanation_when_the_agreement_ends(self):
        """The buyer may still read the order; what the list says now is closed."""
        order = self._create_order([(self.product, 1)], partner_id=self.buyer_user.partner_id.id)
        order.action_confirm()
        self.agreement.action_terminate()
        line = order.order_line.with_user(self.buyer_user)
        self.assertEqual(line.product_uom_qty, 1)
        with self.assertRaises(AccessError):
            self._call(self.buyer_user, "sale.order.line", "action_explain_b2b_price", line.ids)

    def test_no_explanation_of_another_customers_line(self):
        order = self._create_order([(self.product, 1)])
        order.action_confirm()
        for user in self.strangers:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._call(
                    user, "sale.order.line", "action_explain_b2b_price", order.order_line.ids
                )

    def test_wizard_is_for_sellers(self):
        clerk = new_test_user(self.env, "b2b_clerk", groups="base.group_user")
        values = {"product_id": self.product.id, "partner_id": self.customer.id}
        for user in (*self.strangers, self.buyer_user, clerk):
            with self.subTest(user=user.login):
                for method, args in (
                    ("create", [values]),
                    ("onchange", [[], values, list(values), {"explanation": {}}]),
                ):
                    with self.assertRaises(AccessError):
                        self._call(user, "b2b.price.explanation", method, *args)

    def test_context_from_outside_changes_no_price(self):
        """The key of the rules' book is an object, which no request can bring along."""
        expected = self.pricelist._get_product_price(self.product, 1.0)
        for value in (True, 1, "1", {"known": [self.product.id]}, [self.pricelist.id]):
            with self.subTest(value=value):
                pricelist = self.pricelist.with_context(**{BOOK_KEY: value})
                self.assertEqual(pricelist._get_product_price(self.product, 1.0), expected)
                self.assertIsNone(RuleBook.of_rules_above(pricelist.env))

    def test_rule_of_a_price_brings_no_book_along(self):
        """Who goes on from a price's rule to its list must get the list's usual prices."""
        [price] = self.pricelist._get_pricer(self.company).prices([PriceLine(self.product)])
        pricelist = price.rule.pricelist_id
        self.assertEqual(pricelist, self.pricelist)
        self.assertAlmostEqual(pricelist._get_product_price(self.product, 1.0), 88.376)

    def test_explanation_names_no_list_beneath(self):
        secret = self._create_pricelist(name="Purchase conditions", is_b2b=False)
        self._create_rule(
            percent_price=40,
            product_id=self.product_b.id,
            base="pricelist",
            base_pricelist_id=secret.id,
        )
        pricer = self.agreement.with_user(self.buyer_user)._get_pricer()
        [rows] = pricer.explain(pricer.prices([PriceLine(self.product_b)]))
        self.assertNotIn(secret.name, str(rows))
        self.assertRegex(str(rows), r"30[.,]00")

    def test_buyer_gets_prices_without_rights_to_what_they_are_made_of(self):
        pricer = self.agreement.with_user(self.buyer_user)._get_pricer()
        [price] = pricer.prices([PriceLine(self.product.with_user(self.buyer_user), 10)])
        self.assertEqual((price.net, price.source), (70.7, "rule"))
