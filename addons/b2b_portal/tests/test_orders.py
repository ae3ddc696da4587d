from ast import literal_eval
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_pricelist.tests.common import B2bCommon


class B2bOrderCommon(B2bCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_signed_agreement()
        cls._create_rule(applied_on="3_global", percent_price=10.0)
        cls._create_rule(applied_on="3_global", percent_price=20.0, min_quantity=10)
        cls.cart = cls._create_draft("cart", [(cls.product, 2)])
        cls.template = cls._create_draft(
            "template", [(cls.product, 3), (cls.product_b, 0)], b2b_template_name="Weekly"
        )

    @classmethod
    def _create_draft(cls, qualifier, lines=(), user=None, **values):
        """Create a cart or template as a salesperson does."""
        user = user or cls.buyer_user
        return cls.env["sale.order"].create(
            {
                "partner_id": user.partner_id.id,
                "b2b_qualifier": qualifier,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": quantity})
                    for product, quantity in lines
                ],
                **values,
            }
        )

    def _as_buyer(self, user=None):
        return self.env["sale.order"].with_user(user or self.buyer_user)

    def _get_cart(self, user=None, create=False):
        return self._as_buyer(user)._get_b2b_cart(self.agreement, create=create)

    def _place(self, cart=None, **form):
        cart = cart or self._get_cart()
        values, problems = cart._prepare_b2b_checkout_values(self.agreement, form)
        self.assertFalse(problems)
        cart._refresh_b2b_lines()
        cart._place_b2b_order(values)
        return cart


@tagged("post_install", "-at_install")
class TestDraftGuards(B2bOrderCommon):
    """Carts and templates are drafts that nothing makes an order of."""

    def test_names_and_numbers(self):
        sequences = self.env["ir.sequence"].search([("code", "in", ("sale.order", "b2b.proforma"))])
        before = sequences.mapped("number_next_actual")
        cart = self._create_draft("cart", user=self.buyer2_user)
        template = self._create_draft("template", b2b_template_name="  My\nlist ")
        self.env.flush_all()
        sequences.invalidate_recordset()
        self.assertEqual(sequences.mapped("number_next_actual"), before)
        self.assertEqual((cart.name, cart.document_type), ("Cart", "b2b"))
        self.assertEqual((template.name, template.b2b_template_name), ("My list", "My list"))
        template.b2b_template_name = "Other"
        self.assertEqual(template.name, "Other")

    def test_second_cart_refused(self):
        with self.assertRaisesRegex(UserError, "has a cart already"):
            self._create_draft("cart")

    def test_two_carts_in_one_call_refused(self):
        values = {"partner_id": self.buyer2_user.partner_id.id, "b2b_qualifier": "cart"}
        with self.assertRaisesRegex(UserError, "has a cart already"):
            self.env["sale.order"].create([values, values])

    def test_seller_makes_them_without_more_rights(self):
        Order = self.env["sale.order"].with_user(self.seller_user)
        values = {"partner_id": self.buyer2_user.partner_id.id}
        cart = Order.create({**values, "b2b_qualifier": "cart"})
        template = Order.create({**values, "b2b_qualifier": "template"})
        self.assertEqual(cart.pricelist_id, self.pricelist)
        self.assertTrue(template.b2b_template_name)

    def test_nothing_orders_them(self):
        status = self.env.ref("order_status_flags.status_saved")
        for order in (self.cart, self.template):
            for label, attempt in {
                "confirm": order.action_confirm,
                "sent": order.action_quotation_sent,
                "state": lambda order=order: order.write({"state": "sale"}),
                "cancel": order._action_cancel,
                "lock": order.action_lock,
                "signature": lambda order=order: order.write({"signed_by": "Me"}),
                "qualifier": lambda order=order: order.write({"b2b_qualifier": "order"}),
                "empty qualifier": lambda order=order: order.write({"b2b_qualifier": False}),
                "type": lambda order=order: order.write({"document_type": "sale"}),
                "status": lambda order=order: order.set_order_status(status.id),
                "invoice": lambda order=order: order._create_invoices(),
                "forged context": lambda order=order: order.with_context(b2b_placing=True).write(
                    {"state": "sale"}
                ),
            }.items():
                with self.subTest(qualifier=order.b2b_qualifier, attempt=label):
                    with self.assertRaises(UserError), self.cr.savepoint():
                        attempt()
                    self.env.invalidate_all()
                    self.assertEqual(order.state, "draft")
                    self.assertIn(order.b2b_qualifier, ("cart", "template"))

    def test_down_payment_refused(self):
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(self.cart.ids)],
                "advance_payment_method": "percentage",
                "amount": 50,
            }
        )
        with self.assertRaises(UserError):
            wizard.create_invoices()

    def test_created_half_ordered_refused(self):
        for values in ({"state": "sale"}, {"state": "sent"}, {"signed_by": "Me"}):
            with self.subTest(values=values), self.assertRaises(UserError):
                self._create_draft("template", **values)

    def test_defaults_of_the_context_pass_no_guard(self):
        values = {"partner_id": self.buyer2_user.partner_id.id}
        for defaults in (
            {"default_b2b_qualifier": "cart", "default_state": "sale"},
            {"default_b2b_qualifier": "template", "default_locked": True},
            {
                "default_document_type": "b2b",
                "default_b2b_qualifier": "cart",
                "default_signed_by": 1,
            },
        ):
            with self.subTest(defaults=defaults), self.assertRaises(UserError), self.cr.savepoint():
                self.env["sale.order"].with_context(**defaults).create(values)
        Order = self.env["sale.order"].with_context(default_b2b_qualifier="cart")
        cart = Order.create(values)
        self.assertEqual((cart.name, cart.state, cart.document_type), ("Cart", "draft", "b2b"))
        with self.assertRaisesRegex(UserError, "has a cart already"):
            Order.with_context(default_partner_id=values["partner_id"]).create({})

    def test_menu_numbers_proformas(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "b2b_portal.sale_order_action_b2b_proforma"
        )
        Order = self.env["sale.order"].with_context(**literal_eval(action["context"]))
        for values in ({}, {"name": "New"}):
            order = Order.create({"partner_id": self.customer.id, **values})
            self.assertTrue(order.name.startswith("B2B/"), order.name)

    def test_template_called_new_takes_no_number(self):
        sequence = self.env["ir.sequence"].search([("code", "=", "sale.order")], limit=1)
        before = sequence.number_next_actual
        template = self._create_draft("template", b2b_template_name="New")
        self.env.flush_all()
        sequence.invalidate_recordset()
        self.assertEqual((template.name, template.b2b_template_name), ("New", "New"))
        self.assertEqual(sequence.number_next_actual, before)

    def test_not_mailed_as_quotation_and_no_payment_link(self):
        for order in (self.cart, self.template):
            with self.assertRaisesRegex(UserError, "is no order"):
                order.action_quotation_send()
            with self.assertRaisesRegex(UserError, "is no order"):
                order.with_context(mark_so_as_sent=True).message_post(body="An offer")
        Link = self.env["payment.link.wizard"]
        for order in (self.cart, self._place()):
            with self.assertRaisesRegex(UserError, "not online"):
                Link.with_context(active_model="sale.order", active_id=order.id).create({})
            with self.assertRaisesRegex(UserError, "not online"):
                Link.create({"res_model": "sale.order", "res_id": order.id, "amount": 1.0})

    def test_quotation_becomes_no_template(self):
        quotation = self._create_order([(self.product, 1)])
        for qualifier in ("cart", "template", "order"):
            with self.subTest(qualifier=qualifier), self.assertRaises(UserError):
                quotation.b2b_qualifier = qualifier

    def test_no_online_payment(self):
        method = self.env.ref("payment.payment_method_unknown")
        provider = self.env["payment.provider"].create({"name": "Test", "code": "none"})
        with self.assertRaises(ValidationError):
            self.env["payment.transaction"].create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": method.id,
                    "reference": "b2b",
                    "amount": 1.0,
                    "currency_id": self.cart.currency_id.id,
                    "partner_id": self.cart.partner_id.id,
                    "sale_order_ids": [Command.set(self.cart.ids)],
                }
            )

    def test_customer_neither_signs_nor_pays(self):
        self.company.write({"portal_confirmation_sign": True, "portal_confirmation_pay": True})
        order = self._place()
        self.assertFalse(order.require_signature or order.require_payment)
        self.assertFalse(order._has_to_be_signed() or order._has_to_be_paid())
        self.assertFalse(order._can_be_edited_on_portal())
        order.write({"require_signature": True, "require_payment": True, "prepayment_percent": 1})
        self.assertFalse(order._has_to_be_signed() or order._has_to_be_paid())

    def test_not_in_reports_and_counts(self):
        self.env.flush_all()
        report = self.env["sale.report"].search([("partner_id", "=", self.cart.partner_id.id)])
        self.assertFalse(report)
        self.assertFalse(self.cart.partner_id.with_user(self.seller_user).sale_order_count)
        team = self.cart.team_id
        if team:
            counted = self.env["sale.order"].search_count(
                [
                    ("team_id", "=", team.id),
                    ("state", "!=", "cancel"),
                    ("b2b_qualifier", "not in", ("cart", "template")),
                ]
            )
            self.assertEqual(team.sale_order_count, counted)
        campaign = self.env["utm.campaign"].create({"name": "Fair"})
        (self.cart | self.template).campaign_id = campaign
        quotation = self._create_order([], campaign_id=campaign.id)
        self.assertEqual(campaign.quotation_count, 1)
        domain = campaign.action_redirect_to_quotations()["domain"]
        self.assertEqual(self.env["sale.order"].search(domain), quotation)
        for name in (
            "sale.action_quotations",
            "sale.action_quotations_salesteams",
            "sale.action_quotations_with_onboarding",
        ):
            action = self.env["ir.actions.act_window"]._for_xml_id(name)
            found = self.env["sale.order"].search(literal_eval(action["domain"]))
            self.assertFalse(found & (self.cart | self.template))

    def test_copies(self):
        with self.assertRaises(UserError):
            self.cart.copy()
        copied = self.template.copy()
        self.assertEqual(copied.b2b_qualifier, "template")
        self.assertEqual(copied.name, "Weekly (copy)")
        proforma = self._place().copy()
        self.assertEqual((proforma.b2b_qualifier, proforma.state), ("order", "draft"))
        self.assertTrue(proforma.name.startswith("B2B/"))


@tagged("post_install", "-at_install")
class TestDraftAccess(B2bOrderCommon):
    """Portal users over RPC: their own cart and templates, and what colleagues share."""

    def _sees(self, user, order):
        found = order.with_user(user).search([("id", "=", order.id)])
        try:
            order.with_user(user).check_access("read")
            readable = True
        except AccessError:
            readable = False
        self.assertEqual(bool(found), readable)
        lines = self.env["sale.order.line"].with_user(user).search([("order_id", "=", order.id)])
        self.assertEqual(bool(lines), readable)
        return readable

    def test_own_ones(self):
        self.assertTrue(self._sees(self.buyer_user, self.cart))
        self.assertTrue(self._sees(self.buyer_user, self.template))

    def test_colleague_sees_shared_templates_only(self):
        self.assertFalse(self._sees(self.buyer2_user, self.cart))
        self.assertFalse(self._sees(self.buyer2_user, self.template))
        self.template.b2b_template_shared = True
        self.assertTrue(self._sees(self.buyer2_user, self.template))
        self.cart.b2b_template_shared = True
        self.assertFalse(self._sees(self.buyer2_user, self.cart))

    def test_user_of_the_company_itself_sees_no_private_ones(self):
        head = self._create_portal_user("b2b_head")
        head.partner_id = self.customer
        self.assertFalse(self._sees(head, self.cart))
        self.assertFalse(self._sees(head, self.template))

    def test_subsidiary_shares_nothing_with_the_parent(self):
        subsidiary = self.env["res.partner"].create(
            {"name": "Daughter Ltd", "is_company": True, "parent_id": self.customer.id}
        )
        user = self._create_portal_user("b2b_daughter", parent_id=subsidiary.id)
        self.assertEqual(user.partner_id.commercial_partner_id, subsidiary)
        template = self._create_draft(
            "template", [(self.product, 1)], user=user, b2b_template_shared=True
        )
        self.assertTrue(self._sees(user, template))
        self.assertFalse(self._sees(self.buyer_user, template))
        self.assertNotIn(template, self._as_buyer()._get_b2b_templates(self.agreement))
        # also where no record rule helps
        templates = self.env["sale.order"]._get_b2b_templates(self.agreement)
        self.assertNotIn(template, templates)
        self.assertIn(self.template, templates)
        self.assertFalse(self.cart._get_b2b_addresses(subsidiary.id))
        self.assertNotIn(subsidiary, self.cart._get_b2b_addresses())
        self.customer.email = False
        recipients = self.agreement._get_customer_recipients()
        self.assertIn(self.buyer_user.partner_id, recipients)
        self.assertNotIn(user.partner_id, recipients)

    def test_rival_and_retail_see_nothing(self):
        self.template.b2b_template_shared = True
        for user in (self.rival_user, self.retail_user):
            self.assertFalse(self._sees(user, self.cart))
            self.assertFalse(self._sees(user, self.template))

    def test_follower_sees_nothing_of_others(self):
        self.template.message_subscribe(self.rival_user.partner_id.ids)
        self.assertFalse(self._sees(self.rival_user, self.template))

    def test_portal_users_write_nothing(self):
        for order in (self.cart, self.template):
            for attempt in (
                lambda order=order: order.with_user(self.buyer_user).write({"note": "x"}),
                lambda order=order: order.with_user(self.buyer_user).unlink(),
                lambda order=order: order.with_user(self.buyer_user).copy(),
                lambda order=order: order.order_line.with_user(self.buyer_user).write(
                    {"price_unit": 1}
                ),
            ):
                with self.assertRaises(UserError), self.cr.savepoint():
                    attempt()


@tagged("post_install", "-at_install")
class TestCartAndCheckout(B2bOrderCommon):
    def test_cart_is_made_once(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        self.assertEqual(cart.partner_id, self.buyer2_user.partner_id)
        self.assertEqual(cart.pricelist_id, self.pricelist)
        self.assertEqual(self._get_cart(self.buyer2_user, create=True), cart)
        self.assertFalse(self._get_cart(self.buyer2_user).order_line)

    def test_lines_are_priced_as_core_prices_them(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        uom = self.product.uom_id
        cart._add_b2b_lines([(self.product, 10, uom), (self.product_b, 1, uom)])
        quotation = self._create_order([(self.product, 10), (self.product_b, 1)])
        for ours, core in zip(cart.order_line, quotation.order_line, strict=True):
            for name in ("price_unit", "discount", "price_subtotal", "price_total", "name"):
                self.assertEqual(ours[name], core[name], name)

    def test_lines_are_priced_as_core_prices_them_with_discounts_shown(self):
        self.env["res.config.settings"].create({"group_discount_per_so_line": True}).execute()
        self.test_lines_are_priced_as_core_prices_them()

    def test_lines_stay_automatic(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        line = cart._add_b2b_lines([(self.product, 1, self.product.uom_id)])
        self.assertAlmostEqual(line.price_unit, 99.42, 2)
        line.product_uom_qty = 10
        self.assertAlmostEqual(line.price_unit, 88.38, 2)
        cart._add_b2b_lines([(self.product, 1, self.product.uom_id)])
        self.assertEqual(line.product_uom_qty, 11)
        line.product_uom_qty = 1
        self.assertAlmostEqual(line.price_unit, 99.42, 2)

    def test_same_article_adds_up_per_unit(self):
        pack = self.env["uom.uom"].create(
            {"name": "Box of 6", "relative_factor": 6, "relative_uom_id": self.product.uom_id.id}
        )
        self.product.uom_ids = pack
        cart = self._get_cart(self.buyer2_user, create=True)
        unit = self.product.uom_id
        cart._add_b2b_lines([(self.product, 1, unit), (self.product, 2, pack)])
        cart._add_b2b_lines([(self.product, 1, pack), (self.product, 1, pack)])
        self.assertEqual(
            {line.product_uom_id: line.product_uom_qty for line in cart.order_line},
            {unit: 1, pack: 4},
        )

    def test_today_writes_nothing_and_agrees_with_what_is_stored(self):
        tax = self.env["account.tax"].create(
            {"name": "VAT 22", "amount": 22, "price_include_override": "tax_included"}
        )
        self.product.taxes_id = tax
        cart = self._get_cart()
        cart._add_b2b_lines([(self.product, 5, self.product.uom_id)])
        self.product.list_price = 200
        self.env.flush_all()
        stored = cart.order_line.mapped("price_unit")
        today = cart._get_b2b_today()
        self.assertEqual(cart.order_line.mapped("price_unit"), stored)
        cart._refresh_b2b_lines()
        self.assertNotEqual(cart.order_line.mapped("price_unit"), stored)
        self.assertAlmostEqual(today["untaxed"], cart.amount_untaxed)
        self.assertAlmostEqual(today["tax"], cart.amount_tax)
        self.assertAlmostEqual(today["total"], cart.amount_total)
        for entry in today["lines"]:
            self.assertAlmostEqual(entry["subtotal"], entry["line"].price_subtotal)

    def test_taxes_are_of_today(self):
        old, new = self.env["account.tax"].create(
            [{"name": f"VAT {rate}", "amount": rate} for rate in (22, 25)]
        )
        self.product.taxes_id = old
        cart = self._get_cart()
        cart.order_line.unlink()
        line = cart._add_b2b_lines([(self.product, 1, self.product.uom_id)])
        self.assertEqual(line.tax_ids, old)
        self.product.taxes_id = new
        today = cart._get_b2b_today()
        self.assertAlmostEqual(today["tax"], today["untaxed"] * 0.25, 2)
        cart._refresh_b2b_lines()
        self.assertEqual(line.tax_ids, new)
        self.assertAlmostEqual(cart.amount_tax, today["tax"])
        self.assertAlmostEqual(cart.amount_total, today["total"])

    def test_without_any_pricelist(self):
        self.agreement.pricelist_id = False
        self.cart.pricelist_id = False
        self.env["product.pricelist"].search([]).active = False
        self.assertFalse(self.agreement._get_pricelist())
        self.assertEqual(self.agreement._get_price_currency(), self.company.currency_id)
        self.agreement.minimum_order_amount = 1e6
        cart = self._get_cart()
        problems = cart._get_b2b_checkout_problems(self.agreement, cart._get_b2b_today()["untaxed"])
        self.assertIn("minimum order amount", problems[-1])

    def test_query_count_does_not_grow(self):
        counts = []
        for size in (20, 80):
            products = self.env["product.product"].create(
                [{"name": f"P{size}-{index}", "taxes_id": [(5,)]} for index in range(size)]
            )
            self.env.flush_all()
            cart = self._get_cart(create=True)
            cart.order_line.unlink()
            with self._count_queries() as queries:
                cart._add_b2b_lines([(product, 1, product.uom_id) for product in products])
            counts.append(queries[0])
        # a few more: Odoo writes and prefetches in chunks, and notes names of lines
        self.assertNoMoreQueries(*counts, extra=14)

    def test_checkout(self):
        address = self.env["res.partner"].create(
            {"name": "Depot", "type": "delivery", "parent_id": self.customer.id}
        )
        tomorrow = fields.Date.today() + timedelta(days=1)
        self.agreement.payment_term_id = self.env.ref("account.account_payment_term_30days")
        cart = self._place(
            client_order_ref=" PO-7 ",
            commitment_date=tomorrow.isoformat(),
            partner_shipping_id=str(address.id),
            b2b_note="Ring twice",
        )
        self.assertEqual((cart.state, cart.b2b_qualifier), ("sent", "order"))
        self.assertEqual(cart.document_type, "b2b")
        self.assertTrue(cart.name.startswith("B2B/"))
        self.assertEqual(cart.client_order_ref, "PO-7")
        self.assertEqual(cart.commitment_date.date(), tomorrow)
        self.assertEqual(cart.partner_shipping_id, address)
        self.assertEqual(cart.b2b_note, "Ring twice")
        self.assertEqual(cart.payment_term_id, self.agreement.payment_term_id)
        self.assertEqual(cart.order_status_id, self.env.ref("order_status_flags.status_saved"))
        self.assertEqual(len(cart.status_history_ids), 1)
        self.assertFalse(self._get_cart())

    def test_seller_confirms_the_proforma(self):
        order = self._place()
        number = order.name
        order.with_user(self.seller_user).action_confirm()
        self.assertEqual((order.state, order.name), ("sale", number))

    def test_placing_twice_refused(self):
        order = self._place()
        with self.assertRaises(UserError):
            order._place_b2b_order({})

    def test_agreement_that_ended_refused(self):
        cart = self._get_cart()
        with freeze_time(self.agreement.date_end + timedelta(days=2)):
            self.assertFalse(self.customer._get_b2b_agreement())
            with self.assertRaises(UserError):
                cart._place_b2b_order({})
        self.agreement.action_terminate()
        with self.assertRaises(UserError):
            cart._place_b2b_order({})

    def test_checkout_form_is_checked(self):
        cart = self._get_cart()
        self.agreement.po_number_required = True
        stranger = self.rival_user.partner_id
        for form, words in (
            ({}, "PO number is required"),
            ({"client_order_ref": "  "}, "PO number is required"),
            ({"client_order_ref": "1", "commitment_date": "2020-01-01"}, "in the past"),
            ({"client_order_ref": "1", "commitment_date": "tomorrow"}, "not a date"),
            ({"client_order_ref": "1", "commitment_date": "9999-01-01"}, "too far"),
            ({"client_order_ref": "1", "partner_shipping_id": str(stranger.id)}, "own company"),
            ({"client_order_ref": "1", "partner_shipping_id": "x"}, "own company"),
        ):
            with self.subTest(form=form):
                values, problems = cart._prepare_b2b_checkout_values(self.agreement, form)
                self.assertEqual(len(problems), 1)
                self.assertIn(words, problems[0])
                self.assertEqual(values["partner_shipping_id"], cart.partner_shipping_id.id)

    def test_requested_today_is_not_in_the_past(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        with freeze_time("2030-05-01 13:00:00"):  # the 2nd already, where the seller is
            cart = self._get_cart()
            self.assertTrue(cart._read_b2b_requested_date("2030-05-02"))
            with self.assertRaisesRegex(ValueError, "past"):
                cart._read_b2b_requested_date("2030-05-01")

    def test_minimum_order_amount(self):
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        untaxed = cart._get_b2b_today()["untaxed"]
        self.agreement.minimum_order_amount = untaxed
        self.assertFalse(cart._get_b2b_checkout_problems(self.agreement, untaxed))
        self.agreement.minimum_order_amount = untaxed + 0.01
        problems = cart._get_b2b_checkout_problems(self.agreement, untaxed)
        self.assertIn("minimum order amount", problems[0])

    def test_empty_cart_cannot_be_ordered(self):
        cart = self._get_cart(self.buyer2_user, create=True)
        self.assertIn("empty", cart._get_b2b_checkout_problems(self.agreement, 0.0)[0])

    def test_article_no_longer_sold_stops_the_checkout(self):
        cart = self._get_cart()
        self.product.sale_ok = False
        problems = cart._get_b2b_checkout_problems(self.agreement, 1000.0)
        self.assertIn("no longer sold", problems[0])
        self.assertIn("Bolt", problems[0])

    def test_price_changes_are_found(self):
        cart = self._get_cart()
        line = cart.order_line
        today = cart._get_b2b_today()
        net = today["lines"][0]["net"]
        self.assertFalse(cart._get_b2b_price_changes({line.id: (2.0, net)}, today))
        self.assertFalse(cart._get_b2b_price_changes(cart._get_b2b_stored_prices(), today))
        for seen in ({}, {line.id: (2.0, net + 1)}, {line.id: (3.0, net)}):
            self.assertEqual(len(cart._get_b2b_price_changes(seen, today)), 1)
        self.product.list_price = 300
        change = cart._get_b2b_price_changes(cart._get_b2b_stored_prices(), cart._get_b2b_today())[
            0
        ]
        self.assertAlmostEqual(change["old"], net)
        self.assertAlmostEqual(change["new"], 270)

    # === PRO-FORMA MAIL === #

    def _proforma_row(self, order):
        return order.status_history_ids.filtered(lambda row: row.mail_kind == "b2b_proforma")

    def _proforma_messages(self, order):
        subject = f"your order {order.name}"
        return order.message_ids.filtered(lambda one: subject in (one.subject or ""))

    def _send_proformas(self, pdf=(b"%PDF-1.4 test", "pdf"), error=None):
        """Run the outbox; the PDF is this one, or cannot be made."""
        report = type(self.env["ir.actions.report"])
        with (
            patch.object(report, "_render_qweb_pdf", return_value=pdf, side_effect=error),
            self.enter_registry_test_mode(),
        ):
            self.env.ref("order_status_flags.ir_cron_status_mail").method_direct_trigger()
        self.env.invalidate_all()

    def test_proforma_mail(self):
        order = self._place()
        row = self._proforma_row(order)
        self.assertEqual(row.mail_state, "pending")
        self.assertEqual(row, order.status_history_ids, "it is the row of the placing")
        self._send_proformas()
        message = self._proforma_messages(order)
        self.assertEqual(len(message), 1)
        self.assertIn(self.buyer_user.partner_id, message.partner_ids)
        self.assertEqual(message.attachment_ids.mapped("mimetype"), ["application/pdf"])
        self.assertEqual(row.mail_mail_id.recipient_ids, self.buyer_user.partner_id)
        row.mail_mail_id._postprocess_sent_message([], [])
        self.assertEqual(row.mail_state, "sent")
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(order)), 1)

    def test_proforma_that_cannot_be_mailed_holds_up_no_other(self):
        first = self._place()
        second = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        send = type(first)._post_b2b_proforma

        def fail_once(order, template):
            if order.id == first.id:
                order.client_order_ref = "half done"
                order.env.cr.execute("SELECT 1 / 0")
            return send(order, template)

        with (
            patch.object(type(first), "_post_b2b_proforma", fail_once),
            mute_logger("odoo.sql_db"),
            mute_logger("odoo.addons.order_status_flags.models.sale_order_status_history"),
        ):
            self._send_proformas()
        self.assertNotEqual(first.client_order_ref, "half done")
        self.assertEqual(len(self._proforma_messages(second)), 1)
        row = self._proforma_row(first)
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("division by zero", row.mail_error)
        self.assertTrue(first.status_mail_failed, "it needs attention")
        first.action_resend_failed_status_mail()
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(first)), 1)

    @mute_logger("odoo.addons.mail_delivery_retry.attempt")
    def test_proforma_mail_without_the_program_for_pdfs(self):
        order = self._place()
        self._send_proformas(error=UserError("no wkhtmltopdf"))
        message = self._proforma_messages(order)
        self.assertEqual(len(message), 1)
        self.assertFalse(message.attachment_ids)
        self.assertIn("no wkhtmltopdf", " ".join(order.message_ids.mapped("body")))

    def test_proforma_is_overtaken_by_no_status(self):
        order = self._place()
        order.set_order_status(self.env.ref("order_status_flags.status_in_progress").id)
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(order)), 1)
        later = order.status_history_ids[0]
        self.assertTrue(later.mail_mail_id, "the status is told too")
        # One that failed is not made good by an e-mail about a later status.
        self._proforma_row(order)._mark_failed("no")
        later._on_mail_sent()
        self.assertTrue(order.status_mail_failed)

    def test_proforma_of_a_cancelled_order_is_not_sent(self):
        order = self._place()
        order._action_cancel()
        self._send_proformas()
        self.assertEqual(self._proforma_row(order).mail_state, "superseded")
        self.assertFalse(self._proforma_messages(order))

    def test_proforma_without_a_status_for_new_orders(self):
        self.env["sale.order.status"].search([]).event_ids = False
        order = self._place()
        self.assertFalse(order.order_status_id)
        self._send_proformas()
        self.assertEqual(len(self._proforma_messages(order)), 1)

    def test_proforma_beside_the_mail_of_the_status(self):
        status = self.env.ref("order_status_flags.status_saved")
        status.mail_template_id = self.env.ref("order_status_flags.mail_template_status_changed")
        order = self._place()
        own, placed = order.status_history_ids
        self.assertEqual(own.previous_status_id, status)
        self._send_proformas()
        self.assertTrue(placed.mail_mail_id)
        self.assertEqual(len(self._proforma_messages(order)), 1)

    def test_proforma_without_its_template_is_silent(self):
        template = self.env.ref("b2b_portal.mail_template_b2b_proforma")
        waiting = self._place()
        template.active = False
        later = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        self._send_proformas()
        self.assertFalse(self._proforma_row(later))
        self.assertEqual(self._proforma_row(waiting).mail_state, "none")
        self.assertFalse(self._proforma_messages(waiting))

    def test_back_office_form(self):
        for order in (self.cart, self.template, self._place()):
            form = Form(order.with_user(self.seller_user))
            form.save()


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

    def test_numbers_mean_no_template(self):
        order = self._place()
        template = self._create_draft("template", b2b_template_name=order.name)
        domain = Domain("name", "=", order.name) & order._get_numbered_domain()
        self.assertEqual(template.name, order.name)
        self.assertEqual(self.env["sale.order"].search(domain), order)


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
