"""The databases that tests and benchmarks are copied from: no demo data, made once.

Those of plain Odoo are kept until Odoo changes, those with our addons until an addon changes.
"""

import odoo_source
from common import COMPANION_ADDONS, LANGUAGES, manifests, say
from database import (
    LOAD_LANGUAGES,
    addon_prints,
    create,
    install,
    key,
    read_mark,
    shell,
    write_mark,
)

PLAIN, FULL, SMALL = "test_plain", "test_full", "test_small"
# Style and script bundles that pages and tests of a browser load: tests would make them again and
# again. Those of Odoo's own tests of scripts and the like, two thirds of the time, nobody asks for.
ASSETS = """
used = {"web.assets_frontend", "web.assets_frontend_lazy", "web.assets_frontend_minimal"}
used |= {"web.assets_web", "web.assets_web_print", "web.assets_tests", "web.__assets_tests_call__"}
used |= {"web.report_assets_common", "web.report_assets_pdf"}
scripts, styles = env["ir.qweb"]._get_bundles_to_pregenarate()
for name in sorted(used & scripts):
    env["ir.qweb"]._get_asset_bundle(name, css=False).js()
for name in sorted(used & styles):
    env["ir.qweb"]._get_asset_bundle(name, js=False).css()
env.cr.commit()
"""


def ensure_template(pg, database, base=None, addons=(), options=(), script=""):
    """Make a database unless it is there, whole and made of the same. Return its name.

    :param str base: the template that it is a copy of; without, it starts empty
    :param addons: installed into it, with these options
    :param str script: Python for Odoo's shell, run at the end
    """
    ours = {name: value for name, value in addon_prints().items() if name in with_ours(addons)}
    origin = read_mark(pg, base)["key"] if base else [odoo_source.version(), LANGUAGES]
    wanted = key(origin, sorted(addons), ours, options, script)
    if (read_mark(pg, database) or {}).get("key") != wanted:
        say(f"Making the template database {database}")
        create(pg, database, base)
        if addons:
            install(pg, database, addons, *options, *([] if base else [LOAD_LANGUAGES]))
        if script:
            shell(pg, database, script, f"the template database {database} could not be finished")
        write_mark(pg, database, key=wanted)
    return database


def with_ours(addons):
    """Return addons and those of ours that they need."""
    ours = set(addons) & manifests().keys()
    return set(addons).union(*(with_ours(manifests()[name]["depends"]) for name in ours))


def ensure_plain(pg):
    """Odoo with stock and the web shop, none of our addons. Return the database's name."""
    needed = {name for manifest in manifests().values() for name in manifest["depends"]}
    return ensure_template(pg, PLAIN, addons=sorted({*COMPANION_ADDONS, *needed} - {*manifests()}))


def ensure_full(pg):
    """Plain Odoo and every addon of ours. Return the database's name."""
    return ensure_template(pg, FULL, ensure_plain(pg), list(manifests()), script=ASSETS)


def ensure_small(pg):
    """Sales and the portal, without stock and shop. Return the database's name."""
    return ensure_template(pg, SMALL, addons=["sale_management", "portal"])


def ensure_alone(pg, addon):
    """One addon with its dependencies and nothing else. Return the database's name.

    It is a copy of what the largest of ours that it depends on is tested in.
    """
    below = manifests().keys() & manifests()[addon]["depends"]
    base = max(sorted(below), key=lambda name: len(with_ours([name])), default=None)
    origin = ensure_alone(pg, base) if base else ensure_small(pg)
    return ensure_template(pg, f"test_alone_{addon}", origin, [addon], ["--skip-auto-install"])
