"""Databases of earlier releases, made of the archives beside this file."""

import shutil
import tarfile
from pathlib import Path

from common import STATE, fingerprint
from database import clone, key, odoo, read_mark, write_config
from templates import ensure

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
            archive.extractall(self.folder, filter="data")

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

        def make():
            clone(pg, base, database)
            config = write_config(database, database, addons_path=self.addons_path)
            run(pg, config, "-i", ",".join(addons or self.addons), log=f"{database}.log")
            fill(pg, config, f"{database}-fill.log")

        return ensure(pg, database, key(*prints, addons), make)


def run(pg, config, *options, log):
    """Run Odoo until it has installed or updated what the options say."""
    arguments = ["server", "--stop-after-init", "--no-http", *options]
    odoo(pg, config, *arguments, log=log, failure=f"Odoo {' '.join(options)} failed")


def fill(pg, config, log):
    script = FILL.read_text()
    odoo(pg, config, "shell", "--no-http", log=log, failure="not filled", text=script)
