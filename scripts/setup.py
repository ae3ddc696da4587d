#!/usr/bin/env python3
"""The steps of the set-up that are more than one command; the Makefile knows what needs which."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from common import PYTHON, ROOT, VENV, Problem, entry, run, say, server_ports

SUPPORTED = [(3, 10), (3, 11), (3, 12), (3, 13)]
SYSTEM_PYTHON = "/usr/bin/python3"


def make_venv():
    """Make .venv/, for now without pip: its Python appears at once or not at all."""
    python = find_python()
    say(f"Making the virtual environment with {python}")
    command = [python, "-m", "venv", "--clear", "--without-pip", VENV]
    run(command, "venv.log", "the virtual environment failed")


def find_python():
    """Return the Python that Odoo shall run on: one that it supports, with what a venv needs.

    :raise Problem: when there is none, or none with the venv module
    """
    others = [f"python{major}.{minor}" for major, minor in reversed(SUPPORTED)]
    # Unless somebody asked for another: distributions build theirs with what a profile of its
    # work has shown, which one compiled by hand or by pyenv seldom is (docs/decisions/0101).
    first = [] if "PYTHON" in os.environ else [SYSTEM_PYTHON]
    without_venv = None
    for python in filter(None, map(shutil.which, [*first, sys.executable, *others])):
        probe = [python, "-c", "import sys; print(*sys.version_info[:2]); import venv, ensurepip"]
        result = subprocess.run(probe, capture_output=True, check=False)
        if tuple(map(int, result.stdout.split())) in SUPPORTED:
            if not result.returncode:
                return python
            without_venv = without_venv or python
    if without_venv:
        raise Problem(f"the venv module of {without_venv} is missing: apt-get install python3-venv")
    raise Problem(
        f"Odoo 19 runs on Python 3.10 to 3.13, this one is {sys.version.split()[0]}:"
        " install one of them, or call make with PYTHON=/path/of/python3"
    )


def install_requirements(name):
    """Install the packages of one requirements file."""
    say(f"Installing the Python packages of {name}")
    run([PYTHON, "-m", "ensurepip"], "venv.log", "the virtual environment has no pip")
    command = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "-r", name]
    failure = f"pip could not install {name}, run the same command again to go on"
    run(command, f"pip-{name}.log", failure, cwd=ROOT)


def missing_programs():
    """Return `{package: what does not work without it}` of the optional programs."""
    programs = {
        "wkhtmltopdf": ("PDFs (orders, invoices, pro-formas) cannot be made", ["wkhtmltopdf"]),
        "chromium": ("browser tests cannot run", ["chromium", "chromium-browser", "google-chrome"]),
    }
    return {
        name: text
        for name, (text, any_of) in programs.items()
        if not any(map(shutil.which, any_of))
    }


def find_odbc_driver():
    """Return PostgreSQL's ODBC driver, by which the queries of the ERP client are tested.

    :return: None when it, or the manager of drivers, is not there
    """
    folders = [Path("/usr/lib"), Path("/usr/lib64")] if shutil.which("isql") else []
    return next((path for folder in folders for path in folder.rglob("psqlodbcw.so")), None)


def install_programs():
    """Install what tests need when root asks, else say how to get it."""
    names = " ".join(missing_programs())
    may_install = not os.geteuid() and shutil.which("apt-get")
    if may_install and not shutil.which("npm"):
        # Others do without the accessibility tests.
        names += " npm"
    if may_install and not find_odbc_driver():
        # Others ask PostgreSQL by its own library.
        names += " unixodbc odbc-postgresql"
    if not names:
        return
    how = f"apt-get install --no-install-recommends {names}"
    if not may_install:
        raise Problem(f"the tests need {names}; install as root: {how}")
    say(f"Installing {names}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], "apt-programs.log", "apt-get update failed", env=quiet)
    run([*how.split(), "-y"], "apt-programs.log", f"could not install {names}", env=quiet)


STEPS = {
    "ports": server_ports,
    "venv": make_venv,
    "requirements": install_requirements,
    "programs": install_programs,
}


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("file", nargs="*", help="for requirements")
    options = parser.parse_args()
    STEPS[options.step](*options.file)


if __name__ == "__main__":
    main()
