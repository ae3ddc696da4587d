"""A primary database server and its streaming replica, and which of the two was asked."""

import contextlib
import os
import re
import subprocess
import time
from pathlib import Path

import postgres
from common import STATE, run
from database import create, drop, link_files, query


@contextlib.contextmanager
def extra_server(name, primary=None):
    """Run one more embedded server, which is gone at the end.

    :param str name: of its folder and record
    :param dict primary: the record of a running one to be the streaming replica of; without,
        the server is an empty one of its own
    :return: its record: port, password, and where its programs and data lie
    """

    def copy(programs, data):
        command = [programs / "bin" / "pg_basebackup", "-D", data, "--write-recovery-conf"]
        command += ["--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        options = {"env": {**os.environ, **postgres.variables(primary)}, **postgres.as_user()}
        run(command, "basebackup.log", "the replica could not be made", **options)
        return primary["password"]

    path = STATE / f"postgres-{name}.json"
    postgres.discard(path)
    record = postgres.make_server(name, copy if primary else postgres.initialise)
    try:
        postgres.start(record, path)
        yield record
    finally:
        postgres.discard(path)


class Pair:
    """Two embedded servers, a context manager: `primary` and `replica` are their PG* variables."""

    def __init__(self):
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.primary_record = stack.enter_context(extra_server("primary"))
            self.primary = postgres.variables(self.primary_record)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self.stack.__exit__(*exception)

    def copy_database(self, pg, template, database):
        """Copy a database of another server, and its files, to the primary."""
        drop(self.primary, database)
        create(self.primary, database)
        programs = f"{self.primary_record['programs']}/bin"
        dump = [f"{programs}/pg_dump", "--format=custom", "--compress=0", template]
        restore = [f"{programs}/pg_restore", "--no-owner", "--no-comments", f"--dbname={database}"]
        restore += ["--exit-on-error"]
        with subprocess.Popen(dump, env={**os.environ, **pg}, stdout=subprocess.PIPE) as source:
            env = {**os.environ, **self.primary}
            subprocess.run(restore, env=env, stdin=source.stdout, check=True)
        assert source.returncode == 0
        link_files(template, database)

    def start_replica(self):
        """Make the replica of what the primary has by now; from then on both log each statement."""
        query(self.primary, "ALTER SYSTEM SET log_statement = 'all'")
        query(self.primary, "ALTER SYSTEM SET log_line_prefix = '%d '")
        query(self.primary, "SELECT pg_reload_conf()")
        server = extra_server("replica", self.primary_record)
        self.replica_record = self.stack.enter_context(server)
        self.replica = postgres.variables(self.replica_record)

    def stop_replica(self):
        postgres.control(self.replica_record, "stop", "-m", "immediate")

    # === REPLICATION ===

    def emit(self):
        """Write something that changes nothing; all commits before it reach the disk with it."""
        return query(self.primary, "SELECT pg_logical_emit_message(false, 'test', '', true)")

    def catch_up(self, seconds=30):
        """Wait until the replica has applied what the primary has written so far."""
        ((target,),) = self.emit()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if query(self.replica, "SELECT pg_last_wal_replay_lsn() >= %s", [target]) == [(True,)]:
                return
            time.sleep(0.05)
        raise AssertionError("the replica does not catch up")

    @contextlib.contextmanager
    def paused(self):
        """Let the replica receive and apply nothing: the slowest replica there can be."""
        query(self.replica, "SELECT pg_wal_replay_pause()")
        while query(self.replica, "SELECT pg_get_wal_replay_pause_state()") != [("paused",)]:
            # PostgreSQL stops when the next record arrives.
            self.emit()
            time.sleep(0.05)
        try:
            yield
        finally:
            query(self.replica, "SELECT pg_wal_replay_resume()")

    # === WHO WAS ASKED ===

    def watch(self, database, table="sale_order"):
        """Return a `Watch` on the questions about one table of a database."""
        return Watch(self, database, table)


class Watch:
    """Which servers were asked about a table while the `with` block ran.

    `servers` is a set of "primary" and "replica".
    """

    def __init__(self, pair, database, table):
        self.pattern = re.compile(rf'^{database} LOG:  statement:[^\0]*?FROM "?{table}"?\b')
        self.logs = {
            "primary": Path(pair.primary_record["data"]) / "server.log",
            "replica": Path(pair.replica_record["data"]) / "server.log",
        }

    def __enter__(self):
        self.offsets = {name: log.stat().st_size for name, log in self.logs.items()}
        return self

    def __exit__(self, *_exception):
        self.servers = {name for name in self.logs if any(map(self.pattern.match, self.read(name)))}

    def read(self, name):
        """Return the log's new entries; the lines of one statement are one entry."""
        with self.logs[name].open("rb") as log:
            log.seek(self.offsets[name])
            text = log.read().decode(errors="replace")
        return re.split(r"\n(?!\t)", text)
