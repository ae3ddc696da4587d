"""From a stranger to a customer: registration, four clicks of a clerk, signature, first order."""

import re
from urllib.parse import urlsplit

import pytest
from kit.company import make_pricelist
from kit.pages import (
    check_width,
    choose_password,
    follow,
    look_on_phone,
    press,
    read,
    read_alerts,
    sign_agreement,
)

LOGIN = "katarzyna.wilk"
ADDRESS = f"{LOGIN}@example.com"
NAME = "Wilk Carpentry"
CLERK = "rita.register"
# Counts what a person clicks, not what scripts do; kept for the whole journey.
COUNT_CLICKS = """addEventListener("click", event => {
    if (event.isTrusted) localStorage.clicks = Number(localStorage.clicks || 0) + 1;
}, true);"""


@pytest.fixture(scope="module")
def register(rpc, make_user):
    """Switch registration on; another company has the name already, and there is an article."""
    admin = rpc()
    seller = admin.search("res.company", [])[0]
    pricelist = make_pricelist(admin, "New customers", 15)
    admin.write(
        "res.company", seller, b2b_registration=True, b2b_registration_pricelist_id=pricelist
    )
    admin.create("res.partner", name=NAME, is_company=True, city="Gdynia")
    admin.create(
        "product.product", name="Oak board 2 m", default_code="OAK-2", list_price=80, taxes_id=[]
    )
    groups = ["base.group_user", "sales_team.group_sale_salesman_all_leads"]
    make_user(CLERK, groups, name="Rita Register")
    yield
    admin.write("res.company", seller, b2b_registration=False)


def fill_in(page, vat):
    page.get_by_label("Company", exact=True).fill(NAME)
    page.get_by_label("VAT number").fill(vat)
    page.get_by_label("Your name").fill("Katarzyna Wilk")
    page.get_by_label("E-mail", exact=True).fill(ADDRESS)
    page.get_by_label("Phone").fill("+48 58 555 01 23")
    page.get_by_label("Note").fill("We build stairs, and need boards every month.")
    press(page, "Register")


def test_stranger_becomes_a_customer(register, rpc, browser, mails, screenshot):
    # The form: a number that cannot be one is told, and nothing typed is lost.
    page = browser.open()
    page.goto("/b2b/register")
    look_on_phone(page, "/b2b/register")
    fill_in(page, "PL1234567890")
    assert "This cannot be a VAT number." in read_alerts(page)
    assert page.get_by_label("Your name").input_value() == "Katarzyna Wilk"
    screenshot(page, "wrong", "#wrap")
    fill_in(page, "PL 526-000-12-46")
    assert "Thank you. We look at your registration and write to you." in read_alerts(page)
    check_width(page)

    # The clerk: opens it in the list, sees who else has the name, accepts, sends the agreement.
    clerk = browser.open(CLERK)
    clerk.goto("/odoo/b2b-registrations")
    clerk.get_by_role("cell", name=ADDRESS).wait_for()
    clerk.add_init_script(COUNT_CLICKS)
    clerk.evaluate(COUNT_CLICKS)
    clerk.evaluate("localStorage.clicks = 0")
    clerk.get_by_role("cell", name=ADDRESS).click()
    clerk.get_by_text("Possible duplicates").wait_for()
    clerk.get_by_role("cell", name="Gdynia").wait_for()
    screenshot(clerk, "clerk")
    clerk.get_by_role("button", name="Accept", exact=True).click()
    clerk.locator(".o_arrow_button_current", has_text="Accepted").wait_for()
    clerk.get_by_role("button", name="Send agreement").click()
    clerk.get_by_role("button", name="Send agreement").wait_for(state="hidden")
    clicks = int(clerk.evaluate("localStorage.clicks"))
    assert 3 <= clicks <= 4
    screenshot(clerk, "accepted")

    # The applicant chooses a password, reads the agreement and signs it.
    mails.wait_for(to=ADDRESS, subject="Welcome to", timeout=90)
    choose_password(page, mails, LOGIN, ADDRESS)
    page.goto("/my/b2b")
    assert "/my/agreements" in page.url, "the shop is closed until the agreement is signed"
    mail = mails.wait_for(to=ADDRESS, subject="to sign", timeout=90)
    link = mails.link(mail, "Read and sign")
    page.goto(link)
    screenshot(page, "agreement", "#wrap")
    sign_agreement(page, urlsplit(link).path, "Katarzyna Wilk")
    screenshot(page, "signed", "#wrap")

    # The shop is open at his prices; the first order.
    page.goto("/my/b2b?search=oak")
    card = page.locator("article", has_text="Oak board 2 m")
    assert "68.00" in card.inner_text()
    card.locator("input[name=quantity]").fill("5")
    card.get_by_role("button", name="Add to cart").click()
    card.get_by_text("in your cart").wait_for()
    screenshot(page, "shop", "#wrap")
    page.goto("/my/b2b/checkout")
    page.fill("#b2b_po", "WILK-1")
    press(page, "Place order")
    page.wait_for_url("**/my/orders/**")
    number = re.search(r"B2B/\d+", read(page))[0]
    assert "340.00" in read(page)
    screenshot(page, "order", "#wrap")
    mails.wait_for(to=ADDRESS, subject=number, timeout=90)

    # She is the administrator of her company, and nobody became a customer by the name alone.
    page.goto("/my")
    follow(page, page.get_by_role("link", name="Colleagues").first)
    assert page.locator(".o_b2b_colleagues > li").count() == 1
    admin = rpc()
    others = admin.search("res.partner", [("name", "=", NAME), ("is_company", "=", True)])
    assert len(others) == 2
    look_on_phone(page, "/my", "/my/b2b", "/my/agreements", "/my/b2b/colleagues")
