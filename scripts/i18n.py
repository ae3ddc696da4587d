#!/usr/bin/env python3
"""Write the .pot files of the addons anew and bring the .po files in line with them.

Translations are kept, new texts are added empty, texts that are gone are removed. With --check
nothing is written and every text that is missing, empty, fuzzy or out of date is named.
"""

import argparse
import re
import shutil
import tempfile
from pathlib import Path

import polib
import postgres
from common import ADDONS, Problem, entry, manifests, say, show
from database import clone, drop, odoo
from templates import FULL, ensure_full

TRANSLATIONS = ["pl", "sl"]
DATABASE = "test_i18n"
# Python's and QWeb's placeholders: a translation that loses one fails where it is used.
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sdf]|\{\{.+?\}\}|</?\w+")


def export(pg, folder):
    """Have Odoo export a fresh .pot of each addon. Return `{addon: catalogue}`.

    :param Path folder: where to: Odoo writes into the addons that it runs from, so into a copy
    """
    clone(pg, FULL, DATABASE)
    copy = shutil.copytree(ADDONS, folder / "addons", ignore=shutil.ignore_patterns("tests"))
    try:
        failure = "the texts could not be exported"
        odoo(pg, DATABASE, "i18n export", *manifests(), failure=failure, addons_path=copy)
    finally:
        drop(pg, DATABASE)
    return {name: load(copy / name / "i18n" / f"{name}.pot") for name in manifests()}


def terms(catalogue):
    """Return `{text: where it is used}`; dates and line numbers play no part."""
    return {
        item.msgid: {place for place, _line in item.occurrences}
        for item in catalogue
        if not item.obsolete
    }


def load(path):
    """Return a catalogue, an empty one when there is no file."""
    return polib.pofile(str(path)) if path.exists() else polib.POFile()


def differences(fresh, path):
    """Return one line for each text in which a file differs from the fresh export."""
    new, old = terms(fresh), terms(load(path))
    lines = [f"not in it: {text!r}" for text in new if text not in old]
    lines += [f"no longer used: {text!r}" for text in old if text not in new]
    lines += [f"used elsewhere: {text!r}" for text in new if text in old and new[text] != old[text]]
    return [f"{show(path)}: {line}" for line in lines]


def gaps(path):
    """Return one line for each text of a .po file that is not, or badly, translated."""
    lines = []
    for item in load(path):
        if item.obsolete:
            continue
        if not item.msgstr:
            lines.append(f"empty: {item.msgid!r}")
        elif item.fuzzy:
            lines.append(f"fuzzy: {item.msgid!r}")
        elif sorted(PLACEHOLDER.findall(item.msgid)) != sorted(PLACEHOLDER.findall(item.msgstr)):
            lines.append(f"placeholders or tags differ: {item.msgid!r} and {item.msgstr!r}")
    return [f"{show(path)}: {line}" for line in lines]


def pot_path(addon):
    return ADDONS / addon / "i18n" / f"{addon}.pot"


def po_path(addon, language):
    return ADDONS / addon / "i18n" / f"{language}.po"


def check(addon, fresh):
    """Return one line for each thing that is wrong with the translations of an addon.

    :param fresh: the catalogue that was just exported
    """
    lines = differences(fresh, pot_path(addon))
    for language in TRANSLATIONS:
        path = po_path(addon, language)
        if terms(fresh) and not path.exists():
            lines.append(f"{show(path)}: missing")
        lines += differences(fresh, path) + gaps(path)
    return lines


# === WRITING === #


def update(addon, fresh):
    """Write the .pot of an addon and merge its .po files."""
    for name in ("POT-Creation-Date", "PO-Revision-Date"):
        # These would differ at each run and in each clone.
        fresh.metadata.pop(name, None)
    pot = pot_path(addon)
    if differences(fresh, pot):
        pot.parent.mkdir(exist_ok=True)
        fresh.save(str(pot))
        say(f"wrote {show(pot)}")
    for language in TRANSLATIONS:
        merge(po_path(addon, language), fresh, language)


def merge(path, fresh, language):
    if not terms(fresh) or path.exists() and not differences(fresh, path):
        return
    catalogue = load(path)
    catalogue.metadata = {**fresh.metadata, **catalogue.metadata, "Language": language}
    catalogue.merge(fresh)
    for item in list(catalogue.obsolete_entries()):
        catalogue.remove(item)
    path.parent.mkdir(exist_ok=True)
    catalogue.save(str(path))
    say(f"wrote {show(path)}: {len(catalogue.untranslated_entries())} texts to translate")


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    options = parser.parse_args()
    with postgres.server() as pg, tempfile.TemporaryDirectory() as folder:
        ensure_full(pg)
        fresh = export(pg, Path(folder))
    if not options.check:
        for addon, catalogue in fresh.items():
            update(addon, catalogue)
    elif lines := [line for addon, catalogue in fresh.items() for line in check(addon, catalogue)]:
        say("\n".join(lines))
        raise Problem(f"{len(lines)} texts are missing, empty, fuzzy or out of date")


if __name__ == "__main__":
    main()
