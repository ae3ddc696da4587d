import csv
import io
from unittest.mock import patch

import openpyxl

from odoo.tests import HttpCase, tagged

from odoo.addons.b2b_pricelist.tests.common import B2bCommon


class ShopPageCommon(B2bCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_agreement(state="sent", body="<p>Zażółć gęślą</p>")

    def _login(self, user):
        self.authenticate(user.login, user.login)

    def _get(self, path):
        return self.url_open(path, allow_redirects=False)


@tagged("post_install", "-at_install")
class TestGate(ShopPageCommon):
    def test_every_route_of_the_shop_asks_for_the_agreement(self):
        rules = [
            rule
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if rule.rule.startswith("/my/b2b")
        ]
        self.assertGreater(len(rules), 15)
        for rule in rules:
            self.assertEqual(rule.endpoint.routing["auth"], "b2b", rule.rule)

    def test_pages_need_a_login(self):
        self.authenticate(None, None)
        for path in ("/my/b2b/pricelist", "/my/b2b/pricelist.csv", "/my/b2b/pricelist.xlsx"):
            with self.subTest(path=path):
                response = self._get(path)
                self.assertEqual(response.status_code, 303)
                self.assertIn("/web/login", response.headers["Location"])

    def test_page_of_a_signed_agreement_leads_to_the_shop(self):
        self._login(self.buyer_user)
        page = f"/my/agreements/{self.agreement.id}"
        self.assertNotIn("go to the shop", self._get(f"{page}?message=signed").text)
        self.agreement.state = "signed"
        self.assertIn("go to the shop", self._get(f"{page}?message=signed").text)
        self.assertNotIn("go to the shop", self._get(page).text)
        self.assertIn('href="/my/b2b"', self._get(page).text)

    def test_gate_says_why_the_shop_is_closed(self):
        self._login(self.buyer_user)
        for values, reason in (
            ({"state": "sent"}, "not_signed"),
            ({"state": "signed", "date_start": "2999-01-01", "date_end": False}, "not_started"),
            ({"date_start": "2020-01-01", "date_end": "2020-01-02"}, "ended"),
            ({"state": "terminated"}, "terminated"),
        ):
            with self.subTest(reason=reason):
                self.agreement.write(values)
                response = self._get("/my/b2b/pricelist")
                self.assertEqual(response.status_code, 303)
                self.assertTrue(
                    response.headers["Location"].endswith(f"/my/agreements?closed={reason}")
                )
                self.assertEqual(response.headers["Cache-Control"], "no-store")
                self.assertIn('role="alert"', self._get(response.headers["Location"]).text)
        self._login(self.retail_user)
        self.assertTrue(
            self._get("/my/b2b/pricelist.csv").headers["Location"].endswith("closed=none")
        )

    def test_gate_knows_of_agreements_with_other_companies(self):
        other = self.env["res.company"].create({"name": "Other seller"})
        self.agreement.unlink()
        self._login(self.buyer_user)
        for values, reason in (
            ({"company_id": other.id, "state": "sent"}, "none"),
            ({"company_id": other.id, "state": "signed"}, "elsewhere"),
            ({"state": "terminated"}, "elsewhere"),
            ({"state": "sent"}, "not_signed"),
        ):
            self._create_agreement(pricelist_id=False, **values)
            location = self._get("/my/b2b").headers["Location"]
            self.assertTrue(location.endswith(f"closed={reason}"), (location, reason))
        page = self._get("/my/agreements?closed=elsewhere").text
        self.assertIn("with another company of ours", page)
        self.assertNotIn("your company has none", page)

    def test_agreement_opens_the_shop_of_a_branch(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.agreement.state = "signed"
        self._create_rule(applied_on="3_global", percent_price=10.0)
        agreement = self.buyer_user.partner_id._get_b2b_agreement(branch)
        orders = self.env["sale.order"].with_user(self.buyer_user)
        cart = orders._get_b2b_cart(agreement, create=True)
        self.assertEqual(cart.company_id, branch)
        cart._add_b2b_lines([(self.product, 1, self.product.uom_id)])
        self.assertAlmostEqual(cart.order_line.price_unit, 99.42, 2)
        values, problems = cart._prepare_b2b_checkout_values(agreement, {})
        self.assertFalse(problems)
        cart._place_b2b_order(values)
        self.assertEqual((cart.state, cart.company_id), ("sent", branch))
        self.assertIn(self.product, agreement._get_products())

    def test_shop_closes_with_the_next_click(self):
        self.agreement.state = "signed"
        self._login(self.buyer_user)
        self.assertEqual(self._get("/my/b2b/pricelist").status_code, 200)
        self.agreement.action_terminate()
        self.assertEqual(self._get("/my/b2b/pricelist").status_code, 303)


@tagged("post_install", "-at_install")
class TestPriceListPages(ShopPageCommon):
    def _open_price_list(self):
        self.agreement.state = "signed"
        self.product.b2b_discount = 20
        self.product.name = "=Bolt"
        self._create_rule(percent_price=36, min_quantity=10)
        self._login(self.buyer_user)

    def test_price_list_page_and_files_show_the_same_prices(self):
        self._open_price_list()
        page = self._get("/my/b2b/pricelist")
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        for price in (r"88[.,]38", r"70[.,]70"):
            self.assertRegex(page.text, price)

        response = self._get("/my/b2b/pricelist.csv")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))
        self.assertEqual(len(rows[0]), 5)
        currency = self.pricelist.currency_id.name
        self.assertIn(["0042", "'=Bolt", "1", "88.38", currency], rows)
        self.assertIn(["0042", "'=Bolt", "10", "70.7", currency], rows)

        response = self._get("/my/b2b/pricelist.xlsx")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
        found = [row for row in sheet.iter_rows(values_only=True) if row[0] == "0042"]
        self.assertEqual(
            found, [("0042", "=Bolt", 1, 88.38, currency), ("0042", "=Bolt", 10, 70.70, currency)]
        )
        cell = next(c for row in sheet.iter_rows() for c in row if c.value == "=Bolt")
        self.assertEqual(cell.data_type, "s")

    def test_group_of_included_taxes_is_taken_off_everywhere(self):
        """The children of a group of taxes are included in the price; the group itself is not."""
        parts = self.env["account.tax"].create(
            [
                {
                    "name": f"part {number}",
                    "amount": 10,
                    "type_tax_use": "none",
                    "price_include_override": "tax_included",
                    "company_id": self.company.id,
                }
                for number in (1, 2)
            ]
        )
        group = self.env["account.tax"].create(
            {
                "name": "group",
                "amount_type": "group",
                "amount": 0,
                "type_tax_use": "sale",
                "children_tax_ids": [(6, 0, parts.ids)],
                "company_id": self.company.id,
            }
        )
        self.agreement.state = "signed"
        self.product_b.write({"list_price": 120, "taxes_id": [(6, 0, group.ids)]})
        self._login(self.buyer_user)
        for path in ("/my/b2b?search=0043", "/my/b2b/pricelist"):
            page = self._get(path).text
            self.assertRegex(page, r"100[.,]00", path)
            self.assertNotRegex(page, r"120[.,]00", path)
        rows = self._get("/my/b2b/pricelist.csv").content.decode("utf-8-sig")
        self.assertIn("0043;Nut;1;100;", rows.replace('"', ""))
        sheet = openpyxl.load_workbook(io.BytesIO(self._get("/my/b2b/pricelist.xlsx").content))
        found = [row for row in sheet.active.iter_rows(values_only=True) if row[0] == "0043"]
        self.assertEqual([row[3] for row in found], [100])
        order = self._create_order([(self.product_b, 3)])
        self.assertEqual(order.amount_untaxed, 300)

    def test_price_list_leaves_out_what_is_not_sold(self):
        self._open_price_list()
        self.product_b.sale_ok = False
        text = self._get("/my/b2b/pricelist.csv").text
        self.assertNotIn("0043", text)
        self.product.active = False
        self.assertNotIn("0042", self._get("/my/b2b/pricelist.csv").text)

    def test_price_list_without_products_says_so(self):
        self.agreement.state = "signed"
        self._login(self.buyer_user)
        Agreement = type(self.env["b2b.agreement"])
        nothing = patch.object(
            Agreement, "_get_products", lambda self, **kw: self.env["product.product"]
        )
        with nothing:
            page = self._get("/my/b2b/pricelist").text
        self.assertRegex(page, r'role="alert"[^>]*>\s*There are no products')

    def test_absurd_page_numbers(self):
        self.agreement.state = "signed"
        self._login(self.buyer_user)
        for page in ("9" * 5000, "²", "-1", "x"):
            self.assertEqual(self._get(f"/my/b2b/pricelist?page={page}").status_code, 200)

    def test_price_list_names_articles_by_barcode_too(self):
        agreement = self._create_signed_agreement()
        product = self._create_product(default_code=False, barcode="5901234123457")
        rows = agreement._get_pricelist_rows(product | self.product)
        self.assertEqual([row["sku"] for row in rows], ["5901234123457", "0042"])
