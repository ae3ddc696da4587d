"""The scripts themselves: what they read, what they refuse and in which words."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import common
import database
import odoo_source
import postgres
import pytest
import setup
import stop
from common import ROOT, Problem, free_port
from kit import axe

BOOKWORM = """\
Types: deb deb-src
# a remark
URIs: http://mirror.example/debian http://other.example/debian
Suites: bookworm
  bookworm-updates
Components: main contrib

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no
"""
ONE_LINE = """\
# deb http://off.example/debian trixie main
deb [arch=amd64 signed-by=/x.gpg] http://mirror.example/debian trixie main non-free
deb-src http://source.example/debian trixie main
deb http://mirror.example/debian-security trixie-security main
deb cdrom:[Debian]/ trixie main
deb http://third.example/apt stable nightly
"""
UBUNTU = "deb http://mirror.example/ubuntu noble main universe\n"


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def script(name, *arguments, **env):
    command = [sys.executable, ROOT / "scripts" / name, *arguments]
    env = {**os.environ, **env}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def assert_one_line(result, *parts):
    """Check that a script gave up with one line that holds all parts."""
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("error: ")
    for part in parts:
        assert part in result.stderr


# === PACKAGE SOURCES === #


def test_mirrors_of_deb822_sources(sources):
    (sources / "sources.list.d" / "debian.sources").write_text(BOOKWORM)
    expected = ["http://mirror.example/debian", "http://other.example/debian"]
    assert sorted(odoo_source.find_mirrors(sources)) == expected


def test_mirrors_of_one_line_sources(sources):
    (sources / "sources.list").write_text(ONE_LINE)
    assert odoo_source.find_mirrors(sources) == ["http://mirror.example/debian"]


@pytest.mark.parametrize(("text", "expected"), [(UBUNTU, "Ubuntu"), ("", "no Debian mirror")])
def test_mirrors_elsewhere_point_at_the_way_out(sources, text, expected):
    (sources / "sources.list").write_text(text)
    with pytest.raises(Problem, match=f"{expected}.*ODOO_SRC"):
        odoo_source.find_mirrors(sources)


def test_damaged_download_is_thrown_away(monkeypatch, tmp_path):
    file = tmp_path / "odoo-19_19.0_all.deb"
    file.write_text("half")
    monkeypatch.setattr(odoo_source, "DEBS", tmp_path)
    monkeypatch.setattr(odoo_source, "STATE", tmp_path)
    with pytest.raises(Problem, match="damaged, run the same command again"):
        odoo_source.unpack([file.name])
    assert not file.exists()


def test_odoo_src_without_odoo_is_refused(tmp_path):
    assert_one_line(script("odoo_source.py", ODOO_SRC=str(tmp_path)), "holds no `odoo` package")


def test_odoo_src_of_another_version_is_refused(tmp_path):
    (tmp_path / "odoo").mkdir()
    (tmp_path / "odoo" / "release.py").write_text("version_info = (18, 0, 0, FINAL, 0, '')\n")
    result = script("odoo_source.py", ODOO_SRC=str(tmp_path))
    assert_one_line(result, "is Odoo 18.0, 19.0 is needed")


# === WHAT ONE CHECK ALONE NEEDS === #


def test_missing_npm_is_named_and_the_rest_goes_on(monkeypatch, checkout):
    (checkout / "tests").symlink_to(ROOT / "tests")
    programs = checkout / "programs"
    programs.mkdir()
    for name in ("sh", "cp", "mkdir", "make"):
        (programs / name).symlink_to(shutil.which(name))
    result = make(checkout, ".odoo/npm/.installed", PATH=str(programs))
    assert result.returncode == 0
    assert "accessibility tests will fail: is npm there?" in result.stdout
    assert not (checkout / ".odoo" / "npm" / ".installed").exists()
    monkeypatch.setattr(axe, "SCRIPT", checkout / "axe.min.js")
    with pytest.raises(Problem, match=r"axe-core is missing.*npm"):
        axe.load()


def test_missing_programs_are_named(monkeypatch):
    monkeypatch.setattr(setup.shutil, "which", lambda _program: None)
    with pytest.raises(Problem, match="wkhtmltopdf chromium; install as root: apt-get install"):
        setup.install_programs()


@pytest.fixture
def pythons(tmp_path, monkeypatch):
    """Pretend that these Pythons are all there is: `{name: (version, whether venv is there)}`."""

    def there_are(found, asked_for=None):
        folder = tmp_path / "bin"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, (version, has_venv) in found.items():
            script = f"#!/bin/sh\necho {version}\nexit {0 if has_venv else 1}\n"
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(setup, "SYSTEM_PYTHON", str(folder / "system"))
        monkeypatch.setattr(setup.sys, "executable", str(folder / "called"))
        monkeypatch.delenv("PYTHON", raising=False)
        if asked_for:
            monkeypatch.setenv("PYTHON", asked_for)
        return Path(setup.find_python()).name

    return there_are


def test_python_of_the_system_comes_first_unless_another_is_asked_for(pythons):
    good = {"system": ("3 11", True), "called": ("3 12", True)}
    assert pythons(good) == "system"
    assert pythons(good, asked_for="called") == "called"
    assert pythons({"called": ("3 12", True)}) == "called"


def test_python_is_one_that_odoo_runs_on_and_a_venv_is_made_with(pythons):
    assert pythons({"system": ("3 9", True), "called": ("3 10", True)}) == "called"
    assert pythons({"system": ("3 11", False), "called": ("3 10", True)}) == "called"
    old = {"system": ("3 14", True), "called": ("3 9", True)}
    assert pythons({**old, "python3.13": ("3 13", True)}) == "python3.13"
    with pytest.raises(Problem, match=r"Odoo 19 runs on Python 3\.10 to 3\.13, this one is"):
        pythons(old)
    with pytest.raises(Problem, match=r"venv module of \S+/called is missing: apt-get install"):
        pythons({"system": ("3 14", False), "called": ("3 13", False)})


def test_axe_is_pinned_by_version_and_checksum():
    folder = ROOT / "tests"
    wanted = json.loads((folder / "package.json").read_text())["devDependencies"]["axe-core"]
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]
    package = lock["node_modules/axe-core"]
    assert package["version"] == wanted
    assert package["integrity"].startswith("sha512-")
    # The registry is the machine's choice.
    assert "resolved" not in package


# === PORTS, DISK, SERVERS === #


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield str(server.getsockname()[1])


def test_taken_http_port_is_one_line(taken_port):
    result = script("run.py", HTTP_PORT=taken_port)
    assert_one_line(result, f"port {taken_port} for Odoo is taken", "HTTP_PORT=")


def test_taken_smtp_port_is_one_line(taken_port):
    result = script("run.py", HTTP_PORT=str(free_port()), SMTP_PORT=taken_port)
    assert_one_line(result, f"port {taken_port} for the mail catcher is taken", "SMTP_PORT=")


@pytest.mark.parametrize("value", ["http", "0", "70000", "-1"])
def test_port_that_is_none_is_one_line(value):
    assert_one_line(script("run.py", HTTP_PORT=value), f"HTTP_PORT={value} is not a port number")


def test_unreachable_database_server_is_one_line():
    port = str(free_port())
    result = script("postgres.py", "env", PGHOST="127.0.0.1", PGPORT=port, PGUSER="odoo")
    assert_one_line(result, f"PGPORT={port}", "cannot be used")


def test_superuser_postgres_is_refused():
    result = script("postgres.py", "env", PGHOST="127.0.0.1", PGUSER="postgres")
    assert_one_line(result, "choose another PGUSER")


def test_full_disk_is_named(tmp_path):
    code = "raise OSError(28, 'No space left on device', '/somewhere')"
    with pytest.raises(Problem, match=r"failed: OSError: .*No space left.*/somewhere"):
        common.run([sys.executable, "-c", code], "test-full-disk.log", "it failed")


def test_full_disk_of_a_script_is_one_line():
    code = "import common; common.entry(lambda: open('/dev/full', 'w').write('x' * 10**5))()"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert_one_line(result, "No space left on device")


def test_database_of_somebody_else_is_not_dropped(pg):
    name = "test_tooling_foreign"
    database.query(pg, f'CREATE DATABASE "{name}"')
    try:
        with pytest.raises(Problem, match=name):
            database.create(pg, name)
        assert database.read_mark(pg, name) == {}
    finally:
        database.query(pg, f'DROP DATABASE "{name}"')


def test_interrupted_database_is_not_taken_for_whole(pg):
    name = "test_tooling_part"
    database.create(pg, name)
    try:
        assert "key" not in database.read_mark(pg, name)
        database.write_mark(pg, name, key="made")
        assert database.read_mark(pg, name)["key"] == "made"
    finally:
        database.drop(pg, name)
    assert database.read_mark(pg, name) is None


def test_database_error_is_a_problem(pg):
    with pytest.raises(Problem, match="PostgreSQL, database postgres: .*no_such_table"):
        database.query(pg, "SELECT * FROM no_such_table")


def test_closed_folder_is_seen(tmp_path):
    closed = tmp_path / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0)
    try:
        assert not postgres.reachable(closed / "inside")
    finally:
        closed.chmod(0o700)
    assert postgres.reachable("/usr")


# === MAKE === #


@pytest.fixture
def checkout(tmp_path):
    """A folder with the Makefile and the scripts, and nothing set up."""
    for name in ("scripts", "Makefile", *(path.name for path in ROOT.glob("requirements*.txt"))):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def make(folder, target, **env):
    env = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"} | env
    command = ["make", "-C", folder, target, f"PYTHON={sys.executable}"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def planned(folder, target, **env):
    """Return the scripts that `make` would call, with their arguments."""
    said = make(folder, target, MAKEFLAGS="n", **env).stdout
    return re.findall(r"scripts/(\S+\.py.*)", said)


def test_setup_goes_on_where_it_broke(checkout):
    steps = ["setup.py ports", "setup.py venv", "setup.py requirements requirements.txt"]
    source = ["odoo_source.py", "run.py"]
    assert planned(checkout, "run") == [*steps, *source]
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    # One that is there no more.
    python.symlink_to(checkout / "none")
    assert planned(checkout, "run") == [*steps, *source]
    python.unlink()
    python.symlink_to(sys.executable)
    assert planned(checkout, "run") == [steps[0], steps[2], *source]
    (checkout / ".venv" / ".installed-requirements.txt").touch()
    assert planned(checkout, "run") == [steps[0], *source]
    (checkout / ".odoo").mkdir()
    (checkout / ".odoo" / "odoo-source.json").touch()
    assert planned(checkout, "run") == [steps[0], "run.py"]
    assert planned(checkout, "run", ODOO_SRC="/src") == [steps[0], *source]


def test_failed_step_is_one_line_and_nothing_follows(checkout):
    result = make(checkout, "run", HTTP_PORT="none")
    assert result.returncode
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make")]
    assert lines == ["error: HTTP_PORT=none is not a port number (1 to 65535)"]
    assert not (checkout / ".venv").exists()


def test_stop_ends_what_make_started_and_nothing_else(tmp_path):
    def start(folder):
        # One that starts another, and leaves it behind when it is told to end.
        command = ["sh", "-c", "sleep 100 & echo started; wait"]
        env = {**os.environ, stop.MARK: str(folder)}
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "started\n"
        return process

    ours, other = start(tmp_path / "ours"), start(tmp_path / "other")
    try:
        assert len(stop.started(tmp_path / "ours")) == 2
        stop.stop_processes(tmp_path / "ours", seconds=20)
        assert ours.wait(10)
        assert not stop.started(tmp_path / "ours")
        assert len(stop.started(tmp_path / "other")) == 2
    finally:
        stop.stop_processes(tmp_path / "other", seconds=20)
        other.wait(10)


def test_stop_knows_what_has_no_environment_by_its_parent(tmp_path):
    # So is each process for the moment in which it is exchanged for another program.
    command = ["sh", "-c", "env -i sleep 100 & echo $!; wait"]
    env = {**os.environ, stop.MARK: str(tmp_path)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline())
        try:
            # The child is `env` at first, which still has it.
            while Path(f"/proc/{child}/comm").read_text() != "sleep\n":
                time.sleep(0.01)
            assert stop.started(tmp_path) == {process.pid: os.getpid(), child: process.pid}
        finally:
            os.kill(child, signal.SIGKILL)


# === THE REPOSITORY === #


@pytest.mark.parametrize(
    "path", sorted((ROOT / "scripts").glob("*.py")), ids=lambda path: path.name
)
def test_scripts_explain_themselves(path):
    if "@entry" not in path.read_text():
        assert path.read_text().startswith('"""')
        return
    result = script(path.name, "--help")
    assert result.returncode == 0
    assert "usage:" in result.stdout


def test_addons_come_after_what_they_depend_on():
    seen = set()
    for name, manifest in common.manifests().items():
        ours = set(manifest.get("depends", [])) & set(common.manifests())
        assert ours <= seen, name
        seen.add(name)


def test_requirements_are_pinned():
    for path in ROOT.glob("requirements*.txt"):
        for line in path.read_text().splitlines():
            assert re.match(r"#|-r |[\w.-]+==[\w.]+( ; python_version .+)?$", line), (path, line)
