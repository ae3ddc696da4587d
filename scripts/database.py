"""Odoo's configuration and the databases: made, copied, brought up to date, dropped.

What a database was made of is kept as its PostgreSQL comment, so that it is known whether it is
one of ours, whole, and still fits the sources.
"""

import contextlib
import hashlib
import json
import os
import shutil

import common
import odoo_source
from common import ADDONS, PYTHON, ROOT, STATE, Problem, manifests, say
from postgres import connect
from psycopg2 import Error

DATA = STATE / "data"
LOAD_LANGUAGES = f"--load-language={','.join(common.LANGUAGES)}"
# Odoo's demo shop takes no money: a wire transfer is what works without an outside provider.
DEMO_SHOP = """
env.ref("payment.payment_provider_transfer").write({"state": "enabled", "is_published": True})
env.ref("delivery.free_delivery_carrier").is_published = True
env.cr.commit()
"""


def odoo_environment(pg):
    """Return the environment for Odoo and for PostgreSQL's tools."""
    env = common.environment()
    # They name other settings and another database than the command does.
    for name in ("ODOO_RC", "PGDATABASE"):
        env.pop(name, None)
    return {**env, **pg, "PYTHONPATH": str(odoo_source.source_folder()), "PYTHONUNBUFFERED": "1"}


def write_config(name, database, **settings):
    """Write an Odoo configuration file below .odoo/ and return its path.

    The server's name and password come from the environment, not from the file.

    :param settings: more of them, or other values: `addons_path=FOLDER` for addons elsewhere
    """
    values = {
        # One database a server. With a filter Odoo would ask PostgreSQL for the names of all, by a
        # new connection, for each visitor without a kept session.
        "db_name": database,
        "list_db": False,
        "data_dir": DATA,
        "addons_path": ADDONS,
        "http_interface": "127.0.0.1",
        "screenshots": STATE / "screenshots",
        # Nothing of a development server goes to the outside.
        "publisher_warranty_url": "http://127.0.0.1:9/",
        "workers": 0,
        **settings,
    }
    lines = ["[options]", *(f"{key} = {value}" for key, value in values.items()), ""]
    common.write_atomic(STATE / f"{name}.conf", "\n".join(lines), mode=0o600)
    return STATE / f"{name}.conf"


def odoo(pg, database, *arguments, failure, text="", **settings):
    """Run one Odoo command on a database to its end. Return its log.

    :param str failure: what the user reads when it fails
    :param str text: what it reads from its standard input
    :param settings: of its configuration, see `write_config`
    """
    command, *options = arguments
    name = f"{command.replace(' ', '-')}-{database}"
    config = write_config(name, database, **settings)
    command = [PYTHON, "-m", "odoo", *command.split(), "-c", config, *options]
    env = odoo_environment(pg)
    return common.run(command, f"{name}.log", failure, text=text, env=env, cwd=ROOT)


# === WHAT IS THERE === #


@contextlib.contextmanager
def asking(pg, database="postgres"):
    """Give `ask(statement, parameters=None)`, which runs SQL and returns its rows, if it has any.

    :raise Problem: with the server's own words, when a statement fails
    """

    def ask(statement, parameters=None):
        cr.execute(statement, parameters)
        return cr.fetchall() if cr.description else []

    try:
        with contextlib.closing(connect(pg, database)) as connection, connection.cursor() as cr:
            yield ask
    except Error as error:
        words = str(error).strip().splitlines()[0]
        raise Problem(f"PostgreSQL, database {database}: {words}") from error


def query(pg, statement, parameters=None, database="postgres"):
    """Run one SQL statement and return its rows, as `asking` does."""
    with asking(pg, database) as ask:
        return ask(statement, parameters)


def read_mark(pg, database):
    """Return what the database was made of: None when there is none, {} when it is not ours."""
    about = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    rows = query(pg, about, [database])
    with contextlib.suppress(TypeError, ValueError):
        mark = json.loads(rows[0][0]) if rows else None
        return mark if mark is None or mark.get("checkout") == str(ROOT) else {}
    return {}


def write_mark(pg, database, **mark):
    text = json.dumps({"checkout": str(ROOT), **mark})
    query(pg, f'COMMENT ON DATABASE "{database}" IS %s', [text])


# === MAKING AND DROPPING === #


def create(pg, database, template=None):
    """Make an empty database as Odoo does it, or a copy, and mark it as ours and not yet whole."""
    drop(pg, database)
    kind = f'TEMPLATE "{template}"' if template else "LC_COLLATE 'C' TEMPLATE template0"
    query(pg, f"CREATE DATABASE \"{database}\" ENCODING 'unicode' {kind}")
    write_mark(pg, database)
    if template:
        link_files(template, database)
    else:
        # Without the right to do so, Odoo too goes on without it.
        with contextlib.suppress(Problem):
            query(pg, "CREATE EXTENSION IF NOT EXISTS pg_trgm", database=database)


def clone(pg, template, database):
    create(pg, database, template)


def link_files(template, database):
    """Copy the files of a database."""
    if filestore(template).exists():
        # Odoo names these files by their content and never changes one: a link is a copy.
        shutil.copytree(filestore(template), filestore(database), copy_function=os.link)


def drop(pg, database):
    """Drop a database and its files.

    :raise Problem: when it was not made by this checkout
    """
    if read_mark(pg, database) == {}:
        where = f"{pg['PGHOST']}:{pg['PGPORT']}"
        raise Problem(
            f"this checkout did not make database {database} on {where}: drop or rename it"
        )
    query(pg, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    shutil.rmtree(filestore(database), ignore_errors=True)


@contextlib.contextmanager
def scratch(pg, database, template=None):
    """Give a database that is dropped at the end, a copy of a template or an empty one."""
    create(pg, database, template)
    try:
        yield database
    finally:
        drop(pg, database)


def filestore(database):
    return DATA / "filestore" / database


# === ODOO IN IT === #


def install(pg, database, addons, *options, update=(), **settings):
    """Install addons into a database, update others.

    :raise Problem: when Odoo fails or leaves one of them aside
    """
    arguments = ["server", "--stop-after-init", "--no-http", *options]
    arguments += ["-i", ",".join(addons)] if addons else []
    arguments += ["-u", ",".join(update)] if update else []
    failure = f"database {database} could not be made"
    log = odoo(pg, database, *arguments, failure=failure, **settings)
    there = "SELECT name FROM ir_module_module WHERE state = 'installed'"
    found = {"all", *(name for (name,) in query(pg, there, database=database))}
    if missing := sorted({*addons, *update} - found):
        raise Problem(f"{', '.join(missing)} not installed: {common.reason(log)}")


def shell(pg, database, script, failure, **settings):
    """Run Python in Odoo's shell, where `env` is the administrator's."""
    odoo(pg, database, "shell", "--no-http", failure=failure, text=script, **settings)


def addon_prints():
    """Return `{addon: fingerprint of its sources}`; tests and texts to read do not count."""
    left_out = ("tests", "README.md", "__pycache__")
    parts = {name: sorted((ADDONS / name).iterdir()) for name in manifests()}
    return {
        name: common.fingerprint(*(path for path in paths if path.name not in left_out))
        for name, paths in parts.items()
    }


def key(*parts):
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def check_demo(pg, database, addons):
    """Refuse a database in which an addon came without its demo data: Odoo only warns of it.

    :raise Problem: naming the addons; those that depend on the broken one are among them
    """
    statement = """
        SELECT name FROM ir_module_module
         WHERE state = 'installed' AND NOT demo AND name = ANY(%s) ORDER BY name
    """
    missing = [name for (name,) in query(pg, statement, [addons], database)]
    if missing:
        raise Problem(f"no demo data of {', '.join(missing)}: see server-{database}.log")


def ensure_demo(pg, database="demo"):
    """Make database `demo`, or update the addons that changed since the last time."""
    mark = read_mark(pg, database) or {}
    prints, version = addon_prints(), odoo_source.version()
    if mark.get("addons") == prints and mark["odoo"] == version:
        return
    if known := mark.get("addons"):
        changed = [name for name in prints if name in known and known[name] != prints[name]]
        update = changed if mark["odoo"] == version else ["all"]
        new = [name for name in prints if name not in known]
        say(f"Updating the demo database: {', '.join([*update, *new])}")
        if update or new:
            install(pg, database, new, update=update)
    else:
        say("Making the demo database (two to four minutes)")
        create(pg, database)
        install(pg, database, [*common.COMPANION_ADDONS, *prints], "--with-demo", LOAD_LANGUAGES)
        shell(pg, database, DEMO_SHOP, "the demo shop could not be opened")
        check_demo(pg, database, list(prints))
    write_mark(pg, database, addons=prints, odoo=version)
