"""A withdrawal from end to end: a guest who has only the e-mail, and the clerk up to the refund.

Real server, real browser without scripts, real SMTP.
"""

import re
from urllib.parse import urlsplit

import pytest

EMAIL = "guest@example.com"


@pytest.fixture(scope="module")
def shop(rpc, make_user):
    """A shop with the function switched on, a guest and a clerk."""
    admin = rpc()
    poland = admin.ref("base.pl")
    company = admin.search("res.company", [])[0]
    admin.write("res.company", company, withdrawal_enabled=True, email="shop@example.com")
    make_user(
        "refunder",
        [
            "base.group_user",
            "sales_team.group_sale_salesman_all_leads",
            "stock.group_stock_user",
            "account.group_account_invoice",
        ],
    )
    guest = admin.create("res.partner", name="Anna Guest", email=EMAIL, country_id=poland)
    product = admin.create(
        "product.product", name="Table lamp", type="consu", list_price=50, invoice_policy="order"
    )
    yield {"company": company, "guest": guest, "product": product}
    # The other journeys share the server.
    admin.write("res.company", company, withdrawal_enabled=False)


@pytest.fixture
def order(rpc, shop):
    """Return the id of a web order of the guest, over two lamps."""
    clerk = rpc("refunder")
    line = (0, 0, {"product_id": shop["product"], "product_uom_qty": 2})
    order_id = clerk.create(
        "sale.order", partner_id=shop["guest"], document_type="web", order_line=[line]
    )
    clerk.call("sale.order", "action_confirm", [order_id])
    return order_id


def declare(page, path, number, reason):
    """Walk through the pages by keyboard, and return the number of the receipt."""
    page.goto(path)
    page.get_by_label("Your name").focus()
    page.keyboard.type("Anna Guest")
    page.keyboard.press("Tab")
    if number:
        page.keyboard.type(number)
        page.keyboard.press("Tab")
    page.keyboard.type(EMAIL)
    page.get_by_label("Reason (optional)").fill(reason)
    page.get_by_role("button", name="Continue").press("Enter")
    assert reason in page.locator(".statement").inner_text()
    page.get_by_role("button", name="Confirm withdrawal").press("Enter")
    page.get_by_role("status").wait_for()
    return re.search(r"WD/\d+/\d+", page.locator("main").inner_text())[0]


def test_guest_with_the_email_alone(browser, rpc, mails, order, screenshot):
    number = rpc("refunder").read("sale.order", order, "name")["name"]
    page = browser.open(width=360, height=740, java_script_enabled=False)
    receipt = declare(page, "/withdraw", number, "Wrong colour")
    screenshot(page, "receipt")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    mail = mails.wait_for(to=EMAIL, subject=receipt, timeout=60)
    assert "Wrong colour" in mails.html(mail)
    assert any(name.endswith(".pdf") for name in mails.attachments(mail))
    row = rpc("refunder").search("sale.withdrawal", [("name", "=", receipt)])
    found = rpc("refunder").read("sale.withdrawal", row[0], "is_verified", "order_id", "mail_state")
    assert found["is_verified"]
    assert found["order_id"][0] == order


def test_clerk_from_statement_to_refund(browser, rpc, order, screenshot):
    clerk = rpc("refunder")
    (picking,) = clerk.read("sale.order", order, "picking_ids")["picking_ids"]
    clerk.call("stock.picking", "button_validate", [picking])
    wizard = clerk.create(
        "sale.advance.payment.inv",
        advance_payment_method="delivered",
        sale_order_ids=[(6, 0, [order])],
    )
    clerk.call("sale.advance.payment.inv", "create_invoices", [wizard])
    invoices = clerk.read("sale.order", order, "invoice_ids")["invoice_ids"]
    clerk.call("account.move", "action_post", invoices)
    link = clerk.read("sale.order", order, "tracking_url")["tracking_url"]
    guest = browser.open(java_script_enabled=False)
    receipt = declare(guest, f"{urlsplit(link).path}/withdraw", "", "Too bright")

    page = browser.open("refunder")
    page.goto("/odoo/withdrawals")
    page.get_by_role("cell", name=receipt).first.click()
    page.get_by_role("button", name="Accept", exact=True).click()
    page.locator(".modal-footer .btn-primary").click()
    page.locator(".o_arrow_button_current", has_text="Accepted").wait_for()
    screenshot(page, "accepted")
    (statement,) = clerk.search("sale.withdrawal", [("name", "=", receipt)])
    page.get_by_role("button", name="Return transfer").click()
    # The statement is a link back once the transfer is open.
    page.locator(".o_breadcrumb a", has_text=receipt).first.wait_for()
    assert clerk.search("stock.picking", [("order_withdrawal_id", "=", statement)])
    page.go_back()
    page.get_by_role("button", name="Draft credit note").click()
    page.locator(".o_form_view .o_field_widget[name=invoice_line_ids]").wait_for()
    screenshot(page, "credit-note")
    (credit_note,) = clerk.search("account.move", [("order_withdrawal_id", "=", statement)])
    values = clerk.read("account.move", credit_note, "state", "move_type", "amount_untaxed")
    assert (values["state"], values["move_type"]) == ("draft", "out_refund")
    assert values["amount_untaxed"] == 100
    clerk.call("account.move", "action_post", [credit_note])
    clerk.call("sale.withdrawal", "action_done", [statement])
    assert clerk.read("sale.withdrawal", statement, "state")["state"] == "done"
