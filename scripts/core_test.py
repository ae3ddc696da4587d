#!/usr/bin/env python3
"""Run Odoo's own test suites with and without the addons and print the difference.

Two databases are tested side by side. What fails only with the addons is run once more in both,
so that a test that fails now and then is not blamed on them. Takes an hour or more.
"""

import argparse
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import postgres
from common import LOGS, PYTHON, ROOT, Problem, entry, free_port, read_text, running, say, show
from database import clone, drop, odoo_environment, write_config
from templates import FULL, PLAIN, ensure_full

SUITES = [
    "sale",
    "sale_management",
    "sale_stock",
    "sale_pdf_quote_builder",
    "website_sale",
    "website_sale_stock",
    "portal",
    "delivery",
    "stock_delivery",
    "payment",
    "product",
]
FAILURE = re.compile(
    r"odoo\.addons\.(\w+)\.tests\.\S+: (?:FAIL|ERROR): (?:Subtest )?(\w+)(?:\.(\w+))?"
)
TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


def run_suite(pg, template, tags, round_name):
    """Run tests in a copy of a template.

    :return: the failed ones as tags of Odoo's test runner
    """
    name = f"core_{template}_{round_name}"
    log = LOGS / f"{name}.log"
    clone(pg, template, name)
    config = write_config(name, name, http_port=free_port(), max_cron_threads=0)
    command = [PYTHON, "-m", "odoo", "server", "-c", config, f"--test-tags={','.join(tags)}"]
    try:
        with log.open("w") as output:
            subprocess.run(
                [*command, "--stop-after-init"],
                env=odoo_environment(pg),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
    finally:
        drop(pg, name)
    text = read_text(log)
    totals = TOTAL.findall(text)
    if not totals:
        raise Problem(f"the tests of {template} broke off, see {show(log)}")
    failed, errors, count = totals[-1]
    say(f"{template}, {round_name}: {count} tests, {failed} failed, {errors} errors ({show(log)})")
    return {
        f"/{module}:{case}.{method}" if method else f"/{module}:{case}"
        for module, case, method in FAILURE.findall(text)
    }


def run_both(pg, tags, round_name):
    """Return what failed without and with the addons."""
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(run_suite, pg, name, tags, round_name) for name in (PLAIN, FULL)]
        return [job.result() for job in jobs]


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"default: {' '.join(SUITES)}")
    suites = parser.parse_args().suites or SUITES
    with running(), postgres.server() as pg:
        ensure_full(pg)
        without, added = run_both(pg, [f"/{name}" for name in suites], "all")
        suspects = added - without
        if suspects:
            without_again, added_again = run_both(pg, sorted(suspects), "again")
            suspects = (suspects & added_again) - without_again
    say(f"\nFail in plain Odoo too: {len(without)}")
    say("\n".join(f"  {tag}" for tag in sorted(without)))
    say(f"Fail only with the addons: {len(suspects)}")
    say("\n".join(f"  {tag}" for tag in sorted(suspects)))
    return 1 if suspects else 0


if __name__ == "__main__":
    main()
