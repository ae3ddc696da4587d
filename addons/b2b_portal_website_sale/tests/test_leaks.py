from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestLeaks(ShopCommon):
    """Known ways to the secrets of one customer; `test_leak_walk` looks for the unknown ones."""

    # === RPC === #

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_strangers_do_not_read_lists_rules_and_agreements(self):
        rules = self.env["product.pricelist.item"].search(
            [("pricelist_id", "=", self.pricelist.id)]
        )
        self.assertGreaterEqual(len(rules), 2)
        for name, user in self._get_strangers().items():
            for record in (self.pricelist, *rules, self.agreement):
                with self.subTest(user=name, record=record), self.assertRaises(AccessError):
                    record.with_user(user).read(["display_name"])
            with self.subTest(user=name):
                self.assertFalse(
                    self.env["product.pricelist.item"]
                    .with_user(user)
                    .search_count([("pricelist_id.name", "=", "Zyxwv list")])
                )
                self.assertFalse(
                    self.env["product.pricelist.item"]
                    .with_user(user)
                    .search_count([("fixed_price", "=", 73.19)])
                )
                with self.assertRaises(AccessError):
                    self.env["product.template"].with_user(user).search([("b2b_discount", ">", 17)])
                with self.assertRaises(AccessError):
                    self.product_b.with_user(user).read(["b2b_discount"])

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_own_list_is_readable_while_the_agreement_is_in_force(self):
        own = self.pricelist.with_user(self.buyer_user)
        rule = self.env["product.pricelist.item"].search(
            [("pricelist_id", "=", self.pricelist.id), ("is_b2b_discount", "=", False)]
        )
        self.assertEqual(own.read(["name"])[0]["name"], "Zyxwv list")
        self.assertEqual(
            rule.with_user(self.buyer_user).read(["fixed_price"])[0]["fixed_price"], 73.19
        )
        # No scheduled action, no cleared cache: only the day changes.
        self.env.cr.execute(
            "UPDATE b2b_agreement SET date_end = '2001-01-01', date_start = '2001-01-01'"
            " WHERE id = %s",
            [self.agreement.id],
        )
        self.env.invalidate_all()
        for record in (own, rule.with_user(self.buyer_user)):
            with self.assertRaises(AccessError):
                record.read(["display_name"])

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_contact_who_leaves_the_company_loses_the_list(self):
        self.pricelist.with_user(self.buyer_user).read(["name"])
        self.buyer_user.partner_id.parent_id = self.rival
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self.pricelist.with_user(self.buyer_user).read(["name"])
        self.rival_pricelist.with_user(self.buyer_user).read(["name"])

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.http")
    def test_strangers_cannot_price_by_a_foreign_list(self):
        for name, user in self._get_strangers().items():
            self.env.invalidate_all()
            product = self.product.with_user(user)
            for product_record in (product, product.product_tmpl_id):
                with self.subTest(user=name), self.assertRaises(AccessError):
                    self.pricelist.with_user(user)._get_product_price(product_record, 1)
                with self.subTest(user=name), self.assertRaises(AccessError):
                    product_record.with_context(pricelist=self.pricelist.id)._get_contextual_price()

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_json_routes_refuse_a_foreign_list(self):
        template_id = self.product.product_tmpl_id.id
        for user in (self.rival_user, self.retail_user):
            self._login(user)
            for route, params in (
                (
                    "/sale/product_configurator/get_values",
                    {
                        "product_template_id": template_id,
                        "quantity": 1,
                        "currency_id": self.company.currency_id.id,
                        "so_date": "2026-06-01T00:00:00",
                        "pricelist_id": self.pricelist.id,
                        "ptav_ids": [],
                    },
                ),
                (
                    "/website_sale/get_combination_info",
                    {
                        "product_template_id": template_id,
                        "product_id": self.product.id,
                        "combination": [],
                        "add_qty": 1,
                        "pricelist_id": self.pricelist.id,
                    },
                ),
                (
                    "/web/dataset/call_kw",
                    {
                        "model": "sale.order.line",
                        "method": "onchange",
                        "args": [
                            [],
                            {
                                "order_id": {
                                    "pricelist_id": self.pricelist.id,
                                    "partner_id": self.customer.id,
                                },
                                "product_id": self.product.id,
                                "product_uom_qty": 1,
                            },
                            ["product_id"],
                            {"price_unit": {}, "product_id": {}},
                        ],
                        "kwargs": {},
                    },
                ),
                (
                    "/web/dataset/call_kw",
                    {
                        "model": "product.product",
                        "method": "read",
                        "args": [[self.product.id]],
                        "kwargs": {"context": {"pricelist": self.pricelist.id, "quantity": 1}},
                    },
                ),
            ):
                with self.subTest(user=user.login, route=route):
                    response = self.url_open(route, json={"params": params})
                    self._assert_no_secret(response.text, route)

    # === PAGES === #

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_no_page_gives_secrets_to_strangers(self):
        self.pricelist.code = "SECRETCODE"
        slug = self.env["ir.http"]._slug
        pages = (
            "/shop",
            "/shop?search=bolt",
            f"/shop/{slug(self.product.product_tmpl_id)}",
            f"/shop/{slug(self.product.product_tmpl_id)}?pricelist={self.pricelist.id}",
            f"/shop/{slug(self.product_b.product_tmpl_id)}",
            f"/shop/change_pricelist/{self.pricelist.id}",
            "/shop/pricelist?promo=SECRETCODE",
            "/shop/cart",
            "/my/home",
            "/my/orders",
            "/my/quotes",
            "/my/agreements",
            f"/my/agreements/{self.agreement.id}",
            f"/my/agreements/{self.agreement.id}/pdf",
            f"/web/image/b2b.agreement/{self.agreement.id}/signature",
            f"/web/content/{self.agreement.pdf_attachment_id.id or 1}",
        )
        for user in (self.rival_user, self.retail_user, None):
            self._login(user)
            self._add_to_cart()
            for page in pages:
                with self.subTest(user=user and user.login, page=page):
                    response = self.url_open(page)
                    self.assertLess(response.status_code, 500)
                    self._assert_no_secret(response.text, page)
            self._assert_no_secret(
                self.url_open(
                    "/website/snippet/autocomplete",
                    json={
                        "params": {
                            "search_type": "products_only",
                            "term": "bolt",
                            "options": {
                                "displayImage": False,
                                "displayDescription": False,
                                "displayDetail": True,
                                "displayExtraLink": False,
                            },
                        }
                    },
                ).text,
                "autocomplete",
            )
