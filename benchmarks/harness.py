#!/usr/bin/env python3
"""Run the benchmarks: make the databases, measure, print a table; a run of all of them also writes
results.json and the table in docs/performance.md.

Everything is a ratio or a difference within one run: two things are measured in turn (A B, B A,
...), the median of the pairs' ratios counts and is given with its quartiles. The limits are in
thresholds.toml.
"""

import argparse
import ast
import json
import math
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import load
import postgres
import sizes
from common import (
    LOGS,
    PYTHON,
    ROOT,
    Problem,
    entry,
    manifests,
    reason,
    say,
    show,
    write_atomic,
)
from database import clone, drop, install, odoo_environment, query, write_config
from templates import ensure_plain

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
DOCUMENT = ROOT / "docs" / "performance.md"
TABLE_MARKS = "<!-- results -->\n", "<!-- end of results -->\n"
MANY, SOME, FEW = 100_000, 10_000, 1_000
# The status part alone, for what it costs a shop without contracted customers.
STATUS = ("order_status_flags", "order_status_flags_stock", "order_status_flags_website_sale")
EVERY = tuple(manifests())
WITHDRAWAL = ("order_withdrawal", "order_withdrawal_stock", "order_withdrawal_website_sale")
BUYERS = ("b2b_approval", "b2b_approval_feed", "b2b_part_number")
# name: (the database it is copied from, orders made in it, addons installed after that)
DATABASES = {
    "bench_none": (None, 0, EVERY),
    "bench_plain": (None, MANY, ()),
    "bench_status": ("bench_plain", MANY, STATUS),
    "bench_full": ("bench_plain", MANY, EVERY),
    "bench_some": (None, SOME, EVERY),
    "bench_few": (None, FEW, EVERY),
    # What one addon costs: every other one.
    "bench_no_withdrawal": ("bench_plain", MANY, tuple({*EVERY} - {*WITHDRAWAL})),
    "bench_no_approval": ("bench_plain", MANY, tuple({*EVERY} - {*BUYERS})),
}
# What benchmarks need beside `bench_full`; one that is not named here needs no other database.
NEEDED = {
    "install": ("bench_none",),
    "create_and_confirm": ("bench_plain",),
    "my_orders_page": ("bench_plain", "bench_status", "bench_some", "bench_few"),
    "b2b_shop_page": ("bench_few",),
    "withdrawal_pages": ("bench_no_withdrawal",),
    "approval_checkout": ("bench_no_approval",),
}


def read_limits():
    """Return `{scenario: {metric: limit}}`; a TOML reader is only in newer Pythons."""
    limits, section = {}, None
    for line in (HERE / "thresholds.toml").read_text().splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            section = limits.setdefault(line.strip("[]"), {})
        elif line:
            name, value = line.split("=")
            section[name.strip()] = float(ast.literal_eval(value.strip()))
    return limits


def inside(pg, command, *arguments):
    """Run measure.py, which works inside Odoo. Return the results it printed."""
    log = LOGS / f"bench-{command}.log"
    config = write_config("bench", "bench_plain", dbfilter="^%d$", max_cron_threads=0)
    results = []
    with log.open("w") as errors:
        process = subprocess.Popen(
            [PYTHON, HERE / "measure.py", command, f"--config={config}", *map(str, arguments)],
            cwd=ROOT,
            env=odoo_environment(pg),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            for line in process.stdout:
                if line.startswith("{"):
                    results.append(json.loads(line))
                    say("  {scenario} {metric}: {value:.2f}".format(**results[-1]))
        finally:
            # Told to stop, by Ctrl-C or `make stop`: it must not go on alone.
            if sys.exc_info()[0]:
                process.terminate()
    if process.wait():
        raise Problem(f"benchmark {command}: {reason(log)}")
    return results


def find_needed(names):
    """Return the databases that benchmarks need, with those that they are copied from."""
    needed = {"bench_full"}.union(*(NEEDED.get(name, ()) for name in names))
    return needed | {DATABASES[database][0] for database in needed} - {None}


def make_databases(pg, needed, most):
    """Make the needed databases anew. Return `{database: seconds its installation took}`.

    :param int most: orders in the biggest of them
    """
    plain = ensure_plain(pg)
    seconds = {}
    for database in DATABASES:
        if database not in needed:
            continue
        source, orders, addons = DATABASES[database]
        orders = min(orders, most)
        say(f"Making {database}: {orders} orders, {len(addons)} of our addons")
        clone(pg, source or plain, database)
        if not source:
            inside(pg, "generate", database, orders)
        if addons:
            started = time.monotonic()
            install(pg, database, list(addons))
            seconds[database] = time.monotonic() - started
        # What autovacuum would do in time: no plan on the statistics of empty tables.
        query(pg, "VACUUM ANALYZE", database=database)
    return seconds


def install_result(seconds):
    more = seconds["bench_full"] - seconds["bench_none"]
    detail = {f"{name}_seconds": round(value, 1) for name, value in seconds.items()}
    return {"scenario": "install", "metric": "more_seconds", "value": more, "detail": detail}


def table_line(result):
    value, limit, quartiles = result["value"], result["limit"], result.get("quartiles")
    columns = [
        f"{result['scenario']:<22}{result['metric']:<24}",
        f"{'' if value is None else f'{value:.2f}':>9}",
        f"  {' to '.join(f'{value:.2f}' for value in quartiles) if quartiles else '':<15}",
        f"{'' if limit is None else limit:>7}",
        "  passed" if result["passed"] else "  FAILED",
    ]
    return "".join(columns)


def document_table(results):
    """Return the results as a table in Markdown."""
    lines = ["| benchmark | metric | value | quartiles | limit |", "|---|---|---|---|---|"]
    for result in results:
        value, limit, quartiles = result["value"], result["limit"], result.get("quartiles")
        cells = [
            result["scenario"],
            result["metric"].replace("_", " "),
            "broke off" if value is None else f"{value:.2f}",
            " to ".join(f"{value:.2f}" for value in quartiles) if quartiles else "",
            "" if limit is None else f"{limit:g}",
        ]
        if not result["passed"]:
            cells[2] = f"**{cells[2]}**"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_results(results):
    """Write results.json and the table of docs/performance.md."""
    machine = {"python": platform.python_version(), "processors": os.cpu_count()}
    write_atomic(RESULTS, json.dumps({"machine": machine, "results": results}, indent=2) + "\n")
    begin, end = TABLE_MARKS
    text = DOCUMENT.read_text()
    before, after = text.split(begin)[0], text.split(end)[1]
    write_atomic(DOCUMENT, f"{before}{begin}{document_table(results)}{end}{after}")


def report(results, limits, complete):
    """Print the table, and write it down when no benchmark is missing. Return the exit code."""
    say(f"\n{'benchmark':<22}{'metric':<24}{'value':>9}  {'quartiles':<15}{'limit':>7}  verdict")
    bad = 0
    for result in results:
        limit = limits.get(result["scenario"], {}).get(result["metric"])
        result["limit"] = limit
        result["passed"] = result["value"] <= (math.inf if limit is None else limit)
        if result["metric"] == "broke off":
            result["passed"] = False
            result["value"] = None
        bad += not result["passed"]
        say(table_line(result))
    where = "only a run of all benchmarks is written down"
    if complete:
        write_results(results)
        where = f"details in {show(RESULTS)}"
    say(f"\n{len(results) - bad} passed, {bad} failed; {where}")
    return 1 if bad or not results else 0


@entry
def main():
    limits = read_limits()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(limits)}")
    parser.add_argument("--pairs", type=int, default=15, help="alternating pairs (default 15)")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    parser.add_argument(
        "--orders",
        type=int,
        default=MANY,
        help="orders in the biggest databases: with fewer, a try that is not written down",
    )
    parser.add_argument("--million", action="store_true", help="ask four sizes, up to a million")
    parser.add_argument("--anew", action="store_true", help="with --million: make them anew")
    parser.add_argument("--largest", type=int, default=1_000_000, help="with --million: size")
    parser.add_argument("--plans", action="store_true", help="with --million: plans alone")
    parser.add_argument("--load", action="store_true", help="a Monday morning of many clients")
    parser.add_argument("--minutes", type=float, default=10, help="with --load: of each run")
    parser.add_argument("--clients", default="8,32", help="with --load: how many, one run each")
    parser.add_argument("--flood", type=float, default=5, help="with --load: minutes of pushes")
    options = parser.parse_args()
    if options.load:
        with postgres.server() as pg:
            return load.run(pg, options)
    if options.million:
        with postgres.server() as pg:
            return sizes.run(pg, options)
    names = options.names or list(limits)
    if unknown := set(names) - set(limits):
        raise Problem(f"no benchmark is called {', '.join(sorted(unknown))}")
    pairs = options.pairs if options.orders < MANY else max(options.pairs, 15)
    with postgres.server() as pg:
        try:
            seconds = make_databases(pg, find_needed(names), options.orders)
            results = [install_result(seconds)] if "install" in names else []
            others = [name for name in names if name != "install"]
            if others:
                say(f"Measuring {', '.join(others)}")
                results += inside(pg, "measure", f"--pairs={pairs}", *others)
            complete = set(names) == set(limits) and options.orders == MANY
            return report(results, limits, complete)
        finally:
            if not options.keep:
                for database in DATABASES:
                    drop(pg, database)


if __name__ == "__main__":
    main()
