"""What becomes of webhooks when an endpoint, or the server that calls it, fails."""

import itertools
import socket
import threading
import time
from collections import Counter

import pytest
from common import LOGS, free_port
from kit.faults import wait_until
from kit.webhooks import Webhooks, arrivals, endpoints, told_of_each

MOVES = ("in_progress", "fulfilled")
TOLD = ["Saved", "In progress", "Fulfilled"]
# A claim lasts a minute, and Odoo looks for what is due once a minute, after a start as well.
FREED = 240


@pytest.fixture(scope="module")
def webhooks(server, admin):
    return Webhooks(server, admin)


@pytest.fixture
def start(webhooks):
    """Return a function that starts an endpoint with its webhook: `(endpoint, webhook id)`."""
    running = []

    def begin(answer=200, **values):
        context = endpoints.Endpoint(answer).running()
        running.append(context)
        endpoint = context.__enter__()
        return endpoint, webhooks.make(endpoint.url, **values)

    yield begin
    webhooks.remove_all()
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture
def move(admin, orders):
    """Return a function that makes orders and moves them on; it returns their numbers."""

    def make(count, *moves):
        ids = list(orders.make(count))
        for name in moves:
            status = admin.ref(f"order_status_flags.status_{name}")
            admin.call("sale.order", "set_order_status", ids, status, notify=False)
        return [row["name"] for row in admin.read("sale.order", ids, "name")]

    return make


class Held:
    """An answer that is held back for the message with a number, until `go` is set."""

    def __init__(self, number):
        self.number = number
        self.reached = threading.Event()
        self.go = threading.Event()
        self.message_id = None

    def __call__(self, handler):
        if len(handler.server.requests) == self.number and not self.go.is_set():
            self.message_id = handler.headers["webhook-id"]
            self.reached.set()
            self.go.wait(60)
        handler.reply(200)


def test_killed_while_a_webhook_is_on_its_way(server, webhooks, start, move):
    held = Held(5)
    endpoint, webhook = start(held)
    numbers = move(4, *MOVES)
    assert held.reached.wait(60)
    server.stop(kill=True)
    held.go.set()
    # What was claimed is a row like any other, and free again within a minute.
    assert server.query(
        "SELECT message_id FROM order_status_webhook_delivery"
        " WHERE claimed_until < (now() AT TIME ZONE 'UTC') + interval '1 minute'"
    ) == [(held.message_id,)]
    server.start()
    # Nobody helps: a clerk need not know of it.
    wait_until(lambda: webhooks.states(webhook) == {"sent"}, FREED, "all is sent")
    assert told_of_each(endpoint) == dict.fromkeys(numbers, TOLD)
    twice = {one: n for one, n in Counter(m for m, _o, _s in arrivals(endpoint)).items() if n > 1}
    assert twice == {held.message_id: 2}
    assert not any(row["claimed_until"] for row in webhooks.rows(webhook))


def test_killed_before_anything_was_sent(server, webhooks, start, move):
    """The messages are in the transaction of the change: whoever is killed loses none."""
    with server.instead(max_cron_threads=0):
        endpoint, webhook = start()
        numbers = move(3, "in_progress")
        assert webhooks.states(webhook) == {"pending"}
        server.stop(kill=True)
    server.start()
    wait_until(lambda: webhooks.states(webhook) == {"sent"}, FREED, "all is sent")
    assert told_of_each(endpoint) == dict.fromkeys(numbers, TOLD[:2])


def test_two_servers_deliver_at_once(server, admin, webhooks, start, move):
    ports = []

    def answer(handler):
        ports.append((handler.server.server_port, handler.client_address[1]))
        time.sleep(0.02)
        handler.reply(200)

    there = [start(answer), start(answer)]
    # Odoo runs one scheduled action at one place at a time. With a twin, two run at once.
    [values] = admin.call("ir.cron", "read", [webhooks.cron], ["code", "model_id", "user_id"])
    twin = admin.create(
        "ir.cron",
        name="Twin",
        state="code",
        code=values["code"],
        model_id=values["model_id"][0],
        user_id=values["user_id"][0],
        interval_number=1,
        interval_type="days",
    )
    server.query("UPDATE ir_cron SET nextcall = now() + interval '1 day' WHERE id = %s", twin)
    server.start("second", http_port=free_port(), log=LOGS / "test_faults-second.log")
    try:
        server.query("UPDATE ir_cron SET active = false WHERE id = %s", webhooks.cron)
        numbers = move(30, *MOVES)
        server.query("UPDATE ir_cron SET active = true WHERE id = %s", webhooks.cron)
        server.query(
            "INSERT INTO ir_cron_trigger (cron_id, call_at)"
            " SELECT unnest(%s), now() AT TIME ZONE 'UTC'",
            [twin, webhooks.cron],
        )
        webhooks.wake()
        for _endpoint, webhook in there:
            wait_until(lambda w=webhook: webhooks.states(w) == {"sent"}, 90, "all is sent")
    finally:
        server.stop("second")
        admin.call("ir.cron", "unlink", [twin])
    for endpoint, _webhook in there:
        ids = [message_id for message_id, _order, _status in arrivals(endpoint)]
        assert len(ids) == len(set(ids)) == len(numbers) * len(TOLD)
        assert told_of_each(endpoint) == dict.fromkeys(numbers, TOLD)
        # Both were at work, in turns.
        used = [port for which, port in ports if which == endpoint.server_port]
        assert sum(one != other for one, other in itertools.pairwise(used)) > 5


def test_endpoint_down_for_two_days(admin, webhooks, start, move, orders):
    endpoint, quick = start()
    port = free_port()
    webhook = webhooks.make(f"http://127.0.0.1:{port}/hook")
    numbers = move(5, "in_progress")
    first = [row["order_id"][0] for row in webhooks.rows(webhook)]
    before = 0
    for hours in (0, 1, 1, 2, 4, 6, 10, 12, 12):
        webhooks.pass_time(hours)
        wait_until(lambda n=before: webhooks.count_attempts(webhook) > n, what="another try")
        webhooks.wait_until_idle()
        before = webhooks.count_attempts(webhook)
    status = admin.ref("order_status_flags.status_fulfilled")
    admin.call("sale.order", "set_order_status", sorted(set(first)), status, notify=False)
    # Whom it concerns has known for long, and the others were told in time.
    [activity] = admin.call(
        "mail.activity",
        "search_read",
        [("res_model", "=", "order.status.webhook"), ("res_id", "=", webhook)],
        ["summary", "user_id"],
    )
    assert activity["summary"] == "Nothing is delivered"
    wait_until(lambda: webhooks.states(quick) == {"sent"}, what="the other endpoint is told")
    assert webhooks.states(webhook) == {"pending"}

    with endpoints.Endpoint(port=port).running() as back:
        webhooks.pass_time(20)
        wait_until(lambda: webhooks.states(webhook) == {"sent"}, what="all is delivered")
        assert told_of_each(back) == dict.fromkeys(numbers, TOLD)
        assert len(back.requests) == len(numbers) * len(TOLD)
    assert told_of_each(endpoint) == told_of_each(back)
    assert not admin.search(
        "mail.activity", [("res_model", "=", "order.status.webhook"), ("res_id", "=", webhook)]
    )


def test_endpoints_that_misbehave_delay_nobody(admin, webhooks, start, move):
    """Each in its own way, all at the same moment, and a good one among them."""
    elsewhere, _webhook = start(active=False)
    wanted = {
        "gone": (410, "failed", "410"),
        "redirect": (endpoints.redirect(elsewhere.url), "pending", "redirect"),
        "20 MiB": (endpoints.big, "sent", "200"),
        "endless": (endpoints.endless, "sent", "200"),
        "endless headers": (endpoints.endless_headers, "pending", "no HTTP"),
        "a byte at a time": (endpoints.trickle, "pending", "in time"),
        "silence": (endpoints.silence, "pending", "in time"),
        "hangs up": (endpoints.hang_up, "pending", "broke"),
        "no HTTP": (endpoints.gibberish, "pending", "no HTTP"),
    }
    made = {name: start(answer)[1] for name, (answer, _state, _text) in wanted.items()}
    good, webhook = start()
    move(3)
    wait_until(lambda: webhooks.states(webhook) == {"sent"}, what="the good one is told")
    # What comes while others are still being waited for waits for none of them.
    move(3)
    wait_until(lambda: len(good.requests) == 6, what="the good one is told of the others")
    assert not webhooks.rows(made["silence"])[0]["answer"]
    for name, (_answer, state, text) in wanted.items():
        wait_until(lambda n=name: webhooks.rows(made[n])[0]["answer"], what=f"an end of {name}")
        row = webhooks.rows(made[name])[0]
        assert (row["state"], text in row["answer"]) == (state, True), (name, row)
    assert not elsewhere.connections
    assert admin.read("order.status.webhook", made["gone"], "active")["active"] is False


def test_name_that_leads_inside_is_not_followed(webhooks, start, move):
    """What a name means is looked at when it is connected to, and not when it is saved."""
    endpoint, _webhook = start()
    name = socket.gethostname()
    assert socket.gethostbyname(name).startswith(("127.", "10.", "172.", "192.168."))
    webhooks.allow_private(False)
    try:
        webhook = webhooks.make(f"http://{name}:{endpoint.server_port}/hook")
        connections = endpoint.connections
        move(1)
        wait_until(lambda: webhooks.rows(webhook)[0]["answer"], what="a try")
        assert "private network" in webhooks.rows(webhook)[0]["answer"]
        assert endpoint.connections == connections
    finally:
        webhooks.allow_private(True)
    webhooks.pass_time(1)
    wait_until(lambda: webhooks.states(webhook) == {"sent"}, what="it is allowed")
