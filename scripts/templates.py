"""The databases that tests and benchmarks are copied from: no demo data, made once.

Those of plain Odoo are kept until Odoo changes, those with our addons until an addon changes.
"""

import odoo_source
from common import COMPANION_ADDONS, LANGUAGES, manifests, say
from database import (
    addon_prints,
    clone,
    create,
    install,
    key,
    read_mark,
    shell,
    write_mark,
)

PLAIN = "test_plain"
FULL = "test_full"
SMALL = "test_small"
LOAD_LANGUAGES = f"--load-language={','.join(LANGUAGES)}"


def ensure(pg, database, wanted, make):
    """Make a template by calling `make` unless it is there, whole and made of `wanted`."""
    if (read_mark(pg, database) or {}).get("key") == wanted:
        return database
    make()
    write_mark(pg, database, key=wanted)
    return database


def ensure_plain(pg):
    """Odoo with stock and the web shop, none of our addons. Return the database's name."""
    addons = sorted({*COMPANION_ADDONS, *foreign_dependencies(manifests())})

    def make():
        say("Making the template database of plain Odoo")
        create(pg, PLAIN)
        install(pg, PLAIN, addons, LOAD_LANGUAGES)

    return ensure(pg, PLAIN, key(odoo_source.version(), addons, LANGUAGES), make)


def ensure_full(pg):
    """Plain Odoo and every addon of ours. Return the database's name."""
    plain = ensure_plain(pg)
    prints = addon_prints()

    def make():
        say(f"Installing all addons: {', '.join(prints)}")
        clone(pg, plain, FULL)
        if prints:
            install(pg, FULL, list(prints))
        generate_assets(pg, FULL)

    return ensure(pg, FULL, key(read_mark(pg, plain)["key"], prints), make)


def ensure_small(pg):
    """Sales and the portal, without stock and shop. Return the database's name."""

    def make():
        say("Making the small template database")
        create(pg, SMALL)
        install(pg, SMALL, ["sale_management", "portal"], LOAD_LANGUAGES)

    return ensure(pg, SMALL, key(odoo_source.version(), LANGUAGES), make)


def ensure_alone(pg, addon):
    """One addon with its dependencies and nothing else. Return the database's name."""
    small = ensure_small(pg)
    database = f"test_alone_{addon}"
    needed = own_dependencies(addon)
    prints = {name: value for name, value in addon_prints().items() if name in needed}

    def make():
        say(f"Installing {addon} alone")
        clone(pg, small, database)
        install(pg, database, [addon], "--skip-auto-install")

    return ensure(pg, database, key(read_mark(pg, small)["key"], prints), make)


def own_dependencies(addon):
    """Return an addon and those of our addons that it needs."""
    needed = {addon}
    for name in manifests()[addon].get("depends", []):
        if name in manifests():
            needed |= own_dependencies(name)
    return needed


def foreign_dependencies(addons):
    """Return Odoo's own addons that ours depend on."""
    found = {name for manifest in addons.values() for name in manifest.get("depends", [])}
    return found - set(addons)


def generate_assets(pg, database):
    """Make the style and script bundles: tests would make them again and again."""
    script = "env['ir.qweb']._pregenerate_assets_bundles(); env.cr.commit()\n"
    shell(pg, database, script, "the style and script bundles could not be made")
