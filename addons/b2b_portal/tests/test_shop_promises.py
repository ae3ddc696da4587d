from datetime import datetime
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import SQL, mute_logger

from odoo.addons.b2b_pricelist.pricing import PriceLine

from ..search_text import fold_search, fold_sql
from .orders import B2bOrderCommon
from .pages import B2bPageCommon


class B2bChoiceCommon(B2bOrderCommon):
    """Articles that need a choice."""

    @classmethod
    def _create_choice(cls, name, values, create_variant="no_variant", **attribute):
        attribute = cls.env["product.attribute"].create(
            {
                "name": name,
                "create_variant": create_variant,
                "value_ids": [Command.create(one) for one in values],
                **attribute,
            }
        )
        template = cls.env["product.template"].create(
            {
                "name": name,
                "list_price": 100,
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": attribute.id,
                            "value_ids": [Command.set(attribute.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        return template.product_variant_ids


@tagged("post_install", "-at_install")
class TestAssortment(B2bChoiceCommon):
    """What cannot be chosen in the shop is not sold there."""

    def test_what_is_sold(self):
        two = [{"name": "one"}, {"name": "two"}]
        for sold, products in (
            (True, self.product),
            (True, self._create_choice("Described", [{"name": "only"}])),
            (True, self._create_choice("Variants", two, create_variant="always")),
            (False, self._create_choice("Chosen", two)),
            (False, self._create_choice("Dearer", [{"name": "a", "default_extra_price": 15}])),
            (False, self._create_choice("Texts", [{"name": "a", "is_custom": True}])),
            (False, self._create_choice("Many", [{"name": "a"}], display_type="multi")),
            (
                False,
                self._create_choice(
                    "Text variant", [{"name": "own", "is_custom": True}], create_variant="always"
                ),
            ),
        ):
            with self.subTest(product=products[:1].name):
                domain = products._get_b2b_shop_domain(self.company)
                found = products.search([*domain, ("id", "in", products.ids)])
                self.assertEqual(found, products.filtered_domain(domain))
                self.assertEqual(found == products, sold)

    def test_discount_product_is_not_sold(self):
        order = self._create_order([(self.product, 1)])
        self.company.sale_discount_product_id = False
        wizard = self.env["sale.order.discount"].create(
            {
                "sale_order_id": order.id,
                "discount_type": "so_discount",
                "discount_percentage": 0.1,
            }
        )
        wizard.action_apply_discount()
        discount = self.company.sale_discount_product_id
        self.assertTrue(discount.sale_ok)
        self.assertFalse(discount.filtered_domain(discount._get_b2b_shop_domain(self.company)))
        template = self._as_buyer()._create_b2b_template(self.agreement, "Again", order)
        self.assertEqual(template.order_line.product_id, self.product)
        self.assertIn("Discount", " ".join(order._get_b2b_left_out()))


@tagged("post_install", "-at_install")
class TestTemplatePromises(B2bChoiceCommon):
    """A template keeps what can be ordered again, and names the rest."""

    def _keep(self, order):
        template = self._as_buyer()._create_b2b_template(self.agreement, "Again", order)
        return template.order_line.product_id, " | ".join(order._get_b2b_left_out())

    def test_returns_sets_and_choices_are_named(self):
        sign = self._create_choice("Sign", [{"name": "a"}, {"name": "b"}])
        value = sign.product_tmpl_id.attribute_line_ids.product_template_value_ids[0]
        order = self._create_order([(self.product, -3), (self.product_b, 10)])
        order.order_line = [
            Command.create(
                {
                    "product_id": sign.id,
                    "product_no_variant_attribute_value_ids": [Command.set(value.ids)],
                }
            )
        ]
        choice = self.env["product.combo"].create(
            {"name": "c", "combo_item_ids": [Command.create({"product_id": self.product.id})]}
        )
        combo = self.env["product.product"].create(
            {"name": "Starter set", "type": "combo", "combo_ids": [Command.set(choice.ids)]}
        )
        order.order_line = [Command.create({"product_id": combo.id})]
        products, left_out = self._keep(order)
        self.assertEqual(products, self.product_b)
        for name in ("Bolt was left out: it was a return", "Sign", "Starter set"):
            self.assertIn(name, left_out)

    def test_hidden_articles_are_not_listed(self):
        order = self._create_order([])
        order.order_line = [
            Command.create(
                {"display_type": "line_section", "name": "Kit", "collapse_composition": True}
            ),
            Command.create({"product_id": self.product.id, "sequence": 11}),
        ]
        products, left_out = self._keep(order)
        self.assertFalse(products)
        self.assertIn("Kit was left out", left_out)
        self.assertNotIn("Bolt", left_out)

    def test_last_price_has_its_currency(self):
        self.template._order_b2b_template(self.agreement)
        euro = self.env.ref("base.EUR")
        euro.active = True
        price = self.template.order_line[0].b2b_last_price
        new = self.pricelist.copy({"name": "In euro", "currency_id": euro.id, "is_b2b": True})
        self.agreement.pricelist_id = new
        self.env["res.currency.rate"].search([]).unlink()
        changed = self.template._order_b2b_template(self.agreement)["changed"]
        self.assertEqual([one["old_currency"].name for one in changed], ["USD"])
        self.assertEqual([one["new_currency"].name for one in changed], ["EUR"])
        self.assertAlmostEqual(changed[0]["old"], price)
        self.assertFalse(self.template._order_b2b_template(self.agreement)["changed"])

    def test_number_of_templates_is_bounded(self):
        Order = self._as_buyer()
        module = "odoo.addons.b2b_portal.models.sale_order.template.MAX_TEMPLATES"
        with patch(module, 2):
            Order._create_b2b_template(self.agreement, "Second")
            with self.assertRaisesRegex(UserError, "2 templates"):
                Order.with_user(self.buyer2_user)._create_b2b_template(self.agreement, "Third")


@tagged("post_install", "-at_install")
class TestDraftsAreNoOrders(B2bOrderCommon):
    """Carts and templates owe nothing, and no token opens their log."""

    def test_nothing_is_left_to_pay(self):
        for order in (self.cart, self.template):
            self.assertTrue(order.amount_total)
            self.assertEqual(order.amount_paid, order.amount_total)
        self.cart.order_line.product_uom_qty = 5
        self.assertEqual(self.cart.amount_paid, self.cart.amount_total)
        self.assertEqual(self._place().amount_paid, 0)

    def test_no_token_opens_the_log(self):
        for order in (self.cart, self.template):
            self.assertFalse(order._portal_ensure_token())
            self.assertNotIn("access_token=F", order.get_portal_url())
            order.access_token = "old"
            public = self.env["sale.order"].with_user(self.env.ref("base.public_user"))
            partner = order.partner_id
            for params in (
                {"token": "old"},
                {"hash": order._sign_token(partner.id), "pid": partner.id},
            ):
                with self.subTest(order=order.b2b_qualifier, params=list(params)):
                    self.assertFalse(public._get_thread_with_access(order.id, **params))
            own = self._as_buyer()._get_thread_with_access(order.id)
            self.assertEqual(own.id, order.id)

    def test_token_of_an_order_still_opens_its_log(self):
        order = self._place()
        token = order._portal_ensure_token()
        public = self.env["sale.order"].with_user(self.env.ref("base.public_user"))
        self.assertTrue(public._get_thread_with_access(order.id, token=token))

    def test_unshared_template_forgets_its_token(self):
        self.template.write({"b2b_template_shared": True, "access_token": "old"})
        self.assertEqual(self.template.access_token, "old")
        self.template.b2b_template_shared = False
        self.assertFalse(self.template.access_token)


@tagged("post_install", "-at_install")
class TestQuantityPromises(B2bOrderCommon):
    def test_more_of_what_the_cart_has(self):
        self.product.b2b_minimum_qty = 24
        cart = self._get_cart()
        QuickOrder = self.env["b2b.quick.order"].with_user(self.buyer_user)
        for there, state in ((2, "rejected"), (24, "ok")):
            cart.order_line.product_uom_qty = there
            problem = self.product._get_b2b_added_problem(6, self.product.uom_id, there)
            self.assertEqual(bool(problem), state == "rejected")
            rows = QuickOrder._evaluate(self.agreement, QuickOrder._parse([("0042", "6")]))
            self.assertEqual(rows[0]["state"], state)
        self.assertFalse(self.product._get_b2b_added_problem(24, self.product.uom_id, 24))

    def test_prices_are_those_of_quantities_that_can_be_ordered(self):
        self.product.write({"b2b_minimum_qty": 5, "b2b_multiple_qty": 4})
        pricer = self.agreement._get_pricer()
        steps = self.product._get_b2b_price_steps(pricer)[self.product.id]
        self.assertEqual([step.quantity for step in steps], [8, 12])
        other = self.product_b._get_b2b_price_steps(pricer)[self.product_b.id]
        self.assertEqual([step.quantity for step in other], [1, 10])
        self.assertEqual(steps[0].net, pricer.prices([PriceLine(self.product, 8)])[0].net)

    def test_part_of_a_unit_is_no_minimum(self):
        problem = self.product._get_b2b_quantity_problem(1.234, self.product.uom_id)
        self.assertIn("nearest valid quantity is 1.23", problem)
        self.assertNotIn("from 0", problem)


@tagged("post_install", "-at_install")
class TestSearchText(B2bOrderCommon):
    NAMES = (
        "Folie 10 m²",
        "Filter 5 µm",
        "½ Zoll",
        "Rohr 3″",
        "ốc vít",
        "Стальной болт й ё",
        "βίδα ΟΔΟΣ οδος",
        "Șaibă țeavă",
        "Weißblech ẞ",
        "Cœur ÆON",
        "Śruba łącząca đ ø",
        "İstanbul ı",
        "㎏ ℃ ﬁne",
        "Hex bolt",
    )

    def test_both_sides_fold_alike(self):
        for name in self.NAMES:
            for text in (name, name.upper(), name.lower()):
                [(folded,)] = self.env.execute_query(
                    SQL("SELECT %s FROM (SELECT %s::text AS text) t", fold_sql(SQL("text")), text)
                )
                self.assertEqual(folded, fold_search(text), text)

    def test_articles_are_found_by_their_own_name(self):
        Product = self.env["product.product"]
        for name in self.NAMES:
            self._create_product(name=name, default_code=False)
        for text, name in (
            *((name, name) for name in self.NAMES),
            ("5 µm", "Filter 5 µm"),
            ("10 m2", "Folie 10 m²"),
            ("oc vit", "ốc vít"),
            ("coeur", "Cœur ÆON"),
            ("стальной", "Стальной болт й ё"),
            ("βιδα", "βίδα ΟΔΟΣ οδος"),
            ("saiba", "Șaibă țeavă"),
            ("weissblech", "Weißblech ẞ"),
        ):
            with self.subTest(text=text):
                found, _total, guessed = Product._search_b2b_shop(self.company, text)
                self.assertIn(name, found.mapped("name"))
                self.assertFalse(guessed)


@tagged("post_install", "-at_install")
class TestShopPromises(B2bPageCommon):
    def setUp(self):
        super().setUp()
        self._login(self.buyer_user)

    def test_orders_csv_shows_what_the_page_shows(self):
        order = self._create_order([], partner_id=self.buyer_user.partner_id.id)
        order.order_line = [
            Command.create(
                {
                    "display_type": "line_section",
                    "name": "Kit",
                    "collapse_composition": True,
                    "sequence": 1,
                }
            ),
            Command.create({"product_id": self.product.id, "price_unit": 1.11, "sequence": 2}),
            Command.create(
                {
                    "display_type": "line_section",
                    "name": "Offer",
                    "collapse_prices": True,
                    "sequence": 3,
                }
            ),
            Command.create(
                {
                    "product_id": self.product_b.id,
                    "price_unit": 2.22,
                    "product_uom_qty": 3,
                    "sequence": 4,
                }
            ),
        ]
        order.action_confirm()
        self.env.flush_all()
        text = self._get("/my/b2b/orders.csv").content.decode("utf-8-sig")
        rows = [line.split(";")[4:] for line in text.splitlines() if line.startswith(order.name)]
        self.assertEqual(
            [[cell for cell in row if cell] for row in rows],
            [
                ["Kit", "1.11", "USD"],
                ["Offer", "6.66", "USD"],
                ["0043", "Nut", "3", "Units", "USD"],
            ],
        )

    def test_orders_csv_has_the_days_of_the_page(self):
        order = self._place()
        order.date_order = datetime(2026, 11, 30, 23, 30)
        self.buyer_user.tz = "Europe/Warsaw"
        self.env.flush_all()
        text = self._get("/my/b2b/orders.csv").content.decode("utf-8-sig")
        row = next(line for line in text.splitlines() if line.startswith(order.name))
        self.assertIn(";2026-12-01;", row)

    def test_template_page_tells_what_changed_since(self):
        url = f"/my/b2b/templates/{self.template.id}"
        self.template.order_line[1].product_uom_qty = 2
        self.env.flush_all()
        action, data = self._form(self._get(url), "Order")
        self.product.list_price = 200
        self.template.order_line[1].unlink()
        self.env.flush_all()
        alerts = " ".join(self._alerts(self._post(action, data)))
        self.assertIn("Nut is gone", alerts)
        self.assertIn("180.00 now", alerts)

    def test_template_of_an_order_names_what_is_left_out(self):
        order = self._create_order(
            [(self.product, -3), (self.product_b, 2)], partner_id=self.buyer_user.partner_id.id
        )
        order.action_confirm()
        self.env.flush_all()
        response = self._post("/my/b2b/templates/new", {"order_id": order.id, "name": "Again"})
        self.assertIn("Bolt was left out", " ".join(self._alerts(response)))

    def test_login_at_a_button_leads_to_a_page(self):
        url = f"/my/b2b/templates/{self.template.id}"
        for button, page in (
            ("/my/b2b/cart/add", "/my/b2b"),
            ("/my/b2b/cart/update", "/my/b2b/cart"),
            ("/my/b2b/templates/new", "/my/b2b/templates"),
            ("/my/b2b/templates/new?template_id=%00", "/my/b2b/templates"),
            (f"{url}/order", url),
            (f"{url}/save", url),
        ):
            with self.subTest(button=button):
                response = self._get(button)
                self.assertEqual(response.status_code, 200)
                self.assertTrue(response.url.endswith(page), response.url)

    def test_number_that_can_be_read_two_ways_is_marked(self):
        line = self.cart.order_line
        add = {"product_id": self.product_b.id, "quantity": "1,000"}
        for url, data, shown in (
            ("/my/b2b/cart/add", add, "“1,000” was read as 1."),
            ("/my/b2b/cart/update", {f"qty_{line.id}": "1.000"}, "Bolt: “1.000” was read as 1."),
            (
                f"/my/b2b/templates/{self.template.id}/add",
                {"sku": self.product_b.default_code, "quantity": "2,000"},
                "Nut: “2,000” was read as 2.",
            ),
        ):
            with self.subTest(url=url):
                page = self._page(self._post(url, data))
                alerts = page.xpath("//*[@role='alert'][contains(@class, 'alert-warning')]")
                self.assertIn(shown, " ".join(one.text_content() for one in alerts))
        # What the page itself has filled in is no question.
        told = " ".join(self._alerts(self._post("/my/b2b/cart/update", {f"qty_{line.id}": "1"})))
        self.assertNotIn("was read as", told)

    def test_cart_states_the_minimum(self):
        self.agreement.minimum_order_amount = 150
        page = self._page(self._get("/my/b2b/cart"))
        text = " ".join(page.text_content().split())
        self.assertIn("Minimum order: $ 150.00 untaxed", text)

    def test_template_ordered_twice_stays_below_the_cap(self):
        self.template.order_line[:1].product_uom_qty = 600_000
        self.env.flush_all()
        url = f"/my/b2b/templates/{self.template.id}/order"
        self._post(url)
        self.assertIn("too large", " ".join(self._alerts(self._post(url))))
        self.env.invalidate_all()
        self.assertLess(max(self.cart.order_line.mapped("product_uom_qty")), 1_000_000)

    def test_lines_of_a_message_stay_lines(self):
        self._post("/my/b2b/cart/update", {}, allow_redirects=False)
        alert = self._page(self._get("/my/b2b/cart")).xpath("//div[@role='alert']")[0]
        self.assertIn("pre-line", alert.get("style"))

    def test_search_is_not_the_websites_own(self):
        response = self._get("/my/b2b?search=0042")
        self.assertNotIn("0 found", response.text)
        box = self._page(response).xpath("//form[@action='/my/b2b']//input[@name='search']")
        self.assertEqual(box[0].get("value"), "0042")

    def test_message_waits_for_who_looks(self):
        self._post("/my/b2b/cart/update", {}, allow_redirects=False)
        self.url_open("/my/b2b/cart", method="HEAD")
        self._get("/my/b2b/cart", headers={"Sec-Purpose": "prefetch;prerender"})
        alerts = " ".join(self._alerts(self._get("/my/b2b/cart")))
        self.assertIn("up to date", alerts)

    def test_way_back_stays_in_the_shop(self):
        for back, kept in (
            ("/my/b2b/page/2?search=a..b", True),
            ("/my/b2b/../../web/session/logout", False),
            ("/my/b2b/%2e%2e/%2E%2E/web/session/logout", False),
            ("/my/b2b/./..", False),
            ("/my/b2bx", False),
        ):
            with self.subTest(back=back):
                data = {"product_id": self.product.id, "back": back}
                response = self._post("/my/b2b/cart/add", data, allow_redirects=False)
                location = response.headers["Location"]
                self.assertTrue(location.endswith(back if kept else "/my/b2b"), location)

    def test_units_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.env["res.lang"]._activate_lang("sl_SI")
        self.product_b.uom_id.with_context(lang="sl_SI").name = "Kosi"
        self.product_b.uom_id.with_context(lang="pl_PL").name = "Sztuki"
        self.buyer_user.partner_id.lang = "pl_PL"
        self.env.flush_all()
        order = self._as_buyer().with_context(lang="sl_SI").sudo().browse(self.cart.id)
        line = order._add_b2b_lines([PriceLine(self.product_b, 2)])
        self.assertEqual(line.product_uom_id.name, "Kosi")

    def test_token_needs_a_login(self):
        self.template.b2b_template_shared = True
        self.template.access_token = "old"
        self.env.flush_all()
        self.authenticate(None, None)
        params = {"thread_model": "sale.order", "thread_id": self.template.id, "token": "old"}
        with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
            self.make_jsonrpc_request("/mail/chatter_fetch", params)
