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
    check_space,
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
DEBIAN_SUITES = {*STABLE_SUITES, "bullseye", "forky", "sid", "stable", "testing", "unstable"}
# The Odoo package links to files of the others. The icon font must be the 4.7 of the stable
# suites: newer ones lack the files that Odoo's style sheets name.
PACKAGES = [
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-inconsolata",
    "fonts-ocr-b",
]
ICON_FONT = "fonts-font-awesome"

UNPACKED = STATE / "root"
RECORD = STATE / "odoo-source.json"
APT = STATE / "apt"
DEBS = STATE / "debs"
WAY_OUT = "set ODOO_SRC to a folder that holds the `odoo` package of Odoo 19.0"


def source_folder():
    """Return the folder that holds the `odoo` package."""
    if os.environ.get("ODOO_SRC"):
        return Path(os.environ["ODOO_SRC"]).expanduser().resolve()
    return UNPACKED / "usr" / "lib" / "python3" / "dist-packages"


def version():
    """Return what identifies Odoo's source: templates of another one are not used again."""
    if os.environ.get("ODOO_SRC"):
        release = source_folder() / "odoo" / "release.py"
        return f"{release.parent} {release.stat().st_mtime_ns}"
    return fingerprint(RECORD)


def check_release(name):
    """Raise a `Problem` unless Odoo 19.0 is there.

    :param str name: where it comes from, for the message
    """
    folder = source_folder()
    release = folder / "odoo" / "release.py"
    found = re.search(r"version_info = \((\d+), (\d+)", read_text(release))
    if not found:
        raise Problem(f"{name}={folder} holds no `odoo` package (no {release})")
    if found.groups() != ("19", "0"):
        raise Problem(f"{name}={folder} is Odoo {'.'.join(found.groups())}, 19.0 is needed")


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
    found = re.findall(r"^'(\S+)/dists/([^/\s]+)/main/binary-", said, re.MULTILINE)
    # Debian's main archive: not security, no third party's, no CD.
    uris = [uri for uri, suite in found if suite in DEBIAN_SUITES and not uri.startswith("cdrom:")]
    uris = [uri for uri in uris if "security" not in uri]
    if uris:
        return list(dict.fromkeys(uris))
    if "ubuntu" in said:
        raise Problem(f"this machine's packages are Ubuntu's, Odoo 19 is Debian's: {WAY_OUT}")
    raise Problem(f"no Debian mirror in the package sources below {folder}: add one, or {WAY_OUT}")


def own_suite():
    """Return the stable suite to take the icon font from: this machine's own if it is one."""
    match = re.search(r"^VERSION_CODENAME=(\w+)", read_text(Path("/etc/os-release")), re.MULTILINE)
    return match[1] if match and match[1] in STABLE_SUITES else STABLE_SUITES[-1]


def private_apt(mirrors):
    """Return the options that give apt its own sources, lists and cache below .odoo/apt/."""
    keyrings = [path for path in (f"{KEYRING}.gpg", f"{KEYRING}.pgp") if Path(path).exists()]
    if not keyrings:
        raise Problem("Debian's archive keyring is missing: apt-get install debian-archive-keyring")
    for name in ("state/lists/partial", "cache/archives/partial"):
        (APT / name).mkdir(parents=True, exist_ok=True)
    write_atomic(APT / "status", "")
    sources = [f"deb [signed-by={keyrings[0]}] {mirror} " for mirror in mirrors]
    lines = [f"{source}{suite} main\n" for source in sources for suite in (SUITE, own_suite())]
    write_atomic(APT / "sources.list", "".join(lines))
    settings = {
        # The rest stays the machine's: its proxies, and its log-ins for mirrors.
        "Dir::Etc::sourcelist": APT / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": APT / "state",
        "Dir::State::status": APT / "status",
        "Dir::Cache": APT / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        # Root's downloads drop to user _apt, who may not see the checkout.
        "APT::Sandbox::User": "root",
    }
    return [f"-o{key}={value}" for key, value in settings.items()]


# === DOWNLOADING AND UNPACKING === #


def download(apt):
    """Fetch the packages into .odoo/debs/.

    :return: `{package: {"version", "file", "sha256"}}`, the sums from Debian's signed lists
    """
    say("Reading Debian's package lists")
    failure = f"the package lists could not be read (another way: {WAY_OUT})"
    run(["apt-get", *apt, "--error-on=any", "update"], "apt-update.log", failure)
    command = ["apt-get", *apt, "download", *PACKAGES, f"{ICON_FONT}/{own_suite()}"]
    failure = f"Debian's lists do not offer what is needed ({WAY_OUT})"
    log = run([*command, "--print-uris", "--quiet=2"], "apt-uris.log", failure)
    packages = {}
    for file, sha256 in re.findall(r"^'\S+' (\S+) \d+ SHA256:(\w+)", read_text(log), re.MULTILINE):
        name, version = file.replace("%3a", ":").split("_")[:2]
        packages[name] = {"version": version, "file": file, "sha256": sha256}
    say("Downloading Odoo 19 (about 125 MB)")
    DEBS.mkdir(exist_ok=True)
    failure = "the download of Odoo broke off, run the same command again to go on"
    run(command, "apt-download.log", failure, cwd=DEBS)
    sums = "".join(f"{package['sha256']}  {package['file']}\n" for package in packages.values())
    try:
        # apt-get takes a file that it finds there for the right one when its size is right.
        failure = "the download is damaged, run the same command again"
        run(["sha256sum", "--check", "--quiet"], "sums.log", failure, text=sums, cwd=DEBS)
    except Problem:
        shutil.rmtree(DEBS)
        raise
    return packages


def unpack(packages):
    """Unpack all packages into one folder, which takes its final name when it is whole."""
    say("Unpacking Odoo 19")
    part = STATE / "root.part"
    shutil.rmtree(part, ignore_errors=True)
    for name, package in packages.items():
        command = ["dpkg-deb", "-x", DEBS / package["file"], part]
        run(command, "unpack.log", f"{name} could not be unpacked, run the same command again")
    addons = part / source_folder().relative_to(UNPACKED) / "odoo" / "addons"
    # Debian leaves this file out; every back-office page would log an error for want of it.
    stub = addons / "mail" / "static" / "lib" / "selfie_segmentation" / "selfie_segmentation.js"
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
    check_space(STATE, 3000)
    packages = download(private_apt(find_mirrors()))
    unpack(packages)
    check_release("Debian's package")
    write_atomic(RECORD, json.dumps(packages, indent=2) + "\n")


if __name__ == "__main__":
    main()
