"""What the scripts share: where things lie, how a step fails, how a command is run.

Standard library only, apart from `manifests()`: the set-up uses it before anything is installed.
"""

import contextlib
import errno
import functools
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".odoo"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
ADDONS = ROOT / "addons"
LOGS = STATE / "logs"
MAILS = STATE / "mails"
NPM = STATE / "npm"

# The first is what new users and partners get.
LANGUAGES = ["en_US", "pl_PL", "sl_SI"]
# What the shop, delivery and payment scenarios need on top of the addons' own dependencies.
COMPANION_ADDONS = ["sale_management", "stock_delivery", "website_sale", "payment_custom", "rpc"]


class Problem(Exception):
    """Something the user can mend; its text is the one line that is printed."""


def entry(function):
    """Wrap a script's `main`: one clear line and exit code 1 instead of a traceback."""

    @functools.wraps(function)
    def wrapper():
        # `make stop` and a closing terminal end a script like Ctrl-C does: by its own clean-up.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            sys.exit(function() or 0)
        except Problem as problem:
            sys.exit(f"error: {problem}")
        except KeyboardInterrupt:
            sys.exit(130)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
                raise
            sys.exit(f"error: {error.strerror}: {error.filename or STATE}")

    return wrapper


def say(text):
    print(text, flush=True)


# === FILES === #


def write_atomic(path, text, mode=0o644):
    """Write `text` so that a reader, or the next run, sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_text(path):
    """Return the text of a file, '' when it is not there."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def fingerprint(*paths):
    """Return a hash of the names and contents of files and of everything below folders."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(path.parent)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def check_space(folder, megabytes):
    """Raise a `Problem` when the disk that holds `folder` has less room than that."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise Problem(
            f"the disk that holds {folder} has {free} MB left, {megabytes} MB are needed:"
            " make room and run the same command again"
        )


@functools.cache
def manifests():
    """Return `{name: manifest}` of the installable addons, in dependency order."""
    # Not there yet while the set-up runs.
    from manifestoo_core.addon import Addon
    from manifestoo_core.exceptions import AddonNotFoundNotInstallable

    found = {}
    for path in sorted(ADDONS.glob("*/__manifest__.py")):
        with contextlib.suppress(AddonNotFoundNotInstallable):
            found[path.parent.name] = Addon.from_addon_dir(path.parent).manifest
    needs = {name: [n for n in manifest.depends if n in found] for name, manifest in found.items()}
    return {name: found[name].manifest_dict for name in TopologicalSorter(needs).static_order()}


# === PORTS === #


def port_setting(name, default):
    """Return the port that environment variable `name` asks for."""
    value = os.environ.get(name) or str(default)
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise Problem(f"{name}={value} is not a port number (1 to 65535)")
    return int(value)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_ports():
    """Return the HTTP and SMTP port of `make run` after a look whether they are free."""
    http_port = port_setting("HTTP_PORT", 8069)
    smtp_port = port_setting("SMTP_PORT", 1025)
    check_port(http_port, "HTTP_PORT", "Odoo")
    check_port(smtp_port, "SMTP_PORT", "the mail catcher")
    return http_port, smtp_port


def check_port(port, name, what):
    """Raise a `Problem` when something listens on `port` already."""
    with socket.socket() as probe:
        # Like the servers themselves: a closed connection's leftover does not occupy a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Problem(
                f"port {port} for {what} needs more rights: choose one above 1023, {name}=PORT"
            ) from None
        except OSError:
            raise Problem(
                f"port {port} for {what} is taken: stop what listens there (`make stop` if it is"
                f" an earlier run), or choose another one, {name}=PORT"
            ) from None


# === COMMANDS === #


def run(command, log, failure, text="", **options):
    """Run a command with its output in file `log` of the log folder.

    :param str failure: what the user reads when the command fails
    :param str text: what the command reads from its standard input
    :return: the path of that file
    :raise Problem: with `failure`, the output's most telling line and where the rest lies
    """
    path = LOGS / log
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [str(part) for part in command]
    with path.open("w") as output:
        options |= {"stdout": output, "stderr": subprocess.STDOUT, "check": False}
        code = subprocess.run(command, input=text.encode(), **options).returncode
    if code:
        raise Problem(f"{failure}: {telling_line(path)} (all of it: {show(path)})")
    return path


def telling_line(path):
    """Return the line of a log that most likely says what went wrong."""
    text = read_text(path)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if raised := re.findall(r"^(?:\w+\.)*\w*(?:Error|Exception)\b: .+", text, re.MULTILINE):
        return raised[-1][-300:]
    # apt-get names the cause first, and sums it up at the end.
    for line in lines:
        if line.startswith("E: "):
            return line[-300:]
    for mark in ("No space left", "ERROR", "CRITICAL", "Error", "error"):
        for line in reversed(lines):
            if mark in line and "Command line" not in line:
                return line[-300:]
    return lines[-1][-300:] if lines else "no output"


def show(path):
    """Return a path as the user types it: relative to the checkout where possible."""
    with contextlib.suppress(ValueError):
        return str(Path(path).relative_to(ROOT))
    return str(path)
