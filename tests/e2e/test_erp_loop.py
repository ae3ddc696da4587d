"""The round trip with an ERP, as the customer sees it: a shop order, and a pretend ERP beside it.

The pretend ERP is the one of `make run`, a process of its own that calls the feed over HTTP.
"""

import pytest
from kit.buyer import buy
from kit.erp_box import Box, Feed

PRODUCT = "Loop wrench 17"
LOGIN = "looper"
CANCEL = "a[href='#order_cancel_dialog']"


@pytest.fixture(scope="module")
def feed(odoo_server, rpc, make_user):
    """A feed, and a customer with something to buy in the shop."""
    admin = rpc()
    make_user(
        LOGIN,
        ["base.group_portal"],
        name="Ola Wiśniewska",
        phone="+48 555 123 456",
        street="ul. Prosta 2",
        city="Warszawa",
        zip="00-001",
        country_id=admin.ref("base.pl"),
    )
    admin.create(
        "product.template",
        name=PRODUCT,
        default_code="LOOP-17",
        type="consu",
        list_price=45.0,
        invoice_policy="order",
        website_published=True,
    )
    provider = admin.ref("payment.payment_provider_transfer")
    admin.write("payment.provider", provider, state="enabled", is_published=True)
    admin.write("delivery.carrier", admin.ref("delivery.free_delivery_carrier"), is_published=True)
    return Feed(admin, "Loop")


@pytest.fixture
def box(tmp_path, feed, odoo_server):
    box = Box(tmp_path, feed, odoo_server.url)
    box.run("once")
    return box


class Order:
    """An order that was just bought, on its page in the portal.

    :param page: of a browser whose customer is logged in
    """

    def __init__(self, page, feed):
        self.page = page
        self.feed = feed
        self.name = buy(page, PRODUCT)
        (self.id,) = feed.rpc.search("sale.order", [("name", "=", self.name)])

    def look(self):
        """Return what the page says."""
        self.page.goto(f"/my/orders/{self.id}")
        return self.page.locator("#wrap").inner_text()

    @property
    def status(self):
        return self.feed.get_status(self.id)

    def can_cancel(self):
        return bool(self.page.locator(CANCEL).count())


def test_order_is_taken_flagged_delivered_and_invoiced(feed, box, browser, mails, screenshot):
    order = Order(browser.open(login=LOGIN), feed)
    order.look()
    assert order.can_cancel()

    feed.wait_for(order.name)
    box.run("once")
    number = feed.read(order.id, "external_ref")["external_ref"]
    assert number.startswith("ZK ")
    assert number in order.look()
    assert order.can_cancel()

    box.run("flag", order.name)
    box.run("once")
    assert order.status == "In progress"
    order.look()
    assert order.can_cancel(), "he may still ask"

    box.run("deliver", order.name, "--part")
    box.run("once")
    assert "WZ " in order.look()
    assert not order.can_cancel(), "a part is on its way"

    mails.forget()
    box.run("invoice", order.name)
    box.run("once")
    assert order.status == "Fulfilled"
    assert "FS " in order.look()
    assert not order.can_cancel()
    screenshot(order.page, "documents")
    address = order.page.locator("a[href*='/erp-documents/']").first.get_attribute("href")
    pdf = order.page.request.get(f"{feed.rpc.server.url}{address}")
    assert (pdf.status, pdf.body()[:5]) == (200, b"%PDF-")
    mails.wait_for(to=f"{LOGIN}@example.com", subject=order.name)
    assert len(mails.all(to=f"{LOGIN}@example.com")) == 1
    mails.forget()
    box.run("once")
    mails.none_for(3, to=f"{LOGIN}@example.com")
    assert box.get_problems() == []


def test_order_that_is_deleted_in_the_erp(feed, box, browser, screenshot):
    order = Order(browser.open(login=LOGIN, width=390), feed)
    feed.wait_for(order.name)
    box.run("once")
    box.run("delete", order.name)
    box.run("once")
    assert feed.read(order.id, "state")["state"] == "cancel"
    assert order.status == "Rejected"
    assert "Rejected" in order.look()
    assert not order.can_cancel()
    screenshot(order.page, "deleted")
    assert box.get_problems() == []
