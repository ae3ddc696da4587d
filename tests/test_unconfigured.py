"""With the addons for companies installed and nothing configured, a customer notices no difference.

The same database, the same records, the same pages: once without `b2b_account`, `b2b_approval`,
`b2b_credit` and `b2b_part_number`, and once with them. What is compared is what a browser shows:
texts, links, buttons, fields; and the counters that open entries of the portal's home.
"""

import difflib
import re

import pytest
from database import clone, drop, install
from kit.buyer import Buyer
from kit.faults import PICTURE
from kit.rpc import Rpc
from kit.server import OdooServer
from lxml import html
from templates import SMALL

DATABASE = "test_unconfigured"
ADDONS = ["b2b_account", "b2b_approval", "b2b_credit", "b2b_part_number"]
ALONE = "--skip-auto-install"
# Nothing of these is seen, and the addons' styles change the address of the whole bundle.
UNSEEN = ("head", "script", "style", "template", "noscript")
VOLATILE = [
    (re.compile(r"\b[0-9a-f]{40}o\d+\b"), "CSRF"),
    (re.compile(r"/web/assets/[^/\"]+/"), "/web/assets/"),
    (re.compile(r"unique=\w+"), "unique="),
    # Of the page that keeps itself up to date: which views it is made of, too.
    (re.compile(r'data-etag="W/"\w+""'), "ETAG"),
]
RETAIL = "unconfiguredretail"


def is_hidden(node):
    return "d-none" in (node.get("class") or "").split() or node.get("hidden") is not None


def read_page(text):
    """Return what a page shows, a line for each element, attribute by attribute, and text."""
    body = html.fromstring(text).find("body")
    unseen = [
        node
        for node in body.iterdescendants()
        if not isinstance(node.tag, str) or node.tag in UNSEEN or is_hidden(node)
    ]
    for node in unseen:
        node.drop_tree()
    lines = []
    for node in body.iter():
        attributes = " ".join(f'{name}="{value}"' for name, value in sorted(node.items()))
        lines.append(f"<{node.tag} {attributes}>")
        lines += [" ".join(part.split()) for part in (node.text, node.tail) if part]
    joined = "\n".join(line for line in lines if line)
    for pattern, replacement in VOLATILE:
        joined = pattern.sub(replacement, joined)
    return joined.splitlines()


class Shop:
    """A buyer with an agreement, an order, a quotation and an invoice; and a retail customer."""

    def __init__(self, server):
        self.server = server
        self.admin = admin = Rpc(server, "admin", "admin")
        admin.write("res.company", admin.ref("base.main_company"), email="office@example.com")
        self.buyer = buyer = Buyer(server, admin, "unconfigured")
        answer = buyer.sign(buyer.make_agreement(), PICTURE)
        assert "redirect_url" in answer["result"], answer
        self.order = buyer.fill_cart()
        assert buyer.order(self.order).ok
        admin.create(
            "sale.order",
            partner_id=buyer.partner,
            b2b_qualifier="template",
            b2b_template_name="Weekly",
            order_line=[self.line],
        )
        self.cart = buyer.fill_cart()
        self.quotation = self.make_quotation(buyer.partner)
        admin.call("sale.order", "action_quotation_sent", [self.quotation])
        self.confirmed = self.make_quotation(buyer.partner)
        admin.call("sale.order", "action_confirm", [self.confirmed])
        self.invoice = self.make_invoice()
        self.make_retail()

    @property
    def line(self):
        return (0, 0, {"product_id": self.buyer.product, "product_uom_qty": 2})

    def make_quotation(self, partner):
        return self.admin.create(
            "sale.order", partner_id=partner, require_signature=True, order_line=[self.line]
        )

    def make_invoice(self):
        """Make an invoice that is overdue, by far more than any limit."""
        invoice = self.admin.create(
            "account.move",
            move_type="out_invoice",
            partner_id=self.buyer.company,
            invoice_date="2020-01-01",
            invoice_date_due="2020-01-02",
            invoice_line_ids=[(0, 0, {"name": "Goods", "price_unit": 4321.0, "tax_ids": []})],
        )
        self.admin.call("account.move", "action_post", [invoice])
        return invoice

    def make_retail(self):
        values = {
            "name": RETAIL,
            "login": RETAIL,
            "password": RETAIL,
            "email": f"{RETAIL}@example.com",
            "group_ids": [(6, 0, [self.admin.ref("base.group_portal")])],
        }
        user = self.admin.call("res.users", "create", values, context={"no_reset_password": True})
        partner = self.admin.read("res.users", user, "partner_id")["partner_id"][0]
        self.retail_order = self.make_quotation(partner)
        self.admin.call("sale.order", "action_quotation_sent", [self.retail_order])

    def look(self):
        """Return what each page shows, by who looks and its address."""
        tracking = self.admin.read("sale.order", self.order, "tracking_url")["tracking_url"]
        own = [
            "/my",
            "/my/orders",
            "/my/quotes",
            "/my/invoices",
            f"/my/invoices/{self.invoice}",
            "/my/agreements",
            *(f"/my/orders/{one}" for one in (self.order, self.quotation, self.confirmed)),
            f"/my/orders/{self.order}?report_type=html",
            "/my/b2b",
            f"/my/b2b/product/{self.buyer.product}",
            "/my/b2b/cart",
            "/my/b2b/checkout",
            "/my/b2b/templates",
            "/my/b2b/quick-order",
            "/my/b2b/pricelist",
            tracking.removeprefix(self.server.url),
        ]
        retail = ["/my", "/my/orders", "/my/quotes", f"/my/orders/{self.retail_order}"]
        shown = {}
        for login, paths in (("unconfigured", own), (RETAIL, retail)):
            visitor = Rpc(self.server, login, login)
            for path in paths:
                answer = visitor.http.get(f"{self.server.url}{path}", timeout=120)
                assert answer.ok, path
                shown[login, path] = read_page(answer.text)
            shown[login, "counters"] = self.count(visitor)
        buyer = Rpc(self.server, "unconfigured", "unconfigured").http
        csv = buyer.get(f"{self.server.url}/my/b2b/orders.csv", timeout=120)
        shown["unconfigured", "orders.csv"] = csv.text.splitlines()
        return shown

    def count(self, visitor):
        """Return the counters of the home that show an entry, as its script asks for them."""
        page = html.fromstring(visitor.http.get(f"{self.server.url}/my", timeout=120).text)
        names = page.xpath("//*[@data-placeholder_count]/@data-placeholder_count")
        assert "order_count" in names
        answer = visitor.post("/my/counters", {"counters": list(set(names))})
        return sorted(f"{name}: {value}" for name, value in answer.items() if value)


@pytest.fixture(scope="module")
def seen(pg):
    """What customers see without the addons, and with them."""
    clone(pg, SMALL, DATABASE)
    try:
        install(pg, DATABASE, ["b2b_portal"], ALONE)
        with OdooServer(pg, DATABASE, template=None) as server:
            shop = Shop(server)
            before = shop.look()
            assert before == shop.look(), "the same twice, or nothing can be compared"
            server.stop()
            install(pg, DATABASE, ADDONS, ALONE)
            server.start()
            shop.admin = Rpc(server, "admin", "admin")
            installed = shop.admin.search("ir.module.module", [("state", "=", "installed")])
            names = {one["name"] for one in shop.admin.read("ir.module.module", installed, "name")}
            assert names >= set(ADDONS)
            yield before, shop.look(), shop
    finally:
        drop(pg, DATABASE)


def test_pages_are_the_same(seen):
    before, after, _shop = seen
    assert before.keys() == after.keys()
    differences = [
        "\n".join(
            [f"{login} {path}", *difflib.unified_diff(lines, after[login, path], lineterm="")]
        )
        for (login, path), lines in before.items()
        if lines != after[login, path]
    ]
    assert not differences, "\n\n".join(differences)


def test_comparison_sees_a_difference(seen):
    """A right that is taken away shows: the comparison is not blind."""
    _before, after, shop = seen
    shop.admin.write("res.partner", shop.buyer.company, b2b_default_rights="look")
    try:
        now = shop.look()
    finally:
        shop.admin.write("res.partner", shop.buyer.company, b2b_default_rights="all")
    different = {path for (login, path), lines in now.items() if lines != after[login, path]}
    assert {"/my/b2b/cart", "/my/invoices", f"/my/orders/{shop.quotation}"} <= different
    assert shop.look() == after


def test_order_is_placed_as_before(seen):
    """The same form, the same answer: an order at once, for whoever has a login."""
    _before, _after, shop = seen
    path = "/my/b2b/checkout"
    page = html.fromstring(shop.buyer.get(path).text)
    [form] = [one for one in page.forms if one.fields.get("cart_id") == str(shop.cart)]
    answer = shop.buyer.post(path, **{**dict(form.form_values()), "cart_id": shop.cart})
    assert f"/my/orders/{shop.cart}" in answer.url
    order = shop.admin.read("sale.order", shop.cart, "b2b_qualifier", "state", "b2b_credit_hold")
    assert (order["b2b_qualifier"], order["state"]) == ("order", "sent")
    assert not order["b2b_credit_hold"]
    assert not shop.admin.search("b2b.approval", [])
