"""Documents of the ERP: 5,000 rows in one push, against 5,000 rows about flags."""

import gc
import time

from measure import scenario

from scenarios.flag_feed import FULL, ROWS, RUNS, make_feed

# What an ERP sends most: an invoice that fulfils the order, and its own order.
KINDS = ("invoice", "order")


def make_document_rows(rows, kind):
    """Make of the rows about flags as many about documents of the same orders."""
    return [
        {
            "key": row["key"],
            "order": row["order"],
            "document": {"kind": kind, "number": f"N {number}/2026", "date": "2026-03-01"},
            "changed_at": row["changed_at"],
        }
        for number, row in enumerate(rows)
    ]


@scenario
def erp_documents(bench):
    """One push of 5,000 documents: queries, and the ratio to one of 5,000 flags."""
    times = {name: [] for name in ("flag", *KINDS)}
    queries = dict.fromkeys(times, 0)

    def timed(name):
        with bench.transaction(FULL) as env:
            feed, rows, _orders, _flag = make_feed(env)
            if name in KINDS:
                rows = make_document_rows(rows, name)
            env.flush_all()
            env.invalidate_all()
            gc.collect()
            before, started = env.cr.sql_log_count, time.perf_counter()
            answers = feed.push(rows)
            env.flush_all()
            times[name].append(time.perf_counter() - started)
            queries[name] = max(queries[name], env.cr.sql_log_count - before)
            assert {answer["result"] for answer in answers} == {"applied"}
            assert env["sale.order.erp.document"].search_count([]) >= len(rows) * (name in KINDS)

    for _run in range(RUNS):
        for name in times:
            timed(name)
    for kind in KINDS:
        bench.report(
            f"queries_per_1000_{kind}", queries[kind] / (ROWS / 1000), queries=queries[kind]
        )
        bench.report(
            f"ratio_to_flags_{kind}",
            [a / b for a, b in zip(times[kind], times["flag"], strict=True)],
            push=[round(seconds, 2) for seconds in times[kind]],
            other=[round(seconds, 2) for seconds in times["flag"]],
        )
