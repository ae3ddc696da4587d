#!/usr/bin/env python3
"""Stop what `make run` and `make test` started; with --clean remove .odoo/ and .venv/ too.

Runs with any Python, also when the virtual environment is broken.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from common import PYTHON, ROOT, STATE, VENV, entry, read_text, say


def is_ours(pid):
    """Say whether a process runs from this checkout: its number may be another program's by now."""
    folder = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):
        return (folder / "cwd").readlink() == ROOT or str(ROOT) in read_text(folder / "cmdline")
    return False


def stop_run():
    """Stop a running `make run`, and what it left behind if it was killed."""
    record = json.loads(read_text(STATE / "run.json") or "{}")
    if not record:
        return
    ours = [pid for pid in (record["pid"], *record["children"]) if is_ours(pid)]
    for pid in ours:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 40
    while any(map(is_ours, ours)) and time.monotonic() < end:
        time.sleep(0.2)
    (STATE / "run.json").unlink(missing_ok=True)
    if ours:
        say("Odoo and the mail catcher are stopped")


def stop_postgres(remove):
    """Stop the embedded server; what it needs is in the virtual environment."""
    if PYTHON.exists() and (STATE / "postgres.json").exists():
        command = "remove" if remove else "stop"
        subprocess.run([PYTHON, ROOT / "scripts" / "postgres.py", command], check=False)


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", action="store_true", help="also remove .odoo/ and .venv/")
    options = parser.parse_args()
    stop_run()
    stop_postgres(options.clean)
    if options.clean:
        for folder in (STATE, VENV):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
