"""The flag feed: 5,000 rows in one push, against single calls and one bulk write."""

import gc
import time

from measure import scenario

FULL = "bench_full"
ROWS = 5000
# Runs of each; the single calls take minutes, and the ratios are far from their limits.
RUNS = 3


def make_feed(env):
    """Make a feed and 5,000 rows, each with a note of its own, for orders that are there."""
    flag = env.ref("order_status_flags.flag_in_progress")
    feed = env["order.flag.feed"].create(
        {
            "name": "Benchmark",
            "mapping_ids": [(0, 0, {"external_flag": "W realizacji", "flag_id": flag.id})],
        }
    )
    orders = env["sale.order"].search([("state", "=", "sale")], limit=ROWS, order="id")
    rows = [
        {
            "key": f"bench-{order.id}",
            "order": order.name,
            "flag": "W realizacji",
            "note": f"Comment {order.id}",
            "changed_at": "2026-03-01T12:00:00+01:00",
        }
        for order in orders
    ]
    assert len(rows) == ROWS
    # As the client's user, whose rights are checked on the way.
    return feed.with_user(feed._ensure_client_user()), rows, orders, flag


@scenario
def flag_feed(bench):
    """One push of 5,000 rows: seconds, queries, and ratios to the other ways."""
    times = {"push": [], "single": [], "bulk": []}
    queries = 0

    def timed(name, act):
        nonlocal queries
        with bench.transaction(FULL) as env:
            feed, rows, orders, flag = make_feed(env)
            env.flush_all()
            env.invalidate_all()
            gc.collect()
            before, started = env.cr.sql_log_count, time.perf_counter()
            act(feed, rows, orders, flag)
            env.flush_all()
            times[name].append(time.perf_counter() - started)
            if name == "push":
                queries = max(queries, env.cr.sql_log_count - before)
            assert set(orders.order_flag_id.ids) == {flag.id}

    def push(feed, rows, _orders, _flag):
        answers = feed.push(rows)
        assert {answer["result"] for answer in answers} == {"applied"}

    def single(_feed, rows, orders, flag):
        for row, order in zip(rows, orders, strict=True):
            order.set_order_flag(flag.id, note=row["note"])
            # Each would be a request of its own: what it changed is in the database after it.
            order.env.flush_all()

    def bulk(_feed, _rows, orders, flag):
        orders.write({"order_flag_id": flag.id})

    for _run in range(RUNS):
        timed("push", push)
        timed("single", single)
        timed("bulk", bulk)
    bench.report("queries_per_1000", queries / (ROWS / 1000), queries=queries)
    for other in ("single", "bulk"):
        ratios = [a / b for a, b in zip(times["push"], times[other], strict=True)]
        bench.report(
            f"ratio_to_{other}",
            ratios,
            push=[round(seconds, 2) for seconds in times["push"]],
            other=[round(seconds, 2) for seconds in times[other]],
        )
