from lxml import html

from odoo import http
from odoo.tests import HttpCase

from .orders import B2bOrderCommon

PAGES = (
    "/my/b2b",
    "/my/b2b/page/2",
    "/my/b2b/cart",
    "/my/b2b/checkout",
    "/my/b2b/quick-order",
    "/my/b2b/templates",
    "/my/b2b/suggest?search=bo",
    "/my/b2b/orders.csv",
)


POSTS = (
    "/my/b2b/cart/add",
    "/my/b2b/cart/update",
    "/my/b2b/checkout",
    "/my/b2b/quick-order",
    "/my/b2b/quick-order/add",
    "/my/b2b/quick-order/rejected",
    "/my/b2b/templates/new",
)


class B2bPageCommon(B2bOrderCommon, HttpCase):
    def _login(self, user):
        self.authenticate(user.login, self._password(user))

    def _password(self, user):
        return user.login + "x" * max(8 - len(user.login), 0)

    def _get(self, url, **kwargs):
        return self.url_open(url, **kwargs)

    def _post(self, url, data=None, **kwargs):
        data = {"csrf_token": http.Request.csrf_token(self), **(data or {})}
        return self.url_open(url, data=data, **kwargs)

    def _page(self, response):
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)

    def _alerts(self, response):
        return [
            " ".join(node.text_content().split())
            for node in self._page(response).xpath("//*[@role='alert']")
            if node.text_content().strip()
        ]

    def _form(self, response, button):
        """Return action and fields of the form with a button of that caption."""
        page = self._page(response)
        forms = [
            node
            for node in page.xpath("//div[@id='wrap']//form")
            if button in [" ".join(one.text_content().split()) for one in node.xpath(".//button")]
        ]
        self.assertTrue(forms, f"no form with a button {button}")
        return forms[0].action, dict(forms[0].form_values())
