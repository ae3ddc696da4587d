#!/usr/bin/env python3
"""Write the .pot files of the addons anew and bring the .po files in line with them.

Odoo exports the texts. Translations are kept, new texts are added empty, texts that are gone are
removed. A test names every text that is missing, empty, fuzzy or out of date.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import polib
import postgres
from common import ADDONS, entry, manifests, say, show
from database import odoo, scratch
from templates import ensure_full

TRANSLATIONS = ["pl", "sl"]


def export(pg, folder):
    """Have Odoo export a fresh .pot of each addon. Return `{addon: catalogue}`.

    :param Path folder: where to: Odoo writes into the addons that it runs from, so into a copy
    """
    copy = shutil.copytree(ADDONS, folder / "addons")
    with scratch(pg, "test_i18n", ensure_full(pg)) as database:
        failure = "the texts could not be exported"
        odoo(pg, database, "i18n export", *manifests(), failure=failure, addons_path=copy)
    return {name: load(copy / name / "i18n" / f"{name}.pot") for name in manifests()}


def load(path):
    """Return a catalogue, an empty one when there is no file."""
    return polib.pofile(str(path)) if path.exists() else polib.POFile()


def terms(catalogue):
    """Return `{text: where it is used}`; dates and line numbers play no part."""
    used = [item for item in catalogue if not item.obsolete]
    return {item.msgid: {place for place, _line in item.occurrences} for item in used}


def differences(fresh, path):
    """Return one line for each text in which a file differs from the fresh export."""
    new, old = terms(fresh), terms(load(path))
    lines = [f"not in it: {text!r}" for text in new if text not in old]
    lines += [f"no longer used: {text!r}" for text in old if text not in new]
    lines += [f"used elsewhere: {text!r}" for text in new if text in old and new[text] != old[text]]
    return [f"{show(path)}: {line}" for line in lines]


def pot_path(addon):
    return ADDONS / addon / "i18n" / f"{addon}.pot"


def po_path(addon, language):
    return pot_path(addon).with_name(f"{language}.po")


def update(addon, fresh):
    """Write the .pot of an addon and merge its .po files."""
    for name in ("POT-Creation-Date", "PO-Revision-Date"):
        # These would differ at each run and in each clone.
        fresh.metadata.pop(name, None)
    files = {pot_path(addon): fresh}
    for language in TRANSLATIONS:
        catalogue = load(po_path(addon, language))
        catalogue.metadata = {**fresh.metadata, **catalogue.metadata, "Language": language}
        files[po_path(addon, language)] = catalogue
    for path, catalogue in files.items():
        if differences(fresh, path):
            catalogue.merge(fresh)
            for item in catalogue.obsolete_entries():
                catalogue.remove(item)
            path.parent.mkdir(exist_ok=True)
            catalogue.save(str(path))
            say(f"wrote {show(path)}: {len(catalogue.untranslated_entries())} texts to translate")


@entry
def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    with postgres.server() as pg, tempfile.TemporaryDirectory() as folder:
        for addon, fresh in export(pg, Path(folder)).items():
            update(addon, fresh)


if __name__ == "__main__":
    main()
