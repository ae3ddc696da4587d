#!/usr/bin/env python3
"""The steps of the set-up that are more than one command; the Makefile knows what needs which."""

import argparse
import os
import shutil
import subprocess
import sys

from common import NPM, PYTHON, ROOT, VENV, Problem, check_space, entry, run, say, server_ports

SUPPORTED = [(3, 10), (3, 11), (3, 12), (3, 13)]
BROWSERS = ["google-chrome", "chromium", "chromium-browser"]


def choose_python():
    """Return a Python that Odoo 19 runs on: the one that runs this, else one on the PATH."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in reversed(SUPPORTED):
        if path := shutil.which(f"python{major}.{minor}"):
            return path
    raise Problem(
        f"Odoo 19 runs on Python 3.10 to 3.13, this one is {sys.version.split()[0]}:"
        " install one of them, or call make with PYTHON=/path/of/python3"
    )


def make_venv():
    """Make .venv/, for now without pip: its Python appears at once or not at all."""
    python = choose_python()
    probe = [python, "-c", "import venv, ensurepip"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        raise Problem(f"the venv module of {python} is missing: apt-get install python3-venv")
    say("Making the virtual environment")
    command = [python, "-m", "venv", "--clear", "--without-pip", VENV]
    run(command, "venv.log", "the virtual environment failed")


def install_requirements(name):
    """Install the packages of one requirements file."""
    check_space(ROOT, 600)
    say(f"Installing the Python packages of {name}")
    run([PYTHON, "-m", "ensurepip"], "venv.log", "the virtual environment has no pip")
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    failure = f"pip could not install {name}, run the same command again to go on"
    run([*pip, "install", "-r", ROOT / name], f"pip-{name}.log", failure)


def missing_programs():
    """Return `{package: what does not work without it}` of the optional programs."""
    missing = {}
    if not shutil.which("wkhtmltopdf"):
        missing["wkhtmltopdf"] = "PDFs (orders, invoices, pro-formas) cannot be made"
    if not any(map(shutil.which, BROWSERS)):
        missing["chromium"] = "browser tests cannot run"
    return missing


def install_programs(names):
    """Install Debian packages when root asks.

    :param names: of the packages
    :raise Problem: saying how to get them, when it cannot be done here
    """
    names = " ".join(names)
    how = f"apt-get install --no-install-recommends {names}"
    if not names:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise Problem(f"the tests need {names}; install as root: {how}")
    say(f"Installing {names}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], "apt-programs.log", "apt-get update failed", env=quiet)
    run([*how.split(), "-y"], "apt-programs.log", f"could not install {names}", env=quiet)


def install_axe():
    """Have npm put axe-core below .odoo/npm/: the pinned version, its checksum verified.

    The accessibility tests alone need it: without it they fail and say so, all others run.
    """
    try:
        if not shutil.which("npm"):
            install_programs(["npm"])
        say("Fetching axe-core for the accessibility tests")
        NPM.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / "tests" / name, NPM)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        run(command, "npm.log", "npm could not fetch it", cwd=NPM)
        (NPM / ".installed").touch()
    except Problem as problem:
        say(f"NOTE: no axe-core, so the accessibility tests will fail. {problem}")


@entry
def main():
    steps = {
        "ports": server_ports,
        "venv": make_venv,
        "requirements": install_requirements,
        "programs": lambda: install_programs(missing_programs()),
        "axe": install_axe,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=steps)
    parser.add_argument("file", nargs="*", help="for requirements")
    options = parser.parse_args()
    steps[options.step](*options.file)


if __name__ == "__main__":
    main()
