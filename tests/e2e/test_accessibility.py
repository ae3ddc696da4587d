"""Every page that customers see, checked by axe-core, wide and on a phone."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from kit import axe
from kit.browser import ready
from kit.customers import (
    get_tracking_url,
    make_buyer,
    make_order,
    make_products,
    set_status,
    sign,
)
from kit.rpc import Rpc
from kit.server import OdooServer
from templates import PLAIN

WIDTHS = (1280, 390)

# `(rule, part of the element)` of findings in Odoo's own markup, which our pages show among theirs.
# A test below checks that plain Odoo has each of them.
CORE_FINDINGS = [
    # The conversation below an order: dates, and pictures of the authors.
    ("color-contrast", "#chatterRoot "),
    ("image-alt", "#chatterRoot "),
    # The choice of a font in the form to sign.
    ("button-name", "fa-font"),
    # Web shop: the price range, the quantity, and icons that stand beside their text.
    ("label", 'class="form-range'),
    ("label", 'name="add_qty"'),
    ("role-img-alt", "oi-settings-adjust"),
    ("role-img-alt", "oi-chevron-left"),
]

# === THE WORLD ===


@pytest.fixture(scope="module")
def world(rpc, make_user):
    """A retail customer with orders in every status, one who never ordered, and two buyers:
    `axe_ready` has an agreement in force, `axe_waiting` one to sign."""
    admin = rpc()
    world = SimpleNamespace(admin=admin, orders={}, agreements={})
    world.products = make_products(admin, "AXE")
    make_user("axe_retail", ["base.group_portal"], name="Rita Retail")
    make_user("axe_new", ["base.group_portal"], name="Nina New")
    for login in ("axe_ready", "axe_waiting"):
        world.agreements[login] = make_buyer(admin, make_user, login)
    sign(admin, rpc("axe_ready"), world.agreements["axe_ready"])
    for name in ("allowed", "on_request", "asked", "closed", "rejected"):
        world.orders[name] = make_order(admin, "axe_retail", world.products)
    set_status(admin, world.orders["on_request"], "in_progress")
    set_status(admin, world.orders["asked"], "in_progress")
    set_status(admin, world.orders["closed"], "in_progress")
    set_status(admin, world.orders["closed"], "fulfilled")
    admin.call("sale.order", "action_cancel", [world.orders["rejected"]])
    move_promise(admin, world)
    return world


def move_promise(admin, world):
    """Have an order with a promised day that has moved."""
    world.orders["moved"] = make_order(admin, "axe_retail", world.products)
    for day in ("2035-05-02 12:00:00", "2035-05-09 12:00:00"):
        admin.write("sale.order", world.orders["moved"], commitment_date=day)


# === THE PAGES ===

# `{name: (login, function)}`: each function brings a page into the state that is checked.
SCENES = {}


def scene(login=None):
    def register(function):
        SCENES[function.__name__] = (login, function)
        return function

    return register


def simple(name, login, path, leads_to=None):
    """Register a page that needs no more than its address; `path` may be a function of `world`."""

    def visit(page, world):
        go(page, path(world) if callable(path) else path, leads_to)

    SCENES[name] = (login, visit)


def go(page, path, leads_to=None):
    """Open a page, which must not lead elsewhere, and wait until its scripts run."""
    page.goto(path)
    assert urlsplit(page.url).path == urlsplit(leads_to or path).path, page.url
    ready(page)


def tracking(order):
    return lambda world: get_tracking_url(world.admin, world.orders[order])


def portal(order):
    return lambda world: f"/my/orders/{world.orders[order]}"


simple("orders", "axe_retail", "/my/orders")
simple("orders_none", "axe_new", "/my/orders")
for _order in ("allowed", "on_request", "closed", "rejected"):
    simple(f"order_{_order}", "axe_retail", portal(_order))
    simple(f"tracking_{_order}", None, tracking(_order))
simple("tracking_unknown", None, "/order/status/no-such-order")
simple("tracking_moved", None, tracking("moved"))
simple("order_find", None, "/order/find")
simple("tracking_polish", None, lambda world: tracking("allowed")(world) + "?lang=pl_PL")


@scene("axe_retail")
def orders_filtered(page, world):
    go(page, "/my/orders")
    page.locator("#portal_searchbar_filters").click()
    page.get_by_role("link", name="Fulfilled").click()
    page.wait_for_url("**filterby=**")


@scene("axe_retail")
def order_cancel_dialog(page, world):
    go(page, portal("allowed")(world))
    page.locator("a[href='#order_cancel_dialog']:visible").first.click()
    page.locator("#order_cancel_dialog.show textarea").wait_for()


@scene("axe_retail")
def order_cancel_refused(page, world):
    go(page, portal("on_request")(world))
    with reason_required(world):
        page.locator("a[href='#order_cancel_dialog']:visible").first.click()
        page.locator("#order_cancel_dialog.show button[type=submit]").click()
        page.locator("[role=alert].alert-danger").wait_for()


@scene("axe_retail")
def order_asked(page, world):
    go(page, portal("asked")(world))
    page.locator("a[href='#order_cancel_dialog']:visible").first.click()
    page.locator("#order_cancel_dialog.show button[type=submit]").click()
    page.locator("[role=alert].alert-success").wait_for()


simple("tracking_asked", None, tracking("asked"))


@scene()
def tracking_cancel_form(page, world):
    go(page, tracking("allowed")(world))
    page.locator("#cancel summary").click()


@scene()
def tracking_cancel_refused(page, world):
    go(page, tracking("allowed")(world))
    with reason_required(world):
        page.locator("#cancel summary").click()
        page.locator("#cancel form button").click()
        page.locator("[role=alert]").wait_for()


@scene()
def tracking_cancelled(page, world):
    go(page, tracking("allowed")(world))
    page.locator("#cancel summary").click()
    page.locator("#cancel form button").click()
    page.locator("[role=alert]").wait_for()


@scene()
def tracking_question(page, world):
    go(page, tracking("moved")(world))
    page.locator("#message summary").click()
    page.locator("#message textarea").fill("When will it come?")
    page.locator("#message form button").click()
    page.locator("[role=alert]").wait_for()


@scene()
def order_find_asked(page, world):
    go(page, "/order/find")
    page.locator("[name=reference]").fill("S1")
    page.locator("[name=email]").fill("axe@example.com")
    page.locator("#find button").click()
    page.locator("[role=alert]").wait_for()


simple("home", "axe_ready", "/my")
simple("agreements", "axe_ready", "/my/agreements")
simple("agreements_none", "axe_new", "/my/agreements")
simple("agreements_shop_closed", "axe_waiting", "/my/b2b", leads_to="/my/agreements")
simple(
    "agreement_signed", "axe_ready", lambda world: f"/my/agreements/{world.agreements['axe_ready']}"
)


@scene("axe_waiting")
def agreement_to_sign(page, world):
    go(page, f"/my/agreements/{world.agreements['axe_waiting']}")


@scene("axe_waiting")
def agreement_dialog(page, world):
    go(page, f"/my/agreements/{world.agreements['axe_waiting']}")
    page.locator("[data-bs-target='#modal_sign_agreement']").first.click()
    page.locator(".o_portal_sign_submit").wait_for()


simple("cart_empty", "axe_ready", "/my/b2b/cart")
simple("shop", "axe_ready", "/my/b2b")
simple("shop_found", "axe_ready", "/my/b2b?search=axe-1")
simple("shop_guessed", "axe_ready", "/my/b2b?search=axxe+bollt")
simple("shop_nothing_found", "axe_ready", "/my/b2b?search=qqqqqqqq")


@scene("axe_ready")
def shop_category(page, world):
    go(page, "/my/b2b")
    page.locator("aside a:visible", has_text="AXE category").click()
    page.wait_for_url("**category=**")


@scene("axe_ready")
def shop_price_explained_and_added(page, world):
    go(page, "/my/b2b?search=axe")
    for summary in page.locator("article summary").all():
        summary.click()
    page.locator("article").first.get_by_role("button", name="Add to cart").click()
    page.get_by_text("in your cart").wait_for()


@scene("axe_ready")
def shop_quantity_refused(page, world):
    go(page, "/my/b2b?search=axe")
    page.locator("article input[name=quantity]").first.fill("many")
    page.locator("article").first.get_by_role("button", name="Add to cart").click()
    page.locator(".o_b2b_add_message.text-danger-emphasis").wait_for()


simple("cart_below_minimum", "axe_ready", "/my/b2b/cart")


@scene("axe_ready")
def cart(page, world):
    go(page, "/my/b2b/cart")
    page.locator("input[name^=qty_]").first.fill("12")
    page.get_by_role("button", name="Update cart").last.click()
    ready(page)


simple("checkout", "axe_ready", "/my/b2b/checkout")


@scene("axe_ready")
def checkout_prices_changed(page, world):
    go(page, "/my/b2b/checkout")
    world.admin.write("product.product", world.products, list_price=11.0)
    page.get_by_role("button", name="Place order").click()
    page.get_by_text("Nothing was ordered").wait_for()


simple("templates_none", "axe_ready", "/my/b2b/templates")


@scene("axe_ready")
def template(page, world):
    go(page, "/my/b2b/cart")
    page.fill("#b2b_template_name", "Axe template")
    page.get_by_role("button", name="Save as template").click()
    ready(page)
    go(page, "/my/b2b/templates")
    page.get_by_role("link", name="Axe template").click()
    page.wait_for_url("**/my/b2b/templates/*")


@scene("axe_ready")
def template_empty(page, world):
    go(page, "/my/b2b/templates")
    page.fill("#b2b_new_template", "Axe empty template")
    page.get_by_role("button", name="New template").click()
    page.wait_for_url("**/my/b2b/templates/*")


simple("templates", "axe_ready", "/my/b2b/templates")


@scene("axe_ready")
def cart_from_template(page, world):
    go(page, "/my/b2b/templates")
    row = page.locator("#wrap li", has_text="Axe template")
    row.get_by_role("button", name="Order").click()
    page.wait_for_url("**/my/b2b/cart**")


@scene("axe_ready")
def order_placed(page, world):
    go(page, "/my/b2b/checkout")
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url("**/my/orders/**")


simple("quick_order", "axe_ready", "/my/b2b/quick-order")


@scene("axe_ready")
def quick_order_preview(page, world):
    go(page, "/my/b2b/quick-order")
    page.fill("#b2b_text", "AXE-1;5\nAXE-1;2\nnothing;1\nAXE-2;-3")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Rejected rows").wait_for()


@scene("axe_ready")
def quick_order_refused(page, world):
    go(page, "/my/b2b/quick-order")
    page.get_by_role("button", name="Preview").click()
    page.locator("[role=alert]").first.wait_for()


simple("pricelist", "axe_ready", "/my/b2b/pricelist")
simple("public_shop", "axe_ready", "/shop?search=axe")


@scene("axe_ready")
def public_shop_product(page, world):
    go(page, "/shop?search=axe")
    page.get_by_role("link", name="AXE bolt 2").first.click()
    page.locator("#add_to_cart").wait_for()


class reason_required:
    """A context in which customers must say why they cancel."""

    def __init__(self, world):
        self.admin = world.admin
        self.company = self.admin.search("res.company", [], limit=1)

    def __enter__(self):
        self.admin.write("res.company", self.company, order_status_cancel_reason_required=True)

    def __exit__(self, *_exception):
        self.admin.write("res.company", self.company, order_status_cancel_reason_required=False)


# === THE CHECK ===


def shows(finding, rule, part):
    return finding.rule == rule and part in f"{finding.target} {finding.html}"


def is_core(finding):
    return any(shows(finding, rule, part) for rule, part in CORE_FINDINGS)


@pytest.mark.parametrize("login", dict.fromkeys(login for login, _bring in SCENES.values()))
def test_pages_have_no_serious_finding(login, world, browser):
    page = browser.open(login, reduced_motion="reduce")
    found = {}
    for name, (user, bring) in SCENES.items():
        if user != login:
            continue
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        bring(page, world)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for finding in axe.find(page):
                found.setdefault(finding, f"{name}, {width} px")
    ours = [f"{place}: {finding}" for finding, place in found.items() if not is_core(finding)]
    assert not ours, "\n".join(ours)


def test_findings_left_out_are_those_of_plain_odoo(pg, browser):
    with OdooServer(pg, "test_axe_plain", template=PLAIN) as plain:
        admin = Rpc(plain, "admin", "admin")
        product = admin.create("product.product", name="Axe", list_price=9.0, is_published=True)
        customer = admin.create("res.partner", name="Plain", email="plain@example.com")
        line = (0, 0, {"product_id": product, "product_uom_qty": 1})
        order = admin.create("sale.order", partner_id=customer, order_line=[line])
        admin.write("sale.order", order, require_signature=True, require_payment=False)
        admin.call("sale.order", "action_quotation_sent", [order])
        message = {"body": "Hello", "message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
        admin.call("sale.order", "message_post", [order], **message)
        quotation = admin.call("sale.order", "action_preview_sale_order", [order])["url"]
        page = browser.open(reduced_motion="reduce")
        found = []
        page.goto(f"{plain.url}{quotation}")
        ready(page)
        page.locator("#chatterRoot .o-mail-Message-date").wait_for()
        found += axe.find(page)
        page.locator("[data-bs-target='#modalaccept']:visible").first.click()
        page.locator(".o_portal_sign_submit").wait_for()
        found += axe.find(page)
        for path in ("/shop?search=axe", f"/shop/axe-{product}"):
            page.goto(f"{plain.url}{path}")
            ready(page)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                found += axe.find(page)
    seen = [f"{finding.rule} {finding.html}" for finding in found]
    for rule, part in CORE_FINDINGS:
        assert any(shows(finding, rule, part) for finding in found), (
            f"plain Odoo has no {rule} at {part}: it is ours. {seen}"
        )
