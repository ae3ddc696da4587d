"""The customers' whole journeys without a mouse: Tab, Enter, Escape and typing, nothing else."""

from types import SimpleNamespace

import pytest
from kit.browser import ready
from kit.customers import get_tracking_url, make_buyer, make_order, make_products, sign
from kit.pages import leaving

SHOWS_FOCUS = """element => {
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outlined || style.boxShadow !== "none";
}"""


class Keyboard:
    """A page that is used with the keys alone.

    :param page: the Playwright page
    """

    def __init__(self, page):
        self.page = page

    def open(self, path):
        self.page.goto(path)
        ready(self.page)

    def tab_to(self, selector, limit=90, **options):
        """Press Tab until the element has the focus, and check that this can be seen."""
        wanted = self.page.locator(selector, **options).locator("visible=true").first
        element = wanted.element_handle()
        for _step in range(limit):
            self.page.keyboard.press("Tab")
            if element.evaluate("element => element === document.activeElement"):
                assert element.evaluate(SHOWS_FOCUS), f"nothing shows the focus on {selector}"
                return
        raise AssertionError(f"{limit} times Tab do not lead to {selector} {options}")

    def press(self, key):
        self.page.keyboard.press(key)

    def type(self, text):
        """Replace what is in the field that has the focus."""
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def follow(self, selector, **options):
        """Go to a link or button that leads to another page, and press Enter."""
        self.tab_to(selector, **options)
        with leaving(self.page):
            self.press("Enter")
        ready(self.page)

    def has_focus(self, selector):
        return self.page.evaluate(f"document.activeElement?.matches({selector!r}) ?? false")


@pytest.fixture(scope="module")
def world(rpc, make_user):
    """A retail customer, a buyer with an agreement in force, and one who has yet to sign."""
    admin = rpc()
    make_user("key_retail", ["base.group_portal"], name="Kate Keys")
    agreements = {name: make_buyer(admin, make_user, name) for name in ("key_buyer", "key_signer")}
    sign(admin, rpc("key_buyer"), agreements["key_buyer"])
    return SimpleNamespace(admin=admin, products=make_products(admin, "KEY"), agreements=agreements)


@pytest.fixture
def keyboard(browser):
    """Return a function that opens a browser for a login; logging in itself is Odoo's."""
    return lambda login=None: Keyboard(browser.open(login, reduced_motion="reduce"))


def is_cancelled(world, order):
    return world.admin.read("sale.order", order, "state")["state"] == "cancel"


def test_customer_cancels_on_the_order_status_page(world, keyboard):
    order = make_order(world.admin, "key_retail", world.products)
    keys = keyboard()
    keys.open(get_tracking_url(world.admin, order))
    keys.tab_to("#cancel summary")
    keys.press("Enter")
    keys.tab_to("textarea[name=reason]", limit=1)
    keys.type("Ordered twice")
    keys.follow("form button", limit=1)
    assert keys.page.locator("[role=alert]").is_visible()
    assert is_cancelled(world, order)


def test_customer_cancels_in_the_portal(world, keyboard):
    order = make_order(world.admin, "key_retail", world.products)
    number = world.admin.read("sale.order", order, "name")["name"]
    keys = keyboard("key_retail")
    keys.open("/my/orders")
    keys.follow("#wrap a", has_text=number)
    # Changed one's mind: Escape closes the dialog, and the focus is where it was.
    opener = "a[href='#order_cancel_dialog']"
    keys.tab_to(opener)
    keys.press("Enter")
    dialog = keys.page.locator("#order_cancel_dialog.show")
    dialog.wait_for()
    keys.page.wait_for_function("document.activeElement.closest('#order_cancel_dialog')")
    keys.press("Escape")
    dialog.wait_for(state="hidden")
    keys.page.wait_for_function(f"document.activeElement.matches({opener!r})")
    assert not is_cancelled(world, order)
    # And again.
    keys.press("Enter")
    dialog.wait_for()
    keys.page.wait_for_function("document.activeElement.closest('#order_cancel_dialog')")
    keys.tab_to("#order_cancel_reason", limit=3)
    keys.type("Ordered twice")
    keys.follow("#order_cancel_dialog button[type=submit]", limit=2)
    assert keys.page.locator("[role=alert].alert-success").is_visible()
    assert is_cancelled(world, order)


def test_buyer_signs_by_typing_the_name(world, keyboard):
    agreement = world.agreements["key_signer"]
    keys = keyboard("key_signer")
    keys.open(f"/my/agreements/{agreement}")
    opener = "[data-bs-target='#modal_sign_agreement']"
    keys.tab_to(opener)
    keys.press("Enter")
    keys.page.locator("#modal_sign_agreement.show .o_portal_sign_submit").wait_for()
    keys.press("Escape")
    keys.page.wait_for_function(f'document.activeElement.matches("{opener}")')
    keys.press("Enter")
    keys.page.locator("#modal_sign_agreement.show .o_portal_sign_submit").wait_for()
    # The dialog opens with the focus on the name.
    keys.page.wait_for_function("document.activeElement.name === 'signer'")
    keys.type("Sam Signer")
    keys.page.wait_for_function("!document.querySelector('.o_portal_sign_submit').disabled")
    keys.tab_to(".o_portal_sign_submit", limit=8)
    with keys.page.expect_navigation(url="**message=signed**"):
        keys.press("Enter")
    values = world.admin.read("b2b.agreement", agreement, "state", "signed_by")
    assert (values["state"], values["signed_by"]) == ("signed", "Sam Signer")


def test_buyer_orders_and_orders_again(world, keyboard):
    keys = keyboard("key_buyer")
    find_and_add(keys)
    quick_order(keys)
    assert keys.page.locator("input[name^=qty_]").count() == 2
    keys.tab_to("#b2b_template_name")
    keys.type("By keys")
    with leaving(keys.page):
        keys.press("Enter")
    # Out of the cart into an order.
    keys.open("/my/b2b/cart")
    keys.follow("#wrap button", has_text="Checkout")
    keys.tab_to("#b2b_po")
    keys.type("PO-KEYS")
    keys.follow("#wrap button", has_text="Place order")
    orders = world.admin.search("sale.order", [("client_order_ref", "=", "PO-KEYS")])
    assert len(orders) == 1
    # Once more, from the template.
    keys.open("/my/b2b")
    keys.follow("#wrap nav a", has_text="Templates")
    keys.follow("#wrap button", has_text="Order")
    assert "/my/b2b/cart" in keys.page.url
    assert keys.page.locator("input[name^=qty_]").count() == 2


def find_and_add(keys):
    """Find an article and add three of it; what came of it is said aloud."""
    keys.open("/my/b2b")
    keys.tab_to("#wrap input[name=search]")
    keys.type("key-1")
    with leaving(keys.page):
        keys.press("Enter")
    ready(keys.page)
    keys.tab_to("article summary")
    keys.press("Enter")
    assert keys.page.locator("article dl").first.is_visible()
    message = keys.page.locator("article .o_b2b_add_message").first
    # Only what changes inside of a live region that was there before is read out.
    assert message.get_attribute("role") in ("alert", "status")
    assert message.inner_text().strip() == ""
    keys.tab_to("article input[name=quantity]")
    keys.type("3")
    keys.press("Enter")
    keys.page.locator(".o_b2b_add_message", has_text="in your cart").wait_for()
    # Without a way back from the top of the page.
    assert keys.has_focus("article input[name=quantity]")


def quick_order(keys):
    """Type one row, look at the preview, and put it into the cart."""
    keys.follow("#wrap nav a", has_text="Quick order")
    keys.tab_to("#wrap input[name=sku]")
    keys.type("KEY-2")
    keys.press("Tab")
    keys.type("5")
    keys.follow("#wrap button", has_text="Preview")
    keys.follow("#wrap button", has_text="Add to cart")
    assert "/my/b2b/cart" in keys.page.url
