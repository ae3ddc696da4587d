"""Debian's Chromium, driven by Playwright."""

import contextlib
import shutil

from common import Problem
from playwright.sync_api import sync_playwright

CHROMIUM = ["chromium", "chromium-browser", "google-chrome"]
SWITCHES = [
    # Root has no sandbox, and a container may refuse it to others.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # No traffic of the browser's own.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def ready(page):
    """Wait until a page's scripts run; a page without Odoo's frame, such as the order status
    page, has none."""
    page.wait_for_load_state()
    page.locator("body[is-ready=true], body:not(:has(#wrapwrap))").wait_for()


class Browser:
    """A headless browser for one server, a context manager.

    :param str url: the server's address; pages take paths relative to it
    :param str database: of that server
    """

    def __init__(self, url, database):
        self.url, self.database = url, database
        self.contexts = []

    def __enter__(self):
        path = next(filter(None, map(shutil.which, CHROMIUM)), None)
        if not path:
            raise Problem("browser tests need Chromium: apt-get install chromium")
        self.playwright = sync_playwright().start()
        launch = self.playwright.chromium.launch
        self.chromium = launch(executable_path=path, args=SWITCHES, headless=True)
        return self

    def __exit__(self, *_exception):
        self.close_pages()
        self.chromium.close()
        self.playwright.stop()

    def open(self, login=None, width=1280, height=900, password=None, **options):
        """Return a new page with cookies of its own, logged in when `login` is given."""
        viewport = {"width": width, "height": height}
        context = self.chromium.new_context(base_url=self.url, viewport=viewport, **options)
        # A first visit makes the server build its bundles.
        context.set_default_timeout(60_000)
        self.contexts.append(context)
        page = context.new_page()
        if login:
            self.log_in(context, login, password or login)
            page.goto("/my/account")
        return page

    def log_in(self, context, login, password):
        """Log in without Odoo's form, which is two pages more; the main journey fills it in."""
        params = {"db": self.database, "login": login, "password": password}
        answer = context.request.post("/web/session/authenticate", data={"params": params})
        if not (answer.json().get("result") or {}).get("uid"):
            raise Problem(f"{login} could not log in: {answer.text()}")

    def take_pictures(self, folder, name):
        """Keep a picture of each open page and return the files."""
        folder.mkdir(parents=True, exist_ok=True)
        taken = []
        for context in self.contexts:
            for page in context.pages:
                path = folder / f"{name}-failed-{len(taken)}.png"
                # A page that hangs must not hide why the test failed.
                with contextlib.suppress(Exception):
                    page.screenshot(path=path, timeout=10_000)
                    taken.append(path)
        return taken

    def close_pages(self):
        for context in self.contexts:
            context.close()
        self.contexts.clear()
