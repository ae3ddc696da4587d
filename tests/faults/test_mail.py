"""What becomes of e-mails when the mail server, or the server that talks to it, fails."""

import datetime
import time

from common import free_port
from kit.faults import PICTURE, Gate, wait_until

IN_PROGRESS = "order_status_flags.status_in_progress"
FULFILLED = "order_status_flags.status_fulfilled"

# When the agreement that is in force has ended.
NEXT_YEARS = (datetime.date.today() + datetime.timedelta(days=400)).isoformat()


def test_mail_server_down(server, orders, caught, hurry):
    wanted = orders.make(3)
    server.stop("catcher")
    orders.start_work(wanted)
    wait_until(lambda: all(row["mail_attempts"] for row in orders.rows(wanted)), what="a try")
    assert orders.states(wanted) == ["pending"] * 3
    assert all("refused" in row["mail_error"] for row in orders.rows(wanted))
    hurry()
    wait_until(lambda: all(row["mail_attempts"] == 2 for row in orders.rows(wanted)))
    server.start_catcher()
    hurry()
    orders.wait_for(wanted, "sent")
    for address in wanted.values():
        assert len(caught.all(to=address)) == 1


def test_mail_server_down_for_a_day(server, admin, orders, caught, hurry):
    wanted = orders.make(1)
    server.stop("catcher")
    orders.start_work(wanted)
    wait_until(lambda: orders.rows(wanted)[0]["mail_attempts"], what="a try")
    server.query("UPDATE mail_mail SET create_date = create_date - interval '25 hours'")
    hurry()
    orders.wait_for(wanted, "failed")
    assert "refused" in orders.rows(wanted)[0]["mail_error"]
    server.start_catcher()
    admin.call("sale.order.status.history", "action_resend_mail", [orders.rows(wanted)[0]["id"]])
    orders.wait_for(wanted, "sent")
    assert len(caught.all(to=wanted.popitem()[1])) == 1


def test_order_mail_of_the_shop_outlives_a_mail_server_that_is_down(
    server, admin, shop, caught, hurry
):
    server.stop("catcher")
    cart = shop.fill_cart()
    assert shop.order(cart).ok
    number = admin.read("sale.order", cart, "name")["name"]
    wait_until(lambda: is_put_off(server, cart), what="a try")
    server.start_catcher()
    hurry()
    caught.wait_for(subject=number)
    hurry()
    time.sleep(1)
    assert len(caught.all(subject=number)) == 1


def is_put_off(server, order_id):
    return server.query(
        "SELECT 1 FROM mail_mail JOIN mail_message message ON message.id = mail_message_id"
        " WHERE message.model = 'sale.order' AND message.res_id = %s"
        " AND state = 'outgoing' AND failure_reason LIKE '%%refused%%'",
        order_id,
    )


def test_slow_mail_server_holds_nobody_up(bad_smtp, admin, orders, shop):
    wanted = orders.make(5)
    [order] = orders.make(1)
    admin.write("sale.order", order, partner_id=shop.partner)
    with bad_smtp(hold=True) as smtp:
        orders.start_work(wanted)
        assert smtp.arrived.wait(60)
        # A customer cancels, and another one signs: both are things that the seller is told.
        assert seconds(shop.post, f"/my/orders/{order}/cancel", f"/my/orders/{order}") < 30
        agreement = shop.make_agreement(date_start=NEXT_YEARS)
        assert seconds(shop.sign, agreement, PICTURE) < 30
        assert not smtp.count("admin@example.com")
        smtp.release()
        orders.wait_for(wanted, "sent", 90)
        wait_until(lambda: smtp.count("admin@example.com") >= 2)
    assert admin.read("sale.order", order, "state")["state"] == "cancel"
    for address in wanted.values():
        assert smtp.count(address) == 1


def seconds(function, *arguments):
    started = time.monotonic()
    function(*arguments)
    return time.monotonic() - started


def test_queue_that_outlasts_the_time_of_a_worker(server, bad_smtp, orders):
    """Each mail takes a second, and Odoo kills a cron worker after 13."""
    wanted = orders.make(16)
    options = {"workers": 1, "gevent_port": free_port(), "limit_time_real_cron": 13}
    with server.instead(**options), bad_smtp(delay=1) as smtp:
        orders.start_work(wanted)
        orders.wait_for(wanted, "sent", 120)
    assert [smtp.count(address) for address in wanted.values()] == [1] * len(wanted)


def test_one_address_is_refused(admin, orders, caught):
    good = orders.make(3)
    [bad] = orders.make(1, "gone{}+550@example.com")
    orders.start_work([*good, bad])
    orders.wait_for(good, "sent")
    orders.wait_for([bad], "failed")
    for address in good.values():
        assert len(caught.all(to=address)) == 1
    [row] = orders.rows([bad])
    assert "550" in row["mail_error"]
    # The order says so, and finds itself in the list of failed ones.
    failed = admin.search("sale.order", [("status_history_ids.mail_state", "=", "failed")])
    assert bad in failed
    partner = admin.read("sale.order", bad, "partner_id")["partner_id"][0]
    admin.write("res.partner", partner, email="mended@example.com")
    admin.call("sale.order.status.history", "action_resend_mail", [row["id"]])
    orders.wait_for([bad], "sent")
    assert len(caught.all(to="mended@example.com")) == 1


def test_address_is_refused_for_now(server, admin, orders):
    [order] = orders.make(1, "full{}+451@example.com")
    orders.start_work([order])
    wait_until(lambda: orders.rows([order])[0]["mail_attempts"], what="a try")
    [row] = orders.rows([order])
    assert row["mail_state"] == "pending"
    assert "451" in row["mail_error"]
    # A newer status withdraws it.
    fulfilled = admin.ref(FULFILLED)
    admin.call("sale.order", "set_order_status", [order], fulfilled, notify=False)
    assert states_of(server, order) == ["none", "superseded", "suppressed"]


def test_lost_answer_may_send_that_mail_again(bad_smtp, orders, hurry):
    wanted = orders.make(6)
    with bad_smtp(lose_answers=1) as smtp:
        orders.start_work(wanted)
        assert smtp.arrived.wait(60)
        time.sleep(1)
        hurry()
        wait_until(lambda: orders.states(wanted).count("sent") >= 5)
        hurry()
        orders.wait_for(wanted, "sent")
    counts = sorted(smtp.count(address) for address in wanted.values())
    assert counts == [1, 1, 1, 1, 1, 2]


def test_status_changes_while_its_mail_leaves(bad_smtp, admin, orders):
    wanted = orders.make(3)
    with bad_smtp(hold=True) as smtp:
        orders.start_work(wanted)
        assert smtp.arrived.wait(60)
        [leaving] = [number for number, address in wanted.items() if smtp.count(address)]
        admin.call("sale.order", "set_order_status", list(wanted), admin.ref(FULFILLED))
        smtp.release()
        orders.wait_for(wanted, "sent")
    # What was leaving has left, and says so; the others learn the newer status only.
    for order, address in wanted.items():
        assert smtp.count(address) == (2 if order == leaving else 1)
    domain = [("order_id", "in", list(wanted)), ("status_id", "=", admin.ref(IN_PROGRESS))]
    rows = admin.call(
        "sale.order.status.history", "search_read", domain, ["order_id", "mail_state"]
    )
    for row in rows:
        expected = "sent" if row["order_id"][0] == leaving else "superseded"
        assert row["mail_state"] == expected


def test_server_killed_while_mails_are_rendered(server, orders, caught, hurry):
    wanted = orders.make(4)
    with Gate(server, "mail_mail") as gate:
        orders.start_work(wanted)
        gate.wait()
        server.stop(kill=True)
    assert all(states_of(server, order) == ["none", "pending"] for order in wanted)
    server.start()
    hurry()
    orders.wait_for(wanted, "sent")
    for address in wanted.values():
        assert len(caught.all(to=address)) == 1


def test_server_killed_while_a_mail_leaves(server, orders, bad_smtp, hurry):
    wanted = orders.make(5)
    with bad_smtp(hold=True) as smtp:
        orders.start_work(wanted)
        assert smtp.arrived.wait(60)
        server.stop(kill=True)
        smtp.release()
        server.start()
        hurry()
        orders.wait_for(wanted, "sent")
    counts = sorted(smtp.count(address) for address in wanted.values())
    # The server that was killed never heard that the first one was accepted.
    assert counts == [1, 1, 1, 1, 2]


def test_connections_cut_in_the_mail_action(server, orders, caught, hurry):
    wanted = orders.make(4)
    with Gate(server, "mail_mail") as gate:
        orders.start_work(wanted)
        gate.wait()
        gate.cut()
    hurry()
    orders.wait_for(wanted, "sent")
    for address in wanted.values():
        assert len(caught.all(to=address)) == 1


def test_connections_cut_between_sending_and_noting_it(server, orders, caught, hurry):
    wanted = orders.make(4)
    with Gate(server, "sale_order_status_history", "UPDATE OF mail_state") as gate:
        orders.start_work(wanted)
        gate.wait()
        gate.cut()
        gate.open()
        hurry()
        orders.wait_for(wanted, "sent")
    counts = sorted(len(caught.all(to=address)) for address in wanted.values())
    assert counts == [1, 1, 1, 2]


def states_of(server, order_id):
    """Return the states of the e-mails of an order, oldest first."""
    rows = server.query(
        "SELECT mail_state FROM sale_order_status_history WHERE order_id = %s ORDER BY id", order_id
    )
    return [state for (state,) in rows]
