#!/usr/bin/env python3
"""Fetch Odoo 19.0: Debian's package `odoo-19`, unpacked below .odoo/ without installing it.

apt-get does the download with a private configuration, from the mirror that this machine's own
package sources name, checks Debian's signatures, and goes on where a download broke off. `ODOO_SRC`
skips all of it.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from common import (
    STATE,
    Problem,
    entry,
    fingerprint,
    read_text,
    run,
    say,
    write_atomic,
)

KEYRING = "/usr/share/keyrings/debian-archive-keyring"
# Odoo 19 itself is only in unstable.
SUITE = "sid"
STABLE_SUITES = ["bookworm", "trixie"]
DEBIAN_SUITES = ["bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable"]
# The Odoo package links to files of the others. The icon font must be the 4.7 of the stable
# suites: newer ones lack the files that Odoo's style sheets name.
PACKAGES = ["odoo-19", "libjs-jquery", "libjs-jquery-form", "libjs-underscore"]
PACKAGES += ["fonts-roboto-unhinted", "fonts-inconsolata", "fonts-ocr-b"]
ICON_FONT = "fonts-font-awesome"

UNPACKED = STATE / "root"
RECORD = STATE / "odoo-source.json"
APT = STATE / "apt"
DEBS = STATE / "debs"
WAY_OUT = "set ODOO_SRC to a folder that holds the `odoo` package of Odoo 19.0"


def source_folder():
    """Return the folder that holds the `odoo` package."""
    if own := os.environ.get("ODOO_SRC"):
        return Path(own).expanduser().resolve()
    return UNPACKED / "usr" / "lib" / "python3" / "dist-packages"


def version():
    """Return what identifies Odoo's source: templates of another one are not used again."""
    if os.environ.get("ODOO_SRC"):
        release = source_folder() / "odoo" / "release.py"
        return f"{release.parent} {release.stat().st_mtime_ns}"
    return fingerprint(RECORD)


def check_release(name):
    """Raise a `Problem` unless Odoo 19.0 is there; `name` says where it comes from."""
    release = source_folder() / "odoo" / "release.py"
    found = re.search(r"version_info = \((\d+), (\d+)", read_text(release))
    if not found:
        raise Problem(f"{name}={source_folder()} holds no `odoo` package (no {release})")
    if found.groups() != ("19", "0"):
        raise Problem(
            f"{name}={source_folder()} is Odoo {'.'.join(found.groups())}, 19.0 is needed"
        )


# === APT WITH A CONFIGURATION OF ITS OWN === #


def find_mirrors(folder="/etc/apt"):
    """Return the URIs of the Debian mirrors that this machine's package sources name.

    apt-get itself reads them: `indextargets` would say the same, but only after an update.
    """
    lists = APT / "none"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    options = [f"-oDir::Etc={folder}", f"-oDir::State::Lists={lists}", "-oDebug::NoLocking=1"]
    command = ["apt-get", *options, "--print-uris", "update"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^'(?!cdrom:)(\S+)/dists/([^/\s]+)/main/binary-", said, re.MULTILINE)
    # Debian's main archive: not security, no third party's.
    uris = [uri for uri, suite in found if suite in DEBIAN_SUITES and "security" not in uri]
    if not uris:
        there = "Ubuntu's packages alone" if "ubuntu" in said else "no Debian mirror"
        raise Problem(f"the package sources below {folder} name {there}: add one, or {WAY_OUT}")
    return list(dict.fromkeys(uris))


def own_suite():
    """Return the stable suite to take the icon font from: this machine's own if it is one."""
    codename = re.search(
        r"^VERSION_CODENAME=(\w+)", read_text(Path("/etc/os-release")), re.MULTILINE
    )
    return codename[1] if codename and codename[1] in STABLE_SUITES else STABLE_SUITES[-1]


def private_apt(mirrors):
    """Return the options that give apt its own sources, lists and cache below .odoo/apt/.

    The rest stays the machine's: its proxies, and its log-ins for mirrors.
    """
    keyrings = sorted(Path("/usr/share/keyrings").glob("debian-archive-keyring.[gp][pg][gp]"))
    if not keyrings:
        raise Problem("Debian's archive keyring is missing: apt-get install debian-archive-keyring")
    for name in ("lists/partial", "archives/partial"):
        (APT / name).mkdir(parents=True, exist_ok=True)
    sources = [
        f"deb [signed-by={keyrings[0]}] {mirror} {suite} main\n"
        for mirror in mirrors
        for suite in (SUITE, own_suite())
    ]
    write_atomic(APT / "sources.list", "".join(sources))
    write_atomic(
        APT / "apt.conf",
        f"""
        Dir::Etc {{ sourcelist "{APT}/sources.list"; sourceparts "/dev/null"; }};
        Dir::Etc {{ preferences "/dev/null"; preferencesparts "/dev/null"; }};
        Dir::State "{APT}";
        Dir::State::status "/dev/null";
        Dir::Cache "{APT}";
        Acquire {{ Languages "none"; Retries "2"; }};
        // Root's downloads drop to user _apt, who may not see the checkout.
        APT::Sandbox::User "root";
        """,
    )
    return ["--config-file", APT / "apt.conf"]


# === DOWNLOADING AND UNPACKING === #


def download(apt):
    """Fetch the packages into .odoo/debs/. Return the names of their files."""
    say("Reading Debian's package lists")
    failure = f"the package lists could not be read (another way: {WAY_OUT})"
    run(["apt-get", *apt, "--error-on=any", "update"], "apt-update.log", failure)
    command = ["apt-get", *apt, "download", *PACKAGES, f"{ICON_FONT}/{own_suite()}"]
    failure = f"Debian's lists do not offer what is needed ({WAY_OUT})"
    log = run([*command, "--print-uris", "--quiet=2"], "apt-uris.log", failure)
    say("Downloading Odoo 19 (about 125 MB)")
    DEBS.mkdir(exist_ok=True)
    failure = "the download of Odoo broke off, run the same command again to go on"
    run(command, "apt-download.log", failure, cwd=DEBS)
    return re.findall(r"^'\S+' (\S+\.deb) ", read_text(log), re.MULTILINE)


def unpack(files):
    """Unpack all packages into one folder, which takes its final name when it is whole."""
    say("Unpacking Odoo 19")
    part = STATE / "root.part"
    shutil.rmtree(part, ignore_errors=True)
    for file in files:
        try:
            run(
                ["dpkg-deb", "-x", DEBS / file, part],
                "unpack.log",
                f"{file} is damaged, run the same command again",
            )
        except Problem:
            # apt-get takes a file that it finds there for the right one when its size is right.
            (DEBS / file).unlink()
            raise
    mail = part / source_folder().relative_to(UNPACKED) / "odoo" / "addons" / "mail"
    # Debian leaves this file out; every back-office page would log an error for want of it.
    stub = mail / "static" / "lib" / "selfie_segmentation" / "selfie_segmentation.js"
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.touch()
    shutil.rmtree(UNPACKED, ignore_errors=True)
    part.rename(UNPACKED)


@entry
def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    if os.environ.get("ODOO_SRC"):
        check_release("ODOO_SRC")
        return
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise Problem(f"{tool} is missing, Odoo comes as a Debian package: {WAY_OUT}")
    STATE.mkdir(exist_ok=True)
    files = download(private_apt(find_mirrors()))
    unpack(files)
    check_release("Debian's package")
    write_atomic(RECORD, json.dumps(files, indent=2) + "\n")


if __name__ == "__main__":
    main()
