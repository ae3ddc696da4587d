from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tests import tagged
from odoo.tools import mute_logger

from .orders import B2bOrderCommon


@tagged("post_install", "-at_install")
class TestTermsOfToday(B2bOrderCommon):
    """A cart that lay for a while is ordered by what holds today."""

    def test_fiscal_position(self):
        tax = self.env["account.tax"].create({"name": "23 %", "amount": 23})
        self.product.taxes_id = tax
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        self.assertTrue(cart.amount_tax)
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        tax.copy({"name": "Export 0 %", "amount": 0}).write(
            {"fiscal_position_ids": position.ids, "original_tax_ids": tax.ids}
        )
        self.customer.property_account_position_id = position
        self.assertFalse(cart._get_b2b_today()["tax"], "before anything is written")
        self.assertFalse(self._place(cart).amount_tax)
        self.assertEqual(cart.fiscal_position_id, position)

    def test_payment_terms(self):
        long, short = self.env["account.payment.term"].create(
            [{"name": "60 days"}, {"name": "14 days"}]
        )
        self.agreement.payment_term_id = long
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        self.assertEqual(cart.payment_term_id, long)
        self.agreement.payment_term_id = False
        self.customer.property_payment_term_id = short
        self.assertEqual(self._place(cart).payment_term_id, short)

    def test_taxes_that_an_early_payment_reduces(self):
        """Odoo reduces them on the order at once: a page that says more orders nothing."""
        plain, included, fixed = self.env["account.tax"].create(
            [
                {"name": "20 %", "amount": 20},
                {"name": "8 % in it", "amount": 8, "price_include_override": "tax_included"},
                {"name": "Fee", "amount": 0.35, "amount_type": "fixed"},
            ]
        )
        self.agreement.payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "2 % within 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "early_pay_discount_computation": "mixed",
            }
        )
        self.cart._add_b2b_lines([(self.product_b, 7, None)])
        self.product_b.taxes_id = plain
        cart = self._get_cart()
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            for taxes in (plain, included, included | fixed):
                with self.subTest(method=method, taxes=taxes.mapped("name")):
                    self.product.taxes_id = taxes
                    seen = cart._get_b2b_statement()
                    cart._refresh_b2b_lines()
                    self._assert_amounts(seen, cart._get_b2b_stored_statement())
        self.product.taxes_id = plain
        seen = cart._get_b2b_statement()
        self.assertAlmostEqual(
            seen.amounts["tax"], seen.amounts["untaxed"] * 0.98 * 0.2, delta=0.01
        )
        self._place(cart)._check_b2b_as_stated(seen)

    def _assert_amounts(self, *statements):
        one, other = (
            {name: round(amount, 2) for name, amount in statement.amounts.items()}
            for statement in statements
        )
        self.assertEqual(one, other)

    def test_early_payment_that_reduces_nothing_now(self):
        self.product.taxes_id = self.env["account.tax"].create({"name": "20 %", "amount": 20})
        cart = self._get_cart()
        without = cart._get_b2b_today()["tax"]
        self.agreement.payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "Later",
                "early_discount": True,
                "discount_percentage": 2,
                "early_pay_discount_computation": "included",
            }
        )
        seen = cart._get_b2b_statement()
        self.assertEqual(seen.amounts["tax"], without)
        self._place(cart)._check_b2b_as_stated(seen)

    def test_names_are_those_that_the_checkout_shows(self):
        line = self._get_cart().order_line
        self.product.name = "Bolt, 40 pieces"
        self.assertNotIn("40 pieces", line.name)
        self._place()
        self.assertIn("Bolt, 40 pieces", line.name)

    def test_invoice_address_that_came_later(self):
        cart = self._get_cart()
        contact, chosen = self.env["res.partner"].create(
            [
                {"name": name, "type": "invoice", "parent_id": self.customer.id}
                for name in ("Accounting", "Head office")
            ]
        )
        self.assertEqual(cart.partner_invoice_id, cart.partner_id)
        self.assertEqual(self._place(cart).partner_invoice_id, contact)
        other = self._create_draft("cart", [(self.product, 1)])
        other.partner_invoice_id = chosen
        self.assertEqual(self._place(other).partner_invoice_id, chosen, "a seller's choice stays")

    def test_salesperson_of_today(self):
        former, present = (
            self.env["res.users"].create(
                {"name": login, "login": login, "group_ids": [Command.link(group.id)]}
            )
            for login in ("b2b_former", "b2b_present")
            for group in [self.env.ref("sales_team.group_sale_salesman")]
        )
        self.customer.user_id = former
        cart = self._create_draft("cart", [(self.product, 1)], user=self.buyer2_user)
        self.assertEqual(cart.user_id, former)
        former.active = False
        self.customer.user_id = present
        self.assertEqual(self._place(cart.with_user(self.buyer2_user).sudo()).user_id, present)

    def test_without_a_sequence_of_proformas(self):
        """Archived, or another company's: the order has a number of Odoo's own sequence."""
        self.env["ir.sequence"].search([("code", "=", "b2b.proforma")]).active = False
        order = self._place()
        self.assertEqual((order.state, order.b2b_qualifier), ("sent", "order"))
        self.assertRegex(order.name, r"\d")
        self.env["ir.sequence"].search([("code", "=", "sale.order")]).active = False
        self.assertTrue(self._create_order([(self.product, 1)], b2b_qualifier="order").name)

    def test_numbers_mean_no_template(self):
        order = self._place()
        template = self._create_draft("template", b2b_template_name=order.name)
        domain = Domain("name", "=", order.name) & order._get_numbered_domain()
        self.assertEqual(template.name, order.name)
        self.assertEqual(self.env["sale.order"].search(domain), order)

    def test_reference_may_mean_a_cart(self):
        """Whoever names one is told that it is no order, and not that there is none."""
        cart = self._create_draft("cart", user=self.buyer2_user, client_order_ref="PO 7")
        domain = Domain("client_order_ref", "=", "PO 7") & cart._get_numbered_domain()
        self.assertEqual(self.env["sale.order"].search(domain), cart)


@tagged("post_install", "-at_install")
class TestPacks(B2bOrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unit = cls.product.uom_id
        cls.box = cls.env["uom.uom"].create(
            {"name": "Box of 6", "relative_factor": 6, "relative_uom_id": cls.unit.id}
        )
        cls.product.uom_ids = cls.box

    def _nearest(self, quantity, uom):
        return self.product._get_b2b_nearest_quantity(quantity, uom)

    def test_any_quantity_of_the_unit(self):
        self.assertFalse(self.product._get_b2b_quantity_problem(1.5, self.unit))

    def test_packs_are_sold_whole(self):
        self.assertFalse(self.product._get_b2b_quantity_problem(2, self.box))
        self.assertIn("quantity is 2", self.product._get_b2b_quantity_problem(2.4, self.box))

    def test_multiples(self):
        self.product.b2b_multiple_qty = 4
        for quantity, nearest in ((1, 4), (5, 4), (6, 8), (7, 8), (8, 8)):
            self.assertEqual(self._nearest(quantity, self.unit), nearest)
        self.assertEqual(self._nearest(1, self.box), 2)  # 12 is a multiple of 4, 6 is not
        self.assertEqual(self._nearest(5, self.box), 6)
        self.assertFalse(self.product._get_b2b_quantity_problem(8, self.unit))
        problem = self.product._get_b2b_quantity_problem(5, self.unit)
        self.assertIn("multiples of 4", problem)
        self.assertIn("quantity is 4", problem)

    def test_minimum(self):
        self.product.b2b_minimum_qty = 10
        self.assertEqual(self._nearest(3, self.unit), 10)
        self.assertEqual(self._nearest(11.5, self.unit), 11.5)
        self.assertEqual(self._nearest(1, self.box), 2)
        self.product.b2b_multiple_qty = 4
        self.assertEqual(self._nearest(3, self.unit), 12)
        self.assertIn("from 12", self.product._get_b2b_quantity_problem(4, self.unit))

    def test_decimal_multiples_are_exact(self):
        self.product.b2b_multiple_qty = 0.1
        self.assertFalse(self.product._get_b2b_quantity_problem(0.3, self.unit))
        self.assertFalse(self.product._get_b2b_quantity_problem(1.1, self.unit))

    def test_foreign_unit(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.assertIn("not sold in", self.product._get_b2b_quantity_problem(1, dozen))

    def test_negative_settings_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.cr.savepoint():
            self.product.b2b_multiple_qty = -1
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestTemplates(B2bOrderCommon):
    def _order(self, quantities=None, user=None):
        user = user or self.buyer_user
        template = self.template.with_user(user).sudo()
        return template._order_b2b_template(self.agreement, quantities)

    def setUp(self):
        super().setUp()
        self.cart.order_line.unlink()

    def test_zero_stays_and_is_not_ordered(self):
        result = self._order()
        self.assertEqual(result["added"].product_id, self.product)
        self.assertEqual(len(self.template.order_line), 2)
        self.assertEqual(self._get_cart().order_line.product_uom_qty, 3)

    def test_part_with_other_quantities(self):
        bolts, nuts = self.template.order_line
        result = self._order({nuts.id: 4.0, bolts.id: 0.0})
        self.assertEqual(result["added"].product_id, self.product_b)
        self.assertEqual(result["added"].product_uom_qty, 4)
        self.assertEqual(nuts.product_uom_qty, 0)

    def test_nothing_to_order(self):
        with self.assertRaises(UserError):
            self._order({})

    def test_tells_what_changed_and_what_is_gone(self):
        self.template.order_line[1].product_uom_qty = 2
        result = self._order()
        self.assertEqual((result["changed"], result["refused"]), ([], []))
        self.product.list_price = 200
        self.product_b.active = False
        result = self._order()
        self.assertEqual(len(result["changed"]), 1)
        change = result["changed"][0]
        self.assertAlmostEqual(change["old"], 99.42, 2)
        self.assertAlmostEqual(change["new"], 180)
        self.assertEqual(len(result["refused"]), 1)
        self.assertIn("Nut", result["refused"][0])
        self.assertFalse(self._order()["changed"])  # that is the last time now

    def test_prices_in_the_cart_are_of_today(self):
        self.product.list_price = 200
        self._order()
        self.assertAlmostEqual(self._get_cart().order_line.price_unit, 180)

    def test_made_of_an_order_without_what_is_no_article(self):
        order = self._create_order([(self.product, 2)])
        order.write(
            {
                "order_line": [
                    Command.create({"display_type": "line_section", "name": "Section"}),
                    Command.create({"product_id": self.product_b.id, "price_unit": 1.0}),
                ]
            }
        )
        if "is_delivery" in order.order_line._fields:
            carriage = self._create_product(name="Carriage", type="service")
            order.order_line = [Command.create({"product_id": carriage.id, "is_delivery": True})]
        template = self._as_buyer()._create_b2b_template(self.agreement, "Again", order)
        self.assertEqual(template.order_line.product_id, self.product | self.product_b)
        self.assertAlmostEqual(template.order_line[1].price_unit, 45)
        self.assertAlmostEqual(template.order_line[1].b2b_last_price, 45)

    def test_shared_template_is_ordered_into_the_own_cart(self):
        self.template.b2b_template_shared = True
        self._order(user=self.buyer2_user)
        self.assertEqual(self._get_cart(self.buyer2_user).order_line.product_uom_qty, 3)
        self.assertFalse(self._get_cart().order_line)

    def test_lines_move(self):
        bolts, nuts = self.template.order_line
        self.template._move_b2b_line(nuts.id, -1)
        self.template.invalidate_recordset()
        self.assertEqual(list(self.template.order_line), [nuts, bolts])
        self.template._move_b2b_line(nuts.id, -1)
        self.template._move_b2b_line(0, 1)
        self.assertEqual(list(self.template.order_line), [nuts, bolts])
