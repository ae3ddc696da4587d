"""A requester and his approver: a cart above the rule, the decision on a phone from the mail."""

import re
from urllib.parse import urlsplit

import pytest
import requests
from kit import axe
from kit.company import Company, iso
from kit.pages import (
    PHONE,
    check_width,
    follow,
    look_on_phone,
    press,
    quick_order,
    read,
    read_alerts,
)

BUYER, APPROVER = "piotr.kowalski", "anna.nowak"


@pytest.fixture(scope="module")
def company(rpc, make_user):
    """Nowak Workshop: above 500, Anna is asked; a cost centre with a budget of 2,000."""
    company = Company(rpc, make_user, "Nowak Workshop")
    admin = company.admin
    company.add(BUYER, "Piotr Kowalski", may_see_finance=False)
    company.add(APPROVER, "Anna Nowak", may_approve=True, is_administrator=True)
    company.sign(APPROVER, po_number_required=True)
    company.bolts = company.make_article("BLT-M8", "Hex bolts M8, box", 40.0, "NW-100")
    company.make_article("BRK-90", "Angle bracket 90 mm", 20.0, "NW-200")
    company.center = admin.create(
        "b2b.cost.center", partner_id=company.id, code="100", name="Workshop"
    )
    company.budget = admin.create(
        "b2b.budget",
        cost_center_id=company.center,
        date_start=iso(-30),
        date_end=iso(30),
        amount=2000.0,
        policy="approval",
    )
    admin.create(
        "b2b.approval.rule",
        partner_id=company.id,
        name="Above 500",
        condition="amount",
        amount=500.0,
        step_ids=[(0, 0, {"member_ids": [(6, 0, [company.members[APPROVER]])]})],
    )
    return company


@pytest.fixture
def buyer(company, browser):
    """The requester's page, logged in at his desk."""
    return browser.open(BUYER)


def request(page, text, po_number, note):
    """Order a list at the cost centre; return the address of the request."""
    quick_order(page, text)
    press(page, "Add to cart")
    page.goto("/my/b2b/checkout")
    page.fill("#b2b_po", po_number)
    page.select_option("#b2b_cost_center", label="100 Workshop")
    page.fill("#b2b_note", note)
    press(page, "Place order")
    page.wait_for_url("**/my/b2b/approvals/**")
    return urlsplit(page.url).path


def get_budget(company):
    return company.admin.read("b2b.budget", company.budget, "reserved", "spent", "left")


def test_requester_from_his_own_list_to_the_order(company, buyer, browser, mails, screenshot):
    # His list has the numbers of his own company.
    quick_order(buyer, "NW-100;20\nNW-200;10")
    assert "Your part number NW-100" in read(buyer)
    assert "Hex bolts M8, box" in read(buyer)
    check_width(buyer)
    screenshot(buyer, "list", "#wrap")
    press(buyer, "Add to cart")
    buyer.goto("/my/b2b/cart")
    assert "900.00" in read(buyer)
    press(buyer, "Checkout")
    # Without a PO number nothing is ordered.
    buyer.evaluate("document.querySelector('#b2b_po').required = false")
    press(buyer, "Place order")
    assert "PO number" in read_alerts(buyer)
    buyer.fill("#b2b_po", "NW/2026/118")
    buyer.select_option("#b2b_cost_center", label="100 Workshop")
    buyer.fill("#b2b_note", "For the frames of hall 2.")
    screenshot(buyer, "checkout", "#wrap")
    press(buyer, "Place order")
    buyer.wait_for_url("**/my/b2b/approvals/**")

    # A request, and no order yet: no number, nothing among the orders, a new cart.
    path = urlsplit(buyer.url).path
    text = read(buyer)
    assert "Your order waits for an approval." in text
    assert "Waits for\nAnna Nowak" in text
    assert "Your part number NW-100" in text
    assert "B2B/" not in text
    screenshot(buyer, "waiting", "#wrap")
    waiting = company.find_order("NW/2026/118")
    assert (waiting["state"], waiting["b2b_qualifier"]) == ("draft", "approval")
    assert get_budget(company)["reserved"] == 900.0
    buyer.goto("/my/orders")
    assert "NW/2026/118" not in read(buyer)
    buyer.goto("/my/b2b/cart")
    assert "Your cart is empty." in read(buyer)

    # He follows it like an order.
    buyer.goto("/my/b2b/approvals?filterby=mine")
    row = buyer.locator("tr", has_text="NW/2026/118")
    assert "Waiting for approval" in row.inner_text()
    look_on_phone(buyer, path, "/my/b2b/approvals", "/my/b2b/quick-order")

    # Anna decides at her desk.
    desk = browser.open(APPROVER)
    desk.goto("/my")
    follow(desk, desk.get_by_role("link", name="Approvals").first)
    follow(desk, desk.get_by_role("link", name="Decide").first)
    assert "For the frames of hall 2." in read(desk)
    desk.fill("#b2b_comment", "Fine, but no more this month.")
    press(desk, "Approve")
    assert "You have approved the request." in read_alerts(desk)

    # He is told in her words, and has his order.
    mail = mails.wait_for(to=BUYER, subject="Anna Nowak has approved this request", timeout=90)
    assert "Fine, but no more this month." in mails.html(mail)
    buyer.goto(mails.link(mail, "Open the request"))
    assert "Fine, but no more this month." in read(buyer)
    screenshot(buyer, "approved", "#wrap")
    buyer.get_by_role("link", name="Order B2B/").click()
    buyer.wait_for_url("**/my/orders/**")
    text = read(buyer)
    assert "NW/2026/118" in text
    assert "100 Workshop" in text
    assert "Saved" in text
    order = company.find_order("NW/2026/118")
    assert (order["state"], order["b2b_qualifier"]) == ("sent", "order")
    assert order["amount_untaxed"] == 900.0
    mails.wait_for(to=BUYER, subject=order["name"], timeout=90)
    budget = get_budget(company)
    assert (budget["reserved"], budget["spent"]) == (0.0, 900.0)


def test_approver_on_a_phone_from_the_mail(company, buyer, browser, mails, screenshot, rpc):
    # Bolts were ordered before, and cost more since.
    admin = company.admin
    line = (0, 0, {"product_id": company.bolts, "product_uom_qty": 2})
    before = admin.create("sale.order", partner_id=company.partners[BUYER], order_line=[line])
    admin.call("sale.order", "action_confirm", [before])
    admin.write("product.product", company.bolts, list_price=44.0)
    left = get_budget(company)["left"]
    request(buyer, "NW-100;16\nNW-200;4", "NW/2026/119", "The rest of hall 2.")
    mail = mails.wait_for(to=APPROVER, subject="Piotr Kowalski asks you to approve", timeout=90)
    assert "NW/2026/119" in mails.html(mail)
    link = mails.link(mail, "Look at the order and decide")
    phone = browser.open(width=PHONE, height=844, reduced_motion="reduce")
    phone.set_content(mails.html(mail))
    screenshot(phone, "mail", "table")

    # Scanners and previews open every link, more than once.
    for method in ("HEAD", "GET", "GET"):
        assert requests.request(method, link, timeout=60).status_code == 200
    assert company.find_order("NW/2026/119")["b2b_qualifier"] == "approval"

    # What a decision needs, without a login.
    phone.goto(link)
    check_width(phone)
    assert axe.find(phone) == []
    text = read(phone)
    assert "Hex bolts M8, box" in text
    assert "Your part number NW-100" in text
    assert "39.60" in text
    assert "+10%, last time" in text
    assert "36.00" in text
    assert "as last time" in text or "first time" in text
    assert "NW/2026/119" in text
    assert "The rest of hall 2." in text
    assert "100 Workshop" in text
    assert "Budget left, with this order" in text
    assert f"{left - 16 * 39.6 - 4 * 18:,.2f}" in text
    screenshot(phone, "decision", "screen")
    late = phone.context.new_page()
    late.goto(link)

    # Fewer bolts, no brackets.
    phone.get_by_label("Quantity of Hex bolts M8, box").fill("10")
    phone.get_by_label("Quantity of Angle bracket 90 mm").fill("0")
    phone.fill("#b2b_comment", "Ten boxes will do.")
    press(phone, "Approve")
    assert "You have approved this request." in read_alerts(phone)
    check_width(phone)
    screenshot(phone, "done")

    # Once: the page that was still open, and the link again.
    press(late, "Decline")
    assert "You have approved this request." in read_alerts(late)
    again = browser.open(width=PHONE)
    again.goto(link)
    assert "You have approved this request." in read(again)
    assert not again.get_by_role("button", name="Approve").count()
    assert "Hex bolts" not in read(again)

    # The requester is told the difference, and has what was approved.
    told = mails.wait_for(to=BUYER, subject="Anna Nowak has approved this request", timeout=90)
    words = mails.html(told)
    assert re.search(r"Hex bolts M8, box: 10 \w+ instead of 16", words)
    assert "Angle bracket 90 mm: taken out" in words
    assert "Ten boxes will do." in words
    order = company.find_order("NW/2026/119")
    assert order["amount_untaxed"] == 396.0
    assert len(order["order_line"]) == 1
    buyer.goto(mails.link(told, "Open the request"))
    assert "instead of 16" in read(buyer)
    assert "taken out" in read(buyer)
    screenshot(buyer, "difference", "#wrap")
    assert round(get_budget(company)["left"], 2) == round(left - 396.0, 2)
