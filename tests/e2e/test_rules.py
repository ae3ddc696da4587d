"""The administrator switches a ready rule on, and has the codebooks checked."""

import pytest
from kit.customers import make_order
from playwright.sync_api import expect

ADDON = "order_status_flags_automation"
CRON = "base_automation.ir_cron_data_base_automation_check"
# E-mails of rules leave with Odoo's own queue.
MAIL_CRON = "mail.ir_cron_mail_scheduler_action"
MANAGER = ["sales_team.group_sale_manager", "order_status_flags.group_status_manager"]


@pytest.fixture(scope="module")
def admin(rpc, make_user):
    make_user("rule_customer", ["base.group_portal"], name="Lena")
    return rpc()


@pytest.fixture
def pack(admin, odoo_server):
    """Return a function that makes an order which has been ready for so many days."""
    product = admin.create("product.product", name="Cordless drill 18 V")
    status = admin.ref(f"{ADDON}.status_ready_for_pickup")
    admin.write("sale.order.status", status, active=True)

    def make(days):
        order = make_order(admin, "rule_customer", [product])
        admin.call("sale.order", "set_order_status", [order], status, notify=False)
        for statement in (
            "UPDATE sale_order SET order_status_date = order_status_date - %s * interval '1 day'"
            " WHERE id = %s",
            "UPDATE sale_order_status_history SET date = date - %s * interval '1 day'"
            " WHERE order_id = %s",
        ):
            odoo_server.query(statement, days, order)
        return order, admin.read("sale.order", order, "name")["name"]

    yield make
    admin.write("base.automation", admin.ref(f"{ADDON}.rule_pickup_reminder"), active=False)
    admin.write("sale.order.status", status, active=False)


def open_rule(page, name):
    page.goto("/odoo/automations")
    page.locator(".o_kanban_record", has_text=name).first.click()
    page.locator("div[name=trigger]").wait_for()


def test_administrator_activates_a_ready_rule(browser, admin, pack, mails, screenshot):
    (_due, due), (_old, old) = pack(4), pack(400)
    mails.forget()
    page = browser.open(login="admin")
    open_rule(page, "Remind of goods")

    # 1. What it would do: one order, and none of last year.
    assert page.locator("div[name=order_due_count]").inner_text() == "1"
    screenshot(page, "rule")
    page.get_by_role("button", name="Try it").click()
    page.locator("tr.o_data_row", has_text=due).wait_for()
    assert page.locator("tr.o_data_row", has_text=old).count() == 0
    screenshot(page, "dry-run")
    assert not mails.all()

    # 2. It is switched on, and an order passes through.
    page.go_back()
    page.locator(".o_cp_action_menus .dropdown-toggle, .o_cp_action_menus button").first.click()
    page.locator(".o-dropdown-item, .dropdown-item", has_text="Unarchive").first.click()
    page.locator(".ribbon", has_text="Archived").wait_for(state="hidden")
    for _run in range(2):
        for cron in (CRON, MAIL_CRON):
            admin.call("ir.cron", "method_direct_trigger", [admin.ref(cron)])
    mail = mails.wait_for(to="rule_customer@example.com", subject=due)
    assert "waiting for you" in mail["Subject"]
    mails.none_for(3, subject=old)
    assert len(mails.all(to="rule_customer@example.com")) == 1
    page.reload()
    # Odoo's client shows what it has kept of the rule, until the server's answer has come.
    expect(page.locator("div[name=order_due_count]")).to_have_text("0")
    screenshot(page, "active")


@pytest.mark.parametrize("lang", ["pl_PL", "sl_SI"])
def test_rule_is_translated(browser, make_user, admin, screenshot, lang):
    login = f"rule_admin_{lang[:2]}"
    make_user(login, ["base.group_system", *MANAGER], name="Administrator", lang=lang)
    page = browser.open(login=login)
    page.goto(f"/odoo/automations/{admin.ref(f'{ADDON}.rule_pickup_reminder')}")
    page.locator("div[name=order_due_count]").wait_for()
    text = page.locator(".o_form_view").inner_text()
    english = ("Try it", "Days in status", "due now", "once for each", "long ago", "Leaves alone")
    assert not [word for word in english if word in text]
    screenshot(page, "rule")


def test_administrator_is_told_what_is_wrong_in_the_codebooks(
    browser, make_user, admin, screenshot
):
    make_user("rule_manager", ["base.group_user", *MANAGER], name="Manager")
    old = admin.create("sale.order.status", name="Old way", category="in_progress")
    flag = admin.create("sale.order.flag", name="Goes the old way", status_id=old)
    end = admin.create("sale.order.status", name="Sackgasse", category="in_progress", sequence=25)
    back = admin.create("sale.order.status", name="Umkehr", category="in_progress", sequence=26)
    for one, other in ((end, back), (back, end)):
        admin.write("sale.order.status", one, next_status_ids=[(6, 0, [other])])
    admin.write("sale.order.status", old, active=False)
    try:
        page = browser.open(login="rule_manager")
        page.goto(f"/odoo/action-{admin.ref('order_status_flags.sale_order_status_check_action')}")
        about_flag = page.locator("tr.o_data_row", has_text="Goes the old way")
        row = about_flag.filter(has_text="Archived target")
        row.wait_for()
        assert page.locator("tr.o_data_row", has_text="Dead end").count() == 2
        screenshot(page, "check")
        # Each line leads to where it is mended.
        row.locator("td[name=message]").click()
        page.locator("div[name=status_id]").wait_for()
        assert page.locator("div[name=name] input").first.input_value() == "Goes the old way"
        admin.write("sale.order.flag", flag, active=False)
        page.goto(f"/odoo/action-{admin.ref('order_status_flags.sale_order_status_check_action')}")
        page.locator("tr.o_data_row", has_text="Sackgasse").first.wait_for()
        # Here, too: a list of what it has kept comes first.
        about_flag.first.wait_for(state="hidden")
    finally:
        admin.write("sale.order.flag", flag, active=False)
        admin.write("sale.order.status", [end, back], active=False)
