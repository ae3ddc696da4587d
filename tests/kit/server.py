"""A real Odoo server with its own database, ports and mail catcher."""

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from common import LOGS, PYTHON, ROOT, STATE, Problem, free_port, reason, write_atomic
from database import clone, drop, odoo_environment, query, read_mark, write_config
from passlib.hash import pbkdf2_sha512
from templates import FULL

# Passwords of tests are no secrets: Odoo's 600,000 rounds took half a second for each log-in.
ROUNDS = 1000
LAUNCHER = f"""
from odoo.cli import main
from odoo.addons.base.models import res_users

res_users.MIN_ROUNDS = {ROUNDS}
main()
"""


class OdooServer:
    """An Odoo server, started and stopped as a context manager.

    :param dict pg: the PG* variables of the database server
    :param str database: the database's name; it is a copy of `template`, or there if that is None
    :param settings: of the configuration of all its processes
    """

    def __init__(self, pg, database, template=FULL, **settings):
        self.pg = pg
        self.database = database
        self.template = template
        self.settings = settings
        self.http_port = free_port()
        self.smtp_port = free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.mails = STATE / "test-mails" / database
        self.log = LOGS / f"{database}.log"
        self.processes = {}

    def __enter__(self):
        if self.template:
            if not read_mark(self.pg, self.template):
                raise Problem(f"there is no database {self.template}: `make test` makes it")
            clone(self.pg, self.template, self.database)
        shutil.rmtree(self.mails, ignore_errors=True)
        self.query("UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'", self.url)
        # Odoo hashes a password anew at the log-in when it has other rounds, and a session that
        # begins there ends on a replica that has the former one.
        password = pbkdf2_sha512.using(rounds=ROUNDS).hash("admin")
        self.query("UPDATE res_users SET password = %s WHERE login = 'admin'", password)
        self.log.unlink(missing_ok=True)
        self.start_catcher()
        self.start()
        return self

    def __exit__(self, *_exception):
        for name in list(self.processes):
            self.stop(name)
        drop(self.pg, self.database)

    def query(self, statement, *parameters):
        """Run SQL in the server's database and return the rows, if any."""
        return query(self.pg, statement, parameters or None, database=self.database)

    # === PROCESSES ===

    def start_catcher(self):
        """Start the mail catcher: a test may stop it to see mails fail."""
        command = [PYTHON, ROOT / "scripts" / "mail_catcher.py", "--port", str(self.smtp_port)]
        command += ["--folder", self.mails]
        with (LOGS / f"{self.database}-mails.log").open("a") as log:
            self.processes["catcher"] = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for_port(self.smtp_port)

    def start(self, name="odoo", http_port=None, log=None, environment=None, **settings):
        """Start an Odoo process; several may serve the same database.

        :param Path log: a log of its own
        :param dict environment: environment variables that differ from the test's own
        :param settings: more for its configuration, or other values
        :return: its URL, once it answers
        """
        port = http_port or self.http_port
        values = {
            "http_port": port,
            "smtp_server": "127.0.0.1",
            "smtp_port": self.smtp_port,
            "max_cron_threads": 1,
            # A slow machine is no reason to end a request.
            "limit_time_real": 600,
        }
        config = write_config(
            f"{self.database}-{name}", self.database, **{**values, **self.settings, **settings}
        )
        with (log or self.log).open("a") as log:
            self.processes[name] = subprocess.Popen(
                [PYTHON, self.make_launcher(), "server", "-c", config],
                env={**odoo_environment(self.pg), **(environment or {})},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.wait_until_up(name, f"http://127.0.0.1:{port}")

    @staticmethod
    def make_launcher():
        """Make a script that starts Odoo: workers cannot run their gevent one by `-m odoo`."""
        path = STATE / "odoo-bin"
        write_atomic(path, LAUNCHER)
        return path

    def wait_until_up(self, name, url, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.processes[name].poll() is None:
            try:
                with urllib.request.urlopen(f"{url}/web/health", timeout=60):
                    return url
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        raise Problem(f"the server {name} does not answer: {reason(self.log)}")

    def stop(self, name="odoo", kill=False):
        """Stop a process, by force with `kill` as a power failure would."""
        process = self.processes.pop(name)
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def instead(self, **options):
        """Run the server with other options (see `start`) for a while; it is stopped then."""
        if "odoo" in self.processes:
            self.stop()
        self.start(**options)
        try:
            yield
        finally:
            if "odoo" in self.processes:
                self.stop()

    def restart(self):
        self.stop()
        return self.start()


def wait_for_port(port, seconds=30):
    """Return once something listens on a port of this machine."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise Problem(f"nothing listens on port {port}")
