"""Order status & flags: writing, mailing, ordering, and the customer's pages."""

import re
import time
from bisect import bisect_right
from functools import partial

import requests
from data import LOGIN
from measure import commit, scenario

from odoo import SUPERUSER_ID, Command

FULL, STATUS, PLAIN = "bench_full", "bench_status", "bench_plain"
SOME, FEW = "bench_some", "bench_few"
MAILED_ORDERS = 200
CREATED_ORDERS = 100
TRIES = 200


def placed_orders(env, count, order="id"):
    return env["sale.order"].search([("state", "=", "sale")], limit=count, order=order)


@scenario
def flag_1000_orders(bench):
    """A flag on 1,000 orders, status and pending mails included, against a plain write."""
    with bench.transaction(FULL) as env:
        ids = placed_orders(env, 1000).ids
        flag_id = env.ref("order_status_flags.flag_in_progress").id
    queries = []

    def orders(env):
        return env["sale.order"].with_context(tracking_disable=True).browse(ids)

    def plain_write():
        return bench.sample(FULL, orders, lambda orders: orders.write({"client_order_ref": "x"}))[0]

    def set_flag():
        def flagged_orders(env):
            return env["sale.order"].browse(ids)

        seconds, count = bench.sample(FULL, flagged_orders, lambda o: o.set_order_flag(flag_id))
        queries.append(count)
        return seconds

    bench.report("ratio", bench.alternate(plain_write, set_flag))
    bench.report("queries", max(queries))
    with bench.transaction(FULL) as env:
        flagged = env["sale.order"].browse(ids)
        flagged.set_order_flag(flag_id)
        states = set(flagged.status_history_ids.sorted("id")[-1000:].mapped("mail_state"))
        assert states == {"pending"}, states


@scenario
def mail_action(bench):
    """The scheduled action that renders mails, against the core's rendering of as many."""
    # Others than those of the benchmark before: this one commits, as the action does.
    with bench.transaction(FULL, SUPERUSER_ID) as env:
        orders = placed_orders(env, MAILED_ORDERS, order="id desc")
        orders.set_order_flag(env.ref("order_status_flags.flag_in_progress").id)
        pending = orders.status_history_ids.filtered(lambda row: row.mail_state == "pending")
        template_id = pending.status_id.mail_template_id.id
        order_ids, row_ids = orders.ids, pending.ids
        assert len(row_ids) == MAILED_ORDERS
        commit(env)

    def clean(env):
        """Make the rows pending again, and remove the mails of the round before."""
        env.cr.execute(
            "UPDATE sale_order_status_history SET mail_state = 'pending', mail_mail_id = NULL,"
            " mail_due = now() AT TIME ZONE 'utc' WHERE id = ANY(%s)",
            [row_ids],
        )
        env.cr.execute(
            "DELETE FROM mail_message USING mail_mail"
            " WHERE mail_message_id = mail_message.id AND model = 'sale.order'"
        )
        commit(env)
        env.invalidate_all()

    def timed(act):
        with bench.transaction(FULL, SUPERUSER_ID) as env:
            clean(env)
            started = time.perf_counter()
            act(env)
            commit(env)
            seconds = time.perf_counter() - started
            env.cr.execute(
                "SELECT count(*) FROM mail_mail m JOIN mail_message g ON g.id ="
                " m.mail_message_id WHERE g.model = 'sale.order'"
            )
            assert env.cr.fetchone()[0] == MAILED_ORDERS
            return seconds

    def core(env):
        env["mail.template"].browse(template_id).send_mail_batch(order_ids)

    def action(env):
        env["sale.order.status.history"]._cron_send_status_mails()

    bench.report("ratio", bench.alternate(lambda: timed(core), lambda: timed(action)))


@scenario
def create_and_confirm(bench):
    """Orders made and confirmed, with and without the addons."""
    queries = {}

    def sample(database):
        def values(env):
            customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
            products = env["product.product"].search([("name", "like", "Article ")], limit=2)
            lines = [Command.create({"product_id": product.id}) for product in products]
            values = {"partner_id": customer.id, "order_line": lines}
            return env, [dict(values) for _order in range(CREATED_ORDERS)]

        def act(prepared):
            env, values = prepared
            env["sale.order"].create(values).action_confirm()

        seconds, queries[database] = bench.sample(database, values, act)
        return seconds

    # Two runs of the same differ by a tenth, as much as twice what is to be found.
    ratios = bench.alternate(lambda: sample(PLAIN), lambda: sample(FULL), times=4)
    bench.report("ratio", ratios)
    more = (queries[FULL] - queries[PLAIN]) / CREATED_ORDERS
    bench.report("more_queries_an_order", more, queries=queries)


@scenario
def my_orders_page(bench):
    """The customer's order list with 100,000 orders in the database."""
    path = "/my/orders"
    visitors = {
        database: bench.visitor(database, LOGIN) for database in (PLAIN, STATUS, FULL, SOME, FEW)
    }
    queries = {
        database: bench.page_queries(database, path, visitor)
        for database, visitor in visitors.items()
    }

    def ratio(base, other):
        # A page is quick, and the machine's speed changes from second to second: many short
        # pairs tell more than a few long ones.
        pages = (partial(visitors[database], path) for database in (base, other))
        return bench.alternate(*pages, times=10)

    bench.report("ratio_to_plain", ratio(PLAIN, STATUS), queries=queries)
    bench.report("with_every_addon", ratio(PLAIN, FULL))
    bench.report("ratio_to_10000_orders", ratio(SOME, FULL))
    bench.report("ratio_to_1000_orders", ratio(FEW, FULL))
    bench.report("more_queries", queries[STATUS] - queries[PLAIN])


def find_own_order(bench, database):
    """Return the id of the newest order of the customer who logs in."""
    with bench.transaction(database) as env:
        customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
        return env["sale.order"].search([("partner_id", "=", customer.id)], limit=1).id


@scenario
def order_page(bench):
    """Odoo's own page of an order, with every addon against without any."""
    pages, queries = {}, {}
    for database in (PLAIN, FULL):
        path = f"/my/orders/{find_own_order(bench, database)}"
        visitor = bench.visitor(database, LOGIN)
        queries[database] = bench.page_queries(database, path, visitor)
        pages[database] = partial(visitor, path)
    ratios = bench.alternate(pages[PLAIN], pages[FULL], times=10)
    bench.report("with_every_addon", ratios, queries=queries)
    bench.report("more_queries", queries[FULL] - queries[PLAIN])


@scenario
def tracking_page(bench):
    """The public tracking page against the order's portal page."""
    with bench.transaction(FULL) as env:
        customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
        domain = [("partner_id", "=", customer.id), ("state", "=", "sale")]
        order = env["sale.order"].search(domain, limit=1)
        portal_path = f"/my/orders/{order.id}"
        tracking_path = "/order/" + order.tracking_url.split("/order/")[1]
    portal, public = bench.visitor(FULL, LOGIN), bench.visitor(FULL)

    pages = partial(portal, portal_path), partial(public, tracking_path)
    queries = {
        "portal": bench.page_queries(FULL, portal_path, portal),
        "tracking": bench.page_queries(FULL, tracking_path, public),
    }
    bench.report("ratio", bench.alternate(*pages, times=4), queries=queries)


def make_order_on_its_way(env):
    """Return an order of goods, made once: two of its three articles have left with a carrier.

    Nobody is mailed. Its customer is one of its own: the others have orders of services.
    """
    reference = "Benchmark: on its way"
    if found := env["sale.order"].search([("client_order_ref", "=", reference)]):
        return found
    env = env(context={**env.context, "order_status_no_notify": True})
    parcel, *goods = env["product.product"].create(
        [
            {"name": "Parcel", "type": "service"},
            *({"name": f"Goods {number}", "type": "consu"} for number in range(3)),
        ]
    )
    carrier = env["delivery.carrier"].create(
        {
            "name": "Parcels",
            "product_id": parcel.id,
            "tracking_url": "https://carrier.example/<shipmenttrackingnumber>",
        }
    )
    order = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": reference}).id,
            "client_order_ref": reference,
            "order_line": [Command.create({"product_id": product.id}) for product in goods],
        }
    )
    order.action_confirm()
    delivery = order.picking_ids
    delivery.write({"carrier_id": carrier.id, "carrier_tracking_ref": "PARCEL-1"})
    for move in delivery.move_ids[:2]:
        move.write({"quantity": move.product_uom_qty, "picked": True})
    delivery.with_context(skip_backorder=True)._action_done()
    return order


@scenario
def live_page(bench):
    """The public tracking page that has not changed, against the page itself.

    Of an order that a customer keeps open: goods of which a part is on its way, with the link of
    the carrier, and the rest is to follow.
    """
    with bench.transaction(FULL) as env:
        path = "/order/" + make_order_on_its_way(env).tracking_url.split("/order/")[1]
        commit(env)
    public = bench.visitor(FULL)
    public(path)
    assert "https://carrier.example/PARCEL-1" in public.answer.text
    etag = public.answer.headers["ETag"]

    def unchanged():
        seconds = public(path, **{"If-None-Match": etag})
        assert public.answer.status_code == 304, public.answer.status_code
        return seconds

    bench.report("ratio", bench.alternate(partial(public, path), unchanged, times=4))


def get_distance(ones, others):
    """Return how far two distributions are apart: 0 = one and the same, 1 = no value in common.

    The largest difference of the shares that are below any value (Kolmogorov and Smirnov). Of two
    samples of 200 from one distribution it is above 0.195 once in a thousand times.
    """
    ones, others = sorted(ones), sorted(others)
    return max(
        abs(bisect_right(ones, value) / len(ones) - bisect_right(others, value) / len(others))
        for value in (*ones, *others)
    )


@scenario
def order_find(bench):
    """What is found against what is not, 200 times each: the answer must not tell by its time."""
    with bench.transaction(FULL) as env:
        orders = placed_orders(env, TRIES, order="id desc")
        found = [(order.name, order.partner_id.email) for order in orders]
    # A number that is none, of a customer; and one that is right, by somebody else.
    missed = [
        (f"X{name[1:]}", email) if number % 2 else (name, f"x{email}")
        for number, (name, email) in enumerate(found)
    ]
    url = f"{bench.server(FULL)}/order/find"
    session = requests.Session()

    def read(answer):
        assert answer.status_code == 200, answer.status_code
        return re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)

    form = session.get(url, timeout=120).text
    token = re.search(r'name="csrf_token" value="([^"]*)"', form)[1]

    def ask(reference, email):
        with bench.transaction(FULL) as env:
            env.cr.execute("DELETE FROM order_status_limit; DELETE FROM sale_order_lookup")
            commit(env)
        values = {"reference": reference, "email": email, "csrf_token": token}
        started = time.perf_counter()
        answer = session.post(url, data=values, timeout=120)
        return 1000 * (time.perf_counter() - started), read(answer)

    times, answers = {"hit": [], "miss": []}, set()
    pairs = [{"hit": hit, "miss": miss} for hit, miss in zip(found, missed, strict=True)]
    for number, pair in enumerate([pairs[0], *pairs]):
        for name in sorted(pair, reverse=number % 2):
            milliseconds, answer = ask(*pair[name])
            answers.add(answer)
            times[name] += [milliseconds] if number else []  # the first ones only warm up
    assert len(answers) == 1, "the answers differ"
    ratios = [hit / miss for hit, miss in zip(times["hit"], times["miss"], strict=True)]
    distance = get_distance(*times.values())
    bench.report("hit_to_miss", ratios)
    bench.report("distance", distance, overlap=1 - distance, tries=TRIES)
    for name, milliseconds in times.items():
        bench.report(f"milliseconds_{name}", milliseconds)


@scenario
def pass_promises(bench):
    """10,000 promises noted as late, against a plain write of as many orders."""

    def orders(env):
        return env["sale.order"].with_context(tracking_disable=True).browse(ids)

    def promised(env):
        env.cr.execute(
            "UPDATE sale_order SET promise_state = 'on_time', promised_date = '2020-01-01',"
            " promise_date = '2020-01-01', promise_told = true WHERE id = ANY(%s)",
            [ids],
        )
        env.invalidate_all()
        return env["sale.order"]

    with bench.transaction(FULL) as env:
        ids = placed_orders(env, 10_000).ids

    def write():
        return bench.sample(FULL, orders, lambda some: some.write({"client_order_ref": "x"}))[0]

    def note():
        return bench.sample(FULL, promised, lambda some: some._pass_promises(limit=len(ids)))[0]

    bench.report("ratio", bench.alternate(write, note))
