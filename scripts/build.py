#!/usr/bin/env python3
"""Build a wheel of each addon into dist/, to be installed beside an Odoo that is there.

`pip install --no-deps dist/*.whl` puts them where that Odoo finds them by itself, without an
`addons_path`. What git does not know is no part of a wheel.
"""

import argparse
import subprocess
from pathlib import Path

from common import ADDONS, PYTHON, ROOT, Problem, entry, manifests, run, say, show


def build(folder):
    """Build all wheels into `folder`, which holds no other version of them afterwards.

    :return: the files, in dependency order
    :raise Problem: when the addons are not of one release, or a build fails
    """
    versions = {manifest["version"] for manifest in manifests().values()}
    if len(versions) > 1:
        raise Problem(f"the addons have different versions: {', '.join(sorted(versions))}")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("odoo_addon_*.whl"):
        old.unlink()
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "wheel", "--wheel-dir", folder]
    # The pinned build back-end of requirements-build.txt, and no other download.
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    addons = [ADDONS / name for name in manifests()]
    run([*pip, *options, *addons], "build.log", "the wheels could not be built")
    return [next(folder.glob(f"odoo_addon_{name}-*.whl")) for name in manifests()]


def left_out():
    """Return the files below addons/ that a wheel lacks because git does not know them."""
    command = ["git", "ls-files", "--others", "--exclude-standard", "addons"]
    quiet = {"text": True, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.check_output(command, cwd=ROOT, **quiet).splitlines()
    except (OSError, subprocess.CalledProcessError) as error:
        # Without git the back-end would pack whatever lies about.
        raise Problem("wheels are built from a git checkout, and this is none") from error


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="default: dist/")
    missing = left_out()
    for wheel in build(parser.parse_args().folder.resolve()):
        say(f"{show(wheel)}  {wheel.stat().st_size // 1024} KB")
    if missing:
        say(f"NOTE: left out, as git does not know them: {', '.join(missing)}")


if __name__ == "__main__":
    main()
