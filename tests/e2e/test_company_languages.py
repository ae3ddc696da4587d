"""The pages of a customer's company in Polish and Slovenian: captions, widths, accessibility."""

import re

import i18n
import pytest
from common import manifests
from kit import axe
from kit.company import Company, iso
from kit.pages import PHONE, check_width, press, quick_order

ADMINISTRATOR, BUYER = "zofia.pages", "adam.pages"


@pytest.fixture(scope="module", autouse=True)
def registration(rpc):
    """Registration is open; the other journeys share the server."""
    admin = rpc()
    seller = admin.search("res.company", [])[0]
    admin.write("res.company", seller, b2b_registration=True)
    yield
    admin.write("res.company", seller, b2b_registration=False)


@pytest.fixture(scope="module")
def company(rpc, make_user):
    """A company that uses everything: rules, a budget, part numbers, credit, open items."""
    company = Company(rpc, make_user, "Kopernik")
    admin = company.admin
    company.add(ADMINISTRATOR, "Zofia Pages", may_approve=True, is_administrator=True)
    company.add(BUYER, "Adam Pages", order_limit=50.0)
    company.sign(ADMINISTRATOR, minimum_order_amount=10.0, po_number_required=True)
    product = company.make_article("LNG-1", "XJ-9", 40.0, "KOP-7")
    admin.write("res.partner", company.id, credit_limit=100.0)
    center = admin.create("b2b.cost.center", partner_id=company.id, code="7", name="QX")
    admin.create(
        "b2b.budget", cost_center_id=center, date_start=iso(0), date_end=iso(9), amount=90.0
    )
    company.make_invoice(80.0, days_ago=50, due_in=-40)
    line = (0, 0, {"product_id": product, "product_uom_qty": 1})
    order = admin.create("sale.order", partner_id=company.partners[BUYER], order_line=[line])
    admin.call("sale.order", "action_confirm", [order])
    admin.write("product.product", product, list_price=44.0)
    return company


@pytest.fixture(scope="module")
def request_path(company, browser):
    """Return the page of a request that waits for Zofia."""
    page = browser.open(BUYER)
    quick_order(page, "KOP-7;3")
    press(page, "Add to cart")
    page.goto("/my/b2b/checkout")
    page.fill("#b2b_po", "LNG-PO")
    page.select_option("#b2b_cost_center", label="7 QX")
    press(page, "Place order")
    page.wait_for_url("**/my/b2b/approvals/**")
    return re.search(r"/my/b2b/approvals/\d+", page.url)[0]


def get_english(language):
    """Return the texts of our addons that read otherwise in a language."""
    items = [item for name in manifests() for item in i18n.load(i18n.po_path(name, language))]
    return {item.msgid for item in items} - {item.msgstr for item in items}


@pytest.mark.parametrize("language", ["pl", "sl"])
def test_pages_speak_the_language_fit_and_are_accessible(
    language, company, request_path, browser, screenshot
):
    page = browser.open(ADMINISTRATOR, reduced_motion="reduce")
    page.goto("/my/b2b")
    page.locator("article input[name=quantity]").first.fill("2")
    page.locator("article").get_by_role("button", name="Add to cart").first.click()
    page.get_by_text("in your cart").first.wait_for()
    english = get_english(language)
    paths = [
        "/my/b2b/colleagues",
        "/my/b2b/approvals",
        request_path,
        "/my/b2b/cost-centers",
        "/my/b2b/account",
        "/my/b2b/part-numbers",
        "/my/b2b/checkout",
        "/b2b/register",
    ]
    left = []
    for path in paths:
        for width in (1280, PHONE):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(f"/{language}{path}")
            assert page.locator("html").get_attribute("lang").startswith(language), path
            check_width(page)
        for summary in page.locator("#wrap summary").all():
            summary.click()
        check_width(page)
        # The line below the page is the website's own.
        ours = [one for one in axe.find(page) if "o_brand_promotion" not in one.target]
        left += [f"{path}: {finding}" for finding in ours]
        screenshot(page, path.strip("/").replace("/", "-"))
        lines = {line.strip() for line in page.locator("#wrap").inner_text().splitlines()}
        left += [f"{path}: {line}" for line in sorted(lines & english)]
    assert not left, "\n".join(left)
