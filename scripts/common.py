"""What the scripts share: where things lie, how a step fails, how a command is run.

Standard library only: the set-up uses it before anything is installed.
"""

import ast
import errno
import functools
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
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
# Of PostgreSQL's, for root, where the checkout's own folder is closed to the server's user.
OUTSIDE = Path("/var/lib/order-status-flags", hashlib.sha256(str(ROOT).encode()).hexdigest()[:12])

# The first is what new users and partners get.
LANGUAGES = ["en_US", "pl_PL", "sl_SI"]
# What the shop, delivery and payment scenarios need on top of the addons' own dependencies.
COMPANION_ADDONS = ["sale_management", "stock_delivery", "website_sale", "payment_custom", "rpc"]

say = functools.partial(print, flush=True)


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


# === FILES === #


def write_atomic(path, text, mode=0o644):
    """Write `text` so that a reader, or the next run, sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.touch(mode)
    part.write_text(text)
    part.replace(path)


def read_text(path):
    """Return the text of a file, '' when it is not there."""
    return path.read_text() if path.exists() else ""


def fingerprint(*paths):
    """Return a hash of the names and contents of files and of everything below folders."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(path.parent)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def show(path):
    """Return a path as the user types it: relative to the checkout where possible."""
    return str(path).removeprefix(f"{ROOT}/")


@functools.cache
def manifests():
    """Return `{name: manifest}` of the addons, in dependency order."""
    files = sorted(ADDONS.glob("*/__manifest__.py"))
    found = {path.parent.name: ast.literal_eval(path.read_text()) for path in files}
    needs = {name: [n for n in found[name]["depends"] if n in found] for name in found}
    return {name: found[name] for name in TopologicalSorter(needs).static_order()}


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


def check_port(port, name, what):
    """Return a port that the setting `name` gave, when nothing listens on it yet."""
    with socket.socket() as probe:
        # Like the servers themselves: a closed connection's leftover does not occupy a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is taken (`make stop` ends an earlier run)" if taken else error.strerror
            text = f"port {port} for {what} {why}: choose another one, {name}=PORT"
            raise Problem(text) from None
    return port


def server_ports():
    """Return the HTTP and SMTP port of `make run` after a look whether they are free."""
    http_port = check_port(port_setting("HTTP_PORT", 8069), "HTTP_PORT", "Odoo")
    return http_port, check_port(port_setting("SMTP_PORT", 1025), "SMTP_PORT", "the mail catcher")


# === COMMANDS === #


def environment():
    """Return the environment for Odoo and for tests.

    Python keeps what it has compiled, below .odoo/ and not beside the sources, also where the
    machine tells it to keep nothing: Odoo, which tests start some hundred times, starts in half
    the time.
    """
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(STATE / "pycache")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


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
        raise Problem(f"{failure}: {reason(path)}")
    return path


# What most likely says what went wrong, and which of the lines: apt-get names the cause first.
TELLING = {
    r"^(?:\w+\.)*\w*(?:Error|Exception)\b: .+": -1,
    r"^E: .+": 0,
    r".*No space left.*": -1,
    r".* (?:ERROR|CRITICAL) .*": -1,
    r".*[Ee]rror.*": -1,
    r".*\S.*": -1,
}


def reason(path):
    """Return the most telling line of a log, and where the rest lies."""
    found = (re.findall(pattern, read_text(path), re.MULTILINE) for pattern in TELLING)
    lines = (each[index] for each, index in zip(found, TELLING.values(), strict=True) if each)
    return f"{next(lines, 'no output').strip()[-300:]} (all of it: {show(path)})"
