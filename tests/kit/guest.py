"""A consumer without a login who withdraws from an order, by the forms of the pages."""

import re
from html import unescape
from urllib.parse import urlsplit

import requests


def make_web_order(admin, email, product):
    """Make a confirmed web order of a new customer; return its values."""
    poland = admin.ref("base.pl")
    partner = admin.create("res.partner", name="Anna Guest", email=email, country_id=poland)
    line = (0, 0, {"product_id": product, "product_uom_qty": 2})
    order = admin.create("sale.order", partner_id=partner, document_type="web", order_line=[line])
    admin.call("sale.order", "action_confirm", [order])
    return admin.read("sale.order", order, "name", "tracking_url")


class Guest:
    """One statement of one consumer.

    :param str url: of the shop
    :param str path: of the form
    :param str email: where the acknowledgement goes to
    :param str reference: number of the order, where the form asks for it
    """

    def __init__(self, url, path, email, reference=""):
        self.address = f"{url}{path}"
        self.email = email
        self.fields = {"name": "Anna Guest", "email": email, "reference": reference}
        self.http = requests.Session()

    @classmethod
    def of_order(cls, url, order, email):
        """Return one who follows the link in the e-mail about the order."""
        return cls(url, f"{urlsplit(order['tracking_url']).path}/withdraw", email)

    def review(self):
        """Fill in the form, and keep what the page with the button would send."""
        assert self.http.get(self.address, timeout=60).ok
        page = self.http.post(self.address, data=self.fields, timeout=60)
        assert page.ok, page.status_code
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        self.form = {name: unescape(value) for name, value in found}
        assert self.form["form_token"]
        return self

    def confirm(self):
        """Press the button of the review; again and again it is the same form."""
        return self.http.post(f"{self.address}/confirm", data=self.form, timeout=120)


def read_receipt(page):
    """Return the number that a page acknowledges, None when it acknowledges nothing."""
    found = page is not None and page.ok and re.search(r"WD/\d+/\d+", page.text)
    return found[0] if found else None
