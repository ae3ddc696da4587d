from odoo import http
from odoo.tests import tagged

from odoo.addons.payment.tests.http_common import PaymentHttpCommon
from odoo.addons.website_sale.tests.common import WebsiteSaleCommon

ADDRESS = {"city": "Springfield", "zip": "1200", "country": "US", "state": "CA"}
PERSON = {
    **ADDRESS,
    "name": "Guest",
    "email": "guest@example.com",
    "phone": "555-0101",
    "street": "Long St 7",
}


@tagged("post_install", "-at_install")
class TestCheckout(PaymentHttpCommon, WebsiteSaleCommon):
    """A guest pays on the page that was open when his address came."""

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)
        self._call(
            "/shop/cart/add",
            product_template_id=self.product.product_tmpl_id.id,
            product_id=self.product.id,
            quantity=2,
        )
        self.order = self.env["sale.order"].search([], order="id desc", limit=1)
        self.assertTrue(self.order.partner_id.is_public)
        self.assertEqual(self.url_open("/shop/cart").status_code, 200)
        self.token = self.order.access_token
        self.assertTrue(self.token, "the page of the cart holds it")

    def _call(self, route, **params):
        return self.make_jsonrpc_request(self._build_url(route), params)

    def _pay(self):
        """Pay as the page does that was opened before."""
        values = self._call(
            f"/shop/payment/transaction/{self.order.id}",
            access_token=self.token,
            provider_id=self.provider.id,
            payment_method_id=self.payment_method_id,
            token_id=None,
            amount=self.order.amount_total,
            flow="direct",
            tokenization_requested=False,
            landing_route="/shop/payment/validate",
        )
        return self.env["payment.transaction"].search([("reference", "=", values["reference"])])

    def test_guest_pays_by_express_checkout(self):
        self._call("/shop/express/shipping_address_change", partial_delivery_address={**ADDRESS})
        self._call(
            "/shop/express_checkout",
            billing_address={**PERSON},
            shipping_address={**PERSON},
            shipping_option={"id": self.order.carrier_id.id},
        )
        self.assertFalse(self.order.partner_id.is_public)
        self.assertEqual(self._pay().sale_order_ids, self.order)

    def test_guest_pays_services_by_express_checkout(self):
        """Nothing is delivered, so the address comes in one step."""
        self.order.order_line.product_id = self.service_product
        if "withdrawal_enabled" in self.company._fields:
            self.company.withdrawal_enabled = False  # it asks for a consent first
        self._call("/shop/express_checkout", billing_address={**PERSON})
        self.assertEqual(self.order.partner_id.name, PERSON["name"])
        self.assertEqual(self._pay().sale_order_ids, self.order)

    def test_who_logs_in_gets_a_link_of_his_own(self):
        session = self.authenticate(self.portal_user.login, self.portal_user.login)
        session["sale_order_id"] = self.order.id
        http.root.session_store.save(session)
        self._call("/shop/cart/update", line_id=self.order.order_line.id, quantity=3)
        self.assertEqual(self.order.partner_id, self.portal_user.partner_id)
        self.assertNotEqual(self.order.access_token, self.token)

    def test_guest_pays_after_the_step_of_the_address(self):
        country = self.env.ref("base.us")
        answer = self.url_open(
            "/shop/address/submit",
            data={
                **PERSON,
                "country_id": country.id,
                "state_id": country.state_ids[:1].id,
                "use_delivery_as_billing": "true",
                "address_type": "delivery",
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        self.assertIn("redirectUrl", answer.json(), answer.text)
        self.assertEqual(self.order.partner_id.name, PERSON["name"])
        self.order._set_delivery_method(self.carrier)
        self.assertEqual(self._pay().sale_order_ids, self.order)

    def test_link_of_a_customer_ends_with_him(self):
        self.order.partner_id = self.partner
        self.order.partner_id = self.partner.create({"name": "Somebody else"})
        self.assertNotEqual(self.order.access_token, self.token)
