#!/usr/bin/env python3
"""Run every test: those of the addons inside Odoo, and those of tests/ from the outside.

The addons are tested in two surroundings: `full/ADDON` with every addon, stock and the web shop,
`alone/ADDON` with nothing but the addon's own dependencies. Two groups run side by side. A test
that is skipped counts as failed: nothing is left out in silence.
"""

import argparse
import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import postgres
import psutil
from common import (
    ADDONS,
    LOGS,
    PYTHON,
    ROOT,
    Problem,
    entry,
    manifests,
    read_text,
    running,
    say,
    show,
)
from database import clone, drop, odoo_environment, write_config
from templates import FULL, ensure_alone, ensure_full

WORKERS = 2


@dataclass
class Group:
    """Some tests that run in one process against one database, and what came of them."""

    name: str
    template: str
    addons: list[str]
    passed: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def log(self):
        return LOGS / f"test-{self.name.replace('/', '-')}.log"

    def run(self, pg, keyword):
        started = time.monotonic()
        result = self.log.with_suffix(".xml")
        result.unlink(missing_ok=True)
        run_group = self.run_inside if self.addons else self.run_outside
        with self.log.open("w") as log:
            extra = ["-k", keyword] if keyword else []
            code = run_group(pg, [f"--junitxml={result}", *extra], log)
        self.read_result(result, code, bool(keyword))
        seconds = time.monotonic() - started
        say(f"{self.name}: {self.passed} passed, {len(self.failed)} failed in {seconds:.0f} s")
        return self

    def run_inside(self, pg, options, log):
        """Run the tests of addons by pytest-odoo in a database of their own."""
        # Another name than any template's: it is dropped at the end.
        database = f"testing_{self.name.replace('/', '_')}"
        clone(pg, self.template, database)
        config = write_config(database, database)
        command = [PYTHON, "-m", "pytest", f"--odoo-config={config}", "--odoo-http", *options]
        # Odoo's own fixtures of helper classes are no tests of ours: only these folders count.
        folders = [ADDONS / name / "tests" for name in self.addons]
        try:
            return call([*command, *folders], odoo_environment(pg), log)
        finally:
            drop(pg, database)

    def run_outside(self, pg, options, log):
        """Run tests/, which never imports Odoo: neither must the plugin for addon tests."""
        command = [PYTHON, "-m", "pytest", "-p", "no:odoo", *options, ROOT / "tests"]
        return call(command, {**os.environ, **pg}, log)

    def read_result(self, path, code, filtered):
        if not path.exists():
            self.failed.append(f"{self.name}: pytest broke off, see {show(self.log)}")
            return
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            kinds = [child.tag for child in case]
            title = f"{case.get('classname')}.{case.get('name')}"
            if not {"failure", "error", "skipped"} & set(kinds):
                self.passed += 1
                continue
            kind = next(kind for kind in kinds if kind in ("failure", "error", "skipped"))
            self.failed.append(f"{self.name}: {title} ({kind})")
        # 5: nothing was collected, which is right only when a filter asked for it.
        if code and not self.failed and not (code == 5 and filtered):
            self.failed.append(f"{self.name}: pytest ended with code {code}, see {show(self.log)}")


def call(command, env, log):
    command = [str(part) for part in command]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", "--color=no", "--durations=10"],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        check=False,
    ).returncode


# === WHAT THERE IS TO RUN ===


def has_tests(addon):
    return any((ADDONS / addon / "tests").glob("test_*.py"))


def full_groups(wanted):
    """Return the groups of the full database: an addon each, the small glue addons together."""
    addons = [name for name in manifests() if has_tests(name)]
    glue = [name for name in addons if manifests()[name].get("auto_install")]
    groups = [Group("tests", FULL, [])]
    groups += [Group(f"full/{name}", FULL, [name]) for name in addons if name not in glue]
    if glue:
        groups.append(Group("full/glue", FULL, glue))
    return [group for group in groups if wanted(group.name)]


def alone_groups(wanted):
    """Return the groups of addons that must pass without any of the others beside them."""
    addons = [name for name, manifest in manifests().items() if not manifest.get("auto_install")]
    groups = [Group(f"alone/{name}", f"test_alone_{name}", [name]) for name in addons]
    return [group for group in groups if has_tests(group.addons[0]) and wanted(group.name)]


def run_all(pg, full, alone, keyword):
    """Make the databases and run the groups, two things at a time.

    :return: all groups, done
    """

    def prepare_full():
        if full:
            ensure_full(pg)
        return full

    def prepare_alone():
        for group in alone:
            ensure_alone(pg, group.addons[0])
        return alone

    done = []
    with ThreadPoolExecutor(WORKERS) as pool:
        pending = {pool.submit(prepare_full), pool.submit(prepare_alone)}
        try:
            while pending:
                ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                for result in (future.result() for future in ready):
                    if isinstance(result, Group):
                        done.append(result)
                    else:
                        pending |= {pool.submit(group.run, pg, keyword) for group in result}
        except BaseException:
            # Told to stop, or a database failed: nothing goes on in the background.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in psutil.Process().children(recursive=True):
                child.kill()
            raise
    return done


def report(groups):
    """Print what failed and the totals. Return the exit code."""
    failed = [title for group in groups for title in group.failed]
    for group in groups:
        if group.failed:
            say(f"\n== {group.name}: end of {show(group.log)}")
            say("\n".join(read_text(group.log).splitlines()[-120:]))
    if failed:
        say("\nFailed:")
        say("\n".join(f"  {title}" for title in failed))
    passed = sum(group.passed for group in groups)
    say(f"\n{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    groups = "tests, full, alone/ADDON, ...; may be repeated"
    parser.add_argument("--only", action="append", metavar="GROUP", help=groups)
    parser.add_argument("-k", dest="keyword", metavar="EXPRESSION", help="as pytest's -k")
    options = parser.parse_args()

    def wanted(name):
        return not options.only or any(name.startswith(prefix) for prefix in options.only)

    full, alone = full_groups(wanted), alone_groups(wanted)
    if not full and not alone:
        raise Problem(f"no group of tests is called {', '.join(options.only)}")
    refusal = "another `make test` runs in this checkout"
    with running(), postgres.lock("tests.running", refusal), postgres.server() as pg:
        return report(run_all(pg, full, alone, options.keyword))


if __name__ == "__main__":
    main()
