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
from common import ADDONS, LOGS, PYTHON, ROOT, Problem, entry, manifests, read_text, say, show
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
        options = [f"--junitxml={result}", "--durations=10", "--color=no", "-p", "no:cacheprovider"]
        options += ["-k", keyword] if keyword else []
        run_group = self.run_inside if self.addons else self.run_outside
        self.read_result(result, run_group(pg, options), bool(keyword))
        seconds = time.monotonic() - started
        say(f"{self.name}: {self.passed} passed, {len(self.failed)} failed in {seconds:.0f} s")
        return self

    def run_inside(self, pg, options):
        """Run the tests of addons by pytest-odoo in a database of their own."""
        # Another name than any template's: it is dropped at the end.
        database = f"testing_{self.name.replace('/', '_')}"
        clone(pg, self.template, database)
        options = [f"--odoo-config={write_config(database, database)}", "--odoo-http", *options]
        # Odoo's own fixtures of helper classes are no tests of ours: only these folders count.
        folders = [ADDONS / name / "tests" for name in self.addons]
        try:
            return self.call([*options, *folders], odoo_environment(pg))
        finally:
            drop(pg, database)

    def run_outside(self, pg, options):
        """Run tests/, which never imports Odoo: neither must the plugin for addon tests."""
        return self.call(["-p", "no:odoo", *options, ROOT / "tests"], {**os.environ, **pg})

    def call(self, options, env):
        command = [PYTHON, "-m", "pytest", *options]
        with self.log.open("w") as log:
            io = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            return subprocess.run(command, cwd=ROOT, env=env, check=False, **io).returncode

    def read_result(self, path, code, filtered):
        if not path.exists():
            self.failed.append(f"{self.name}: pytest broke off, see {show(self.log)}")
            return
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            if kinds:
                title = f"{case.get('classname')}.{case.get('name')}"
                self.failed.append(f"{self.name}: {title} ({kinds[0]})")
            else:
                self.passed += 1
        # 5: nothing was collected, which is right only when a filter asked for it.
        if code and not self.failed and not (code == 5 and filtered):
            self.failed.append(f"{self.name}: pytest ended with code {code}, see {show(self.log)}")


# === WHAT THERE IS TO RUN === #


def groups():
    """Return the groups of the full database, and those of addons without any other beside them.

    The small glue addons are tested together, and not alone.
    """
    addons = [name for name in manifests() if any((ADDONS / name / "tests").glob("test_*.py"))]
    glue = [name for name in addons if manifests()[name].get("auto_install")]
    others = [name for name in addons if name not in glue]
    full = [Group("tests", FULL, [])]
    full += [Group(f"full/{name}", FULL, [name]) for name in others]
    full += [Group("full/glue", FULL, glue)] if glue else []
    return full, [Group(f"alone/{name}", f"test_alone_{name}", [name]) for name in others]


def prepare(pg, full, alone):
    """Make the databases of some groups. Return the groups."""
    if full:
        ensure_full(pg)
    for group in alone:
        ensure_alone(pg, group.addons[0])
    return full or alone


def run_all(pg, full, alone, keyword):
    """Make the databases and run the groups, two things at a time.

    :return: all groups, done
    """
    done = []
    with ThreadPoolExecutor(WORKERS) as pool:
        pending = {pool.submit(prepare, pg, full, []), pool.submit(prepare, pg, [], alone)}
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


def report(done):
    """Print what failed and the totals. Return the exit code."""
    failed = [title for group in done for title in group.failed]
    for group in done:
        if group.failed:
            say(f"\n== {group.name}: end of {show(group.log)}")
            say("\n".join(read_text(group.log).splitlines()[-120:]))
    if failed:
        say("\n  ".join(["\nFailed:", *failed]))
    passed = sum(group.passed for group in done)
    say(f"\n{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    shown = "tests, full, alone/ADDON, ...; may be repeated"
    parser.add_argument("--only", action="append", metavar="GROUP", help=shown)
    parser.add_argument("-k", dest="keyword", metavar="EXPRESSION", help="as pytest's -k")
    options = parser.parse_args()
    only = tuple(options.only or [""])
    full, alone = ([g for g in found if g.name.startswith(only)] for found in groups())
    if not full and not alone:
        raise Problem(f"no group of tests is called {', '.join(only)}")
    refusal = "another `make test` runs in this checkout"
    with postgres.lock("tests.running", refusal), postgres.server() as pg:
        return report(run_all(pg, full, alone, options.keyword))


if __name__ == "__main__":
    main()
