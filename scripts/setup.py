#!/usr/bin/env python3
"""Set up what the other scripts need: the virtual environment and Odoo's source.

Everything lands below .venv/ and .odoo/ of the checkout. Each step is left out when it is done
already, and a step that was broken off starts anew.
"""

import argparse
import os
import shutil
import subprocess
import sys

import odoo_source
from common import (
    LOGS,
    NPM,
    PYTHON,
    ROOT,
    VENV,
    Problem,
    check_space,
    entry,
    fingerprint,
    read_text,
    run,
    say,
    server_ports,
    write_atomic,
)

SUPPORTED = [(3, 10), (3, 11), (3, 12), (3, 13)]
BROWSERS = ["google-chrome", "chromium", "chromium-browser"]


def choose_python():
    """Return a Python that Odoo 19 runs on: the one that runs this, else one on the PATH."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in reversed(SUPPORTED):
        path = shutil.which(f"python{major}.{minor}")
        if path:
            return path
    raise Problem(
        f"Odoo 19 runs on Python 3.10 to 3.13, this one is {sys.version.split()[0]}:"
        " install one of them, or call make with PYTHON=/path/of/python3"
    )


def ensure_venv():
    """Make .venv/ unless a working one is there."""
    check = [str(PYTHON), "-c", "import pip, sys; assert sys.version_info[:2] in " + str(SUPPORTED)]
    if PYTHON.exists() and not subprocess.run(check, capture_output=True, check=False).returncode:
        return
    python = choose_python()
    probe = [python, "-c", "import venv, ensurepip"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        raise Problem(f"the venv module of {python} is missing: apt-get install python3-venv")
    say("Making the virtual environment")
    run([python, "-m", "venv", "--clear", VENV], "venv.log", "the virtual environment failed")


def ensure_requirements(name):
    """Install one requirements file unless its very contents are installed."""
    files = [ROOT / "requirements.txt", ROOT / name]
    stamp = VENV / f".installed-{name}"
    wanted = fingerprint(*files)
    if read_text(stamp) == wanted:
        return
    check_space(ROOT, 600)
    say(f"Installing the Python packages of {name}")
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(
        [*pip, "install", "-r", ROOT / name],
        f"pip-{name}.log",
        f"pip could not install {name}, run the same command again to go on",
    )
    write_atomic(stamp, wanted)


def missing_programs():
    """Return `{package: what does not work without it}` of the optional programs."""
    missing = {}
    if not shutil.which("wkhtmltopdf"):
        missing["wkhtmltopdf"] = "PDFs (orders, invoices, pro-formas) cannot be made"
    if not any(map(shutil.which, BROWSERS)):
        missing["chromium"] = "browser tests cannot run"
    return missing


def ensure_programs():
    """Make sure of the programs that the tests need; as root install what is missing."""
    if missing := missing_programs():
        install_programs(" ".join(missing))


def install_programs(names):
    """Install Debian packages when root asks.

    :param str names: the packages, separated by blanks
    :raise Problem: saying how to get them, when it cannot be done here
    """
    how = f"apt-get install --no-install-recommends {names}"
    if os.geteuid() or not shutil.which("apt-get"):
        raise Problem(f"the tests need {names}; install as root: {how}")
    say(f"Installing {names}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], "apt-programs.log", "apt-get update failed", env=quiet)
    run([*how.split(), "-y"], "apt-programs.log", f"could not install {names}", env=quiet)


def ensure_axe():
    """Have npm put axe-core below .odoo/npm/: the pinned version, its checksum verified.

    The accessibility tests alone need it: without it they fail and say so, all others run.
    """
    files = [ROOT / "tests" / "package.json", ROOT / "tests" / "package-lock.json"]
    stamp = NPM / ".installed"
    wanted = fingerprint(*files)
    if read_text(stamp) == wanted:
        return
    try:
        if not shutil.which("npm"):
            install_programs("npm")
        say("Fetching axe-core for the accessibility tests")
        NPM.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, NPM)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        run(command, "npm.log", "npm could not fetch it", cwd=NPM)
        write_atomic(stamp, wanted)
    except Problem as problem:
        say(f"NOTE: no axe-core, so the accessibility tests will fail. {problem}")


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--run", action="store_true", help="for `make run`: look at the ports first"
    )
    parser.add_argument("--test", action="store_true", help="also what the tests need")
    parser.add_argument("--lint", action="store_true", help="only what `make lint` needs")
    parser.add_argument("--build", action="store_true", help="only what `make build` needs")
    options = parser.parse_args()
    if options.run:
        # Better known before the downloads than after them.
        server_ports()
    LOGS.mkdir(parents=True, exist_ok=True)
    ensure_venv()
    if options.lint:
        ensure_requirements("requirements-lint.txt")
        return
    if options.build:
        ensure_requirements("requirements-build.txt")
        return
    ensure_requirements("requirements.txt")
    odoo_source.ensure()
    if options.test:
        ensure_requirements("requirements-test.txt")
        ensure_requirements("requirements-build.txt")
        ensure_programs()
        ensure_axe()
        return
    for package, effect in missing_programs().items():
        say(f"Note: {package} is not installed: {effect}. To have it: apt-get install {package}")


if __name__ == "__main__":
    main()
