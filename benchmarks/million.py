#!/usr/bin/env python3
"""The part of `make bench ARGS="--million"` that works inside Odoo; sizes.py calls it.

`fill plain DATABASE ORDERS`, `fill addons DATABASE ORDERS`: write what a shop of that size has,
and fail when a copy differs from what Odoo writes. `measure SMALL BIG ...`: time each surface in
the databases in turn. `explain DATABASE`: write down the plans, and say which grow.
"""

import argparse
import json
import math
import statistics
import sys
import time
import traceback
from pathlib import Path

import odoo.modules.registry
import odoo.service.server
from odoo import api
from odoo.sql_db import Cursor
from odoo.tools import config

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import plans
from measure import ADMIN, Bench
from million_data import AddonFilling, PlainFilling
from surfaces import SURFACES, Site

HERE = Path(__file__).resolve().parent
PLANS = HERE / "plans.txt"
# Surfaces whose queries grow all the same, and why that is so.
EXCUSED = json.loads((HERE / "excused.json").read_text())
# Not worth explaining: they are small whatever the number of orders.
WATCHED = (
    *("sale_order", "sale_order_line", "sale_order_status_history", "sale_order_erp_touch"),
    *("sale_order_erp_document", "sale_order_erp_version", "res_partner", "account_move"),
    *("account_move_line", "product_product", "product_template", "mail_message"),
    *("mail_followers", "customer_product_reference", "b2b_agreement", "order_flag_feed_log"),
)


def tell(**result):
    print(json.dumps(result), flush=True)


def fill(step, database, orders):
    """Fill a database, and compare what was copied with what Odoo wrote."""
    kinds = {"plain": PlainFilling, "addons": AddonFilling}
    with odoo.modules.registry.Registry(database).cursor() as cr:
        started = time.monotonic()
        # The administrator sells: nobody is told that an order is now his.
        filling = kinds[step](api.Environment(cr, ADMIN, {}), int(orders))
        filling.run()
        cr.flush()
        tell(step=step, database=database, seconds=round(time.monotonic() - started, 1))
        differences = filling.differences()
        cr.commit()
    if differences:
        raise SystemExit("Copies differ from what Odoo writes:\n" + "\n".join(differences))


class Measuring(Bench):
    """Surfaces asked of several databases in turn."""

    def __init__(self, pairs, databases):
        super().__init__(pairs)
        self.sites = {database: Site(self, database) for database in databases}

    def ask(self, surface, database):
        """Ask once. Return the seconds, those of the processors, and the queries."""
        site = self.sites[database]
        if surface.path:
            path = surface.path(site) if callable(surface.path) else surface.path
            site.client(surface.login)
            queries = odoo.sql_db.sql_counter
            with Stopwatch() as watch:
                site.fetch(path, surface.login)
            return watch.seconds, watch.processor, odoo.sql_db.sql_counter - queries

        def act(env):
            with watch:
                surface.act(site, env)
                env.cr.flush()

        watch = Stopwatch()
        _seconds, queries = self.sample(database, lambda env: env, act)
        return watch.seconds, watch.processor, queries

    def compare(self, surface):
        """Ask all databases in turn, the first one first, then the last one first."""
        databases = list(self.sites)
        seconds = {database: [] for database in databases}
        processor = {database: [] for database in databases}
        queries = {}
        for database in databases * 2:
            queries[database] = self.ask(surface, database)[2]
        for number in range(self.pairs):
            for database in databases[:: -1 if number % 2 else 1]:
                taken, busy, _queries = self.ask(surface, database)
                seconds[database].append(taken)
                processor[database].append(busy)
        return seconds, processor, queries


class Stopwatch:
    """The seconds that something took, and how long the processors worked for it.

    Other work on the machine makes the seconds longer; the time of the processors, that of Odoo
    and of its connections to PostgreSQL together, much less.
    """

    def __enter__(self):
        self._before = self._read_connections()
        self._processor, self._started = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_error):
        self.seconds = time.perf_counter() - self._started
        self.processor = time.process_time() - self._processor
        after = self._read_connections()
        self.processor += sum(after[pid] - self._before[pid] for pid in after.keys() & self._before)

    def _read_connections(self):
        """Return `{process: seconds}`; nothing where PostgreSQL is on another machine."""
        connections = odoo.sql_db._Pool._connections if odoo.sql_db._Pool else []
        pids = {one.get_backend_pid() for one in connections if not one.closed}
        found = {pid: Path(f"/proc/{pid}/schedstat") for pid in pids}
        return {
            pid: int(path.read_text().split()[0]) / 1e9
            for pid, path in found.items()
            if path.exists()
        }


def divide(small, big):
    return [b / a for a, b in zip(small, big, strict=True)]


def measure(databases, names, pairs):
    """Time the surfaces, and print a result for each."""
    measuring = Measuring(pairs, databases)
    small, big = databases[0], databases[-1]
    for name in names or SURFACES:
        try:
            seconds, processor, queries = measuring.compare(SURFACES[name])
        except Exception:
            # The other surfaces are worth their results.
            traceback.print_exc()
            tell(surface=name, ratio=math.inf)
            continue
        ratios = divide(seconds[small], seconds[big])
        low, middle, high = statistics.quantiles(ratios, n=4)
        tell(
            surface=name,
            ratio=round(middle, 3),
            quartiles=[round(low, 3), round(high, 3)],
            processor=round(statistics.median(divide(processor[small], processor[big])), 3),
            pairs=len(ratios),
            milliseconds={
                database: round(1000 * min(values), 1) for database, values in seconds.items()
            },
            queries=queries,
        )


def explain(database, names):
    """Write the plans of the surfaces down, and print a result for each."""
    measuring = Measuring(1, [database])
    with measuring.transaction(database) as env:
        env.cr.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND reltuples > %s",
            [list(WATCHED), plans.BIG],
        )
        tables = {name for (name,) in env.cr.fetchall()}
    written = {}
    for name in names or SURFACES:
        surface = SURFACES[name]
        try:
            measuring.ask(surface, database)
            with plans.explaining(Cursor, tables) as found:
                measuring.ask(surface, database)
        except Exception:
            traceback.print_exc()
            tell(surface=name, faults=["broke off"], excuse=None)
            continue
        for query in found:
            query.faults = plans.find_faults(query.plan, tables)
        written[name] = found
        faults = sorted({fault for query in found for fault in query.faults})
        tell(surface=name, queries=len(found), faults=faults, excuse=EXCUSED.get(name))
    if not names:
        PLANS.write_text(plans.write_down(written, EXCUSED))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["fill", "measure", "explain"])
    parser.add_argument("--config", required=True)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--only", default="", help="surfaces, by commas")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_intermixed_args()
    config.parse_config(["-c", options.config, "--log-level=error", "--no-http"])
    odoo.service.server.load_server_wide_modules()
    names = [name for name in options.only.split(",") if name]
    if options.command == "fill":
        fill(*options.arguments)
    elif options.command == "measure":
        measure(options.arguments, names, options.pairs)
    else:
        explain(options.arguments[0], names)


if __name__ == "__main__":
    main()
