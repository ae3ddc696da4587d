"""The main job from end to end: an order whose status its customer can follow.

A customer buys in the web shop, the clerk flags the order, the customer gets e-mails, looks and
cancels, and deliveries and invoices move the status on. Real server, real browser, real SMTP.
"""

import io
import re
from urllib.parse import urlsplit

import pypdf
import pytest
from kit.buyer import buy
from kit.pages import follow

PRODUCT = "Wall paint 10 l"
TRACKING = "/order/status/"


@pytest.fixture(scope="module")
def shop(rpc, make_user):
    """A shop with one product, wire transfer, a customer `retail` and a seller `seller`."""
    admin = rpc()
    poland = admin.ref("base.pl")
    make_user(
        "retail",
        ["base.group_portal"],
        name="Anna Kowalska",
        lang="pl_PL",
        phone="+48 555 123 456",
        street="ul. Prosta 1",
        city="Warszawa",
        zip="00-001",
        country_id=poland,
    )
    make_user(
        "seller",
        ["base.group_user", "sales_team.group_sale_salesman_all_leads"],
        name="Jan Nowak",
    )
    # The customer's status names, whatever the translations say.
    for status, name in (("saved", "Zapisane"), ("in_progress", "W trakcie realizacji")):
        status_id = admin.ref(f"order_status_flags.status_{status}")
        admin.call(
            "sale.order.status", "write", [status_id], {"name": name}, context={"lang": "pl_PL"}
        )
    product = admin.create(
        "product.template",
        name=PRODUCT,
        type="consu",
        list_price=45.0,
        invoice_policy="order",
        website_published=True,
    )
    provider = admin.ref("payment.payment_provider_transfer")
    admin.write("payment.provider", provider, state="enabled", is_published=True)
    carrier = admin.ref("delivery.free_delivery_carrier")
    admin.write("delivery.carrier", carrier, is_published=True)
    return {"product": product}


@pytest.fixture(scope="module")
def seller(rpc, shop):
    return rpc("seller")


@pytest.fixture
def order(rpc, seller):
    """Return a function that makes a confirmed order of `retail` and returns its id."""

    def make(confirm=True):
        partner = rpc().search("res.partner", [("email", "=", "retail@example.com")])[0]
        product = rpc().search("product.product", [("name", "=", PRODUCT)])[0]
        line = (0, 0, {"product_id": product, "product_uom_qty": 2})
        order_id = seller.create("sale.order", partner_id=partner, order_line=[line])
        if confirm:
            seller.call("sale.order", "action_confirm", [order_id])
        return order_id

    return make


def status_of(rpc, order_id):
    """Return the English name of the order's status."""
    row = rpc().read("sale.order", order_id, "order_status_id")["order_status_id"]
    return row and row[1]


def set_status(rpc, order_id, name):
    status = rpc().ref(f"order_status_flags.status_{name}")
    rpc("seller").call("sale.order", "set_order_status", [order_id], status)


def tracking_path(rpc, order_id):
    return urlsplit(rpc("seller").read("sale.order", order_id, "tracking_url")["tracking_url"]).path


def test_shop_order_from_cart_to_in_progress(
    odoo_server, browser, rpc, mails, shop, seller, screenshot
):
    customer = browser.open()
    fill_in_log_in(customer, "retail")
    number = buy(customer, PRODUCT)
    # 1. It was placed: a web order in status Saved. The cart before had none.
    order_id = rpc().search("sale.order", [("name", "=", number)])[0]
    values = rpc().read("sale.order", order_id, "state", "document_type", "status_history_ids")
    assert (values["state"], values["document_type"]) == ("sent", "web")
    assert len(values["status_history_ids"]) == 1
    assert status_of(rpc, order_id) == "Saved"

    # 2. The mail about the order holds the link, the PDF too; no login is needed to follow it.
    mail = mails.wait_for(to="retail@example.com", subject=number)
    links = {address for _text, address in mails.links(mail) if TRACKING in address}
    assert len(links) == 1, mails.links(mail)
    link = links.pop()
    check_pdf(mails.attachments(mail), link)
    visitor = browser.open(width=390)
    visitor.goto(link)
    assert "Zapisane" in visitor.locator(".status").inner_text()
    assert number in visitor.locator("h1").inner_text()
    assert PRODUCT in visitor.locator("main").inner_text()
    # No amounts. The page also names the minute, which may be a 45th.
    assert not re.search(r"45[.,]\d\d|\bzł\b|PLN|[$€]", visitor.locator("main").inner_text())
    screenshot(visitor, "tracking-saved")
    assert link.rsplit("/", 1)[1] not in odoo_server.log.read_text()

    # 3. The clerk sets the flag; the customer is told in Polish, once.
    mails.forget()
    clerk = browser.open(login="seller")
    flag_in_form(clerk, order_id)
    screenshot(clerk, "form")
    assert status_of(rpc, order_id) == "In progress"
    mail = mails.wait_for(to="retail@example.com", subject="W trakcie realizacji")
    assert {address for _text, address in mails.links(mail) if TRACKING in address} == {link}
    mails.none_for(3, to="retail@example.com", subject="Zapisane")
    assert len(mails.all(to="retail@example.com")) == 1

    customer.goto("/my/orders")
    row = customer.locator("tr", has_text=number)
    assert "In progress" in row.inner_text()  # the shop was visited in English
    screenshot(customer, "orders")
    visitor.reload()
    assert "W trakcie realizacji" in visitor.locator(".status").inner_text()
    steps = visitor.locator(".o_step_name").all_inner_texts()
    assert steps == ["W trakcie realizacji", "Zapisane"]


def fill_in_log_in(page, login):
    page.goto("/web/login?redirect=/my/account")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url("**/my/account**")


def check_pdf(attachments, link):
    """The order in the mail links to its status and has a picture of the link on the page."""
    content = next(data for name, data in attachments.items() if name.endswith(".pdf"))
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    annotations = [note.get_object() for page in pages for note in page.get("/Annots", [])]
    uris = {note.get("/A", {}).get("/URI") for note in annotations}
    assert link in uris, uris
    assert any(page.images for page in pages)


def flag_in_form(clerk, order_id):
    """Set the flag In progress in the order's form."""
    clerk.goto(f"/odoo/sales/{order_id}")
    field = clerk.locator("div[name=order_flag_id] input")
    field.click()
    field.fill("In progress")
    clerk.locator(".o-autocomplete--dropdown-item", has_text="In progress").first.click()
    clerk.locator(".o_form_button_save").click()
    clerk.locator(".o_form_saved").wait_for()


def test_clerk_flags_several_orders_in_the_list(browser, rpc, mails, order):
    orders = [order(), order()]
    names = [row["name"] for row in rpc().read("sale.order", orders, "name")]
    mails.forget()
    clerk = browser.open(login="seller")
    action = rpc().ref("order_status_flags.sale_order_status_action_orders")
    clerk.goto(f"/odoo/action-{action}")
    for name in names:
        clerk.locator("tr.o_data_row", has_text=name).locator(".o_list_record_selector").click()
    row = clerk.locator("tr.o_data_row", has_text=names[0])
    row.locator("td[name=order_flag_id]").click()
    field = row.locator("td[name=order_flag_id] input")
    field.fill("In progress")
    clerk.locator(".o-autocomplete--dropdown-item", has_text="In progress").first.click()
    clerk.locator(".modal-footer .btn-primary").click()
    # Saved when the list is out of edit mode.
    clerk.locator(".o_list_button_save:visible").first.wait_for(state="hidden")
    clerk.locator("td[name=order_status_id]", has_text="In progress").nth(1).wait_for()
    for order_id, name in zip(orders, names, strict=True):
        assert status_of(rpc, order_id) == "In progress"
        mails.wait_for(to="retail@example.com", subject=name)


def test_customer_cancels_in_the_portal(browser, rpc, mails, order, screenshot):
    order_id = order()
    mails.forget()
    page = browser.open(login="retail", width=390)
    page.goto(f"/my/orders/{order_id}")
    screenshot(page, "order")
    page.locator("a[href='#order_cancel_dialog']").click()
    page.locator("#order_cancel_reason").fill("Zamówione dwa razy")
    screenshot(page, "dialog")
    page.locator("#order_cancel_dialog button[type=submit]").click()
    page.locator("[role=alert].alert-success").wait_for()
    assert page.url.endswith(f"/my/orders/{order_id}")
    assert status_of(rpc, order_id) == "Rejected"
    activities = rpc("seller").search("mail.activity", [("res_id", "=", order_id)])
    assert len(activities) == 1
    mails.wait_for(to="retail@example.com")
    # A second click on an old page changes nothing.
    page.go_back()
    page.goto("/my/orders")
    assert page.locator("a", has_text=number_of(rpc, order_id)).count() == 1


def number_of(rpc, order_id):
    return rpc().read("sale.order", order_id, "name")["name"]


def test_customer_cancels_on_the_tracking_page(browser, rpc, order, screenshot):
    order_id = order()
    page = browser.open(width=390)
    page.goto(tracking_path(rpc, order_id))
    page.locator("#cancel summary").click()
    page.locator("#cancel textarea[name=reason]").fill("Zamówione dwa razy")
    screenshot(page, "form")
    page.locator("#cancel form button").click()
    page.locator("[role=alert]").wait_for()
    assert status_of(rpc, order_id) == "Rejected"
    assert page.locator("#cancel form").count() == 0
    assert TRACKING in page.url


def test_customer_asks_when_it_is_in_progress_and_not_later(browser, rpc, order):
    order_id = order()
    set_status(rpc, order_id, "in_progress")
    page = browser.open()
    path = tracking_path(rpc, order_id)
    page.goto(path)
    page.locator("#cancel summary").click()
    page.locator("#cancel form button").click()
    page.locator("[role=alert]").wait_for()
    assert rpc().read("sale.order", order_id, "state")["state"] == "sale"
    assert rpc("seller").read("sale.order", order_id, "cancellation_requested_on")
    assert page.locator("#cancel form").count() == 0
    rpc("seller").call("sale.order", "action_decline_cancellation", [order_id])
    page.goto(path)
    assert page.locator("#cancel summary").count() == 1
    set_status(rpc, order_id, "fulfilled")
    page.goto(path)
    assert page.locator("#cancel form").count() == 0
    assert page.locator("#cancel").inner_text().strip()


def test_everything_works_without_javascript(browser, rpc, order):
    order_id = order()
    # Odoo's login form itself needs JavaScript.
    state = browser.open(login="retail").context.storage_state()
    page = browser.open(java_script_enabled=False, storage_state=state)
    page.goto("/my/orders")
    follow(page, page.locator("a", has_text=number_of(rpc, order_id)))
    page.locator("a[href='#order_cancel_dialog']").click()
    page.locator("#order_cancel_reason").fill("Bez skryptów")
    follow(page, page.locator("#order_cancel_dialog button[type=submit]"))
    assert page.locator("[role=alert].alert-success").count() == 1
    assert status_of(rpc, order_id) == "Rejected"


def test_delivery_invoice_and_cancelling_move_the_status(rpc, order):
    admin = rpc()
    invoiced, cancelled = order(), order()
    picking = admin.search("stock.picking", [("sale_id", "=", invoiced)])[0]
    moves = admin.search("stock.move", [("picking_id", "=", picking)])
    admin.write("stock.move", moves, quantity=2, picked=True)
    # The question whether to send a text message is the warehouse's, not ours.
    admin.call("stock.picking", "button_validate", [picking], context={"skip_sms": True})
    assert status_of(rpc, invoiced) == "Shipped"
    wizard = admin.call(
        "sale.advance.payment.inv",
        "create",
        {"advance_payment_method": "delivered", "sale_order_ids": [(6, 0, [invoiced])]},
    )
    admin.call("sale.advance.payment.inv", "create_invoices", [wizard])
    invoices = admin.read("sale.order", invoiced, "invoice_ids")["invoice_ids"]
    assert status_of(rpc, invoiced) == "Shipped"
    admin.call("account.move", "action_post", invoices)
    assert status_of(rpc, invoiced) == "Fulfilled"
    rpc("seller").call("sale.order", "action_cancel", [cancelled])
    assert status_of(rpc, cancelled) == "Rejected"
