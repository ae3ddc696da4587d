"""The customer's accountant: open items, statement, invoices; an order that waits for credit."""

import io
import zipfile

import pytest
from kit.company import Company, iso
from kit.pages import check_width, look_on_phone, open_home, press, quick_order, read, read_alerts

ACCOUNTANT, BUYER, SELLER = "olga.krawczyk", "tomasz.mazur", "sven.seller"
ACCOUNT = "/my/b2b/account"


@pytest.fixture(scope="module")
def company(rpc, make_user):
    """Mazur Windows: a limit of 1,000; 200 overdue since 20 days, 100 not due."""
    company = Company(rpc, make_user, "Mazur Windows")
    admin = company.admin
    company.add(ACCOUNTANT, "Olga Krawczyk", may_order=False, may_see_finance=True)
    company.add(BUYER, "Tomasz Mazur", may_see_finance=False)
    company.sign(BUYER)
    company.make_article("SIL-310", "Silicone 310 ml, box", 60.0)
    admin.write("res.partner", company.id, credit_limit=1000.0)
    company.old = company.make_invoice(200.0, days_ago=50, due_in=-20)
    company.new = company.make_invoice(100.0, days_ago=0, due_in=14)
    clerk = ["base.group_user", "sales_team.group_sale_salesman_all_leads"]
    make_user(SELLER, clerk, name="Sven Seller")
    seller = admin.search("res.company", [])[0]
    admin.write("res.company", seller, b2b_credit_policy="approval")
    yield company
    # The other journeys share the server.
    admin.write("res.company", seller, b2b_credit_policy="inform")


def download(page, caption):
    """Press a button that gives a file, and return the file's name and content."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=caption, exact=True).click()
    file = waiting.value
    return file.suggested_filename, file.path().read_bytes()


def get_numbers(company, *invoices):
    return [company.admin.read("account.move", one, "name")["name"] for one in invoices]


def test_accountant_reads_and_downloads(company, browser, screenshot):
    page = browser.open(ACCOUNTANT)
    page.goto("/my")
    page.get_by_role("link", name="Account", exact=False).filter(
        has_text="Credit, open items"
    ).click()
    page.wait_for_url(f"**{ACCOUNT}**")
    text = read(page)
    for amount in ("1,000.00", "300.00", "200.00", "700.00"):
        assert amount in text
    assert "1–30 days" in text
    old, new = get_numbers(company, company.old, company.new)
    assert old in text
    assert new in text
    assert "20" in page.locator("tr", has_text=old).inner_text()
    check_width(page)
    screenshot(page, "account", "#wrap")

    # The statement of a period, three ways.
    page.fill("#b2b_date_from", iso(-60))
    name, content = download(page, "Statement as PDF")
    assert name == f"statement-{iso(-60)}-{iso(0)}.pdf"
    assert content.startswith(b"%PDF-")
    table = download(page, "CSV")[1].decode("utf-8-sig")
    assert old in table
    assert new in table
    assert download(page, "XLSX")[1].startswith(b"PK")

    # Every invoice of the period, and none of another one.
    name, content = download(page, "All invoices (ZIP)")
    assert name == f"invoices-{iso(-60)}-{iso(0)}.zip"
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 2
    page.fill("#b2b_date_from", iso(-5))
    (one,) = zipfile.ZipFile(io.BytesIO(download(page, "All invoices (ZIP)")[1])).infolist()
    assert new.replace("/", "_") in one.filename
    table = download(page, "CSV")[1].decode("utf-8-sig")
    assert "200" in table, "what was open before opens the statement"
    assert old not in table
    look_on_phone(page, ACCOUNT)


def test_colleague_without_the_right_does_not_get_there(company, browser, odoo_server):
    page = browser.open(BUYER)
    open_home(page)
    assert "Credit, open items" not in read(page)
    period = f"date_from={iso(-60)}&date_to={iso(0)}"
    for path in (ACCOUNT, "/my/invoices"):
        page.goto(path)
        assert path not in page.url
        assert "200.00" not in read(page)
    for file in ("statement.pdf", "statement.csv", "statement.xlsx", "invoices.zip"):
        answer = page.request.get(f"{odoo_server.url}{ACCOUNT}/{file}?{period}")
        assert "text/html" in answer.headers["content-type"]
    answer = page.request.get(f"{odoo_server.url}/my/invoices/{company.old}")
    assert get_numbers(company, company.old)[0] not in answer.text()


def test_order_held_by_credit_is_released_with_a_reason(company, browser, screenshot):
    # 15 boxes come to 810, and 700 are left. The buyer sees no finance, so no amounts.
    buyer = browser.open(BUYER)
    quick_order(buyer, "SIL-310;15")
    press(buyer, "Add to cart")
    buyer.goto("/my/b2b/checkout")
    words = read_alerts(buyer)
    assert "This order exceeds the credit of your company." in words
    assert "We look at it before" in words or "we look at it before" in words
    assert "700.00" not in words
    screenshot(buyer, "notice", "#wrap")
    buyer.fill("#b2b_po", "MW-81")
    press(buyer, "Place order")
    buyer.wait_for_url("**/my/orders/**")
    order = company.find_order("MW-81")
    assert order["b2b_qualifier"] == "order"

    # The salesperson cannot confirm it before it is released, with a reason.
    page = browser.open(SELLER)
    page.goto(f"/odoo/orders/{order['id']}")
    page.get_by_text("Credit hold.").wait_for()
    screenshot(page, "held")
    page.get_by_role("button", name="Confirm", exact=True).first.click()
    page.locator(".modal", has_text="exceeds the customer's credit").wait_for()
    assert company.find_order("MW-81")["state"] == "sent"
    page.locator(".modal-footer button:visible").first.click()
    page.get_by_role("button", name="Release credit").click()
    reason = page.locator(".modal [name=reason] input")
    reason.fill("Olga paid the old invoice this morning.")
    screenshot(page, "release")
    page.get_by_role("button", name="Release", exact=True).click()
    page.get_by_text("Credit hold.").wait_for(state="hidden")
    page.get_by_text("Credit released. Olga paid").first.wait_for()
    page.get_by_role("button", name="Confirm", exact=True).first.click()
    page.locator(".o_arrow_button_current", has_text="Sales Order").wait_for()
    assert company.find_order("MW-81")["state"] == "sale"

    # It counts at once on the accountant's page.
    accountant = browser.open(ACCOUNTANT)
    accountant.goto(ACCOUNT)
    assert "810.00" in read(accountant)
