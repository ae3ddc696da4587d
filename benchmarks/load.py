"""`make bench ARGS="--load"`: a Monday morning on a real server, beside plain Odoo, then a flood.

For each number of clients: some minutes against every addon, as many against plain Odoo, which gets
its share of the same mix. Then an ERP alone pushes 10,000 rows a minute. The run fails by an answer
that is an error, by anything lost or doubled, an error in the log, or a worker that was replaced or
whose memory grows.
"""

import json
import os
import platform
import time
from pathlib import Path

import sizes
from common import LOGS, ROOT, say, write_atomic
from load_checks import Questions
from load_people import Erp, Morning
from load_server import FULL, PLAIN, LoadServer, ensure_databases
from load_watch import (
    count_retries,
    describe_memory,
    find_faults_of_log,
    find_faults_of_memory,
    summarize,
)

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "load.json"
DOCUMENT = ROOT / "docs" / "performance.md"
MARKS = "<!-- load -->\n", "<!-- end of load -->\n"
ORDERS = 10_000
# A shorter run is a try, which is not written down.
LEAST_MINUTES = 5
# Seconds before the measured minutes: workers load, caches fill.
WARM_UP = 30
# Seconds within which the last e-mails must leave.
DRAIN = 900
# The flood: rows of a push, seconds between two, and how many of ten rows are mailed.
FLOOD_ROWS, FLOOD_PAUSE, FLOOD_MAILED = 1_000, 6, 1


def run(pg, options):
    """Make what is missing, let people work, write it down. Return the exit code."""
    ensure_databases(pg, ORDERS, sizes.inside)
    results = {"minutes": options.minutes, "mornings": [], "faults": []}
    for clients in [int(count) for count in options.clients.split(",") if count]:
        morning = {"clients": clients, "minutes": options.minutes}
        for name, database in (("full", FULL), ("plain", PLAIN)):
            say(f"{clients} clients for {options.minutes:g} minutes: {name}")
            morning[name] = work(pg, database, clients, options.minutes)
            results["faults"] += [f"{clients}, {name}: {one}" for one in morning[name]["faults"]]
        results["mornings"].append(morning)
        write_down(results)
    if options.flood:
        say(f"10,000 rows a minute for {options.flood:g} minutes")
        results["flood"] = flood(pg, options.flood)
        results["faults"] += [f"flood: {one}" for one in results["flood"]["faults"]]
        write_down(results)
    say("\n".join(results["faults"]) or "No error, nothing lost, nothing doubled.")
    return 1 if results["faults"] else 0


# === RUNS ===


def work(pg, database, clients, minutes):
    """Let clients work on a copy of a database. Return what came of it."""
    has_addons = database == FULL
    with LoadServer(pg, database, f"{clients}-{database}") as server:
        questions = Questions(server) if has_addons else None
        morning = Morning(server, has_addons)
        server.watch_memory()
        started = time.monotonic()
        morning.work(clients, WARM_UP, 60 * minutes)
        result = finish(server, morning, questions)
        result["minutes"] = round((morning.end - started) / 60, 2)
    result["requests"] = summarize(morning.seconds)
    tell(result)
    return result


def flood(pg, minutes):
    """Push 10,000 rows a minute, and see their e-mails leave. Return what came of it."""
    with LoadServer(pg, FULL, "flood") as server:
        questions, morning = Questions(server), Morning(server, True)
        erp = Erp(morning, 0, 0)
        server.watch_memory()
        started = time.monotonic()
        waiting, late = [], 0.0
        for number in range(round(60 * minutes / FLOOD_PAUSE)):
            due = started + number * FLOOD_PAUSE
            time.sleep(max(due - time.monotonic(), 0))
            late = max(late, time.monotonic() - due)
            with morning.noting_faults("flood"):
                erp.push("push of 1000 rows", erp.make_rows(FLOOD_ROWS, FLOOD_MAILED))
            waiting.append(server.count_waiting_mails())
        pushed = time.monotonic() - started
        erp.finish()
        result = finish(server, morning, questions)
    seconds = morning.seconds.get("push of 1000 rows", [])
    if late > FLOOD_PAUSE:
        result["faults"].append(f"a push began {late:.1f} seconds late")
    result.update(
        rows=len(morning.told["pushed"]),
        rows_a_minute=round(60 * len(morning.told["pushed"]) / max(pushed, 60 * minutes)),
        mails_a_minute=round(60 * result["mails"] / (pushed + result["drain_seconds"])),
        late_seconds=round(late, 2),
        waiting_mails=waiting,
        requests=summarize({"push of 1000 rows": seconds}),
    )
    tell(result)
    return result


def finish(server, morning, questions):
    """Wait for the last e-mails, and ask whether all is well. Return what came of it."""
    workers = list(server.samples)
    # Nobody works any more, and memory that is at rest would pass for flat.
    server.ended.set()
    began = time.monotonic()
    while questions and server.count_waiting_mails() and time.monotonic() - began < DRAIN:
        time.sleep(1)
    drain = time.monotonic() - began
    faults, mails = list(morning.faults), server.get_mails()
    if questions:
        parameters = questions.get_parameters(morning.told, mails)
        faults += questions.find_broken(parameters)
        if any(morning.told["ordered"][1:]):
            faults += questions.find_blind(parameters)
    if server.find_workers() != workers:
        faults.append(f"workers were replaced: {workers}, {server.find_workers()}")
    log = server.log.read_text()
    memory = describe_memory(server.samples)
    return {
        "faults": faults + find_faults_of_log(log) + find_faults_of_memory(memory),
        "memory": memory,
        "processor_seconds": server.measure_processor(),
        "retries": count_retries(log),
        "mails": len(mails),
        "drain_seconds": round(drain, 1),
        "told": {name: len(rows) for name, rows in morning.told.items()},
    }


def tell(result):
    for what, one in result["requests"].items():
        say(f"  {what:<28}{one['number']:>6}{one['p50']:>8}{one['p95']:>8}{one['p99']:>8} ms")
    words = {name: value for name, value in result.items() if name not in ("requests", "faults")}
    say(f"  {words}")
    for one in result["faults"]:
        say(f"  FAULT {one}")


# === WHAT COMES OF IT ===


def write_down(results):
    """Write load.json, and the tables of docs/performance.md, unless it was only a try."""
    machine = {"python": platform.python_version(), "processors": os.cpu_count()}
    path = RESULTS if results["minutes"] >= LEAST_MINUTES else LOGS / "load-try.json"
    write_atomic(path, json.dumps({"machine": machine, **results}, indent=1) + "\n")
    if path == RESULTS:
        begin, end = MARKS
        text = DOCUMENT.read_text()
        before, after = text.split(begin)[0], text.split(end)[1]
        write_atomic(DOCUMENT, f"{before}{begin}{tables(results)}{end}{after}")


def tables(results):
    """Return what was measured as tables in Markdown."""
    lines = ["Where plain Odoo has no such page, nothing stands.", ""]
    for morning in results["mornings"]:
        full, plain = morning["full"], morning["plain"]
        lines += [
            f"**{morning['clients']} clients** for {morning['minutes']:g} minutes, milliseconds:",
            "",
            "| what is asked | times | half | 95 % | 99 % | plain Odoo: half | 95 % | 99 % |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for what, one in full["requests"].items():
            other = plain["requests"].get(what, {})
            cells = [what, one["number"]]
            cells += [one[name] for name in ("p50", "p95", "p99")]
            cells += [other.get(name, "") for name in ("p50", "p95", "p99")]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines += ["", describe(full, plain), ""]
    if flood_result := results.get("flood"):
        push = flood_result["requests"]["push of 1000 rows"]
        lines += [
            f"**The flood**: {flood_result['rows']:,} rows,"
            f" {flood_result['rows_a_minute']:,} a minute. A push of 1,000 rows took"
            f" {push['p50']:,} ms (half of them), at most {push['p99']:,} (99 %)."
            f" {flood_result['mails']:,} e-mails left, {flood_result['mails_a_minute']:,} a minute;"
            f" the last one {flood_result['drain_seconds']:.0f} s after the last push."
            f" {describe_growth(flood_result)}",
            "",
        ]
    faults = results["faults"]
    lines += ["Faults:", "", *(f"- {one}" for one in faults)] if faults else ["No fault."]
    return "\n".join(lines) + "\n"


def describe(full, plain):
    told = full["told"]
    return (
        f"{told['pushed']:,} rows of the ERP, {told['flagged']:,} flags of clerks,"
        f" {told['ordered']:,} orders of buyers and {told['confirmed']:,} quotations are there"
        f" once, {full['mails']:,} e-mails arrived once, the last"
        f" {full['drain_seconds']:.0f} s after the end. Odoo ran {full['retries']} requests again"
        f" (plain Odoo {plain['retries']}), as others had changed the same rows."
        f" {describe_growth(full)}"
    )


def describe_growth(result):
    parts = [f"{one['middle']} to {one['last']} MB" for one in result["memory"]]
    return (
        "Memory of the workers, two for pages and two for scheduled actions, in the second half:"
        f" {', '.join(parts)}."
    )
