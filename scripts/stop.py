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

from common import PYTHON, ROOT, RUNNING, STATE, VENV, entry, read_text, say


def is_ours(pid):
    """Say whether a process runs from this checkout: its number may be another program's by now."""
    folder = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):
        return (folder / "cwd").readlink() == ROOT or str(ROOT) in read_text(folder / "cmdline")
    return False


def stop_scripts():
    """Stop the scripts that run, and the servers a killed one left behind."""
    for record in RUNNING.glob("[0-9]*"):
        script, *children = json.loads(read_text(record) or "[0]")
        # A script stops its own children in good order.
        stop_processes([script]) or stop_processes(children)
        record.unlink(missing_ok=True)


def stop_processes(pids):
    """Ask processes to end and wait for it. Say whether there was any."""
    ours = [pid for pid in pids if is_ours(pid)]
    for pid in ours:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 60
    while any(map(is_ours, ours)) and time.monotonic() < end:
        time.sleep(0.2)
    if ours:
        say(f"Stopped {', '.join(map(str, ours))}")
    return bool(ours)


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
    stop_scripts()
    stop_postgres(options.clean)
    if options.clean:
        for folder in (STATE, VENV):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
