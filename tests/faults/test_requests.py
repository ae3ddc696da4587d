"""What becomes of a click when the server or its database dies under it."""

import time

import pytest
from kit.faults import Click, Gate
from kit.rpc import RpcError
from test_feed import Feed

HISTORY = "sale_order_status_history"


def check_told(response):
    """A user who reads this page knows what happened and what to do."""
    assert response.status_code == 503, response.text
    for word in ("Traceback", "psycopg2", "Internal Server Error"):
        assert word not in response.text
    assert "try again" in response.text


def placed_orders(shop):
    domain = [("partner_id", "=", shop.partner), ("b2b_qualifier", "=", "order")]
    return shop.admin.search("sale.order", domain)


@pytest.mark.parametrize("fault", ["killed", "cut"])
def test_checkout(server, shop, caught, fault):
    before = placed_orders(shop)
    cart = shop.fill_cart()
    with Gate(server, HISTORY) as gate:
        click = Click(shop.order, cart)
        gate.wait()
        if fault == "killed":
            server.stop(kill=True)
        else:
            gate.cut()
        click.wait()
    if fault == "killed":
        assert click.error
        server.start()
    else:
        check_told(click.answer)
    assert placed_orders(shop) == before
    # The cart is whole, and the same form makes one order of it, however often it is sent.
    assert "20.00" in shop.get("/my/b2b/cart").text
    for _click in range(2):
        page = shop.post_again()
        assert page.ok
        assert f"/my/orders/{cart}" in page.url
    assert sorted(placed_orders(shop)) == sorted([cart, *before])
    number = shop.admin.read("sale.order", cart, "name")["name"]
    caught.wait_for(subject=number, timeout=60)
    time.sleep(1)
    assert len(caught.all(subject=number)) == 1


def test_bulk_change_of_a_clerk_is_cut(server, admin, orders, caught):
    wanted = orders.make(20)
    with Gate(server, HISTORY) as gate:
        click = Click(orders.start_work, wanted)
        gate.wait()
        gate.cut()
        click.wait()
    assert isinstance(click.error, RpcError)
    assert "try again" in str(click.error)
    assert click.error.kind == "odoo.exceptions.UserError"
    rows = server.query(
        "SELECT count(*) FROM sale_order_status_history WHERE order_id = ANY(%s)", list(wanted)
    )
    assert rows == [(20,)]  # nothing but the one of placing them
    orders.start_work(wanted)
    orders.check_chain(wanted)
    orders.wait_for(wanted, "sent")
    for address in wanted.values():
        assert len(caught.all(to=address)) == 1


def test_push_of_a_feed_is_cut(server, admin):
    feed = Feed(server, admin, "Cut")
    names = feed.make_orders(3)
    rows = feed.make_rows(names, "cut")
    with Gate(server, HISTORY) as gate:
        click = Click(lambda: feed.call("push", rows=rows))
        gate.wait()
        gate.cut()
        click.wait()
    assert click.answer.status_code == 503
    assert "try again" in click.answer.json()["message"]
    assert feed.count_history(names) == (0, 0)
    assert feed.push(rows) == ["applied"] * 3
    assert feed.push(rows) == ["duplicate"] * 3


def test_every_connection_is_cut_between_two_clicks(server, shop, orders):
    assert shop.get("/my/b2b").ok
    server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid != pg_backend_pid()"
    )
    assert shop.get("/my/b2b").ok
    wanted = orders.make(1)
    orders.start_work(wanted)
    orders.wait_for(wanted, "sent", 90)


def test_addresses_that_make_no_sense(shop):
    """Mistyped, shortened or made up: the page comes without what broke it."""
    cart = shop.fill_cart()
    shop.order(cart)
    for address in (
        "/my/orders?sortby=nonsense",
        "/my/orders?date_begin=x&date_end=y",
        "/my/orders?quotation_page=1",
        "/my/quotes?date_begin=2026-13-45&date_end=2026-01-01",
        "/my/quotes?quotation_page=1",
        f"/my/orders/{cart}?values=1&document=2&session_history=3&no_breadcrumbs=4",
        f"/my/orders/{cart}?access_token=%C5%BC%C3%B3&x=1",
        f"/my/orders/{2**31}",
    ):
        page = shop.get(address)
        assert page.ok, address
        assert "/my" in page.url
