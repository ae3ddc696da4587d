#!/usr/bin/env python3
"""The part of the benchmarks that works inside Odoo; harness.py calls it."""

import argparse
import contextlib
import gc
import importlib
import json
import math
import pkgutil
import re
import statistics
import subprocess
import sys
import time
import traceback
from pathlib import Path

import requests

import odoo.modules.registry
from odoo import api
from odoo.tools import config

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import data
from common import LOGS, PYTHON, ROOT, free_port
from database import write_config
from visitor import Visitor

HERE = Path(__file__).resolve().parent
SCENARIOS = {}
ADMIN = 2


def scenario(function):
    """Register a function `(bench)` that yields or calls `bench.report(...)`."""
    SCENARIOS[function.__name__] = function
    return function


def commit(env):
    """Commit, and tell the web servers what they have to read anew."""
    env.cr.commit()
    env.registry.signal_changes()


class Bench:
    """What a scenario works with: environments, timing in turns, web servers.

    :param int pairs: how many alternating pairs to measure
    """

    def __init__(self, pairs):
        self.pairs = pairs
        self.name = None
        self.servers = {}

    # === ENVIRONMENTS ===

    @contextlib.contextmanager
    def transaction(self, database, user=ADMIN):
        """Give an environment whose changes are undone at the end."""
        registry = odoo.modules.registry.Registry(database)
        with registry.cursor() as cr:
            try:
                yield api.Environment(cr, user, {})
            finally:
                cr.rollback()
                registry.reset_changes()  # what was read of what is undone

    # === TIMING ===

    def sample(self, database, prepare, act):
        """Return the seconds and queries of `act(prepare(env))` with its flush, then undo it."""
        with self.transaction(database) as env:
            subject = prepare(env)
            gc.collect()
            queries = env.cr.sql_log_count
            started = time.perf_counter()
            act(subject)
            env.cr.flush()
            return time.perf_counter() - started, env.cr.sql_log_count - queries

    def alternate(self, base, other, times=1):
        """Measure two functions in turn, A B then B A.

        :param base: returns seconds
        :param other: returns seconds
        :param int times: how many times the usual number of pairs, for what is quick
        :return: the ratios other / base, a pair each
        """
        base(), other()
        ratios = []
        for number in range(self.pairs * times):
            if number % 2:
                second, first = other(), base()
            else:
                first, second = base(), other()
            ratios.append(second / first)
        return ratios

    def report(self, metric, value, **detail):
        """Print one result for the harness: a number, or ratios of which the median counts."""
        result = {"scenario": self.name, "metric": metric}
        if isinstance(value, list):
            low, middle, high = statistics.quantiles(value, n=4)
            result.update(value=middle, quartiles=[low, high], pairs=len(value))
        else:
            result["value"] = value
        print(json.dumps({**result, "detail": detail}), flush=True)

    # === PAGES ===

    def visitor(self, database, login=None):
        """Return a visitor of a database's web server: `visitor(path)` is the seconds it took."""
        return Visitor(self.server(database), login)

    def page_queries(self, database, path, visitor):
        """Return how many queries a page takes, as the web server's log says."""
        for _time in range(3):
            visitor(path)  # what can be cached is
        log = LOGS / f"{database}.log"
        size = log.stat().st_size
        visitor(path)
        for _attempt in range(50):  # the line comes after the answer
            found = re.findall(
                r'"GET [^"]*" 200 - (?:\x1b\[\S*?m)?(\d+)', log.read_bytes()[size:].decode()
            )
            if found:
                return int(found[-1])
            time.sleep(0.1)
        raise RuntimeError(f"the log tells no number of queries of {path}")

    def server(self, database):
        """Start a web server for a database, without scheduled actions. Return its URL."""
        if database not in self.servers:
            port = free_port()
            settings = {"http_port": port, "max_cron_threads": 0}
            path = write_config(f"bench-{database}", database, **settings)
            with (LOGS / f"{database}.log").open("w") as log:
                process = subprocess.Popen(
                    [PYTHON, "-m", "odoo", "server", "-c", path], stdout=log, stderr=log, cwd=ROOT
                )
            url = f"http://127.0.0.1:{port}"
            self.servers[database] = process, url
            self.wait_for(url)
        return self.servers[database][1]

    def wait_for(self, url):
        for _attempt in range(300):
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{url}/web/health", timeout=60).ok:
                    return
            time.sleep(0.3)
        raise RuntimeError(f"{url} does not answer")

    def stop_servers(self):
        for process, _url in self.servers.values():
            process.terminate()
            process.wait(30)
        self.servers.clear()


def load_scenarios():
    """Import every file of scenarios/; each registers its functions."""
    # The files import this one by name; it runs as a script.
    sys.modules["measure"] = sys.modules["__main__"]
    for module in pkgutil.iter_modules([str(HERE / "scenarios")]):
        importlib.import_module(f"scenarios.{module.name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["generate", "measure"])
    parser.add_argument("--config", required=True)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_intermixed_args()
    config.parse_config(["-c", options.config, "--log-level=warn", "--no-http"])
    if options.command == "generate":
        database, orders = options.arguments
        with odoo.modules.registry.Registry(database).cursor() as cr:
            data.generate(api.Environment(cr, ADMIN, {}), int(orders))
        return
    load_scenarios()
    bench = Bench(options.pairs)
    for bench.name in options.arguments:
        try:
            SCENARIOS[bench.name](bench)
        except Exception:
            # The other benchmarks are worth their results.
            traceback.print_exc()
            bench.report("broke off", math.inf)
        finally:
            # What a server has kept in memory for one must not slow down another's.
            bench.stop_servers()


if __name__ == "__main__":
    main()
