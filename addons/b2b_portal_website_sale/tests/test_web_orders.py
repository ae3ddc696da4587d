from unittest.mock import patch

from lxml import html

from odoo import http
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestWebOrders(ShopCommon):
    """Orders of the public shop: no way around the rights and approvals of the B2B shop."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.type = "service"  # nothing to deliver, so no delivery method to choose
        address = {
            "street": "Main street 1",
            "city": "Town",
            "zip": "10115",
            "country_id": cls.env.ref("base.de").id,
            "phone": "+49 30 123456",
        }
        for partner in cls.customer | cls.buyer_user.partner_id | cls.retail_user.partner_id:
            partner.write(address)

    def _fill(self, user):
        self._login(user)
        self._add_to_cart(2)
        return self._get_cart(user.partner_id)

    def _pay(self, cart, route="/shop/payment/transaction"):
        """Ask for a payment; return what the server says."""
        url = f"{route}/{cart.id}" if route.startswith("/shop") else route
        self.env.flush_all()
        params = {"access_token": cart._portal_ensure_token()}
        self.env.flush_all()
        with mute_logger("odoo.http"):
            answer = self.url_open(url, json={"params": params}).json()
        self.env.invalidate_all()
        return answer.get("error", {}).get("data", {}).get("message", "")

    def _expect_refusal(self, cart, *parts):
        page = self.url_open("/shop/payment")
        self.assertTrue(page.url.endswith("/shop/payment"), page.url)
        own = f"/my/orders/{cart.id}/transaction"
        for text in (page.text, self._pay(cart), self._pay(cart, own)):
            for part in parts:
                self.assertIn(part, text)
        self.assertNotIn("o_payment_form", page.text)
        self.assertFalse(cart.transaction_ids)
        self.assertEqual(cart.state, "draft")

    def _expect_payment(self, cart):
        page = self.url_open("/shop/payment")
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("You cannot order this here", page.text)
        self.env.invalidate_all()
        cart.with_user(self.env.ref("base.public_user")).sudo()._check_cart_is_ready_to_be_paid()

    def test_hook_refuses_page_and_payment(self):
        cart = self._fill(self.buyer_user)
        self._expect_payment(cart)
        refuse = patch.object(
            self.registry["sale.order"], "_get_b2b_web_problems", lambda order: ["Ask Anna."]
        )
        with refuse:
            self.assertIn("Ask Anna.", self.url_open("/shop/payment").text)
            self.assertIn("Ask Anna.", self._pay(cart))
            # What is placed already is not asked about again.
            cart.state = "sent"
            self.env.flush_all()
            self.assertEqual(self.url_open("/shop/payment/validate").status_code, 200)
        self.assertFalse(cart.transaction_ids)

    def test_retail_customers_order_as_before(self):
        self._expect_payment(self._fill(self.retail_user))

    def test_colleague_without_the_right_to_order(self):
        cart = self._fill(self.buyer_user)
        if "b2b.member" not in self.env:
            return self._expect_payment(cart)
        member = self.env["b2b.member"].create(
            {"partner_id": self.buyer_user.partner_id.id, "may_order": False}
        )
        self._expect_refusal(cart, self.customer.name, "not order")
        member.may_order = True
        return self._expect_payment(cart)

    def test_free_cart_is_not_confirmed_either(self):
        cart = self._fill(self.buyer_user)
        cart.order_line.price_unit = 0
        refuse = patch.object(
            self.registry["sale.order"], "_get_b2b_web_problems", lambda order: ["Ask Anna."]
        )
        with refuse, mute_logger("odoo.http"):
            self.url_open("/shop/payment/validate")
        self.env.invalidate_all()
        self.assertEqual(cart.state, "draft")

    def test_order_that_needs_an_approval(self):
        cart = self._fill(self.buyer_user)
        if "b2b.approval.rule" not in self.env:
            return self._expect_payment(cart)
        rule = self.env["b2b.approval.rule"].create(
            {"partner_id": self.customer.id, "name": "Above all", "condition": "always"}
        )
        self._expect_refusal(cart, "Above all", "/my/b2b")
        rule.write({"condition": "amount", "amount": cart.amount_untaxed})
        self._expect_payment(cart)
        rule.active = False
        member = self.env["b2b.member"].create(
            {"partner_id": self.buyer_user.partner_id.id, "order_limit": 1}
        )
        self._expect_refusal(cart, "limit", "/my/b2b")
        member.order_limit = 0
        return self._expect_payment(cart)

    def test_invoice_goes_to_no_address_of_who_sees_none(self):
        """He orders all the same, with the invoice address that is there."""
        cart = self._fill(self.buyer_user)
        if "b2b.member" not in self.env:
            return self._expect_payment(cart)
        self.product.type = "consu"
        member = self.env["b2b.member"].create(
            {"partner_id": self.buyer_user.partner_id.id, "may_see_finance": False}
        )
        address = self.buyer_user.partner_id.read(["street", "city", "zip", "phone"])[0]
        form = {
            **address,
            "name": "Depot",
            "email": "eve@stranger.example.org",
            "country_id": self.env.ref("base.de").id,
        }

        def send(**values):
            data = {"csrf_token": http.Request.csrf_token(self), **form, **values}
            answer = self.url_open("/shop/address/submit", data=data).json()
            self.env.invalidate_all()
            return answer

        before = cart.partner_invoice_id
        ticked = {"address_type": "delivery", "use_delivery_as_billing": "true"}
        self.assertIn("redirectUrl", send(**ticked))
        depot = cart.partner_shipping_id
        self.assertEqual((depot.name, depot.type), ("Depot", "delivery"))
        self.assertEqual(cart.partner_invoice_id, before)
        send(partner_id=depot.id, address_type="billing")
        for kind in ("billing", "delivery"):
            params = {"partner_id": depot.id, "address_type": kind}
            self.make_jsonrpc_request("/shop/update_address", params)
        self.env.invalidate_all()
        self.assertEqual((cart.partner_shipping_id, cart.partner_invoice_id), (depot, before))
        buyer = self.buyer_user.partner_id
        billing = buyer.create(
            {"name": "Billing", "type": "invoice", "parent_id": self.customer.id}
        )
        self.make_jsonrpc_request(
            "/shop/update_address", {"partner_id": billing.id, "address_type": "billing"}
        )
        self.env.invalidate_all()
        self.assertEqual(cart.partner_invoice_id, billing)
        self.make_jsonrpc_request(
            "/shop/update_address", {"partner_id": buyer.id, "address_type": "billing"}
        )
        express = {**form, "name": "Eve", "country": "DE"}
        del express["country_id"], express["id"]
        self.make_jsonrpc_request("/shop/express_checkout", {"billing_address": express})
        self.env.invalidate_all()
        self.assertEqual(cart.partner_invoice_id, billing, "his own e-mail stays his own")
        self.assertIn("closed to you", " ".join(send(address_type="billing")["messages"]))
        page = html.fromstring(self.url_open("/shop/checkout").text)
        (button,) = page.xpath("//a[contains(@class, 'o_add_billing_address_btn')]")
        (switch,) = page.xpath("//label[@id='use_delivery_as_billing_label']/..")
        self.assertEqual((button.get("hidden"), switch.get("hidden")), ("hidden", "hidden"))
        offered = page.xpath("//*[@id='billing_container']//*[@name='address_card']")
        offered = {int(card.get("data-partner-id")) for card in offered}
        self.assertEqual(offered, {billing.id}, "nothing that would not be taken")
        self._expect_payment(cart)
        member.may_see_finance = True
        self.make_jsonrpc_request(
            "/shop/update_address", {"partner_id": depot.id, "address_type": "billing"}
        )
        self.env.invalidate_all()
        return self.assertEqual(cart.partner_invoice_id, depot)

    def test_many_billing_addresses_ask_once_where_invoices_go(self):
        cart = self._fill(self.buyer_user)
        partners = self.registry["res.partner"]
        addresses = self.env["res.partner"].create(
            [
                {"name": kind, "type": kind, "parent_id": self.customer.id}
                for kind in ("delivery", "delivery", "invoice", "other")
            ]
        )
        get = partners.address_get
        self.patch(partners, "_sees_invoices", lambda partner: False)
        with patch.object(partners, "address_get", autospec=True, side_effect=get) as asked:
            offered = cart._filter_b2b_billing(addresses)
        self.assertEqual((offered, asked.call_count), (addresses[2:], 1))

    def test_order_above_the_credit(self):
        cart = self._fill(self.buyer_user)
        if "b2b.credit.check" not in self.env:
            return self._expect_payment(cart)
        self.customer.credit_limit = cart.amount_total - 0.01
        self.company.b2b_credit_policy = "block"
        self._expect_refusal(cart, "exceeds your credit")
        self.company.b2b_credit_policy = "approval"
        self.assertIn("before we confirm", self.url_open("/shop/payment").text)
        self._expect_payment(cart)
        self.company.b2b_credit_policy = "inform"
        self.assertIn("exceeds your credit", self.url_open("/shop/payment").text)
        self._expect_payment(cart)
        self.company.b2b_credit_policy = "block"
        self.customer.credit_limit = cart.amount_total
        self.env.flush_all()
        self.assertNotIn("your credit", self.url_open("/shop/payment").text)
        return self._expect_payment(cart)

    def test_free_order_takes_no_credit(self):
        cart = self._fill(self.buyer_user)
        if "b2b.credit.check" in self.env:
            self.customer.credit_limit = 0.01
            self.company.b2b_credit_policy = "block"
        cart.order_line.price_unit = 0
        self.env.flush_all()
        self.assertFalse(cart._get_b2b_web_problems())
