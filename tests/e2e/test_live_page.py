"""The order status page keeps itself up to date while somebody looks at it."""

import pytest
from kit.customers import get_tracking_url, make_order, make_products, set_status

MINUTE = 61_000


@pytest.fixture(scope="module")
def world(rpc, make_user):
    """The administrator, and the id of a product for orders of the customer `live_retail`."""
    make_user("live_retail", ["base.group_portal"], name="Lena Live")
    return rpc(), make_products(rpc(), "LIVE")


@pytest.fixture
def order(world):
    admin, products = world
    return make_order(admin, "live_retail", products)


@pytest.fixture
def page(browser, world, order):
    """The page of the order, whose clock the test turns."""
    page = browser.open(width=390)
    page.clock.install()
    page.goto(get_tracking_url(world[0], order))
    return page


def refresh(page):
    """Let a minute pass; return the answer that the page then got."""
    with page.expect_response("**/order/status/**") as found:
        page.clock.fast_forward(MINUTE)
    return found.value


def test_page_asks_with_its_etag_and_shows_what_changed(page, world, order):
    etag = page.locator("main").get_attribute("data-etag")
    answer = refresh(page)
    assert answer.status == 304
    assert answer.request.headers["if-none-match"] == etag
    set_status(world[0], order, "in_progress")
    assert refresh(page).status == 200
    page.locator(".status.in_progress").wait_for()
    assert page.locator("main").count() == 1
    assert page.locator("main").get_attribute("data-etag") != etag
    assert refresh(page).status == 304


def test_page_asks_at_most_once_a_minute(page):
    assert refresh(page).status == 304
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for _quarter in range(3):
        page.clock.fast_forward(MINUTE // 4)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(300)
    assert not asked


def test_page_does_not_change_under_the_hands_of_who_writes(page, world, order):
    page.locator("#message summary").click()
    page.locator("#message textarea").fill("Where is it?")
    set_status(world[0], order, "in_progress")
    assert refresh(page).status == 200
    page.wait_for_timeout(300)
    assert page.locator("#message textarea").input_value() == "Where is it?"
    assert page.locator(".status.in_progress").count() == 0
    page.locator("#message button").click()
    page.locator("[role=alert]").wait_for()
    assert page.locator("#message").get_by_text("Where is it?").count() == 1
    assert page.locator(".status.in_progress").count() == 1
