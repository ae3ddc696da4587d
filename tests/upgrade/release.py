"""Databases of earlier releases, made of the archives beside this file."""

import shutil
import tarfile
from pathlib import Path

from common import STATE, fingerprint
from database import clone, install, key, read_mark, shell, write_mark

HERE = Path(__file__).parent
FILL = HERE / "fill.py"


class Release:
    """The addons of an earlier release.

    :param str version: the archive's name
    """

    def __init__(self, version):
        self.version = version
        self.archive = HERE / f"{version}.tar.xz"
        self.folder = STATE / "upgrade" / version
        self.addons_path = self.folder / "addons"

    def unpack(self):
        """Put the addons where Odoo finds them; nothing is left of an earlier archive."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with tarfile.open(self.archive) as archive:
            # Earlier versions of a Python, 3.11.2 for one, know no filters. It is our archive.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(self.folder)

    @property
    def addons(self):
        return sorted(path.parent.name for path in self.addons_path.glob("*/__manifest__.py"))

    def ensure_filled(self, pg, base, addons=None):
        """Return the name of a filled database of this release; it is kept for the next time.

        :param str base: the template database that the addons come into
        :param list addons: all when None
        """
        self.unpack()
        database = f"{base}_{self.version.replace('.', '_')}"
        prints = [fingerprint(self.archive), fingerprint(FILL), read_mark(pg, base)["key"]]
        wanted = key(*prints, addons)
        if (read_mark(pg, database) or {}).get("key") != wanted:
            old = {"addons_path": self.addons_path}
            clone(pg, base, database)
            install(pg, database, addons or self.addons, **old)
            shell(pg, database, FILL.read_text(), f"{database} could not be filled", **old)
            write_mark(pg, database, key=wanted)
        return database
