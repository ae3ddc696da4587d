from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.order_status_flags.tests.test_mail_link import MailLinkCommon
from odoo.addons.order_status_flags_website_sale.hooks import (
    _are_few,
    _is_in_use,
    _make_web_orders,
    _make_web_orders_at_once,
    post_init_hook,
)
from odoo.addons.website_sale.tests.common import MockRequest


@tagged("post_install", "-at_install")
class TestShopOrders(MailLinkCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].search([], limit=1)
        cls.website.company_id = cls.company
        cls.product.website_published = True
        cls.provider = cls.env["payment.provider"].create(
            {"name": "Bank transfer", "code": "none", "company_id": cls.company.id}
        )

    def _create_cart(self, **values):
        return self._create_order(confirm=False, website_id=self.website.id, **values)

    def _create_transaction(self, order):
        return self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                "reference": order.name,
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [Command.link(order.id)],
            }
        )

    def _pay(self, order, state):
        """What the shop does once a payment is made or promised (wire transfer: pending)."""
        transaction = self._create_transaction(order)
        getattr(transaction, f"_set_{state}")()
        transaction._post_process()
        return transaction

    def test_cart_is_a_web_order_without_status(self):
        cart = self._create_cart()
        self.assertEqual(cart.document_type, "web")
        cart.order_line.product_uom_qty = 7
        cart._cart_add(product_id=self.product.id, quantity=2)
        self.assertFalse(cart.order_status_id)
        self.assertFalse(cart.order_tracking_token)
        self.assertFalse(self._rows(cart))
        self.assertFalse(cart._is_order_placed())

    def test_cart_of_the_website(self):
        """The way the shop itself makes one."""
        website = self.website.with_user(self.buyer)
        with MockRequest(website.env, website=website):
            cart = website._create_cart()
        self.assertEqual(cart.document_type, "web")
        self.assertFalse(cart.order_status_id)

    def test_back_office_order_is_none(self):
        self.assertEqual(self._create_order().document_type, "sale")

    def test_wire_transfer_places_the_order(self):
        cart = self._create_cart()
        bodies = self._bodies(lambda: self._pay(cart, "pending"))
        self.assertEqual((cart.state, cart.order_status_id), ("sent", self.saved))
        self.assertEqual(self._links(bodies[self.customer.email]), [cart._get_tracking_url()])
        # The seller confirms when the money is there: the status stays, no row is added.
        cart.action_confirm()
        self.assertEqual(self._rows(cart).status_id, self.saved)
        self.assertEqual(len(self._rows(cart)), 1)

    def test_wire_transfer_order_is_listed_among_the_orders(self):
        cart = self._create_cart()
        self._login(self.buyer)
        self.assertNotIn(cart.name, self._get("/my/orders").text)
        self._pay(cart, "pending")
        self.assertIn(cart.name, self._get("/my/orders").text)
        self.assertNotIn(f"/my/orders/{cart.id}?", self._get("/my/quotes").text)

    def test_paid_order_brings_one_row_and_can_only_be_asked_about(self):
        # The provider of this test has no journal to book on.
        no_payment = self.env["account.payment"]
        self.patch(
            self.env.registry["payment.transaction"],
            "_create_payment",
            lambda transaction, **values: no_payment,
        )
        cart = self._create_cart()
        self._pay(cart, "done")
        self.assertEqual((cart.state, cart.order_status_id), ("sale", self.saved))
        self.assertEqual(len(self._rows(cart)), 1)
        self.assertEqual(cart.customer_cancellation, "on_request")

    def test_recovery_mail_of_an_abandoned_cart(self):
        cart = self._create_cart(date_order="2026-01-01 12:00:00")
        with self.mock_mail_gateway():
            cart._cart_recovery_email_send()
        self.assertTrue(self._new_mails)
        for mail in self._new_mails:
            self.assertNotIn("/order/status/", mail.body_html)
        self.assertEqual(cart.state, "draft")
        self.assertFalse(cart.order_status_id)

    def test_duplicate_is_a_quotation_until_it_is_confirmed(self):
        order = self._create_cart()
        order.action_confirm()
        copy = order.copy()
        self.assertEqual(copy.document_type, "sale")
        copy.action_quotation_sent()
        self.assertFalse(copy.order_status_id)
        self.assertFalse(copy.was_placed)
        copy.action_confirm()
        self.assertEqual(copy.order_status_id, self.saved)

    def test_cancelled_cart_gets_no_status(self):
        cart = self._create_cart()
        cart._action_cancel()
        self.assertFalse(cart.order_status_id)
        self.assertFalse(self._rows(cart))

    def test_installed_later(self):
        """Shop orders become web orders; statuses that are there stay, and nobody is mailed."""
        placed, confirmed, bound, cart = (self._create_cart() for _i in range(4))
        confirmed.action_confirm()
        confirmed.set_order_status(self.in_progress.id, notify=False)
        bound.document_type = "sale"
        bound.action_confirm()
        bound.set_order_status(self._create_status(document_type="sale").id)
        office = self._create_order()
        declined = self._create_order(confirm=False)
        declined._action_cancel()
        orders = placed + confirmed + bound + cart
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET document_type = 'sale' WHERE id IN %s", [tuple(orders.ids)]
        )
        self.env.cr.execute("UPDATE sale_order SET state = 'sent' WHERE id = %s", [placed.id])
        self.env.invalidate_all()
        before = self._rows(confirmed), self._rows(bound), self._rows(office)
        bodies = self._bodies(lambda: post_init_hook(self.env))
        self.assertEqual(
            [order.document_type for order in orders + office],
            ["web", "web", "sale", "web", "sale"],
        )
        self.assertEqual(
            [(row.source, row.status_id, row.mail_state) for row in self._rows(placed)],
            [("install", self.saved, "none")],
        )
        self.assertTrue(placed.order_tracking_token)
        self.assertEqual((self._rows(confirmed), self._rows(bound), self._rows(office)), before)
        self.assertFalse(self._rows(cart))
        self.assertFalse(self._rows(declined), "a quotation that was cancelled was never placed")
        self.assertFalse(declined.was_placed)
        self.assertFalse(bodies)

    def test_both_ways_of_an_installation_do_the_same(self):
        cart, bound, flagged, office = (self._create_cart() for _i in range(4))
        office.website_id = False
        orders = cart + bound + flagged + office
        self.env.flush_all()
        # Bound to sales orders when they were such.
        for order, column, record in (
            (bound, "order_status_id", self._create_status(document_type="sale")),
            (flagged, "order_flag_id", self._create_flag(document_type="sale")),
        ):
            self.env.cr.execute(
                SQL(
                    "UPDATE sale_order SET %s = %s WHERE id = %s",
                    *(SQL.identifier(column), record.id, order.id),
                )
            )
        for make in (_make_web_orders, _make_web_orders_at_once):
            with self.subTest(make.__name__):
                self.env.flush_all()
                self.env.cr.execute(
                    "UPDATE sale_order SET document_type = 'sale' WHERE id IN %s", [orders._ids]
                )
                make(self.env.cr)
                self.env.invalidate_all()
                self.assertEqual(orders.mapped("document_type"), ["web", "sale", "sale", "sale"])

    def test_the_quick_way_is_for_orders_that_nothing_has_happened_to(self):
        order = self._create_order()
        self.env.flush_all()
        self.assertTrue(_is_in_use(self.env.cr))
        self.env.cr.execute("UPDATE sale_order_status_history SET source = 'install'")
        self.assertFalse(_is_in_use(self.env.cr))
        self.env.cr.execute("UPDATE sale_order SET website_id = NULL")
        self.assertTrue(_are_few(self.env.cr))
        self.env.cr.execute(
            "UPDATE sale_order SET website_id = %s, document_type = 'sale',"
            " order_status_id = NULL, order_flag_id = NULL",
            [self.env.ref("website.default_website").id],
        )
        self.assertFalse(_are_few(self.env.cr))
        self.env.invalidate_all()
        order.set_order_flag(self.env.ref("order_status_flags.flag_in_progress").id)
        self.env.flush_all()
        self.assertTrue(_is_in_use(self.env.cr))
