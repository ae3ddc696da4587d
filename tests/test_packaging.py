"""The addons as wheels: what is in them, and that an Odoo without an addons path finds them."""

import ast
import email
import re
import subprocess
import zipfile

import pytest
from common import ADDONS, PYTHON, ROOT, manifests
from database import clone, drop, odoo_environment, write_config
from lxml import html
from PIL import Image
from templates import PLAIN

SCRIPT = """
from odoo.modules.module import Manifest
from odoo.tools import file_path
for addon in env["ir.module.module"].search([("name", "in", {names!r})]):
    print(addon.state, addon.name, Manifest.for_addon(addon.name).path)
status = env.ref("order_status_flags.status_saved")
print("name", status.with_context(lang="pl_PL").name)
print("icon", file_path("b2b_portal/static/description/icon.png"))
"""


def make_build(checkout, folder):
    command = ["make", "-C", checkout, "build", f"DIST={folder}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels of the working tree: `{addon: file}`."""
    folder = tmp_path_factory.mktemp("dist")
    old = folder / "odoo_addon_b2b_portal-18.0.1.0.0-py3-none-any.whl"
    old.touch()
    result = make_build(ROOT, folder)
    assert result.returncode == 0, result.stderr
    assert not old.exists()
    files = {path.name.split("-")[0].removeprefix("odoo_addon_"): path for path in folder.iterdir()}
    assert set(files) == set(manifests())
    return files


def read_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


# === WHAT IS IN THEM ===


@pytest.mark.parametrize("addon", manifests())
def test_wheel_holds_every_file_of_the_addon(wheels, addon):
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ADDONS / addon, text=True)
    wanted = {f"odoo/addons/{addon}/{name}" for name in tracked.splitlines()}
    wanted.remove(f"odoo/addons/{addon}/pyproject.toml")
    with zipfile.ZipFile(wheels[addon]) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == wanted


@pytest.mark.parametrize("addon", manifests())
def test_wheel_says_what_it_is(wheels, addon):
    metadata = read_metadata(wheels[addon])
    manifest = manifests()[addon]
    assert metadata["Version"] == manifest["version"]
    assert metadata["Summary"] == manifest["summary"]
    assert metadata["License"] == "LGPL-3"
    assert metadata.get_payload().startswith("# ")
    needed = {line.split("=")[0] for line in metadata.get_all("Requires-Dist")}
    ours = set(manifest["depends"]) & set(manifests())
    assert {f"odoo-addon-{name}" for name in ours} <= needed


@pytest.fixture
def checkout(tmp_path):
    """Another checkout with two addons, set up like this one, and not yet with git."""
    for name in ("Makefile", "requirements-build.txt", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("one", "two"):
        (tmp_path / "addons" / name).mkdir(parents=True)
        (tmp_path / "addons" / name / "__manifest__.py").write_text('{"version": "19.0.1.0.0"}\n')
    return tmp_path


def test_nothing_is_built_without_git(checkout):
    result = make_build(checkout, "dist")
    assert result.returncode
    assert result.stderr.startswith("error: wheels are built from a git checkout")


def test_addons_of_different_versions_are_not_built(checkout):
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    manifest = checkout / "addons" / "two" / "__manifest__.py"
    manifest.write_text('{"version": "19.0.1.0.1"}\n')
    result = make_build(checkout, "dist")
    assert result.returncode
    assert result.stderr.startswith("error: the addons have different versions")


# === INSTALLED BESIDE ODOO ===


@pytest.fixture(scope="module")
def site(wheels, tmp_path_factory):
    """A folder into which pip installed the wheels, with nothing that they depend on."""
    folder = tmp_path_factory.mktemp("site")
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--no-deps", "--no-index", "--target", folder, *wheels.values()]
    subprocess.run(command, check=True, timeout=300)
    return folder


@pytest.fixture
def odoo(pg, site):
    """Return a function that runs an Odoo command that knows no folder of ours."""
    database = "test_packaging"
    clone(pg, PLAIN, database)
    env = odoo_environment(pg)
    source = env["PYTHONPATH"]
    env["PYTHONPATH"] = f"{source}:{site}"
    config = write_config(database, database, addons_path=f"{source}/odoo/addons")

    def run(command, *options, text=""):
        result = subprocess.run(
            [PYTHON, "-m", "odoo", command, "-c", config, "--no-http", *options],
            env=env,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return result

    yield run
    drop(pg, database)


def test_odoo_installs_the_addons_from_their_wheels(odoo, site):
    done = odoo("server", "-i", ",".join(manifests()), "--stop-after-init")
    complaints = re.findall(r"^.* (?:WARNING|ERROR|CRITICAL) .*$", done.stderr, re.MULTILINE)
    assert not complaints
    output = odoo("shell", text=SCRIPT.format(names=list(manifests()))).stdout
    for name in manifests():
        assert f"installed {name} {site}/odoo/addons/{name}\n" in output
    assert "name Zapisane\n" in output
    assert f"icon {site}/odoo/addons/b2b_portal/static/description/icon.png" in output


# === VERSIONS AND DESCRIPTIONS IN STEP ===


def test_addons_have_the_version_of_the_newest_chapter_of_the_changelog():
    newest = re.search(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert {manifest["version"] for manifest in manifests().values()} == {newest}


def test_addons_name_the_pinned_build_back_end():
    pinned = re.search(r"^whool==\S+$", (ROOT / "requirements-build.txt").read_text(), re.M)[0]
    for addon in manifests():
        text = (ADDONS / addon / "pyproject.toml").read_text()
        assert f'requires = ["{pinned}"]' in text, addon
        # The version is the manifest's alone.
        assert not re.search(r"^version", text, re.MULTILINE), addon
        assert 'post_version_strategy_override = "none"' in text, addon


@pytest.mark.parametrize("addon", manifests())
def test_addon_has_an_icon_and_an_illustrated_description(addon):
    folder = ADDONS / addon / "static" / "description"
    with Image.open(folder / "icon.png") as icon:
        assert icon.size == (128, 128)
    manifest = ast.literal_eval((ADDONS / addon / "__manifest__.py").read_text())
    page = html.fromstring((folder / "index.html").read_text())
    assert manifest["name"] in " ".join(page.text_content().split())
    pictures = page.findall(".//img")
    assert pictures
    for picture in pictures:
        assert picture.get("alt"), picture.get("src")
        # Odoo finds a picture by its bare name, and nothing is fetched from elsewhere.
        with Image.open(folder / picture.get("src")) as image:
            image.verify()
    assert not page.findall(".//script")
