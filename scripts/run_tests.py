#!/usr/bin/env python3
"""Run every test: those of the addons inside Odoo, and those of tests/ from the outside.

The addons are tested in two surroundings: `full/ADDON` with every addon, stock and the web shop,
`alone/ADDON` with nothing but the addon's own dependencies; the folders of tests/ are groups of
their own. Groups run side by side. A test that is skipped counts as failed: nothing is left
out in silence.
"""

import argparse
import os
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import postgres
import psutil
from common import (
    ADDONS,
    LOGS,
    PYTHON,
    ROOT,
    Problem,
    entry,
    environment,
    manifests,
    read_text,
    say,
    show,
)
from database import odoo_environment, scratch, write_config
from templates import ensure_alone, ensure_full

# One at a time makes the databases of a surrounding.
MAKING = {True: threading.Lock(), False: threading.Lock()}
# One more than the processors: tests/ often waits for a browser, a server or a time that is over.
SIDE_BY_SIDE = (os.cpu_count() or 1) + 1


def groups():
    """Return `{group: its addons}`; the small glue addons are tested together, and not alone.

    While the first, which takes longest, makes the full database, the next need smaller ones. So
    the other groups that need the full one come after these.
    """
    addons = [name for name in manifests() if any((ADDONS / name / "tests").glob("test_*.py"))]
    glue = [name for name in addons if manifests()[name].get("auto_install")]
    others = [name for name in addons if name not in glue]
    alone = {f"alone/{name}": [name] for name in others}
    outside = {f"tests/{path.name}": [] for path in outside_folders()}
    full = {f"full/{name}": [name] for name in others}
    return {"tests": [], **alone, **outside, "full/glue": glue, **full}


def outside_folders():
    """Return the folders of tests/ that are groups of their own: they run beside the others."""
    return sorted({path.parent for path in (ROOT / "tests").glob("*/test_*.py")})


def run_group(pg, name, addons, keyword):
    """Run the tests of a group in one process against a database. Return passed and failed."""
    with MAKING[name.startswith("alone/")]:
        template = ensure_alone(pg, *addons) if name.startswith("alone/") else ensure_full(pg)
    started = time.monotonic()
    result = log_of(name).with_suffix(".xml")
    result.unlink(missing_ok=True)
    options = [f"--junitxml={result}", "--durations=10", "--color=no", "-p", "no:cacheprovider"]
    # Collects garbage five times at the end, a second each with a registry of Odoo.
    options += ["-p", "no:unraisableexception"]
    options += ["-k", keyword] if keyword else []
    if addons:
        database = f"testing_{name.replace('/', '_')}"
        options += [f"--odoo-config={write_config(database, database)}", "--odoo-http"]
        options += ["-p", "tests.kit.kept_caches", "-p", "tests.kit.patient_browser"]
        # Odoo's own fixtures of helper classes are no tests of ours: only these folders count.
        folders = [ADDONS / addon / "tests" for addon in addons]
        with scratch(pg, database, template):
            code = pytest(name, [*options, *folders], odoo_environment(pg))
    else:
        others = [f"--ignore={path}" for path in outside_folders()] if name == "tests" else []
        # They never import Odoo: neither must the plugin for addon tests.
        options += ["-p", "no:odoo", *others, ROOT / name]
        code = pytest(name, options, {**environment(), **pg})
    passed, failed = read_result(result, code, keyword)
    say(f"{name}: {passed} passed, {failed} failed in {time.monotonic() - started:.0f} s")
    return passed, failed


def pytest(name, options, env):
    with log_of(name).open("w") as log:
        io = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        command = [PYTHON, "-m", "pytest", *options]
        return subprocess.run(command, cwd=ROOT, env=env, check=False, **io).returncode


def log_of(name):
    return LOGS / f"test-{name.replace('/', '-')}.log"


def read_result(path, code, keyword):
    """Count what pytest wrote down; its log names what failed.

    :return: `(passed, failed)`; a run that broke off has failed, whatever it did before
    """
    cases = list(ElementTree.parse(path).iter("testcase")) if path.exists() else []
    bad = [case for case in cases if {"failure", "error", "skipped"} & {sub.tag for sub in case}]
    # 5: nothing was collected, which is right only when a filter asked for it.
    broken_off = not path.exists() or (code and not (code == 5 and keyword))
    return len(cases) - len(bad), len(bad) or int(broken_off)


def side_by_side(call, arguments, at_a_time=2):
    """Call a function for each tuple of arguments, some at a time. Return the results in order."""
    with ThreadPoolExecutor(at_a_time) as pool:
        jobs = [pool.submit(call, *values) for values in arguments]
        try:
            wait(jobs, return_when=FIRST_EXCEPTION)
            failed = [job for job in jobs if job.done() and job.exception()]
            return [job.result() for job in failed or jobs]
        except BaseException:
            # Told to stop, or a job failed: nothing goes on in the background.
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(job.done() for job in jobs):
                for child in psutil.Process().children(recursive=True):
                    child.kill()
                time.sleep(0.2)
            raise


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    shown = "tests, tests/e2e, full, alone/ADDON, ...; may be repeated"
    parser.add_argument("--only", action="append", metavar="GROUP", help=shown)
    parser.add_argument("-k", dest="keyword", metavar="EXPRESSION", help="as pytest's -k")
    options = parser.parse_args()
    only = tuple(options.only or [""])
    chosen = {name: addons for name, addons in groups().items() if name.startswith(only)}
    if not chosen:
        raise Problem(f"no group of tests is called {', '.join(only)}")
    refusal = "another `make test` runs in this checkout"
    with postgres.lock("tests.running", refusal), postgres.server() as pg:
        jobs = [(pg, name, addons, options.keyword) for name, addons in chosen.items()]
        results = side_by_side(run_group, jobs, SIDE_BY_SIDE)
    bad = [name for name, (_passed, failed) in zip(chosen, results, strict=True) if failed]
    for name in bad:
        say(
            f"\n== {name}: end of {show(log_of(name))}",
            *read_text(log_of(name)).splitlines()[-120:],
            sep="\n",
        )
    passed, failed = map(sum, zip(*results, strict=True))
    say(f"\n{passed} passed, {failed} failed {', '.join(bad)}".rstrip())
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    main()
