"""The whole way of a business customer: agreement, shop, order, reorder, and the closed door."""

import re

import pytest
from kit.customers import make_agreement
from kit.pages import press, sign_agreement

LOGIN = "journey"
SKU = "JRN-0042"


@pytest.fixture(scope="module")
def wholesale(rpc, make_user):
    """A company with a buyer, a list of its own and a draft agreement; a product."""
    admin = rpc()
    agreement = make_agreement(admin, make_user, LOGIN)
    product = admin.create(
        "product.product", name="Journey bolt", default_code=SKU, list_price=100.0, taxes_id=[]
    )
    return {"agreement": agreement, "product": product}


def test_b2b_journey(rpc, wholesale, browser, mails, screenshot):
    admin = rpc()
    # Closed before anything is signed.
    page = browser.open(LOGIN)
    page.goto("/my/b2b")
    assert "/my/agreements" in page.url
    assert page.locator("[role=alert]").first.is_visible()

    # Sent, and signed in the portal.
    admin.call("b2b.agreement", "action_send", [wholesale["agreement"]])
    sign_agreement(page, f"/my/agreements/{wholesale['agreement']}", "Bea Journey")

    # The shop is open, at the agreed price.
    page.goto(f"/my/b2b?search={SKU.lower()}")
    card = page.locator("article", has_text="Journey bolt")
    assert "90.00" in card.inner_text()
    assert "80.00" in card.inner_text()  # the break at 10
    screenshot(page, "shop")
    card.locator("input[name=quantity]").fill("3")
    card.get_by_role("button", name="Add to cart").click()
    card.get_by_text("in your cart").wait_for()
    assert page.url.endswith(SKU.lower())  # without leaving the page
    page.goto("/my/b2b/cart")
    assert "270.00" in page.locator("#wrap").inner_text()
    page.fill("#b2b_template_name", "Every month")
    press(page, "Save as template")

    # A scanner ends each code with Enter: the next row, and in an empty one the preview.
    page.goto("/my/b2b/quick-order")
    page.locator(".o_b2b_more_rows").wait_for()  # the script has started
    page.locator("input[name=sku]").first.fill(SKU)
    page.locator("input[name=sku]").first.press("Enter")
    second = page.locator("input[name=sku]").nth(1)
    assert second.evaluate("node => node === document.activeElement")
    second.press("Enter")
    page.get_by_text("Accepted: 1").wait_for()

    # Checked out: a pro-forma with a number, a status, a mail and a tracking link.
    page.goto("/my/b2b/checkout")
    page.fill("#b2b_po", "PO-4711")
    press(page, "Place order")
    page.wait_for_url("**/my/orders/**")
    assert re.search(r"B2B/\d+", page.inner_text("#wrap"))
    assert "Saved" in page.inner_text("#wrap")
    screenshot(page, "order")
    order_id = admin.search("sale.order", [("client_order_ref", "=", "PO-4711")])[0]
    order = admin.read("sale.order", order_id, "name", "state", "b2b_qualifier", "amount_untaxed")
    assert (order["state"], order["b2b_qualifier"]) == ("sent", "order")
    assert order["amount_untaxed"] == 270.0
    mail = mails.wait_for(to=f"{LOGIN}@example.com", subject=order["name"], timeout=90)
    tracking = mails.link(mail, "Order status")
    visitor = browser.open()
    visitor.goto(tracking)
    text = visitor.inner_text("body")
    assert order["name"] in text
    assert not re.search(r"270[.,]\d\d", text)

    # Ordered again from the template; the price has changed since.
    admin.write("product.product", wholesale["product"], list_price=110.0)
    page.goto("/my/b2b/templates")
    press(page, "Order")
    page.wait_for_url("**/my/b2b/cart")
    alerts = " ".join(page.locator("[role=alert]").all_inner_texts())
    assert "90.00" in alerts
    assert "99.00" in alerts
    assert "297.00" in page.locator("#wrap").inner_text()

    # Terminated: closed with the next click.
    admin.call("b2b.agreement", "action_terminate", [wholesale["agreement"]])
    page.goto("/my/b2b/cart")
    assert "/my/agreements" in page.url
