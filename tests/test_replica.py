"""Pages from a streaming replica of the database: which are, which are not, and how late.

A primary and a replica from the same wheel, an Odoo that reads from the replica
(`db_replica_host`), and the servers' own logs, which say who was asked.
"""

import base64
import datetime
import io
import re
import time
from urllib.parse import urlsplit

import pytest
import requests
from kit.replication import Pair
from kit.rpc import Rpc
from kit.server import OdooServer
from PIL import Image
from templates import FULL

DATABASE = "test_replica"
# `WRITE_MARGIN` of order_status_flags, the rounding of its stamp, and a moment.
SETTLE = 5 + 1 + 0.5


@pytest.fixture(scope="module")
def pair(pg):
    with Pair() as pair:
        pair.copy_database(pg, FULL, DATABASE)
        pair.start_replica()
        yield pair


@pytest.fixture(scope="module")
def server(pair):
    """An Odoo without scheduled actions: nobody but the pages asks the databases."""
    settings = {
        "db_replica_host": "127.0.0.1",
        "db_replica_port": pair.replica["PGPORT"],
        "email_from": "office@example.com",
        "max_cron_threads": 0,
    }
    with OdooServer(pair.primary, DATABASE, template=None, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def admin(server):
    return Rpc(server, "admin", "admin")


@pytest.fixture(scope="module")
def logins(server, admin):
    """Sessions of the portal user `maria`."""
    admin.call(
        "res.users",
        "create",
        {
            "name": "Maria Nowak",
            "login": "maria",
            "password": "maria",
            "email": "maria@example.com",
            "group_ids": [(6, 0, [admin.ref("base.group_portal")])],
        },
        context={"no_reset_password": True},
    )
    return [Rpc(server, "maria", "maria") for _test in range(6)]


@pytest.fixture
def customer(logins):
    """The portal user `maria` in a session that has sent nothing since the login."""
    return logins.pop()


@pytest.fixture
def order(server, pair, admin, customer):
    """Return a function that makes an order of `maria`: id, and path of its status page."""
    pair.catch_up()
    partner = admin.read("res.users", customer.uid, "partner_id")["partner_id"][0]
    product = admin.create("product.product", name="Hinge", type="service", list_price=5.0)

    def make(confirm=True, **values):
        line = (0, 0, {"product_id": product, "product_uom_qty": 2})
        order_id = admin.create("sale.order", partner_id=partner, order_line=[line], **values)
        if not confirm:
            return order_id
        admin.call("sale.order", "action_confirm", [order_id])
        # Not by RPC: Odoo reads for it from the replica, however late that is.
        statement = "SELECT order_tracking_token FROM sale_order WHERE id = %s"
        ((token,),) = server.query(statement, order_id)
        return order_id, f"/order/status/{token}"

    return make


@pytest.fixture
def get(server, pair):
    """Return a function that opens a page and returns its text and who was asked about it.

    Of a redirect the text is where it leads.
    """

    def open_page(client, path, table="sale_order"):
        with pair.watch(DATABASE, table) as watch:
            answer = client.http.get(f"{server.url}{path}", allow_redirects=False, timeout=60)
        assert answer.status_code in (200, 303), path
        return answer.headers.get("Location") or answer.text, watch.servers

    return open_page


class Visitor:
    """Somebody who is not logged in, with cookies like everybody."""

    def __init__(self):
        self.http = requests.Session()


def post_form(server, client, page, path, **values):
    """Send a form of the page; return the answer of the page that follows, unopened."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = client.http.post(
        f"{server.url}{path}",
        data={"csrf_token": token, **values},
        allow_redirects=False,
        timeout=60,
    )
    assert answer.status_code == 303
    return answer


def test_status_page_list_and_order_page_come_from_the_replica(pair, get, customer, order):
    order_id, link = order()
    pair.catch_up()
    for client, path in (
        (Visitor(), link),
        (customer, link),
        (customer, "/my/orders"),
        (customer, "/my/orders?filterby=1&sortby=date"),
        (customer, f"/my/orders/{order_id}"),
    ):
        page, servers = get(client, path)
        assert servers == {"replica"}, path
        assert "Saved" in page, path
    # By the link of the list: `sale` notes the first look of a day in the chatter.
    page, _servers = get(customer, "/my/orders")
    link = re.search(rf'href="(/my/orders/{order_id}\?[^"]*)"', page)[1].replace("&amp;", "&")
    assert "primary" in get(customer, link)[1]
    pair.catch_up()
    time.sleep(SETTLE)
    assert get(customer, link)[1] == {"replica"}


def test_what_is_signed_paid_or_bought_comes_from_the_primary(
    pair, server, get, admin, customer, order
):
    quotation = order(confirm=False)
    admin.call("sale.order", "action_quotation_sent", [quotation])
    order_id, _link = order()
    partner = admin.read("res.users", customer.uid, "partner_id")["partner_id"][0]
    pricelist = admin.create("product.pricelist", name="Maria's list", is_b2b=True)
    agreement = admin.create(
        "b2b.agreement",
        partner_id=partner,
        pricelist_id=pricelist,
        date_start=datetime.date.today().isoformat(),
        body="<p>Terms</p>",
    )
    admin.call("b2b.agreement", "action_send", [agreement])
    picture = io.BytesIO()
    Image.new("RGB", (20, 10), "navy").save(picture, "PNG")
    page, _servers = get(customer, f"/my/agreements/{agreement}")
    customer.post(
        re.search(rf"/my/agreements/{agreement}/sign\?text=\w+", page)[0],
        {"name": "Maria Nowak", "signature": base64.b64encode(picture.getvalue()).decode()},
    )
    pair.catch_up()
    time.sleep(SETTLE)
    for path, table in (
        (f"/my/orders/{quotation}", "sale_order_line"),
        (f"/my/orders/{order_id}?report_type=html", "sale_order"),
        (f"/my/orders/{order_id}?payment_amount=1", "sale_order"),
        ("/my/agreements", "b2b_agreement"),
        (f"/my/agreements/{agreement}", "b2b_agreement"),
        ("/my/b2b", "b2b_agreement"),
        ("/my/b2b/quick-order", "b2b_agreement"),
        ("/my/b2b/templates", "b2b_agreement"),
        ("/my/b2b/pricelist", "b2b_agreement"),
        ("/my/b2b/cart", "b2b_agreement"),
        ("/my/b2b/cart", "sale_order"),
        ("/my/b2b/checkout", "b2b_agreement"),
    ):
        # The replica is asked at most which languages, websites and caches there are.
        page, servers = get(customer, path, table)
        assert servers == {"primary"}, path
        assert "/my/agreements?closed=" not in page, path
    # Ended a moment ago, and closed whatever the replica knows.
    with pair.paused():
        admin.call("b2b.agreement", "action_terminate", [agreement])
        page, _servers = get(customer, "/my/b2b/cart")
        assert page.endswith("/my/agreements?closed=terminated")


def test_who_sends_a_form_sees_the_result_however_slow_the_replica_is(
    pair, server, get, admin, customer, order
):
    (first, _link), (_second, link) = order(), order()
    pair.catch_up()
    visitor = Visitor()
    with pair.paused():
        page, servers = get(customer, f"/my/orders/{first}")
        assert servers == {"replica"}
        answer = post_form(server, customer, page, f"/my/orders/{first}/cancel", reason="Twice")
        page, servers = get(customer, urlsplit(answer.headers["Location"]).path)
        assert servers == {"primary"}
        assert "Your order is cancelled." in page
        assert "Rejected" in page
        page, servers = get(customer, "/my/orders")
        assert servers == {"primary"}
        assert "Rejected" in page

        page, servers = get(visitor, link)
        assert servers == {"replica"}
        answer = post_form(server, visitor, page, f"{link}/cancel", reason="Twice")
        page, servers = get(visitor, urlsplit(answer.headers["Location"]).path)
        assert servers == {"primary"}
        assert "Your order is cancelled." in page

        # Not only for a moment: as long as the replica has not got it.
        time.sleep(SETTLE)
        assert get(customer, "/my/orders")[1] == {"primary"}
        assert get(visitor, link)[1] == {"primary"}
        # Somebody else is told what the replica knows, see MAX_LAG.
        page, servers = get(Visitor(), link)
        assert servers == {"replica"}
        assert "Saved" in page
    pair.catch_up()
    for client, path in ((customer, "/my/orders"), (visitor, link), (Visitor(), link)):
        page, servers = get(client, path)
        assert servers == {"replica"}
        assert "Rejected" in page


def test_a_form_of_odoo_itself_counts_too(pair, server, get, admin, customer, order):
    quotation = order(confirm=False, require_signature=False)
    admin.call("sale.order", "action_quotation_sent", [quotation])
    pair.catch_up()
    assert get(customer, "/my/orders")[1] == {"replica"}
    with pair.paused():
        # Something that only reads, as the page itself does after it is shown.
        customer.post("/mail/chatter_fetch", {"thread_model": "sale.order", "thread_id": quotation})
        assert get(customer, "/my/orders")[1] == {"replica"}
        page, _servers = get(customer, f"/my/orders/{quotation}")
        post_form(server, customer, page, f"/my/orders/{quotation}/decline", decline_message="No")
        assert get(customer, "/my/orders")[1] == {"primary"}


def test_new_order_is_found_before_the_replica_has_it(pair, get, customer, order):
    pair.catch_up()
    with pair.paused():
        order_id, link = order()
        for client, path in ((Visitor(), link), (customer, f"/my/orders/{order_id}")):
            page, servers = get(client, path)
            assert "primary" in servers, path
            assert "Saved" in page, path


def test_lost_replica_costs_nothing_but_its_help(pair, server, get, customer, order):
    _order_id, link = order()
    pair.catch_up()
    assert get(customer, "/my/orders")[1] == {"replica"}
    pair.stop_replica()
    for client, path in ((Visitor(), link), (customer, "/my/orders")):
        page, servers = get(client, path)
        assert servers == {"primary"}
        assert "Saved" in page


def test_no_page_was_begun_on_the_replica_and_had_to_write(server):
    log = server.log.read_text()
    assert "retrying with a read/write cursor" not in log
    assert "Traceback" not in log
