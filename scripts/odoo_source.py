"""Fetch Odoo 19.0: Debian's package `odoo-19`, unpacked below .odoo/ without installing it.

apt-get does the download with a private configuration, from the mirror that this machine's own
package sources name, and checks Debian's signatures. `ODOO_SRC` skips all of it.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from common import STATE, Problem, check_space, read_text, run, say, write_atomic

SOURCES = Path("/etc/apt")
KEYRINGS = [
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
]
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
    return hashlib.sha256(read_text(RECORD).encode()).hexdigest()


def ensure():
    """Make sure that Odoo 19.0 is there.

    :raise Problem: when it is not and cannot be fetched
    """
    if os.environ.get("ODOO_SRC"):
        check_release(source_folder(), "ODOO_SRC")
        return
    if RECORD.exists() and (source_folder() / "odoo" / "release.py").exists():
        return
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if not shutil.which(tool):
            raise Problem(f"{tool} is missing, Odoo comes as a Debian package: {WAY_OUT}")
    STATE.mkdir(exist_ok=True)
    check_space(STATE, 3000)
    apt = private_apt(find_mirrors())
    packages = download(apt)
    unpack(packages)
    write_atomic(RECORD, json.dumps(packages, indent=2) + "\n")


def check_release(folder, name):
    release = folder / "odoo" / "release.py"
    found = re.search(r"version_info = \((\d+), (\d+)", read_text(release))
    if not found:
        raise Problem(f"{name}={folder} holds no `odoo` package (no {release})")
    if found.groups() != ("19", "0"):
        raise Problem(f"{name}={folder} is Odoo {'.'.join(found.groups())}, 19.0 is needed")


# === THE MACHINE'S OWN PACKAGE SOURCES ===


def find_mirrors(folder=SOURCES):
    """Return the URIs of the Debian mirrors that this machine's package sources name."""
    entries = []
    for path in sorted([folder / "sources.list", *folder.glob("sources.list.d/*")]):
        if path.suffix == ".sources":
            entries += parse_deb822(read_text(path))
        elif path.suffix == ".list":
            entries += parse_list(read_text(path))
    uris = [uri for uri, suites in entries if is_debian(uri, suites)]
    if uris:
        return list(dict.fromkeys(uris))
    if any("ubuntu" in uri for uri, _suites in entries):
        raise Problem(f"this machine's packages are Ubuntu's, Odoo 19 is Debian's: {WAY_OUT}")
    raise Problem(f"no Debian mirror in the package sources below {folder}: add one, or {WAY_OUT}")


def is_debian(uri, suites):
    """Say whether a source is Debian's main archive (not security, a third party or a CD)."""
    plain = {suite.removesuffix("-updates") for suite in suites}
    return bool(plain & DEBIAN_SUITES) and "security" not in uri and not uri.startswith("cdrom:")


def parse_deb822(text):
    """Return `(uri, suites)` of each enabled source of a `.sources` file."""
    entries = []
    for stanza in re.split(r"\n\s*\n", text):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and name:
                fields[name] += f" {line.strip()}"
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        enabled = fields.get("enabled", "yes").lower() not in ("no", "false", "0")
        if enabled and "deb" in fields.get("types", "").split() and has_main(fields):
            suites = fields.get("suites", "").split()
            entries += [(uri, suites) for uri in fields.get("uris", "").split()]
    return entries


def has_main(fields):
    return "main" in fields.get("components", "").split()


def parse_list(text):
    """Return `(uri, suites)` of each `deb` line of a `.list` file."""
    entries = []
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line.strip())
        if match and "main" in match[3].split():
            entries.append((match[1], [match[2]]))
    return entries


# === APT WITH A CONFIGURATION OF ITS OWN ===


def own_suite():
    """Return the stable suite to take the icon font from: this machine's own if it is one."""
    match = re.search(r"^VERSION_CODENAME=(\w+)", read_text(Path("/etc/os-release")), re.MULTILINE)
    return match[1] if match and match[1] in STABLE_SUITES else STABLE_SUITES[-1]


def private_apt(mirrors):
    """Return the options that give apt its own sources, lists and cache below .odoo/."""
    keyring = next(filter(Path.exists, KEYRINGS), None)
    if not keyring:
        raise Problem("Debian's archive keyring is missing: apt-get install debian-archive-keyring")
    base = STATE / "apt"
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (base / name).mkdir(parents=True, exist_ok=True)
    write_atomic(base / "status", "")
    write_atomic(
        base / "parts" / "debian.sources",
        f"Types: deb\nURIs: {' '.join(mirrors)}\nSuites: {SUITE} {own_suite()}\n"
        f"Components: main\nSigned-By: {keyring}\n",
    )
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": base / "parts",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::Lists": base / "lists",
        "Dir::State::status": base / "status",
        "Dir::Cache": base / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        # Root's downloads drop to user _apt, who may not see the checkout.
        "APT::Sandbox::User": "root",
    }
    return [f"-o{key}={value}" for key, value in settings.items()]


def download(apt):
    """Fetch the packages into .odoo/debs/.

    :return: `{package: {"version", "file", "sha256"}}`, the sums from Debian's signed lists
    """
    say("Reading Debian's package lists")
    failure = f"the package lists could not be read (another way: {WAY_OUT})"
    run(["apt-get", *apt, "--error-on=any", "update"], "apt-update.log", failure)
    wanted = [*PACKAGES, f"{ICON_FONT}/{own_suite()}"]
    packages = expected_files(apt, wanted)
    DEBS.mkdir(exist_ok=True)
    for package in packages.values():
        file = DEBS / package["file"]
        if file.exists() and file_sum(file) != package["sha256"]:
            file.unlink()
    if not all((DEBS / package["file"]).exists() for package in packages.values()):
        say("Downloading Odoo 19 (about 125 MB)")
        failure = "the download of Odoo broke off, run the same command again to go on"
        run(["apt-get", *apt, "download", *wanted], "apt-download.log", failure, cwd=DEBS)
    for name, package in packages.items():
        if file_sum(DEBS / package["file"]) != package["sha256"]:
            raise Problem(f"the downloaded package {name} is damaged, run the same command again")
    return packages


def expected_files(apt, wanted):
    """Return what `apt-get download` will fetch: names, versions and SHA-256 sums."""
    command = ["apt-get", *apt, "--print-uris", "--quiet=2", "download", *wanted]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    packages = {}
    for line in result.stdout.splitlines():
        _uri, file, _size, digest = shlex.split(line)
        name, number = file.removesuffix(".deb").split("_")[:2]
        packages[name] = {
            "version": number.replace("%3a", ":"),
            "file": file,
            "sha256": digest.removeprefix("SHA256:"),
        }
    if result.returncode or len(packages) != len(wanted):
        last = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"Debian's lists do not offer what is needed: {last}; {WAY_OUT}")
    return packages


def file_sum(path):
    if not path.exists():
        return None
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def unpack(packages):
    """Unpack all packages into one folder, which takes its final name when it is whole."""
    say("Unpacking Odoo 19")
    part = STATE / "root.part"
    shutil.rmtree(part, ignore_errors=True)
    for name, package in packages.items():
        command = ["dpkg-deb", "-x", DEBS / package["file"], part]
        run(command, "unpack.log", f"{name} could not be unpacked, run the same command again")
    addons = part / "usr" / "lib" / "python3" / "dist-packages" / "odoo" / "addons"
    # Debian leaves this file out; every back-office page would log an error for want of it.
    stub = addons / "mail" / "static" / "lib" / "selfie_segmentation" / "selfie_segmentation.js"
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.touch()
    shutil.rmtree(UNPACKED, ignore_errors=True)
    part.rename(UNPACKED)
    check_release(source_folder(), "Debian's package")
