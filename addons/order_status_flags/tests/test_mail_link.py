import re

from odoo.tests import new_test_user, tagged

from odoo.addons.mail.tests.common import MockEmail

from .portal import PortalCommon


class MailLinkCommon(PortalCommon, MockEmail):
    """The e-mails about an order, by recipient, and their links to its status."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "buyer@house.example.com"
        cls.colleague.partner_id.email = "colleague@house.example.com"
        cls.stranger.partner_id.email = "stranger@shop.example.com"
        cls.follower = cls.env["res.partner"].create(
            {"name": "Forwarder", "email": "forwarder@example.com"}
        )

    def _bodies(self, action):
        """Return ``{recipient's address: body}`` of the e-mails the action sends."""
        self.env.flush_all()  # recipients and their languages are read by SQL
        with self.mock_mail_gateway():
            action()
            self.env.cr.flush()
        bodies = {}
        for mail in self._mails:
            for address in mail["email_to"]:
                found = re.search(r"[\w.+-]+@[\w.-]+", address)
                bodies[found[0]] = mail["body"]
        return bodies

    def _links(self, body):
        return re.findall(r'href="([^"]*/order/status/[^"]*)"', body)


@tagged("post_install", "-at_install")
class TestMailLink(MailLinkCommon):
    """The link "Order status" in e-mails about the order, for the customer's side only."""

    def _comment(self, order, *partners):
        return lambda: order.message_post(
            body="About your order",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=[partner.id for partner in partners],
        )

    def test_order_confirmation(self):
        order = self._create_order(confirm=False)
        bodies = self._bodies(lambda: order.with_context(send_email=True).action_confirm())
        self.assertEqual(self._links(bodies[self.customer.email]), [order._get_tracking_url()])
        self.assertIn(">Order status<", bodies[self.customer.email])

    def test_payment_mail(self):
        order = self._create_order()
        bodies = self._bodies(order._send_payment_succeeded_for_order_mail)
        self.assertEqual(self._links(bodies[self.customer.email]), [order._get_tracking_url()])

    def test_quotation_mail_has_none(self):
        order = self._create_order(confirm=False)
        order.action_quotation_sent()
        body = self._bodies(self._comment(order, self.customer))[self.customer.email]
        self.assertNotIn("/order/status/", body)
        self.assertNotIn("Order status", body)
        self.assertNotIn("View order", body)

    def test_placed_order_is_no_quotation_to_view(self):
        self.company.portal_confirmation_sign = self.company.portal_confirmation_pay = False
        order = self._create_order(confirm=False, document_type="web")
        order.action_quotation_sent()
        body = self._bodies(self._comment(order, self.customer))[self.customer.email]
        self.assertIn("View order", body)
        self.assertNotIn("View Quotation", body)
        # What the customer still has to do there is said.
        order.require_payment = True
        body = self._bodies(self._comment(order, self.customer))[self.customer.email]
        self.assertIn("Pay Quotation", body)

    def test_sent_web_order_has_one(self):
        order = self._create_order(confirm=False, document_type="web")
        order.action_quotation_sent()
        body = self._bodies(self._comment(order, self.customer))[self.customer.email]
        self.assertEqual(self._links(body), [order._get_tracking_url()])

    def test_switched_off_page(self):
        self.company.order_status_tracking_page = False
        order = self._create_order()
        body = self._bodies(self._comment(order, self.customer))[self.customer.email]
        self.assertNotIn("/order/status/", body)

    def test_only_recipients_of_the_customer_side(self):
        order = self._create_order()
        clerk = new_test_user(
            self.env, "test_clerk", email="clerk@example.com", notification_type="email"
        )
        order.message_subscribe((self.follower + self.stranger.partner_id).ids)
        others = (clerk.partner_id, self.follower, self.stranger.partner_id)
        told = (self.customer, self.colleague.partner_id)
        bodies = self._bodies(self._comment(order, *others, *told))
        for partner in told:
            self.assertEqual(len(self._links(bodies[partner.email])), 1, partner.name)
        for partner in others:
            self.assertNotIn("/order/status/", bodies[partner.email], partner.name)

    def test_internal_user_who_is_the_customer(self):
        order = self._create_order(partner_id=self.seller.partner_id.id)
        self.seller.write({"notification_type": "email", "email": "seller@example.com"})
        bodies = self._bodies(self._comment(order, self.seller.partner_id))
        self.assertNotIn("/order/status/", bodies["seller@example.com"])

    def test_message_itself_holds_no_token(self):
        order = self._create_order(confirm=False)
        self._bodies(lambda: order.with_context(send_email=True).action_confirm())
        for message in order.message_ids:
            self.assertNotIn(order.order_tracking_token, message.body or "")

    def test_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        view = self.env.ref("order_status_flags.mail_order_status_link")
        view.update_field_translations("arch_db", {"pl_PL": {"Order status": "Status zamówienia"}})
        order = self._create_order()
        self.customer.lang = "pl_PL"
        self.colleague.partner_id.lang = "en_US"
        bodies = self._bodies(self._comment(order, self.customer, self.colleague.partner_id))
        self.assertIn(">Status zamówienia<", bodies[self.customer.email])
        self.assertIn(">Order status<", bodies[self.colleague.partner_id.email])

    def test_status_mail_has_one_link(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        with self.mock_mail_gateway():
            self._send_status_mails()
        bodies = [mail.body_html for mail in self._new_mails if mail.model == "sale.order"]
        self.assertEqual([len(self._links(body)) for body in bodies], [1])

    def test_status_mail_is_not_shown_to_bearers_of_the_access_token(self):
        """Who has the order's access token sees its messages; the link is not among them."""
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        template = self.in_progress.mail_template_id
        template.auto_delete = False
        with self.mock_mail_gateway():
            self._send_status_mails()
        self.authenticate(None, None)
        shown = self.make_jsonrpc_request(
            "/mail/chatter_fetch",
            {
                "thread_model": "sale.order",
                "thread_id": order.id,
                "fetch_params": {"limit": 30},
                "token": order._portal_ensure_token(),
            },
        )
        self.assertNotIn(order.order_tracking_token, str(shown))

    def _shown_files(self, order, **params):
        """Return the names of the files that the portal's messages of an order offer."""
        shown = self.make_jsonrpc_request(
            "/mail/chatter_fetch",
            {
                "thread_model": "sale.order",
                "thread_id": order.id,
                "fetch_params": {"limit": 30},
                **params,
            },
        )
        messages = shown["data"]["mail.message"]
        return sorted(one["name"] for message in messages for one in message["attachment_ids"])

    def test_printed_order_is_not_shown_to_bearers_of_the_access_token(self):
        """The PDF that is mailed holds the link, by which the order can be cancelled."""
        order = self._create_order()
        pdf = (f"Order - {order.name}.pdf", b"%PDF-1.4 printed")
        other = [("Drawing.pdf", b"%PDF-1.4 drawing"), ("Photo.txt", b"text")]
        comment = {"message_type": "comment", "subtype_xmlid": "mail.mt_comment", "body": "Here"}
        order.message_post(**comment, attachments=[pdf, *other])
        layout = "mail.mail_notification_layout_with_responsible_signature"
        order.message_post(
            **comment, email_layout_xmlid=layout, attachments=[("Yours.pdf", b"%PDF-1.4 yours")]
        )
        token = {"token": order._portal_ensure_token()}
        everything = sorted([pdf[0], "Drawing.pdf", "Photo.txt", "Yours.pdf"])
        for user in (None, self.stranger, self.buyer):
            login = user and user.login
            self.authenticate(login, login)
            shown = everything if user == self.buyer else ["Drawing.pdf", "Photo.txt"]
            self.assertEqual(self._shown_files(order, **token), shown)
        self.assertEqual(self._shown_files(order), everything, "by the login alone")

    def test_message_that_is_gone_breaks_no_list_of_messages(self):
        order = self._create_order()
        there, gone = (order.message_post(body="Here") for _message in range(2))
        gone.sudo().unlink()
        shown = (there | gone)._portal_message_format({"id", "body", "model", "res_id"})
        self.assertEqual([values["id"] for values in shown], there.ids)

    def test_quotation_is_shown_to_bearers_of_the_access_token(self):
        """Nothing leads from it to the status, and they may sign it."""
        order = self._create_order(confirm=False)
        order.action_quotation_sent()
        order.message_post(
            body="Here",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[(f"Quotation - {order.name}.pdf", b"%PDF-1.4")],
        )
        self.authenticate(None, None)
        shown = self._shown_files(order, token=order._portal_ensure_token())
        self.assertEqual(shown, [f"Quotation - {order.name}.pdf"])
