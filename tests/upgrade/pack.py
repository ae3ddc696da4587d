#!/usr/bin/env python3
"""Keep the addons of a release beside the upgrade test.

Without pictures, translations, tests and texts to read: what a database is made of.
"""

import argparse
import io
import lzma
import re
import subprocess
import tarfile
from pathlib import Path

# For texts, which have no machine words to be aligned.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0}]
LEFT_OUT = re.compile(r"/(i18n|tests|description|readme)/|\.(png|svg|webp|jpg|toml|md)$|conftest")


def pack(commit, target):
    """Write the addons of a commit to an archive that depends on nothing but their contents."""
    whole = subprocess.run(
        ["git", "archive", commit, "addons"], check=True, capture_output=True
    ).stdout
    with (
        tarfile.open(fileobj=io.BytesIO(whole)) as source,
        lzma.open(target, "w", filters=FILTERS) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for member in sorted(source.getmembers(), key=lambda member: member.name):
            if member.isfile() and not LEFT_OUT.search(member.name):
                member.mtime, member.mode = 0, 0o644
                archive.addfile(member, source.extractfile(member))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="the archive's name, 19.0.1.0.0")
    parser.add_argument("commit", help="where that release is")
    options = parser.parse_args()
    pack(options.commit, Path(__file__).parent / f"{options.version}.tar.xz")


if __name__ == "__main__":
    main()
