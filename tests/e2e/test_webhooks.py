"""Webhooks from end to end: the administrator sets one up, and the integrator's program hears.

The program is the example of `clients/webhook_receiver`, run as its README says.
"""

import re
import subprocess
import sys
import threading
import time

import pytest
from common import free_port
from kit.customers import make_order, set_status
from kit.faults import wait_until
from kit.server import wait_for_port
from kit.webhooks import CLIENT, Webhooks


class Receiver:
    """The example program, running; what it has printed is in `lines`.

    :param Path folder: for the ids of what it has got
    :param int port: where it listens
    """

    def __init__(self, folder, port):
        self.inbox = folder / "inbox.sqlite3"
        self.port = port
        self.lines = []
        self.process = None

    def start(self, *secrets):
        """Start it, or start it anew, with these secrets."""
        self.stop()
        command = [sys.executable, CLIENT, "--port", str(self.port), "--inbox", self.inbox]
        self.process = subprocess.Popen(
            command,
            env={"PATH": "", "WEBHOOK_SECRETS": " ".join(secrets)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True).start()
        wait_for_port(self.port)

    def read(self, output):
        self.lines += iter(output.readline, "")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def wait_for(self, text):
        wait_until(lambda: any(text in line for line in self.lines), what=f"{text!r}")


@pytest.fixture
def receiver(tmp_path):
    receiver = Receiver(tmp_path, free_port())
    yield receiver
    receiver.stop()


@pytest.fixture
def webhooks(odoo_server, rpc):
    webhooks = Webhooks(odoo_server, rpc())
    yield webhooks
    webhooks.remove_all()
    webhooks.allow_private(False)


def read_secret(page):
    """Return the secret that a dialog shows, and close it."""
    dialog = page.locator(".modal", has_text="shown this once")
    dialog.wait_for()
    secret = re.search(r"whsec_[\w+/=]+", dialog.inner_text())[0]
    dialog.get_by_role("button", name="Done").click()
    dialog.wait_for(state="hidden")
    return secret


def confirm(page):
    page.locator(".modal-footer .btn-primary").click()


def test_administrator_connects_another_system(
    browser, rpc, make_user, webhooks, receiver, screenshot
):
    admin = rpc()
    make_user("hook_customer", ["base.group_portal"], name="Lena")
    product = admin.create("product.product", name="Cordless drill 18 V")

    # 1. An address, and its secret, which is shown once.
    page = browser.open(login="admin")
    page.goto("/odoo/order-webhooks")
    page.locator(".o_list_button_add").first.click()
    page.locator("div[name=name] textarea, div[name=name] input").first.fill("Warehouse")
    page.fill("div[name=url] input", f"http://127.0.0.1:{receiver.port}/orders")
    page.locator(".o_form_button_save").click()
    page.get_by_role("button", name="New secret").click()
    page.locator(".modal", has_text="shown this once").wait_for()
    screenshot(page, "secret")
    secret = read_secret(page)
    page.reload()
    page.get_by_role("button", name="Send a test").wait_for()
    assert "whsec_" not in page.content()
    [webhook] = admin.search("order.status.webhook", [("name", "=", "Warehouse")])
    assert "whsec_" not in str(admin.call("order.status.webhook", "read", [webhook]))
    form = page.url

    # 2. The integrator starts the program; the test arrives, and so does a change.
    receiver.start(secret)
    page.get_by_role("button", name="Send a test").click()
    page.locator(".o_notification", has_text="Delivered").wait_for()
    receiver.wait_for("webhook.test")
    screenshot(page, "form")
    order = make_order(admin, "hook_customer", [product])
    number = admin.read("sale.order", order, "name")["name"]
    set_status(admin, order, "in_progress")
    receiver.wait_for(f"{number}: - -> Saved")
    receiver.wait_for(f"{number}: Saved -> In progress")

    # 3. Every message is listed with its answer, and is sent again by a click.
    wait_until(lambda: webhooks.states(webhook) == {"sent"})
    page.reload()
    page.locator("button[name=action_view_deliveries]").first.click()
    row = page.locator("tr.o_data_row", has_text=number).first
    row.wait_for()
    assert "Sent" in row.inner_text()
    assert "204" in row.inner_text()
    screenshot(page, "deliveries")
    row.locator("button[name=action_resend]").click()
    receiver.wait_for("known already")
    row.locator("td[name=order_id]").click()
    page.locator("div[name=body]", has_text=number).wait_for()
    assert page.evaluate("document.querySelector('.o_content').scrollWidth <= innerWidth")
    screenshot(page, "delivery")

    # 4. Another secret: while both count, whoever has either of them understands.
    page.goto(form)
    page.get_by_role("button", name="New secret").click()
    confirm(page)
    other = read_secret(page)
    assert other != secret
    set_status(admin, order, "fulfilled")
    receiver.wait_for(f"{number}: In progress -> Fulfilled")
    receiver.start(other)
    second = admin.read("sale.order", make_order(admin, "hook_customer", [product]), "name")["name"]
    receiver.wait_for(f"{second}: - -> Saved")

    # 5. The old secret is ended at once.
    page.reload()
    page.get_by_role("button", name="End the old secret").click()
    confirm(page)
    page.get_by_role("button", name="End the old secret").wait_for(state="hidden")
    receiver.start(secret)
    page.get_by_role("button", name="Send a test").click()
    page.locator(".o_notification", has_text="401").wait_for()
    page.locator(".alert", has_text="could not be delivered: 1.").wait_for()
    screenshot(page, "refused")


@pytest.mark.parametrize("lang", ["pl_PL", "sl_SI"])
def test_pages_are_translated(browser, make_user, webhooks, receiver, screenshot, lang):
    login = f"hook_admin_{lang[:2]}"
    groups = ["base.group_system", "sales_team.group_sale_manager"]
    make_user(login, groups, name="Administrator", lang=lang)
    webhook = webhooks.make(f"http://127.0.0.1:{receiver.port}/orders")
    webhooks.admin.call("order.status.webhook", "action_test", [webhook])
    page = browser.open(login=login)
    page.goto(f"/odoo/order-webhooks/{webhook}")
    page.locator("div[name=url]").wait_for()
    text = page.locator(".o_form_view").inner_text()
    english = ("New secret", "Send a test", "Nobody knows", "What it hears", "could not")
    assert not [word for word in english if word in text]
    screenshot(page, "form")


def test_administrator_is_told_of_an_endpoint_that_is_down(
    browser, rpc, make_user, webhooks, receiver, screenshot
):
    admin = rpc()
    make_user("down_customer", ["base.group_portal"], name="Lena")
    product = admin.create("product.product", name="Cordless drill 18 V")
    webhook = webhooks.make(f"http://127.0.0.1:{receiver.port}/orders")
    make_order(admin, "down_customer", [product])
    wait_until(lambda: webhooks.rows(webhook)[0]["attempts"], what="a try")
    webhooks.wait_until_idle()
    webhooks.pass_time(2)
    domain = [("res_model", "=", "order.status.webhook"), ("res_id", "=", webhook)]
    wait_until(lambda: admin.search("mail.activity", domain), what="an activity")
    page = browser.open(login="admin")
    page.goto(f"/odoo/order-webhooks/{webhook}")
    page.locator(".alert", has_text="Nothing delivered since").wait_for()
    page.locator(".o-mail-Activity", has_text="Nothing is delivered").wait_for()
    screenshot(page, "down")
    receiver.start(admin.call("order.status.webhook", "action_new_secret", [webhook]))
    page.get_by_role("button", name="Send a test").click()
    page.locator(".o_notification", has_text="Delivered").wait_for()
    wait_until(lambda: webhooks.states(webhook) == {"sent"}, what="what waited is sent")
    time.sleep(1)
    page.reload()
    page.locator("div[name=url]").wait_for()
    # Odoo's client shows what it has kept of the webhook, until the server's answer has come.
    page.locator(".alert", has_text="Nothing delivered since").wait_for(state="hidden")
    assert not admin.search("mail.activity", domain)
