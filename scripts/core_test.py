#!/usr/bin/env python3
"""Run Odoo's own test suites with and without the addons and print the difference.

Tests of the installation (at_install) run while everything is installed into an empty database,
once without and once with the addons; the others (post_install) suite by suite in copies of plain
Odoo and of Odoo with every addon. What does not pass with the addons alone is run once more, and
against plain Odoo with pricelists switched on, since B2B Portal switches them on: only what fails
both times with the addons, and not there, counts. A log below .odoo/core-tests/ that came to its
end is not made again until Odoo or an addon changes, so a run that was stopped goes on where it
was. All of it takes some hours. Tests that need a browser are skipped in both, unless --browser is
given: Debian's Odoo lacks libraries that some of them need.
"""

import argparse
import contextlib
import re
import shutil
import subprocess
from typing import NamedTuple

import postgres
from common import (
    COMPANION_ADDONS,
    PYTHON,
    ROOT,
    STATE,
    Problem,
    entry,
    free_port,
    manifests,
    read_text,
    reason,
    say,
)
from database import key, odoo_environment, read_mark, scratch, write_config
from run_tests import side_by_side
from templates import ASSETS, FULL, PLAIN, ensure_full, ensure_template

SUITES = ["sale", "sale_management", "portal", "sale_stock", "website_sale", "product"]
SUITES += ["website_sale_stock", "sale_pdf_quote_builder", "payment", "delivery", "stock_delivery"]
INSTALLATION = "installation"
# Plain Odoo with its style and script bundles, which the template with the addons has too.
BARE = "test_core_plain"
PRICELISTS = "test_core_pricelists"
SWITCH = """
env["res.config.settings"].create({"group_product_pricelist": True}).execute()
env.cr.commit()
"""
RESULTS = STATE / "core-tests"
NAME = r"odoo\.addons\.(\w+)\.tests\.[\w.]+"
FAILURE = re.compile(NAME + r": (?:FAIL|ERROR): (?:Subtest )?(\w+\.\w+)")
# A class that cannot be set up fails as a whole.
CLASS_FAILURE = re.compile(r"ERROR: \w+Class \(" + NAME + r"\.(\w+)\)")
SKIPPED = re.compile(NAME + r": skipped (\w+\.\w+) : (.*)")
TOTAL = re.compile(r"\d+ failed, \d+ error\(s\) of (\d+) tests")


class Result(NamedTuple):
    """What came of some tests: how many there are, and `{tag: what}` of those that did not pass."""

    tests: int
    not_passed: dict

    def count(self, word):
        return sum(what.startswith(word) for what in self.not_passed.values())


def read_result(log):
    """Read what Odoo's runner logged.

    :raise Problem: when the tests did not come to their end
    """
    text = read_text(log)
    totals = TOTAL.findall(text)
    if not totals:
        raise Problem(f"the tests broke off: {reason(log)}")
    not_passed = {
        f"/{addon}:{test}": f"skipped: {why}" for addon, test, why in SKIPPED.findall(text)
    }
    failures = FAILURE.findall(text) + CLASS_FAILURE.findall(text)
    return Result(
        int(totals[-1]), not_passed | {f"/{addon}:{t}": "failed" for addon, t in failures}
    )


def run(pg, options, suite, template, tags=()):
    """Run tests in a database of their own, or read the log that is there of the same.

    Those of the installation run while what makes a template is installed, the others in a copy of
    the template.

    :param tags: of Odoo's test runner; without, the whole suite
    """
    installing = suite == INSTALLATION
    tags = tags or [f"/{name}" for name in (options.suites if installing else [suite])]
    wanted = key(read_mark(pg, template)["key"], tags, options.browser)
    log = RESULTS / f"{suite}-{template}-{wanted}.log"
    if not TOTAL.search(read_text(log)):
        arguments = ["--test-tags", ",".join([*tags, f"-{'post' if installing else 'at'}_install"])]
        if installing:
            addons = [
                *COMPANION_ADDONS,
                *options.suites,
                *(manifests() if template == FULL else ()),
            ]
            arguments += ["-i", ",".join(addons)]
        database = f"core_{suite}_{template}"
        with scratch(pg, database, None if installing else template):
            call_odoo(pg, database, arguments, log, options.browser)
    result = read_result(log)
    say(f"{log.stem}: {result.tests} tests, {len(result.not_passed)} not passed")
    return result


def call_odoo(pg, database, arguments, log, browser):
    """Run Odoo to its end; it fails with its tests, which says nothing here."""
    env = odoo_environment(pg)
    if not browser:
        env["PATH"] = str(folder_without_browser())
    config = write_config(database, database, http_port=free_port(), max_cron_threads=0)
    command = [PYTHON, "-m", "odoo", "server", "-c", config, *arguments, "--stop-after-init"]
    with log.open("w") as out:
        io = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
        subprocess.run(command, env=env, cwd=ROOT, check=False, **io)


def folder_without_browser():
    """Return a folder for PATH: Odoo skips what needs a browser when it finds none there."""
    folder = RESULTS / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    if program := shutil.which("wkhtmltopdf"):
        with contextlib.suppress(FileExistsError):
            (folder / "wkhtmltopdf").symlink_to(program)
    return folder


def look_again(pg, options, runs):
    """Run what did not pass with the addons only again, with them and in plain Odoo.

    :return: `{tag: verdict}`; the verdict is empty for what the addons break
    """
    verdicts = {}
    for suite, (plain, added) in runs.items():
        if not (tags := sorted(added.not_passed.keys() - plain.not_passed)):
            continue
        template = BARE
        if suite != INSTALLATION:
            # Plain Odoo with the feature that B2B Portal switches on.
            template = ensure_template(pg, PRICELISTS, BARE, script=SWITCH)
        jobs = [(pg, options, suite, name, tags) for name in (template, FULL)]
        plain, added = side_by_side(run, jobs)
        verdicts |= {tag: judge(tag, plain.not_passed, added.not_passed) for tag in tags}
    return verdicts


def judge(tag, plain, added):
    if tag in plain:
        return "the same in plain Odoo with pricelists switched on"
    return "" if tag in added else "passed the second time"


def report(runs, verdicts):
    """Print the table and the difference. Return the exit code."""
    row = "{:24}{:>8}{:>9}{:>9}{:>8}{:>9}{:>9}"
    say(row.format("", "plain", "", "", "addons", "", ""))
    say(row.format("suite", *("tests", "failed", "skipped") * 2))
    plain, added = {}, {}
    for suite, (before, after) in runs.items():
        numbers = (
            (run.tests, run.count("failed"), run.count("skipped")) for run in (before, after)
        )
        say(row.format(suite, *next(numbers), *next(numbers)))
        plain |= before.not_passed
        added |= after.not_passed
    tell("Not passed in plain Odoo, nor with the addons", plain, plain.keys() & added)
    tell("Not passed in plain Odoo only", plain, plain.keys() - added)
    excused = {tag: verdict for tag, verdict in verdicts.items() if verdict}
    tell("Not passed with the addons, for another reason", excused, excused)
    tell("Broken by the addons", added, broken := verdicts.keys() - excused)
    return 1 if broken else 0


def tell(title, texts, tags):
    say("\n  ".join([f"\n{title}: {len(tags)}", *(f"{tag}  {texts[tag]}" for tag in sorted(tags))]))


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=SUITES, help=f"default: {' '.join(SUITES)}")
    parser.add_argument("--browser", action="store_true", help="also what needs a browser")
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    with postgres.server() as pg:
        ensure_full(pg)
        ensure_template(pg, BARE, PLAIN, script=ASSETS)
        names = [INSTALLATION, *options.suites]
        pairs = [(pg, options, name, template) for name in names for template in (BARE, FULL)]
        results = side_by_side(run, pairs)
        runs = dict(zip(names, zip(results[::2], results[1::2], strict=True), strict=True))
        return report(runs, look_again(pg, options, runs))


if __name__ == "__main__":
    main()
