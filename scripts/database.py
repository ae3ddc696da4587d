"""Odoo's configuration and the databases: made, copied, brought up to date, dropped.

What a database was made of is kept as its PostgreSQL comment, so that it is known whether it is
one of ours, whole, and still fits the sources.
"""

import contextlib
import hashlib
import json
import os
import shutil

import odoo_source
from common import (
    ADDONS,
    COMPANION_ADDONS,
    LANGUAGES,
    LOGS,
    PYTHON,
    ROOT,
    STATE,
    Problem,
    check_space,
    fingerprint,
    manifests,
    run,
    say,
    telling_line,
    write_atomic,
)
from postgres import connect
from psycopg2 import Error, sql

DATA = STATE / "data"


def odoo_environment(pg):
    """Return the environment for Odoo and for PostgreSQL's tools."""
    env = {key: value for key, value in os.environ.items() if key not in ("ODOO_RC", "PGDATABASE")}
    env.update(pg, PYTHONPATH=str(odoo_source.source_folder()), PYTHONUNBUFFERED="1")
    return env


def write_config(name, database, data=DATA, **settings):
    """Write an Odoo configuration file below .odoo/ and return its path.

    The server's name and password come from the environment, not from the file.
    """
    values = {
        "db_name": database,
        "dbfilter": f"^{database}$",
        "list_db": False,
        "data_dir": data,
        "addons_path": ADDONS,
        "http_interface": "127.0.0.1",
        "screenshots": STATE / "screenshots",
        # Nothing of a development server goes to the outside.
        "publisher_warranty_url": "http://127.0.0.1:9/",
        "workers": 0,
        **settings,
    }
    path = STATE / f"{name}.conf"
    lines = [f"{key} = {value}" for key, value in values.items()]
    write_atomic(path, "\n".join(["[options]", *lines, ""]), mode=0o600)
    return path


def odoo(pg, config, *arguments, log, failure, text=None):
    """Run one Odoo command to its end, with `text` as its input."""
    command = [PYTHON, "-m", "odoo", arguments[0], "-c", config, *arguments[1:]]
    run(command, log, failure, env=odoo_environment(pg), cwd=ROOT, text=text)


# === WHAT IS THERE ===


def query(pg, statement, parameters=None, database="postgres"):
    """Run one SQL statement and return its rows, if it has any.

    :raise Problem: with the server's own words, when it fails
    """
    try:
        with contextlib.closing(connect(pg, database)) as connection, connection.cursor() as cr:
            cr.execute(statement, parameters)
            return cr.fetchall() if cr.description else []
    except Error as error:
        words = str(error).strip().splitlines()[0]
        raise Problem(f"PostgreSQL, database {database}: {words}") from error


def named(statement, **names):
    """Return a statement with database names quoted."""
    quoted = {key: sql.Identifier(value) for key, value in names.items()}
    return sql.SQL(statement).format(**quoted)


def read_mark(pg, database):
    """Return what the database was made of: None when there is none, {} when it is not ours."""
    rows = query(
        pg,
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
        [database],
    )
    if not rows:
        return None
    with contextlib.suppress(TypeError, ValueError):
        mark = json.loads(rows[0][0])
        return mark if mark.get("checkout") == str(ROOT) else {}
    return {}


def write_mark(pg, database, **mark):
    text = json.dumps({"checkout": str(ROOT), **mark})
    query(pg, named("COMMENT ON DATABASE {db} IS %s", db=database), [text])


# === MAKING AND DROPPING ===


def create(pg, database):
    """Make an empty database, as Odoo does it, and mark it as ours and not yet whole."""
    drop(pg, database)
    statement = "CREATE DATABASE {db} ENCODING 'unicode' LC_COLLATE 'C' TEMPLATE template0"
    query(pg, named(statement, db=database))
    write_mark(pg, database)
    with contextlib.suppress(Problem):
        # Without the right to do so, Odoo too goes on without it.
        query(pg, "CREATE EXTENSION IF NOT EXISTS pg_trgm", database=database)


def clone(pg, template, database):
    """Copy a database and its files."""
    drop(pg, database)
    statement = "CREATE DATABASE {db} ENCODING 'unicode' TEMPLATE {template}"
    query(pg, named(statement, db=database, template=template))
    write_mark(pg, database)
    link_files(template, database)


def link_files(template, database):
    """Copy the files of a database."""
    source, target = filestore(template), filestore(database)
    if source.exists():
        # Odoo names these files by their content and never changes one: a link is a copy.
        shutil.copytree(source, target, copy_function=os.link)


def drop(pg, database):
    """Drop a database and its files.

    :raise Problem: when it was not made by this checkout
    """
    mark = read_mark(pg, database)
    if mark == {}:
        raise Problem(
            f"a database {database} that this checkout did not make is on the server"
            f" {pg['PGHOST']}:{pg['PGPORT']}: drop or rename it"
        )
    if mark is not None:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        query(pg, others, [database])
        query(pg, named("DROP DATABASE {db}", db=database))
    shutil.rmtree(filestore(database), ignore_errors=True)


def filestore(database):
    return DATA / "filestore" / database


# === ODOO IN IT ===


def install(pg, database, addons, *options, update=()):
    """Install addons into a database, update others.

    :raise Problem: when Odoo fails or leaves one of them aside
    """
    check_space(STATE, 1000)
    log = f"database-{database}.log"
    arguments = ["server", "--stop-after-init", "--no-http", *options]
    if addons:
        arguments += ["-i", ",".join(addons)]
    if update:
        arguments += ["-u", ",".join(update)]
    config = write_config(f"database-{database}", database)
    odoo(pg, config, *arguments, log=log, failure=f"database {database} could not be made")
    wanted = [*addons, *update]
    rows = query(
        pg,
        "SELECT name FROM ir_module_module WHERE name = ANY(%s) AND state = 'installed'",
        [wanted],
        database,
    )
    missing = sorted(set(wanted) - {"all"} - {name for (name,) in rows})
    if missing:
        raise Problem(f"{', '.join(missing)} not installed: {telling_line(LOGS / log)}")


def shell(pg, database, script, failure):
    """Run Python in Odoo's shell, where `env` is the administrator's."""
    config = write_config(f"shell-{database}", database)
    log = f"shell-{database}.log"
    odoo(pg, config, "shell", "--no-http", log=log, failure=failure, text=script)


def addon_prints():
    """Return `{addon: fingerprint of its sources}`; tests and texts to read do not count."""
    prints = {}
    for name in manifests():
        parts = [
            path
            for path in sorted((ADDONS / name).iterdir())
            if path.name not in ("tests", "README.md", "__pycache__")
        ]
        prints[name] = fingerprint(*parts)
    return prints


def key(*parts):
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


# Odoo's demo shop takes no money: a wire transfer is what works without an outside provider.
DEMO_SHOP = """
env.ref("payment.payment_provider_transfer").write({"state": "enabled", "is_published": True})
env.ref("delivery.free_delivery_carrier").is_published = True
env.cr.commit()
"""


def ensure_demo(pg, database="demo"):
    """Make database `demo`, or update the addons that changed since the last time."""
    mark = read_mark(pg, database) or {}
    prints, version = addon_prints(), odoo_source.version()
    if "addons" not in mark:
        say("Making the demo database (two to four minutes)")
        create(pg, database)
        addons = [*COMPANION_ADDONS, *prints]
        install(pg, database, addons, "--with-demo", f"--load-language={','.join(LANGUAGES)}")
        shell(pg, database, DEMO_SHOP, "the demo shop could not be opened")
    elif mark["addons"] != prints or mark["odoo"] != version:
        known = mark["addons"]
        changed = [name for name in prints if name in known and known[name] != prints[name]]
        new = [name for name in prints if name not in known]
        update = ["all"] if mark["odoo"] != version else changed
        say(f"Updating the demo database: {', '.join([*update, *new])}")
        if update or new:
            install(pg, database, new, update=update)
    else:
        return
    write_mark(pg, database, addons=prints, odoo=version)
