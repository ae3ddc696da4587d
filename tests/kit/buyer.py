"""A customer of the B2B shop, seen from the browser's side: forms and pages."""

import datetime
import re
from urllib.parse import quote_plus

from kit.browser import ready
from kit.rpc import Rpc


class Buyer:
    """A portal user with a company and a product to buy.

    :param OdooServer server: where the shop is
    :param Rpc admin: makes what there has to be
    :param str login: also the password, and the beginning of the e-mail address
    """

    def __init__(self, server, admin, login):
        self.server = server
        self.admin = admin
        self.login = login
        self.company = admin.create(
            "res.partner", name=f"{login} Ltd", is_company=True, email=f"office-{login}@example.com"
        )
        values = {
            "name": login.capitalize(),
            "login": login,
            "password": login,
            "email": f"{login}@example.com",
            "group_ids": [(6, 0, [admin.ref("base.group_portal")])],
        }
        user = admin.call("res.users", "create", values, context={"no_reset_password": True})
        self.partner = admin.read("res.users", user, "partner_id")["partner_id"][0]
        admin.write("res.partner", self.partner, parent_id=self.company)
        self.product = admin.create("product.product", name=f"Bolt {login}", list_price=10.0)
        self.http = Rpc(server, login, login).http

    def get(self, path):
        return self.http.get(f"{self.server.url}{path}", timeout=120)

    def post(self, path, page=None, **values):
        """Send a form with the token of the page that holds it."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page or path).text)[1]
        self.form = path, {"csrf_token": token, **values}
        return self.post_again()

    def post_again(self):
        """Send the last form once more, as a second click or a reload does."""
        path, values = self.form
        return self.http.post(f"{self.server.url}{path}", data=values, timeout=120)

    def make_agreement(self, **values):
        """Make an agreement and send it to the buyer."""
        values.setdefault("date_start", datetime.date.today().isoformat())
        agreement = self.admin.create(
            "b2b.agreement", partner_id=self.company, body="<p>Terms</p>", **values
        )
        self.admin.call("b2b.agreement", "action_send", [agreement])
        return agreement

    def sign(self, agreement, signature):
        """Sign as the page does; return the answer."""
        page = self.get(f"/my/agreements/{agreement}").text
        text = re.search(r"sign\?text=(\w+)", page)[1]
        body = {"jsonrpc": "2.0", "params": {"name": self.login, "signature": signature}}
        url = f"{self.server.url}/my/agreements/{agreement}/sign?text={text}"
        answer = self.http.post(url, json=body, timeout=120)
        answer.raise_for_status()
        return answer.json()

    def fill_cart(self):
        """Return the id of a cart with one line."""
        line = (0, 0, {"product_id": self.product, "product_uom_qty": 2})
        return self.admin.create(
            "sale.order", partner_id=self.partner, b2b_qualifier="cart", order_line=[line]
        )

    def order(self, cart):
        """Place the order of the cart by the checkout's form."""
        return self.post("/my/b2b/checkout", cart_id=cart)


def buy(page, product):
    """Buy a product in the shop by wire transfer and return the number of the order.

    :param page: of a browser whose customer is logged in and has an address
    :param str product: its name
    """
    page.goto(f"/shop?search={quote_plus(product)}")
    page.get_by_role("link", name=product).first.click()
    ready(page)
    page.locator("#add_to_cart").click()
    page.wait_for_function("document.querySelector('.my_cart_quantity')?.textContent.trim() == '1'")
    page.goto("/shop/checkout?try_skip_step=false")
    page.locator("a[name=website_sale_main_button]:visible").first.click()
    page.wait_for_url("**/shop/payment**")
    page.locator("input[name=o_payment_radio]").first.check()
    page.locator("button[name=o_payment_submit_button]:visible").first.click()
    page.wait_for_url("**/shop/confirmation**", timeout=90_000)
    return re.search(r"\bS\d{5,}\b", page.locator("#wrap").inner_text())[0]
