"""What the tests outside of Odoo share: a real server, caught mails, RPC clients, a browser.

These tests never import Odoo. The server runs with its scheduled actions on, against a copy of
the database that `make test` makes (every addon, stock, web shop, no demo data).
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import postgres
from common import STATE
from kit.browser import Browser
from kit.erp import Client, FakeOdoo
from kit.mails import Mails
from kit.rpc import Rpc
from kit.server import OdooServer

ARTIFACTS = STATE / "artifacts"


@pytest.fixture(scope="session")
def pg():
    """The PG* variables of a running database server."""
    with postgres.server() as variables:
        yield variables


@pytest.fixture(scope="session")
def odoo_server(pg, request):
    """An Odoo server with a database of its own (`url`, `database`, `query()`, `restart()`)."""
    # Folders of tests run side by side, each with its server.
    folder = request.session.items[0].path.parent.name
    with OdooServer(pg, f"test_server_{folder}") as server:
        yield server


@pytest.fixture
def odoo():
    """A stand-in of Odoo that the ERP client talks to, and that says what it was sent."""
    with FakeOdoo() as server:
        yield server


@pytest.fixture
def client(tmp_path, odoo):
    """The ERP client in a folder of its own; files that set it up further have their own."""
    return Client(tmp_path, odoo.url)


@pytest.fixture
def mails(odoo_server):
    """The mails caught since the test began."""
    return Mails(odoo_server.mails)


@pytest.fixture(scope="session")
def rpc(odoo_server):
    """Return a function that gives an RPC client for a login, by default password = login."""
    clients = {}

    def client(login="admin", password=None):
        if login not in clients:
            clients[login] = Rpc(odoo_server, login, password or login)
        return clients[login]

    return client


@pytest.fixture(scope="session")
def make_user(rpc):
    """Return a function that makes a user with password = login and returns its id.

    `make_user("jana", ["base.group_portal"], lang="sl_SI")`; the address is LOGIN@example.com.
    """

    def make(login, groups, name=None, **partner_values):
        admin = rpc()
        group_ids = [admin.ref(xml_id) for xml_id in groups]
        values = {
            "name": name or login.capitalize(),
            "login": login,
            "password": login,
            "email": f"{login}@example.com",
            "group_ids": [(6, 0, group_ids)],
            **partner_values,
        }
        context = {"no_reset_password": True}
        return admin.call("res.users", "create", values, context=context)

    return make


@pytest.fixture(scope="session")
def browser(odoo_server):
    """A headless Chromium: `browser.open(login=None, width=1280)` returns a Playwright page."""
    with Browser(odoo_server.url, odoo_server.database) as running:
        yield running


@pytest.fixture
def page(browser):
    """A page of a visitor who is not logged in."""
    return browser.open()


@pytest.fixture
def screenshot(request):
    """Return a function that keeps a picture of a page, or a part, below .odoo/artifacts/.

    `screenshot(page, "cart")` takes the whole page, however long, `screenshot(page, "cart",
    "#wrap")` down to the end of an element, `screenshot(page, "cart", "screen")` what is in sight.
    """

    def take(page, name, part=None):
        path = ARTIFACTS / f"{request.node.name}-{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        clip = None
        if part not in (None, "screen"):
            page.evaluate("scrollTo(0, 0)")
            box = page.locator(part).first.bounding_box()
            width = max(page.viewport_size["width"], box["x"] + box["width"])
            clip = {"x": 0, "y": 0, "width": width, "height": box["y"] + box["height"]}
        page.screenshot(path=path, full_page=part != "screen", clip=clip)
        return path

    return take


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a picture of every open page when a test fails."""
    report = yield
    running = item.funcargs.get("browser") if hasattr(item, "funcargs") else None
    if report.when == "call" and running and report.failed:
        for number, path in enumerate(running.take_pictures(ARTIFACTS, item.name)):
            report.sections.append((f"page {number}", str(path)))
    if report.when == "teardown" and running:
        running.close_pages()
    return report
