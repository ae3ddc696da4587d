"""The quick order in a browser: a list that is not understood is asked, and Back loses nothing."""

import pytest
from kit.customers import make_buyer, make_products, sign

LOGIN = "lister"
WORD = "LST"


@pytest.fixture(scope="module")
def buyer(rpc, make_user):
    admin = rpc()
    make_products(admin, WORD)
    agreement = make_buyer(admin, make_user, LOGIN)
    sign(admin, rpc(LOGIN), agreement)
    return LOGIN


def upload(page, text, name="list.csv"):
    page.goto("/my/b2b/quick-order")
    files = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[name=upload]").set_input_files(files)
    page.get_by_role("button", name="Preview").click()
    page.locator(".o_b2b_reading").wait_for()


def has_no_overflow(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("script", [True, False])
def test_columns_are_asked_and_back_loses_nothing(buyer, browser, screenshot, width, script):
    page = browser.open(buyer, width=width)
    if not script:  # the login page needs it
        state = page.context.storage_state()
        page = browser.open(width=width, java_script_enabled=False, storage_state=state)
    rows = [f"{WORD}-{n};Bolt, zinc plated, in a long description {n};2026;1,000" for n in (1, 2)]
    upload(page, "\n".join(["Symbol;Name;Year;Antal", *rows, f"{WORD}-9;Nothing;2026;3"]))
    screenshot(page, f"asked-{width}")
    assert not page.get_by_role("button", name="Add to cart").count()
    assert not script or has_no_overflow(page)
    page.get_by_label("Quantity", exact=True).locator("visible=true").first.select_option("3")
    page.get_by_role("button", name="Read again").click()
    page.get_by_text("Accepted: 2").wait_for()
    screenshot(page, f"preview-{width}")
    assert not script or has_no_overflow(page)
    page.locator(".o_b2b_reading summary").click()
    screenshot(page, f"reading-{width}")
    page.get_by_role("button", name="Read them as thousands").click()
    page.get_by_text("1,000 Units").first.wait_for()
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/my/b2b/cart")
    page.go_back()
    page.get_by_text("Accepted: 2").wait_for()
    assert page.get_by_text("has been added already").is_visible()
