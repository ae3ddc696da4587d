#!/usr/bin/env python3
"""Run ruff, ruff-format and pylint-odoo over the whole repository. Change nothing."""

import argparse
import subprocess

from common import ADDONS, PYTHON, ROOT, Problem, entry, manifests, say


@entry
def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    commands = {
        "ruff check": [PYTHON, "-m", "ruff", "check", "."],
        "ruff format --check": [PYTHON, "-m", "ruff", "format", "--check", "."],
    }
    if manifests():
        addons = [ADDONS / name for name in manifests()]
        commands["pylint-odoo"] = [PYTHON, "-m", "pylint", "--rcfile=pyproject.toml", *addons]
    failed = []
    for name, command in commands.items():
        say(f"== {name}")
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    if failed:
        raise Problem(f"lint: {', '.join(failed)} found something")
    say("lint is clean")


if __name__ == "__main__":
    main()
