"""What customers ask when nobody tells them: where is it, when does it come, and may I ask?

Each from both sides, the customer on a phone and the clerk at a desk; real browser, real SMTP.
"""

import re
from datetime import date, timedelta

import pytest
from kit.customers import get_tracking_url, make_order, set_status
from kit.faults import wait_until

PRODUCT = "Cordless drill 18 V"
STATUS_PAGE = "/order/status/"
SELLER = ["base.group_user", "sales_team.group_sale_salesman_all_leads"]
LANGS = {"en_US": "Lena", "pl_PL": "Halina", "sl_SI": "Mojca"}
TODAY = date.today()


@pytest.fixture(scope="module")
def world(rpc, make_user):
    """Customers of three languages, a clerk and a product; `(administrator, product ids)`."""
    for lang, name in LANGS.items():
        make_user(name.lower(), ["base.group_portal"], name=name, lang=lang)
    make_user("promise_clerk", SELLER, name="Sam Seller")
    return rpc(), [rpc().create("product.product", name=PRODUCT, list_price=199.0)]


@pytest.fixture(scope="module")
def admin(world):
    return world[0]


@pytest.fixture
def company(admin):
    """Return a function that changes settings of the company; they are as before afterwards."""
    company = admin.ref("base.main_company")
    names = ["order_status_delay_days", "order_status_mail_delay"]
    before = admin.read("res.company", company, *names)

    def change(**values):
        admin.write("res.company", company, **values)

    yield change
    change(**{name: before[name] for name in names})


def make_promised_order(world, login, days):
    """Return the id of an order that is promised for a day from today."""
    admin, products = world
    day = TODAY + timedelta(days=days)
    partner = admin.search("res.partner", [("email", "=", f"{login}@example.com")])[0]
    order = admin.create(
        "sale.order",
        partner_id=partner,
        commitment_date=f"{day} 12:00:00",
        order_line=[(0, 0, {"product_id": products[0], "product_uom_qty": 1})],
    )
    admin.call("sale.order", "action_confirm", [order])
    return order


def number_of(admin, order):
    return admin.read("sale.order", order, "name")["name"]


# === FINDING AN ORDER === #


@pytest.mark.parametrize("lang", LANGS)
def test_customer_who_lost_the_link_gets_it_again(browser, world, mails, screenshot, lang):
    admin, login = world[0], LANGS[lang].lower()
    number = number_of(admin, make_order(admin, login, world[1]))
    page = browser.open(width=390)
    assert page.goto(f"{STATUS_PAGE}cut-off").status == 404
    page.locator("a[href='/order/find']").click()
    if lang != "en_US":
        page.locator(f"footer a[href*={lang}]").click()
    assert page.locator("html").get_attribute("lang").startswith(lang[:2])
    screenshot(page, "find")
    page.fill("[name=reference]", f" {number.lower()} ")
    page.fill("[name=email]", f"{login}@EXAMPLE.com")
    mails.forget()
    page.locator("#find button").click()
    page.locator("[role=alert]").wait_for()
    assert page.locator("html").get_attribute("lang").startswith(lang[:2])
    screenshot(page, "asked")
    mail = mails.wait_for(to=f"{login}@example.com", subject=number)
    [link] = {address for _text, address in mails.links(mail) if STATUS_PAGE in address}
    page.goto(link)
    assert number in page.locator("h1").inner_text()
    assert page.locator("html").get_attribute("lang").startswith(lang[:2])


def test_look_up_tells_nobody_which_orders_there_are(browser, world, mails):
    number = number_of(world[0], make_order(world[0], "lena", world[1]))
    answers = []
    mails.forget()
    for reference, email in (
        (number, "lena@example.com"),
        (number, "halina@example.com"),
        ("S99999", "lena@example.com"),
    ):
        page = browser.open(width=390)
        page.goto("/shop")
        page.locator("a.o_order_find_link").click()
        page.fill("[name=reference]", reference)
        page.fill("[name=email]", email)
        page.locator("#find button").click()
        page.locator("[role=alert]").wait_for()
        answers.append(re.sub(r"csrf_token\W+value=\S+", "", page.content()))
        if not answers[1:]:
            mails.wait_for(to="lena@example.com", subject=number)
            mails.forget()
    assert len(set(answers)) == 1
    mails.none_for(3)


# === A DELAY === #


def test_customer_hears_of_a_delay_before_asking(
    browser, world, company, mails, screenshot, rpc, odoo_server
):
    admin = world[0]
    company(order_status_delay_days=2)
    order = make_promised_order(world, "lena", 3)
    link = get_tracking_url(admin, order)
    customer = browser.open(width=390)
    customer.goto(link)
    before = read_calendar(customer, link)
    assert before["DTSTART"] == f"{TODAY + timedelta(days=3):%Y%m%d}"
    mails.forget()

    # 1. The clerk moves the date, with a reason for the colleagues.
    clerk = browser.open(login="promise_clerk")
    clerk.goto(f"/odoo/sales/{order}")
    clerk.locator("a[role=tab][name=order_status]").click()
    screenshot(clerk, "tab")
    clerk.get_by_role("button", name="Move the date").click()
    day = TODAY + timedelta(days=9)
    clerk.locator(".modal div[name=new_date]").locator("input, button").first.click()
    clerk.locator(".modal div[name=new_date] input").fill(f"{day:%m/%d/%Y}")
    clerk.locator(".modal div[name=new_date] input").press("Tab")
    clerk.locator(".modal div[name=reason] textarea").fill("The lorry of the supplier is late")
    screenshot(clerk, "move")
    clerk.locator(".modal button[name=action_move]").click()
    clerk.locator(".modal").wait_for(state="hidden")
    clerk.locator("div[name=promise_state]", has_text="At risk").wait_for()
    clerk.get_by_text("The lorry of the supplier is late").first.wait_for()

    # 2. One e-mail, which says both days as the page does; the reason stays inside.
    mail = mails.wait_for(to="lena@example.com")
    assert link in {address for _text, address in mails.links(mail)}
    customer.reload()
    section = customer.locator("section", has=customer.locator("s"))
    assert shown(TODAY + timedelta(days=3)) in section.locator("s").inner_text()
    assert shown(day) in section.inner_text()
    assert section.locator(".alert.warning").count() == 1
    assert "lorry" not in customer.content()
    assert "lorry" not in mails.html(mail)
    screenshot(customer, "page")
    after = read_calendar(customer, link)
    assert after["DTSTART"] == f"{day:%Y%m%d}"
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])

    # 3. Another order is late by itself: its day has passed.
    late = make_promised_order(world, "halina", 3)
    odoo_server.query("UPDATE sale_order SET promise_date = current_date - 1 WHERE id = %s", late)
    cron = admin.ref("order_status_flags.ir_cron_promise")
    admin.call("ir.cron", "method_direct_trigger", [cron])
    mails.wait_for(to="halina@example.com")
    clerk.goto("/odoo/orders-at-risk")
    for one, state in ((order, "At risk"), (late, "Late")):
        row = clerk.locator("tr.o_data_row", has_text=number_of(admin, one))
        assert row.locator("td[name=promise_state]").inner_text() == state
    screenshot(clerk, "list")
    mails.none_for(3, to="promise_clerk@example.com")
    assert len(mails.all(to="lena@example.com")) == 1
    assert len(mails.all(to="halina@example.com")) == 1

    # 4. How many promises are kept.
    clerk.goto("/odoo/promise-kept")
    clerk.locator(".o_pivot table").wait_for()
    states = clerk.locator(".o_pivot thead").inner_text()
    assert all(state in states for state in ("At risk", "Late", "Count"))
    screenshot(clerk, "pivot")
    clerk.locator(".o_switch_view.o_graph").click()
    clerk.locator(".o_graph_canvas_container canvas").wait_for()
    screenshot(clerk, "graph")


def read_calendar(page, link):
    """Return the lines of the calendar file that the page offers, by their names."""
    answer = page.request.get(f"{link}/delivery.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    lines = [line.partition(":") for line in answer.text().splitlines()]
    return {name.partition(";")[0]: value for name, _colon, value in lines}


def shown(day):
    """Return a day as an English page shows it."""
    return f"{day:%m/%d/%Y}"


@pytest.mark.parametrize("lang", ["pl_PL", "sl_SI"])
def test_delay_is_told_in_the_language_of_the_customer(
    browser, world, company, mails, screenshot, lang
):
    admin, login = world[0], LANGS[lang].lower()
    company(order_status_delay_days=2)
    order = make_promised_order(world, login, 3)
    mails.forget()
    wizard = admin.create(
        "sale.order.promise.wizard",
        order_id=order,
        new_date=str(TODAY + timedelta(days=9)),
        reason="Late",
    )
    admin.call("sale.order.promise.wizard", "action_move", [wizard])
    mail = mails.wait_for(to=f"{login}@example.com")
    assert "Hello" not in mails.html(mail)
    page = browser.open(width=390)
    page.goto(get_tracking_url(admin, order))
    text = page.locator("main").inner_text()
    assert not [word for word in ("Expected", "First promised", "sorry", "Ask a") if word in text]
    screenshot(page, "page")


# === A QUESTION === #


def test_customer_asks_and_reads_the_answer(browser, world, mails, screenshot):
    admin = world[0]
    order = make_order(admin, "lena", world[1])
    number, link = number_of(admin, order), get_tracking_url(admin, order)
    mails.forget()
    customer = browser.open(width=390)
    customer.goto(link)
    customer.locator("#message summary").click()
    customer.fill("#message textarea", "Can you leave it with the neighbour?\nNo. 7, please.")
    screenshot(customer, "ask")
    customer.locator("#message button").click()
    customer.locator("[role=alert]").wait_for()

    clerk = browser.open(login="promise_clerk")
    clerk.goto("/odoo/orders-needing-attention")
    row = clerk.locator("tr.o_data_row", has_text=number)
    screenshot(clerk, "attention")
    row.locator("td[name=name]").click()
    banner = clerk.locator(".alert", has_text="The customer asks")
    assert "with the neighbour?" in banner.inner_text()
    clerk.locator(".o-mail-Chatter-sendMessage").click()
    clerk.locator(".o-mail-Composer-input").first.fill("With pleasure.")
    screenshot(clerk, "answer")
    clerk.locator(".o-mail-Composer-send").first.click()
    clerk.locator(".o-mail-Message", has_text="With pleasure.").wait_for()
    mail = mails.wait_for(to="lena@example.com", body="With pleasure.")
    assert number in mail["Subject"]
    clerk.reload()
    clerk.locator("div[name=order_status_badges]").wait_for()
    # Odoo's client shows what it has kept of the order, until the server's answer has come.
    banner.wait_for(state="hidden")
    customer.reload()
    assert "With pleasure." in customer.locator("#message blockquote").inner_text()
    assert len(mails.all(to="lena@example.com")) == 1
    screenshot(customer, "answered")


# === UNDO === #


def read_state(admin, order):
    values = admin.read("sale.order", order, "order_status_id", "order_flag_id", "order_flag_note")
    return {
        name: value and (value[1] if isinstance(value, list) else value)
        for name, value in values.items()
        if name != "id"
    }


def read_history(admin, order):
    """Return the rows of an order's history, the newest first."""
    names = ["status_id", "note", "mail_state", "source"]
    domain = [("order_id", "=", order)]
    return admin.call("sale.order.status.history", "search_read", domain, names)


def test_clerk_takes_back_a_flag_set_in_the_list(browser, world, company, mails, screenshot):
    admin = world[0]
    company(order_status_mail_delay=5)
    orders = [make_order(admin, "lena", world[1]) for _number in range(2)]
    names = [number_of(admin, order) for order in orders]
    before = [read_state(admin, order) for order in orders]
    mails.forget()
    clerk = browser.open(login="promise_clerk")
    clerk.goto("/odoo/orders-by-status")
    select(clerk, names)
    row = clerk.locator("tr.o_data_row", has_text=names[0])
    row.locator("td[name=order_flag_id]").click()
    row.locator("td[name=order_flag_id] input").fill("In progress")
    clerk.locator(".o-autocomplete--dropdown-item", has_text="In progress").first.click()
    clerk.locator(".modal-footer .btn-primary").click()
    clerk.locator(".o_list_button_save:visible").first.wait_for(state="hidden")
    wait_until(lambda: read_state(admin, orders[1])["order_flag_id"] == "In progress")
    select(clerk, names)
    screenshot(clerk, "list")
    clerk.get_by_role("button", name="Undo", exact=True).click()
    wait_until(lambda: [read_state(admin, order) for order in orders] == before)
    for order in orders:
        rows = read_history(admin, order)
        assert [row["mail_state"] for row in rows] == ["none", "superseded", "none"]
        assert rows[0]["note"] == "Undone: In progress"
    # Again there is nothing to undo, and the clerk is told so in words.
    clerk.reload()
    select(clerk, names)
    clerk.get_by_role("button", name="Undo", exact=True).click()
    assert "nothing to undo" in clerk.locator(".modal-body").first.inner_text()
    mails.none_for(3)


def select(clerk, names):
    """Tick the orders with these numbers, those that are not ticked yet."""
    for name in names:
        row = clerk.locator("tr.o_data_row", has_text=name)
        row.wait_for()
        if not row.locator("input[type=checkbox]").is_checked():
            row.locator(".o_list_record_selector").click()
    clerk.get_by_role("button", name="Undo", exact=True).wait_for()


def test_clerk_takes_back_a_flag_set_in_the_form(browser, world, company, mails, screenshot):
    admin = world[0]
    company(order_status_mail_delay=5)
    order = make_order(admin, "lena", world[1])
    set_status(admin, order, "in_progress")
    before = read_state(admin, order)
    link = get_tracking_url(admin, order)
    mails.forget()
    clerk = browser.open(login="promise_clerk")
    clerk.goto(f"/odoo/sales/{order}")
    clerk.locator("div[name=order_flag_id] input").click()
    clerk.locator("div[name=order_flag_id] input").fill("Rejected")
    clerk.locator(".o-autocomplete--dropdown-item", has_text="Rejected").first.click()
    clerk.locator(".o_form_button_save").click()
    banner = clerk.locator(".alert", has_text="You have just changed")
    banner.wait_for()
    screenshot(clerk, "banner")
    banner.get_by_role("button", name="Undo").click()
    banner.wait_for(state="hidden")
    assert read_state(admin, order) == before
    customer = browser.open(width=390)
    customer.goto(link)
    assert customer.locator(".status.in_progress").count() == 1
    assert "Rejected" not in customer.locator("main").inner_text()
    mails.none_for(3)
