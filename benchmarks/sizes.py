"""`make bench ARGS="--million"`: databases of four sizes, what is asked of them, their plans.

The databases are kept: a second run makes only what is missing, and updates the addons that have
changed since. `--anew` makes all of them anew, and measures installing and updating by that.
"""

import json
import math
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from charts import draw_chart
from common import LOGS, PYTHON, ROOT, Problem, manifests, reason, say, write_atomic
from database import (
    addon_prints,
    clone,
    key,
    odoo_environment,
    query,
    read_mark,
    write_config,
    write_mark,
)
from templates import ensure_plain

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "million.json"
CHARTS = ROOT / "docs" / "charts"
DOCUMENT = ROOT / "docs" / "performance.md"
MARKS = "<!-- sizes -->\n", "<!-- end of sizes -->\n"
EMPTY = "bench0"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
# The big database against the small one; installing and updating against an empty one.
MOST_RATIO, MOST_MEMORY = 1.1, 1.1
MOST_SECONDS = {"install": 90, "update": 60}
# chart: its title, and the surfaces that are its lines, by what they are called there
LINES = {
    "customer": (
        "Pages of the customer",
        {
            "my_orders": "list of orders",
            "order_page": "an order",
            "status_page": "status page",
            "b2b_shop": "B2B shop",
        },
    ),
    "office": (
        "The back office",
        {
            "orders_by_status_list": "orders by status",
            "orders_by_status_kanban": "the same, cards",
            "needs_attention": "needs attention",
            "search_name": "search by name",
        },
    ),
    "erp": (
        "The ERP, 100 orders a call",
        {
            "feed_orders_first": "fetch, first page",
            "feed_orders_last": "fetch, last page",
            "feed_push": "push",
        },
    ),
}


def run(pg, options):
    """Make what is missing, measure, write it down. Return the exit code."""
    sizes = [size for size in SIZES if size <= options.largest]
    made = {orders: make(pg, orders, options.anew) for orders in (0, *sizes)}
    results = {"made": list(made.values()), "surfaces": [], "plans": []}
    databases = [f"bench{orders}" for orders in sizes]
    names = ",".join(options.names)
    say(f"Measuring {len(databases)} sizes in turn")
    arguments = [f"--pairs={options.pairs}", f"--only={names}"]
    if not options.plans:
        results["surfaces"] = inside(pg, "measure", *arguments, *databases)
    say("Explaining the queries")
    results["plans"] = inside(pg, "explain", f"--only={names}", databases[-1])
    bad = judge(results)
    if not names and not options.plans and options.largest == SIZES[-1]:
        write_down(results, bad)
    say("\n".join(bad) or "Nothing grows with the number of orders.")
    return 1 if bad else 0


def inside(pg, command, *arguments):
    """Run million.py, which works inside Odoo. Return the results it printed."""
    log = LOGS / f"million-{command}.log"
    config = write_config("million", EMPTY, dbfilter="^%d$", max_cron_threads=0)
    call = [PYTHON, HERE / "million.py", command, f"--config={config}", *arguments]
    results = []
    with log.open("w") as errors:
        process = subprocess.Popen(
            list(map(str, call)),
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
                    say(f"  {line.strip()[:150]}")
        finally:
            # Told to stop, by Ctrl-C or `make stop`: it must not go on alone.
            if sys.exc_info()[0]:
                process.terminate()
    if process.wait():
        raise Problem(f"benchmark {command}: {reason(log)}")
    return results


# === DATABASES ===


def make(pg, orders, anew):
    """Make the database of a size, or update it. Return what that took."""
    database, wanted = f"bench{orders}", key(sorted(addon_prints().items()))
    mark = read_mark(pg, database) or {}
    if anew or "made" not in mark:
        made = make_anew(pg, database, orders)
    elif mark["key"] == wanted:
        return mark["made"]
    else:
        made = {**mark["made"], **install(pg, database, "update", "-u", ",".join(manifests()))}
    write_mark(pg, database, key=wanted, made=made)
    return made


def make_anew(pg, database, orders):
    """Fill a copy of plain Odoo, install the addons, and fill what they add."""
    say(f"Making {database}: {orders} orders")
    clone(pg, ensure_plain(pg), database)
    made = {"orders": orders}
    if orders:
        made["fill_plain"] = inside(pg, "fill", "plain", database, orders)[0]["seconds"]
        query(pg, "VACUUM ANALYZE", database=database)
    made.update(install(pg, database, "install", "-i", ",".join(manifests())))
    if orders:
        query(pg, "VACUUM ANALYZE", database=database)
        made["fill_addons"] = inside(pg, "fill", "addons", database, orders)[0]["seconds"]
    # What autovacuum would do in time: no plan on the statistics of empty tables.
    query(pg, "VACUUM ANALYZE", database=database)
    made.update(install(pg, database, "update", "-u", ",".join(manifests())))
    size = query(pg, "SELECT pg_database_size(%s)", [database])[0][0]
    return {**made, "megabytes": size // 2**20}


def install(pg, database, name, *arguments):
    """Install or update addons. Return the seconds and the memory it took, in MB."""
    log = LOGS / f"million-{name}.log"
    config = write_config("million", database)
    call = [PYTHON, "-m", "odoo", "server", "-c", config, "--stop-after-init", "--no-http"]
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [*map(str, call), *arguments],
            cwd=ROOT,
            env=odoo_environment(pg),
            stdout=output,
            stderr=output,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        raise Problem(f"{name} of {database}: {reason(log)}")
    seconds = round(time.monotonic() - started, 1)
    return {f"{name}_seconds": seconds, f"{name}_memory": usage.ru_maxrss // 1024}


# === WHAT COMES OF IT ===


def judge(results):
    """Return in words what grows with the database and has no reason that is known."""
    excused = {plan["surface"]: plan["excuse"] for plan in results["plans"]}
    bad = [
        f"{surface['surface']}: {surface['ratio']} times as long with a million orders"
        for surface in results["surfaces"]
        if grows(surface) and not excused.get(surface["surface"])
    ]
    bad += [
        f"{plan['surface']}: {fault}"
        for plan in results["plans"]
        for fault in plan["faults"]
        if not plan["excuse"]
    ]
    empty, *_others, big = results["made"]
    for name, most in MOST_SECONDS.items():
        more = big[f"{name}_seconds"] - empty[f"{name}_seconds"]
        if more > most:
            bad.append(f"{name}: {more:.0f} s more than on an empty database")
        ratio = big[f"{name}_memory"] / empty[f"{name}_memory"]
        if ratio > MOST_MEMORY:
            bad.append(f"{name}: {ratio:.2f} times the memory of an empty database")
    return bad


def grows(surface):
    """Return whether it takes longer with more orders, and not just because of other work."""
    return min(surface["ratio"], surface.get("processor", math.inf)) > MOST_RATIO


def write_down(results, bad):
    """Write million.json, the charts, and the tables of docs/performance.md."""
    machine = {"python": platform.python_version(), "processors": os.cpu_count()}
    write_atomic(RESULTS, json.dumps({"machine": machine, **results, "bad": bad}, indent=1) + "\n")
    CHARTS.mkdir(exist_ok=True)
    by_name = {surface["surface"]: surface for surface in results["surfaces"]}
    for chart, (title, names) in LINES.items():
        series = {
            words: [
                (int(database.removeprefix("bench")), value)
                for database, value in by_name[name]["milliseconds"].items()
            ]
            for name, words in names.items()
            if "milliseconds" in by_name.get(name, {})
        }
        write_atomic(CHARTS / f"{chart}.svg", draw_chart(title, "orders", "ms", series))
    made = {
        name: [(one["orders"], one[f"{name}_seconds"]) for one in results["made"] if one["orders"]]
        for name in MOST_SECONDS
    }
    write_atomic(
        CHARTS / "install.svg",
        draw_chart("Installing and updating all addons", "orders", "s", made),
    )
    begin, end = MARKS
    text = DOCUMENT.read_text()
    before, after = text.split(begin)[0], text.split(end)[1]
    write_atomic(DOCUMENT, f"{before}{begin}{tables(results)}{end}{after}")


def tables(results):
    """Return what was measured as tables in Markdown."""
    excuses = {plan["surface"]: plan["excuse"] for plan in results["plans"]}
    lines = [
        "| orders | filling | installing | updating | memory | database |",
        "|---|---|---|---|---|---|",
    ]
    for made in results["made"]:
        filling = made.get("fill_plain", 0) + made.get("fill_addons", 0)
        lines.append(
            f"| {made['orders']:,} | {filling:.0f} s | {made['install_seconds']:.0f} s"
            f" | {made['update_seconds']:.0f} s | {made['install_memory']} MB"
            f" | {made['megabytes']:,} MB |"
        )
    lines += [
        "",
        "| what is asked | 1,000 | 1,000,000 | ratio | by the clock | quartiles | queries"
        " | why it grows |",
    ]
    lines.append("|---|---|---|---|---|---|---|---|")
    for surface in results["surfaces"]:
        name = surface["surface"]
        if math.isinf(surface["ratio"]):
            lines.append(f"| {name.replace('_', ' ')} | broke off | | | | | | |")
            continue
        values, queries = list(surface["milliseconds"].values()), list(surface["queries"].values())
        low, high = surface["quartiles"]
        ratio = f"{surface['processor']:.2f}"
        ratio = f"**{ratio}**" if grows(surface) else ratio
        lines.append(
            f"| {name.replace('_', ' ')} | {values[0]:.1f} ms | {values[-1]:.1f} ms | {ratio}"
            f" | {surface['ratio']:.2f} | {low:.2f} to {high:.2f} | {queries[-1]}"
            f" | {excuses.get(name) or ''} |"
        )
    pictures = [f"![{title}](charts/{name}.svg)" for name, (title, _names) in LINES.items()]
    lines += ["", *pictures, "![Installing and updating](charts/install.svg)"]
    return "\n".join(lines) + "\n"
