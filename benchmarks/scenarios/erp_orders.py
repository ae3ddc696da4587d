"""Orders for an ERP: against core's `read` of the same orders and lines, and page after page."""

import gc
import time

from common import manifests
from measure import scenario

from odoo.fields import Command

EVERY = manifests()
FULL = "bench_full"
ORDERS, LINES, PAGE = 1000, 5, 500
# Pages at the beginning and at the end of the archive, compared in turn.
FLAT_PAGE = 100


def make_orders(env):
    """Make 1,000 placed orders of five lines, and a feed that wants them alone."""
    partner = env["res.partner"].create({"name": "Benchmark of orders"})
    products = env["product.product"].search([("name", "like", "Article ")], limit=LINES)
    lines = [Command.create({"product_id": product.id}) for product in products]
    quiet = env["sale.order"].with_context(tracking_disable=True, order_status_no_notify=True)
    values = {"partner_id": partner.id, "document_type": "web", "order_line": lines}
    orders = quiet.create([dict(values) for _order in range(ORDERS)])
    orders.action_confirm()
    feed = make_feed(env, f"[('partner_id', '=', {partner.id})]")
    return feed, orders.with_env(env)


def make_feed(env, domain):
    """Make a feed as its client's user, whose rights are checked on the way."""
    feed = env["order.flag.feed"].create({"name": "Benchmark", "export_domain": domain})
    return feed.with_user(feed._ensure_client_user())


def settle(feed):
    """See what this transaction wrote, although transactions elsewhere may be open."""
    feeds = type(feed.env["order.flag.feed"])
    feed.env.cr.execute("SELECT pg_current_xact_id()::text::bigint")
    number = feed.env.cr.fetchone()[0]
    number += feed.env["sale.order.status.history"]._get_position_offset()
    feeds._get_settled_border = lambda self: ((number, True), number + 1)


def timed(env, act):
    env.flush_all()
    env.invalidate_all()
    gc.collect()
    before, started = env.cr.sql_log_count, time.perf_counter()
    result = act()
    return time.perf_counter() - started, env.cr.sql_log_count - before, result


def read_all(feed):
    cursor, found, more = False, 0, True
    while more:
        page = feed.orders(cursor, limit=PAGE)
        cursor, more = page["cursor"], page["more"]
        found += len(page["orders"])
    return found


def read_core(orders):
    """Read all that core has of orders and lines: our own fields would make it look slow."""
    orders = orders.sudo()
    return [records.read(core_fields(records)) for records in (orders, orders.order_line)]


def core_fields(records):
    return [name for name, field in records._fields.items() if field._module not in EVERY]


@scenario
def erp_orders(bench):
    """Fetching 1,000 orders of five lines, and a page of 100 early and late in the archive."""
    ratios, queries = [], []
    with bench.transaction(FULL) as env:
        feed, orders = make_orders(env)
        feeds = type(env["order.flag.feed"])
        original = feeds._get_settled_border
        try:
            settle(feed)
            for _pair in range(5):
                # Nothing numbered yet, as on the first day.
                env.cr.execute("DELETE FROM sale_order_erp_version")
                seconds, count, found = timed(env, lambda: read_all(feed))
                assert found == ORDERS, found
                other, _count, _found = timed(env, lambda: read_core(orders))
                ratios.append(seconds / other)
                queries.append(count)
        finally:
            feeds._get_settled_border = original
    bench.report("ratio_to_read", ratios)
    bench.report("queries_per_1000", max(queries))
    bench.report("ratio_last_page", compare_pages(bench))


def compare_pages(bench):
    """Return the ratios of a page near the end of 100,000 orders to one at the beginning."""
    ratios = []
    with bench.transaction(FULL) as env:
        feed = make_feed(env, "[]")
        late = find_cursor(env, "DESC", FLAT_PAGE * 20)
        for _pair in range(bench.pairs):
            first, _count, page = timed(env, lambda: feed.orders(limit=FLAT_PAGE))
            last, _count, other = timed(env, lambda: feed.orders(late, limit=FLAT_PAGE))
            assert len(page["orders"]) == len(other["orders"]) == FLAT_PAGE
            ratios.append(last / first)
    return ratios


def find_cursor(env, direction, skipped):
    """Return the cursor that lies so many notes from an end."""
    env.cr.execute(
        "SELECT feed_position, id FROM sale_order_erp_touch"
        f" ORDER BY feed_position {direction}, id {direction} OFFSET %s LIMIT 1",
        [skipped],
    )
    return "o{}.{}".format(*env.cr.fetchone())
