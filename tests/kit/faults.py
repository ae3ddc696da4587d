"""Faults made on purpose: a bad mail server, transactions held or cut, a full disk."""

import asyncio
import contextlib
import email
import email.policy
import os
import resource
import shutil
import socket
import subprocess
import threading
import time

import psutil
import requests
from aiosmtpd.controller import Controller
from database import DATA, filestore
from postgres import connect

from kit.rpc import RpcError

# A signature of one pixel.
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAA"
    "AABJRU5ErkJggg=="
)


def wait_until(check, seconds=60, what="it"):
    """Return the first true value that `check()` returns.

    :raise AssertionError: when there is none within some seconds
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class BadSmtp:
    """A mail server in the test's own process whose answers the test decides.

    A context manager. What was accepted is in `accepted`, as `(recipient, subject)`.

    :param float delay: seconds before each answer to the content of a mail
    :param int lose_answers: that many mails are accepted, and the connection is cut instead
        of an answer
    :param bool hold: no answers until `release()`
    """

    def __init__(self, port, delay=0, lose_answers=0, hold=False):
        self.delay = delay
        self.lose_answers = lose_answers
        self.accepted = []
        self.arrived = threading.Event()
        self.released = threading.Event()
        if not hold:
            self.released.set()
        self.controller = Controller(self, hostname="127.0.0.1", port=port)

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *_exception):
        self.release()
        self.controller.stop()

    def release(self):
        self.released.set()

    async def handle_DATA(self, server, _session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.accepted += [(recipient, str(mail["Subject"])) for recipient in envelope.rcpt_tos]
        self.arrived.set()
        if self.lose_answers:
            self.lose_answers -= 1
            server.transport.abort()
            return "250 nobody reads this"
        await asyncio.sleep(self.delay)
        while not self.released.is_set():
            await asyncio.sleep(0.05)
        return "250 OK"

    def count(self, text):
        """Return how many accepted mails have this text in recipient or subject."""
        return sum(text in recipient or text in subject for recipient, subject in self.accepted)


class Gate:
    """Holds each transaction that writes to a table, halfway, until it is opened or cut.

    A context manager: a trigger waits for a lock that the test holds.

    :param OdooServer server: whose database it is
    :param str table: name of the table
    :param str event: `INSERT`, `UPDATE OF column` and so on
    :param bool at_commit: not while it writes, but when it commits
    """

    LOCK = 19_04_11

    def __init__(self, server, table, event="INSERT", at_commit=False):
        self.server = server
        self.table = table
        self.event = event
        self.at_commit = at_commit

    def __enter__(self):
        self.connection = connect(self.server.pg, self.server.database)
        self.run(f"SELECT pg_advisory_lock({self.LOCK})")
        self.run(
            "CREATE FUNCTION test_gate() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN PERFORM pg_advisory_xact_lock({self.LOCK}); RETURN NEW; END$$"
        )
        kind, when, deferred = "", "BEFORE", ""
        if self.at_commit:
            kind, when, deferred = "CONSTRAINT", "AFTER", "DEFERRABLE INITIALLY DEFERRED"
        self.run(
            f"CREATE {kind} TRIGGER test_gate {when} {self.event} ON {self.table} {deferred}"
            " FOR EACH ROW EXECUTE FUNCTION test_gate()"
        )
        return self

    def __exit__(self, *_exception):
        self.open()
        self.run("DROP FUNCTION test_gate() CASCADE")
        self.connection.close()

    def run(self, statement):
        with self.connection.cursor() as cr:
            cr.execute(statement)
            return cr.fetchall() if cr.description else []

    def waiting(self):
        """Return the process ids of the database connections that are held."""
        rows = self.run(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return [pid for (pid,) in rows]

    def wait(self):
        """Return once a transaction is held."""
        return wait_until(self.waiting, what=f"a transaction that writes to {self.table}")

    def kill(self):
        """Kill the workers of the server that hold the connections which are held."""
        ports = self.run(
            "SELECT client_port FROM pg_stat_activity"
            f" WHERE pid = ANY(ARRAY{self.waiting()}::integer[])"
        )
        master = psutil.Process(self.server.processes["odoo"].pid)
        for worker in master.children(recursive=True):
            local = {(link.laddr.port,) for link in worker.net_connections("tcp") if link.raddr}
            if local & set(ports):
                worker.kill()

    def cut(self):
        """Cut the connections that are held, as a database server that restarts does."""
        for pid in self.waiting():
            self.run(f"SELECT pg_terminate_backend({pid})")

    def open(self):
        """Let the transactions that are held, and all later ones, go on."""
        self.run("SELECT pg_advisory_unlock_all()")


class LostCommit:
    """Stands between Odoo and PostgreSQL, and loses the answer to one COMMIT.

    A context manager: a server whose `PGPORT` is its `port` works as usual, until a transaction
    that inserted into the table commits. It is committed, and Odoo sees a broken connection.

    :param dict pg: the PG* variables of the database server
    :param str table: name of the table
    :ivar int lost: how many answers were lost
    """

    def __init__(self, pg, table):
        self.target = pg["PGHOST"], int(pg["PGPORT"])
        self.sign = f'INSERT INTO "{table}" '.encode()
        self.lost = 0

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                database = socket.create_connection(self.target)
                ends = threading.Event()
                for move in (self.ask, self.answer):
                    arguments = client, database, ends
                    threading.Thread(target=move, args=arguments, daemon=True).start()

    def ask(self, client, database, ends):
        """Hand over what Odoo asks; note when it commits what is to be lost."""
        inserted = False
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                inserted = inserted or self.sign in data
                if inserted and b"COMMIT" in data and not self.lost:
                    ends.set()
                database.sendall(data)
        database.close()

    def answer(self, client, database, ends):
        """Hand over what PostgreSQL answers, but for the one answer."""
        with contextlib.suppress(OSError):
            while (data := database.recv(1 << 16)) and not ends.is_set():
                client.sendall(data)
        self.lost += ends.is_set()
        # Odoo waits for an answer in another thread: it must be told.
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        client.close()


class Click(threading.Thread):
    """Something that a user does, on its way while the test breaks things."""

    def __init__(self, function, *arguments):
        super().__init__()
        self.call = function, arguments
        self.answer = self.error = None
        self.start()

    def run(self):
        function, arguments = self.call
        try:
            self.answer = function(*arguments)
        except (requests.RequestException, RpcError) as error:
            self.error = error

    def wait(self):
        self.join(60)
        assert not self.is_alive()
        return self


class SmallDisk:
    """A data folder for an Odoo server whose file store can be full; a context manager.

    As root the file store is a small file system of its own. Others, and root where it may not
    mount, get a limit on the size of files instead.

    :param Path folder: an empty folder
    :param OdooServer server: its database's files are copied
    """

    ROOM = 256 * 1024
    LIMIT = 8 * 1024

    def __init__(self, folder, server):
        self.folder = folder
        self.server = server
        self.store = folder / "filestore"

    def __enter__(self):
        source = filestore(self.server.database)
        size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
        self.store.mkdir()
        # Files take whole pages.
        options = f"size={size * 2 + 8 * 2**20}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.store)]
        self.mounted = not os.geteuid() and not subprocess.run(command, check=False).returncode
        shutil.copytree(source, self.store / self.server.database)
        # Who is logged in stays so: only attachments are on the small disk.
        (self.folder / "sessions").symlink_to(DATA / "sessions")
        return self

    def __exit__(self, *_exception):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.store)], check=False)

    @property
    def pid(self):
        return self.server.processes["odoo"].pid

    @contextlib.contextmanager
    def full(self):
        """No more than a few bytes can be stored while this lasts."""
        filler = self.store / "filler"
        hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)[1]
        if self.mounted:
            fill(filler)
        else:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (self.LIMIT, hard))
        try:
            yield
        finally:
            filler.unlink(missing_ok=True)
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (hard, hard))


def fill(path):
    """Write a file until the disk is full."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
