#!/usr/bin/env python3
"""Run Odoo's own test suites with and without the addons and print the difference.

The tests that belong to an installation (at_install) run while everything is installed into an
empty database, once without and once with the addons. Those that belong to an installed Odoo
(post_install) run suite by suite in copies of two databases, one of plain Odoo and one with every
addon. What fails or is skipped only with the addons is run once more, and against plain Odoo with
pricelists switched on too, since B2B Portal switches them on: only what fails both times with the
addons, and not in that database, counts. Results are kept below .odoo/core-tests/ until Odoo or
an addon changes, so a run that was stopped goes on where it was. All of it takes some hours.

Tests that need a browser are skipped in both, unless --browser is given: Debian's Odoo lacks
libraries that some of them need.
"""

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

import postgres
from common import (
    COMPANION_ADDONS,
    LOGS,
    PYTHON,
    ROOT,
    STATE,
    Problem,
    entry,
    free_port,
    manifests,
    read_text,
    say,
    show,
    telling_line,
    write_atomic,
)
from database import clone, create, drop, key, odoo_environment, read_mark, write_config
from templates import ASSETS, FULL, PLAIN, ensure_full, ensure_template

SUITES = [
    "sale",
    "sale_management",
    "portal",
    "sale_stock",
    "website_sale",
    "product",
    "website_sale_stock",
    "sale_pdf_quote_builder",
    "payment",
    "delivery",
    "stock_delivery",
]
# Plain Odoo with its style and script bundles, which the template with the addons has too.
BARE = "test_core_plain"
PRICELISTS = "test_core_pricelists"
SWITCH = """
env["res.config.settings"].create({"group_product_pricelist": True}).execute()
env.cr.commit()
"""
INSTALLATION = "installation"
RESULTS = STATE / "core-tests"
WORKERS = 2
FAILURE = re.compile(
    r"odoo\.addons\.(\w+)\.tests\.[\w.]+: (?:FAIL|ERROR): (?:Subtest )?(\w+)\.(\w+)"
)
# A class that cannot be set up fails as a whole.
CLASS_FAILURE = re.compile(r"ERROR: \w+Class \(odoo\.addons\.(\w+)\.tests\.[\w.]+\.(\w+)\)")
SKIPPED = re.compile(r"odoo\.addons\.(\w+)\.tests\.[\w.]+: skipped (\w+)\.(\w+) : (.*)")
TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


@dataclass
class Result:
    """What came of some tests in a copy of one database."""

    tests: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    seconds: int = 0

    @property
    def not_passed(self):
        return {*self.failed, *self.skipped}


# === RUNNING === #


@dataclass
class Runner:
    """How tests are run.

    :param dict pg: the PG* variables of the database server
    :param list suites: names of the addons whose tests are run
    :param bool browser: whether tests may use one
    """

    pg: dict[str, str]
    suites: list[str]
    browser: bool

    def run_kept(self, suite, template):
        """Run one suite, or all while they are installed; or take the result that is kept."""
        tags = [f"/{name}" for name in (self.suites if suite == INSTALLATION else [suite])]
        wanted = key(read_mark(self.pg, template)["key"], tags, self.browser)
        path = RESULTS / f"{suite}-{template}.json"
        kept = json.loads(read_text(path) or "{}")
        if kept.get("key") == wanted:
            return Result(**kept["result"])
        result = self.run(suite, template, tags)
        write_atomic(path, json.dumps({"key": wanted, "result": asdict(result)}, indent=1))
        return result

    def run(self, suite, template, tags, again=""):
        """Run tests in a database of their own.

        Those of the installation run while what makes a template is installed, the others in a
        copy of the template.

        :param list tags: tags of Odoo's test runner
        :param str again: tells a second run from the first
        """
        name = f"{again}{suite}-{template}"
        database = f"core_{name}".replace("-", "_")
        started = time.monotonic()
        if suite == INSTALLATION:
            create(self.pg, database)
            addons = [*COMPANION_ADDONS, *self.suites, *(manifests() if template == FULL else ())]
            options = ["-i", ",".join(addons), f"--test-tags={','.join([*tags, '-post_install'])}"]
        else:
            clone(self.pg, template, database)
            options = [f"--test-tags={','.join([*tags, '-at_install'])}"]
        try:
            result = read_result(self.call_odoo(name, database, options))
        finally:
            drop(self.pg, database)
        result.seconds = round(time.monotonic() - started)
        say(
            f"{name}: {result.tests} tests, {len(result.failed)} failed,"
            f" {len(result.skipped)} skipped, {result.seconds} s"
        )
        return result

    def call_odoo(self, name, database, options):
        """Run Odoo to its end. Return its log; it fails with its tests, which says nothing here."""
        env = odoo_environment(self.pg)
        if not self.browser:
            env["PATH"] = str(folder_without_browser())
        config = write_config(database, database, http_port=free_port(), max_cron_threads=0)
        command = [PYTHON, "-m", "odoo", "server", "-c", config, *options, "--stop-after-init"]
        log = LOGS / f"core-{name}.log"
        with log.open("w") as output:
            io = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            subprocess.run(command, env=env, cwd=ROOT, check=False, **io)
        return log


def folder_without_browser():
    """Return a folder for PATH: Odoo skips what needs a browser when it finds none there."""
    folder = RESULTS / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    if program := shutil.which("wkhtmltopdf"):
        with contextlib.suppress(FileExistsError):
            (folder / "wkhtmltopdf").symlink_to(program)
    return folder


def read_result(log):
    """Read what Odoo's runner logged.

    :raise Problem: when the tests did not come to their end
    """
    text = read_text(log)
    totals = TOTAL.findall(text)
    if not totals:
        raise Problem(f"the tests broke off: {telling_line(log)} (all of it: {show(log)})")
    failed = {f"/{module}:{case}.{method}" for module, case, method in FAILURE.findall(text)}
    failed |= {f"/{module}:{case}" for module, case in CLASS_FAILURE.findall(text)}
    skipped = {f"/{module}:{case}.{name}": why for module, case, name, why in SKIPPED.findall(text)}
    return Result(int(totals[-1][2]), sorted(failed), skipped)


def side_by_side(call, arguments):
    """Call a function for each tuple of arguments, two at a time. Return the results in order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(call, *values) for values in arguments]
        try:
            return [job.result() for job in jobs]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run_all(runner):
    """Run everything.

    :return: `{suite: (result of plain Odoo, result with the addons)}`
    """
    names = [INSTALLATION, *runner.suites]
    pairs = [(name, template) for name in names for template in (BARE, FULL)]
    results = side_by_side(runner.run_kept, pairs)
    return dict(zip(names, zip(results[::2], results[1::2], strict=True), strict=True))


def look_again(runner, runs):
    """Run what did not pass with the addons only again, with them and in plain Odoo.

    :return: `{tag: verdict}`; the verdict is empty for what the addons break
    """
    verdicts = {}
    for suite, (plain, added) in runs.items():
        if not (tags := sorted(added.not_passed - plain.not_passed)):
            continue
        template = BARE
        if suite != INSTALLATION:
            # Plain Odoo with the feature that B2B Portal switches on.
            template = ensure_template(runner.pg, PRICELISTS, BARE, script=SWITCH)
        jobs = [(suite, template, tags, "again-"), (suite, FULL, tags, "again-")]
        plain, added = (result.not_passed for result in side_by_side(runner.run, jobs))
        verdicts |= {tag: judge(tag, plain, added) for tag in tags}
    return verdicts


def judge(tag, plain, added):
    if tag in plain:
        return "the same in plain Odoo with pricelists switched on"
    return "" if tag in added else "passed the second time"


# === TELLING === #


def report(runs, verdicts):
    """Print the table and the difference. Return the exit code."""
    row = "{:24}{:>8}{:>9}{:>9}{:>8}{:>9}{:>9}"
    say(row.format("", "plain", "", "", "addons", "", ""))
    say(row.format("suite", *("tests", "failed", "skipped") * 2))
    for suite, pair in runs.items():
        numbers = [(run.tests, len(run.failed), len(run.skipped)) for run in pair]
        say(row.format(suite, *numbers[0], *numbers[1]))
    plain, added = ({k: v for pair in runs.values() for k, v in cells(pair[i])} for i in (0, 1))
    both = plain.keys() & added
    tell("Not passed in plain Odoo, nor with the addons", {k: plain[k] for k in both})
    tell("Not passed in plain Odoo only", {k: plain[k] for k in plain.keys() - both})
    tell("Not passed with the addons, for another reason", {k: v for k, v in verdicts.items() if v})
    broken = {tag: added[tag] for tag, verdict in verdicts.items() if not verdict}
    tell("Broken by the addons", broken)
    return 1 if broken else 0


def cells(result):
    yield from ((tag, "failed") for tag in result.failed)
    yield from ((tag, f"skipped: {why}") for tag, why in result.skipped.items())


def tell(title, tags):
    say(f"\n{title}: {len(tags)}")
    for tag, text in sorted(tags.items()):
        say(f"  {tag}  {text}")


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"default: {' '.join(SUITES)}")
    parser.add_argument("--browser", action="store_true", help="also what needs a browser")
    options = parser.parse_args()
    with postgres.server() as pg:
        ensure_full(pg)
        ensure_template(pg, BARE, PLAIN, script=ASSETS)
        runner = Runner(pg, options.suites or SUITES, options.browser)
        runs = run_all(runner)
        verdicts = look_again(runner, runs)
    return report(runs, verdicts)


if __name__ == "__main__":
    main()
