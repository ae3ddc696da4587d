"""Order status & flags: writing, mailing, ordering, and the customer's pages."""

import time
from functools import partial

from data import LOGIN
from measure import scenario

from odoo import SUPERUSER_ID, Command

FULL, STATUS, PLAIN = "bench_full", "bench_status", "bench_plain"
SOME, FEW = "bench_some", "bench_few"
MAILED_ORDERS = 200
CREATED_ORDERS = 100


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
        env.cr.commit()

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
        env.cr.commit()
        env.invalidate_all()

    def timed(act):
        with bench.transaction(FULL, SUPERUSER_ID) as env:
            clean(env)
            started = time.perf_counter()
            act(env)
            env.cr.commit()
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

    bench.report("ratio", bench.alternate(lambda: sample(PLAIN), lambda: sample(FULL)))
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
        order = env["sale.order"].search([("partner_id", "=", customer.id)], limit=1)
        portal_path = f"/my/orders/{order.id}"
        tracking_path = "/order/" + order.tracking_url.split("/order/")[1]
    portal, public = bench.visitor(FULL, LOGIN), bench.visitor(FULL)

    pages = partial(portal, portal_path), partial(public, tracking_path)
    queries = {
        "portal": bench.page_queries(FULL, portal_path, portal),
        "tracking": bench.page_queries(FULL, tracking_path, public),
    }
    bench.report("ratio", bench.alternate(*pages, times=4), queries=queries)


@scenario
def live_page(bench):
    """The public tracking page that has not changed, against the page itself."""
    with bench.transaction(FULL) as env:
        customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
        order = env["sale.order"].search([("partner_id", "=", customer.id)], limit=1)
        path = "/order/" + order.tracking_url.split("/order/")[1]
    public = bench.visitor(FULL)
    public(path)
    etag = public.answer.headers["ETag"]

    def unchanged():
        seconds = public(path, **{"If-None-Match": etag})
        assert public.answer.status_code == 304, public.answer.status_code
        return seconds

    bench.report("ratio", bench.alternate(partial(public, path), unchanged, times=4))


@scenario
def order_find(bench):
    """What is found against what is not: the answer must not tell by its time."""

    def ask(env, reference):
        env["sale.order.lookup"]._ask(reference, "nobody@example.com", "192.0.2.1")

    def sample(reference):
        return bench.sample(FULL, lambda env: env, lambda env: ask(env, reference))[0]

    with bench.transaction(FULL) as env:
        name = placed_orders(env, 1).name
    hit_to_miss = bench.alternate(lambda: sample("no such order"), lambda: sample(name), times=10)
    bench.report("hit_to_miss", hit_to_miss)


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
