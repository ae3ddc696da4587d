from datetime import timedelta
from unittest.mock import patch

from odoo import fields, http
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from odoo.addons.sale.controllers.portal import CustomerPortal
from odoo.addons.website_sale.tests.common import MockRequest

from ..controllers.cart import WithdrawalCart

CONSENT_PARTS = ("date", "text", "version")


@tagged("post_install", "-at_install")
class TestWithdrawalShop(HttpCase):
    """The shop's footer and form, and the consent at checkout."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].get_current_website()
        cls.company = cls.website.company_id
        cls.company.withdrawal_enabled = True
        cls.partner = cls.env["res.partner"].create(
            {"name": "Anna", "email": "anna@example.com", "country_id": cls.env.ref("base.pl").id}
        )
        cls.product = cls.env["product.product"].create(
            {"name": "Lamp", "type": "consu", "list_price": 10, "sale_ok": True}
        )
        cls.book = cls.env["product.product"].create(
            {
                "name": "E-book",
                "type": "service",
                "list_price": 5,
                "withdrawal_exception": "digital",
            }
        )

    def _create_cart(self, *products):
        return self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "website_id": self.website.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 1})
                    for product in products
                ],
            }
        )

    def test_footer_leads_to_the_form(self):
        page = self.url_open("/contactus")
        self.assertIn('href="/withdraw"', page.text)
        self.assertIn("Withdraw from contract here", page.text)
        form = self.url_open("/withdraw")
        self.assertEqual(form.status_code, 200)
        self.assertIn(self.company.name, form.text)

    def test_footer_is_not_folded_away(self):
        page = self.url_open("/contactus").text
        link = page[page.index("o_withdrawal_link") - 200 : page.index("o_withdrawal_link") + 200]
        for hidden in ("collapse", "d-none", "accordion", "o_snippet_invisible"):
            self.assertNotIn(hidden, link)

    def test_off_shows_nothing(self):
        self.company.withdrawal_enabled = False
        self.assertNotIn('href="/withdraw"', self.url_open("/contactus").text)
        self.assertEqual(self.url_open("/withdraw").status_code, 404)

    def test_form_is_the_shops_own_company(self):
        other = self.env["res.company"].create({"name": "WD other", "withdrawal_enabled": True})
        self.assertTrue(other.withdrawal_enabled)
        self.company.withdrawal_enabled = False
        self.assertEqual(self.url_open("/withdraw").status_code, 404)

    # === CONSENT === #

    def test_express_checkout_is_offered_once_nothing_is_asked(self):
        """Its button on the cart pays at once, past the page that asks for the consent."""
        providers = self.env["payment.provider"].search([], limit=1)
        methods = self.env["payment.method"].search([], limit=1)
        core = {"access_token": "x", "providers_sudo": providers, "payment_methods_sudo": methods}
        cart = self._create_cart(self.book)
        offered = []
        with (
            MockRequest(self.website.env, website=self.website),
            patch.object(CustomerPortal, "_get_payment_values", lambda *_args, **_kwargs: {**core}),
        ):
            for _time in range(2):
                values = WithdrawalCart()._get_express_shop_payment_values(cart)
                offered.append((values["providers_sudo"], values["payment_methods_sudo"]))
                cart._give_withdrawal_consent()
        self.assertEqual(offered[0], (providers.browse(), methods.browse()))
        self.assertEqual(offered[1], (providers, methods))
        self.assertTrue(providers and methods)

    def test_goods_need_no_consent(self):
        cart = self._create_cart(self.product)
        self.assertFalse(cart._needs_withdrawal_consent())

    def test_digital_content_needs_consent_before_the_payment(self):
        cart = self._create_cart(self.product, self.book)
        self.assertTrue(cart._needs_withdrawal_consent())
        with self.assertRaises(ValidationError):
            cart._check_cart_is_ready_to_be_paid()
        cart._give_withdrawal_consent()
        self.assertFalse(cart._needs_withdrawal_consent())
        self.assertIn("lose my right of withdrawal", cart.withdrawal_consent_text)
        self.assertTrue(cart.withdrawal_consent_version)
        self.assertTrue(cart.withdrawal_consent_date)
        before = cart.withdrawal_consent_date
        cart._give_withdrawal_consent()
        self.assertEqual(cart.withdrawal_consent_date, before)

    def test_dated_service_has_no_right_to_lose(self):
        self.book.withdrawal_exception = "dated_service"
        self.assertFalse(self._create_cart(self.book)._needs_withdrawal_consent())

    def test_consent_is_asked_again_for_what_is_added_later(self):
        cart = self._create_cart(self.book)
        cart._give_withdrawal_consent()
        first = cart.withdrawal_consent_date
        with freeze_time(first + timedelta(minutes=5)):
            cart.order_line.product_uom_qty += 1
            self.assertFalse(cart._needs_withdrawal_consent(), "more of the same")
            line = cart.order_line.copy({"order_id": cart.id})
            # The database's own clock is not frozen.
            line._write({"create_date": fields.Datetime.now()})
            line.invalidate_recordset(["create_date"])
            self.assertTrue(cart._needs_withdrawal_consent())
            with self.assertRaises(ValidationError):
                cart._check_cart_is_ready_to_be_paid()
            cart._give_withdrawal_consent()
            self.assertFalse(cart._needs_withdrawal_consent())
            self.assertGreater(cart.withdrawal_consent_date, first)

    def test_next_customer_has_consented_to_nothing(self):
        order = self._create_cart(self.book)
        order._give_withdrawal_consent()
        order.action_confirm()
        other = self.env["res.partner"].create({"name": "Other", "email": "other@example.com"})
        colleague = self.env["res.partner"].create(
            {"name": "Same", "parent_id": order.partner_id.id, "type": "contact"}
        )
        order.partner_id = colleague
        self.assertTrue(order.withdrawal_consent_date)
        order._action_cancel()
        order.action_draft()
        order.partner_id = other
        for name in ("text", "version", "date"):
            self.assertFalse(order[f"withdrawal_consent_{name}"])

    def test_cart_of_another_customer_has_no_consent(self):
        """Who logs in at the same browser takes the cart over, and has ticked nothing."""
        cart = self._create_cart(self.book)
        cart._give_withdrawal_consent()
        cart.partner_id = self.partner.copy({"name": "Her address", "parent_id": self.partner.id})
        self.assertTrue(cart.withdrawal_consent_date, "another address of hers")
        cart.partner_id = self.partner.copy({"name": "Berta"})
        for part in CONSENT_PARTS:
            self.assertFalse(cart[f"withdrawal_consent_{part}"], part)
        with self.assertRaises(ValidationError):
            cart._check_cart_is_ready_to_be_paid()

    def test_guest_who_says_his_name_has_consented(self):
        cart = self._create_cart(self.book)
        cart.partner_id = self.website.user_id.partner_id
        cart._give_withdrawal_consent()
        cart.partner_id = self.partner
        self.assertTrue(cart.withdrawal_consent_date)
        self.assertFalse(cart._needs_withdrawal_consent())

    def test_consent_is_only_asked_where_the_function_is_on(self):
        cart = self._create_cart(self.book)
        self.company.withdrawal_enabled = False
        self.assertFalse(cart._needs_withdrawal_consent())

    def test_consent_of_others_is_none_of_mine(self):
        cart = self._create_cart(self.book)
        self.authenticate(None, None)
        data = {"csrf_token": http.Request.csrf_token(self), "consent": "yes"}
        answer = self.url_open("/shop/withdrawal-consent", data=data, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        self.assertFalse(cart.withdrawal_consent_date)
        self.assertEqual(
            self.url_open("/shop/withdrawal-consent", data={"consent": "yes"}).status_code, 400
        )

    def test_consent_is_not_for_customers_to_write(self):
        for name in CONSENT_PARTS:
            field = self.env["sale.order"]._fields[f"withdrawal_consent_{name}"]
            self.assertEqual(field.groups, "base.group_user")

    def test_nobody_consents_in_the_place_of_the_customer(self):
        seller = new_test_user(
            self.env, "wd_shop_seller", groups="sales_team.group_sale_salesman_all_leads"
        )
        given = self._create_cart(self.book)
        given._give_withdrawal_consent()
        for order in (self._create_cart(self.book), given):
            for name, value in {
                "withdrawal_consent_date": "2026-01-01 10:00:00",
                "withdrawal_consent_text": "Yes",
                "withdrawal_consent_version": "2020-01",
            }.items():
                orders = order.with_user(seller).with_context(order_withdrawal_consent=True)
                with self.subTest(name), self.assertRaises(UserError):
                    orders.write({name: value})
                with self.subTest(name), self.assertRaises(UserError):
                    (orders | given.with_user(seller)).write({name: False})
        orders = self.env["sale.order"].with_user(seller)
        values = {"partner_id": self.partner.id}
        with self.assertRaises(UserError):
            orders.create({**values, "withdrawal_consent_date": "2026-01-01 10:00:00"})
        default = {"default_withdrawal_consent_date": "2026-01-01 10:00:00"}
        self.assertFalse(orders.with_context(**default).create(values).withdrawal_consent_date)

    def test_exported_consent_is_imported_unchanged(self):
        seller = new_test_user(
            self.env, "wd_shop_importer", groups="sales_team.group_sale_salesman_all_leads"
        )
        order = self._create_cart(self.book)
        order._give_withdrawal_consent()
        names = [".id", "client_order_ref", *(f"withdrawal_consent_{n}" for n in CONSENT_PARTS)]
        row = order.export_data(names)["datas"][0]
        row[1] = "PO-17"
        orders = self.env["sale.order"].with_user(seller)
        done = orders.load(names, [row])
        self.assertTrue(done["ids"], done["messages"])
        self.assertEqual(order.client_order_ref, "PO-17")
        row[names.index("withdrawal_consent_version")] = "2020-01"
        self.assertFalse(orders.load(names, [row])["ids"])

    def test_consent_is_confirmed_in_the_order_mail(self):
        order = self._create_cart(self.book)
        order._give_withdrawal_consent()
        order.action_confirm()
        message = order.with_context(lang="en_US").message_post(
            body="Thank you",
            partner_ids=self.partner.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        mails = self.env["mail.mail"].search([("mail_message_id", "=", message.id)])
        (mail,) = mails.filtered(lambda mail: self.partner in mail.recipient_ids)
        self.assertIn("You have declared", mail.body_html)
        self.assertIn("lose my right of withdrawal", mail.body_html)

    def test_consent_is_confirmed_without_an_order_status_page(self):
        self.company.order_status_tracking_page = False
        order = self._create_cart(self.book)
        order._give_withdrawal_consent()
        order.action_confirm()
        colleague = new_test_user(self.env, "wd_colleague", "sales_team.group_sale_salesman")
        colleague.notification_type = "email"
        message = order.with_context(lang="en_US").message_post(
            body="Thank you",
            partner_ids=(self.partner | colleague.partner_id).ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        mails = self.env["mail.mail"].search([("mail_message_id", "=", message.id)])
        (told,) = mails.filtered(lambda mail: self.partner in mail.recipient_ids)
        self.assertIn("lose my right of withdrawal", told.body_html)
        (other,) = mails.filtered(lambda mail: colleague.partner_id in mail.recipient_ids)
        self.assertNotIn("lose my right of withdrawal", other.body_html)

    def test_check_looks_for_the_footer(self):
        check = self.env["sale.withdrawal.check"].create({"company_id": self.company.id})
        subject = "The footer of the shop leads to the form"
        found = {line.subject: line.is_fine for line in check.line_ids}
        self.assertTrue(found[subject])
        self.env.ref("order_withdrawal.frontend_layout").active = False
        check = self.env["sale.withdrawal.check"].create({"company_id": self.company.id})
        found = {line.subject: line.is_fine for line in check.line_ids}
        self.assertFalse(found[subject])
