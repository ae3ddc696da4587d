import re

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.http import Request
from odoo.tests import HttpCase

from odoo.addons.mail_delivery_retry.tests.common import create_users

from .common import OrderStatusCommon


class PortalCommon(OrderStatusCommon, HttpCase):
    """A company with two portal logins, and somebody else's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._make_english_the_default()
        cls.buyer_company = cls.env["res.partner"].create(
            {
                "name": "Paint House",
                "is_company": True,
                "email": "house@example.com",
                "lang": "en_US",
            }
        )
        another = cls.env["res.partner"].create({"name": "Another Shop", "lang": "en_US"})
        cls.buyer, cls.colleague, cls.stranger = cls._create_portal_users(
            {
                "test_buyer": cls.buyer_company,
                "test_colleague": cls.buyer_company,
                "test_stranger": another,
            }
        )
        cls.customer = cls.buyer.partner_id

    @classmethod
    def _make_english_the_default(cls):
        """Pages in English without a redirect to another language, on every database."""
        english = cls.env["res.lang"]._activate_lang("en_US")
        cls.env["ir.default"].set("res.partner", "lang", "en_US")
        cls.company.partner_id.lang = "en_US"
        if "website" in cls.env:
            cls.env["website"].search([]).write(
                {"language_ids": [Command.link(english.id)], "default_lang_id": english.id}
            )

    @classmethod
    def _create_portal_user(cls, login, company):
        return cls._create_portal_users({login: company})

    @classmethod
    def _create_portal_users(cls, companies):
        """Create users of these logins who buy for these companies. Return them in order."""
        values = {
            login: ("base.group_portal", {"lang": "en_US", "parent_id": company.id})
            for login, company in companies.items()
        }
        return create_users(cls.env, values)

    def _login(self, user):
        self.authenticate(user.login, user.login)

    def _get(self, url, **kwargs):
        return self.url_open(url, allow_redirects=False, **kwargs)

    def _post(self, url, csrf=True, **data):
        if csrf:
            data["csrf_token"] = Request.csrf_token(self)
        return self.url_open(url, data=data, allow_redirects=False)

    def _cancel(self, order, **data):
        return self._post(f"/my/orders/{order.id}/cancel", **data)

    def _refuse_cancelling(self):
        """Have the cancellation fail after what comes before it was written. Return the words."""
        words = "The warehouse says no."

        def refuse(self):
            raise UserError(words)

        self.patch(self.env.registry["sale.order"], "_action_cancel", refuse)
        return words

    def _alerts(self, html):
        found = re.findall(r'<div[^>]*role="alert"[^>]*>(.*?)</div>', html, re.S)
        return [" ".join(text.split()) for text in found]


class TrackingCommon(PortalCommon):
    """Whoever has the link to the public page of an order."""

    def _url(self, order):
        return f"/order/status/{order.order_tracking_token}"

    def _open(self, order, query=""):
        response = self._get(self._url(order) + query)
        self.assertEqual(response.status_code, 200)
        return response.text
