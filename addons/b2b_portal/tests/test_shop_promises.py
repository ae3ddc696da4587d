from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.b2b_pricelist.pricing import PriceLine

from ..search_text import fold_search, fold_sql
from .orders import B2bOrderCommon


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
                found = products.search(domain & Domain("id", "in", products.ids))
                self.assertEqual(found, products.filtered_domain(domain))
                self.assertEqual(found == products, sold)
                article, variants, _lists = self._get_article(products[0])
                self.assertEqual(article, products[0] if sold else article.browse())
                self.assertEqual(variants, found)

    def _get_article(self, product):
        """Return what the page of an article is told, with nothing read before."""
        self.env.flush_all()
        self.env.invalidate_all()
        return product.sudo()._get_b2b_article(self.company, product.id)

    def test_what_odoo_itself_sells_is_not_sold(self):
        """Deposits, and services that need more than a quantity: whatever the addons installed."""
        deposit = self.env["product.product"].create({"name": "Deposit of the wizard"})
        self.env["ir.model.data"].search(
            [("module", "=", "sale"), ("name", "=", "advance_product_0")]
        ).unlink()
        self.assertTrue(deposit._filter_b2b_sold(self.company))
        self.env["ir.model.data"].create(
            {
                "module": "sale",
                "name": "advance_product_0",
                "model": "product.product",
                "res_id": deposit.id,
            }
        )
        # As after the loading of data, by which alone it comes.
        self.env.registry.clear_cache()
        self.assertFalse(deposit._filter_b2b_sold(self.company))
        ticket = self.env["product.product"].create({"name": "Ticket", "type": "service"})
        self.assertTrue(ticket._filter_b2b_sold(self.company))
        # The addons that add these values are not installed.
        ticket.flush_recordset()
        for value in ("event", "event_booth"):
            self.env.cr.execute(
                "UPDATE product_template SET service_tracking = %s WHERE id = %s",
                [value, ticket.product_tmpl_id.id],
            )
            self.env.invalidate_all()
            self.assertFalse(ticket._filter_b2b_sold(self.company), value)

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
        self.assertFalse(self._get_article(discount)[0])
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

    def test_last_price_has_its_unit(self):
        """The price of a dozen is not compared with that of a piece, also back again."""
        self.template._order_b2b_template(self.agreement)
        line = self.template.order_line[0]
        price, unit = line.b2b_last_price, line.product_uom_id
        dozen = self.env.ref("uom.product_uom_dozen")
        line.product_id.uom_ids = dozen
        for other in (dozen, unit):
            line.product_uom_id = other
            self.assertFalse(self.template._order_b2b_template(self.agreement)["changed"])
            self.assertEqual(line.b2b_last_uom_id, other)
            self.assertEqual(line.b2b_last_price > 9 * price, other == dozen)
        self.pricelist.item_ids.unlink()
        line.product_id.list_price = price + 1
        changed = self.template._order_b2b_template(self.agreement)["changed"]
        self.assertAlmostEqual(changed[0]["old"], price)

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

    def test_lines_of_the_cart_are_counted_without_reading_them(self):
        self.assertEqual(self._as_buyer(self.buyer2_user)._get_b2b_line_count(), 0)
        counts = []
        for size in (1, 20):
            for index in range(size - 1):
                product = self._create_product(name=f"Part {index}", default_code=f"CC-{index}")
                self.cart._add_b2b_lines([(product, 1, None)])
            with self._count_queries() as count:
                cart = self._get_cart()
                self.assertEqual(cart._get_b2b_line_count(), size)
                self.assertNotIn("order_line", cart._cache)
            counts += count
            cart.order_line.mapped("name")
            with self.assertQueryCount(0):
                self.assertEqual(cart._get_b2b_line_count(), size)
        self.assertNoMoreQueries(*counts)

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
