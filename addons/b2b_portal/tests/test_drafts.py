from ast import literal_eval

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .orders import B2bOrderCommon


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

    def test_refusal_names_no_buyer_of_another_company(self):
        stranger = self._create_seller_elsewhere()
        self.customer.company_id = self.company
        values = {
            "partner_id": self.buyer_user.partner_id.id,
            "company_id": self.company.id,
            "b2b_qualifier": "cart",
        }
        with self.assertRaises(AccessError):
            self.env["sale.order"].with_user(stranger).create(values)

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
