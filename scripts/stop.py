#!/usr/bin/env python3
"""Stop what `make` started in this checkout; with --clean remove .odoo/ and .venv/ too.

Runs with any Python, also when the virtual environment is broken.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from common import OUTSIDE, PYTHON, ROOT, STATE, VENV, entry, say

# The Makefile sets this variable: what was started, and what that starts, is known by it.
MARK = "STARTED_BY_MAKE_IN"


def started(folder=ROOT):
    """Return the processes that `make` started in a folder: `{pid: parent's pid}`."""
    parents, marked = {}, set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (process / "stat").read_text().rpartition(")")[2].split()
            parents[int(process.name)] = int(status[1])
            if f"{MARK}={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                marked.add(int(process.name))
    # While a process is exchanged for another program, it has no environment that one can read
    # (execve sets it last): then it is known by its parent.
    marked |= {pid for pid, parent in parents.items() if parent in marked}
    marked.discard(os.getpid())
    return {pid: parents[pid] for pid in marked}


def stop_processes(folder=ROOT, seconds=60):
    """Ask what was started to end, and wait for it: a script stops its children in good order."""
    end, asked = time.monotonic() + seconds, set()
    while (processes := started(folder)) and time.monotonic() < end:
        # When a script was killed, those it left behind are the first of their line.
        for pid in {pid for pid, parent in processes.items() if parent not in processes} - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
                say(f"Stopping {pid}")
            asked.add(pid)
        time.sleep(0.2)


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", action="store_true", help="also remove .odoo/ and .venv/")
    clean = parser.parse_args().clean
    stop_processes()
    if PYTHON.exists() and (STATE / "postgres.json").exists():
        # What it needs is in the virtual environment.
        subprocess.run([PYTHON, ROOT / "scripts" / "postgres.py", "stop"], check=False)
    for folder in (OUTSIDE, STATE, VENV) if clean else ():
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
