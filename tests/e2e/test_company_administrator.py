"""The customer's own administrator: invites, changes rights, sets a deputy, takes access away."""

import pytest
from kit.company import Company, iso
from kit.pages import (
    check_width,
    choose_password,
    follow,
    look_on_phone,
    open_home,
    press,
    quick_order,
    read,
    read_alerts,
)

ADMINISTRATOR, INVITED = "ewa.zielinska", "maria.wojcik"
ADDRESS = f"{INVITED}@example.com"
COLLEAGUES = "/my/b2b/colleagues"


@pytest.fixture(scope="module")
def company(rpc, make_user):
    """Zielińska Interiors: Ewa administrates it, Jan has no rights of his own."""
    company = Company(rpc, make_user, "Zielińska Interiors")
    company.add(ADMINISTRATOR, "Ewa Zielińska", may_approve=True, is_administrator=True)
    company.add("jan.lis", "Jan Lis")
    company.sign(ADMINISTRATOR)
    company.make_article("HNG-35", "Concealed hinge 35 mm", 5.0)
    return company


@pytest.fixture
def admin_page(company, browser):
    page = browser.open(ADMINISTRATOR)
    page.goto(COLLEAGUES)
    return page


def row(page, name):
    """Return what the matrix has of a colleague."""
    return page.locator(".o_b2b_colleagues > li", has_text=name)


def save(page, name, caption="Save"):
    follow(page, row(page, name).get_by_role("button", name=caption, exact=True))


def test_administrator_invites_and_takes_away(company, admin_page, browser, mails, screenshot):
    # Who may what: Jan has what the company gives everybody.
    assert "Who may do what." in read(admin_page)
    assert "Default rights" in row(admin_page, "Jan Lis").inner_text()
    assert row(admin_page, "Jan Lis").get_by_label("Orders", exact=True).is_checked()
    assert not row(admin_page, "Jan Lis").get_by_label("Approves", exact=True).is_checked()

    # Maria is invited: a mail, a password, a login.
    invite = admin_page.locator("form.o_b2b_invite")
    invite.get_by_label("Name", exact=True).fill("Maria Wójcik")
    invite.get_by_label("E-mail", exact=True).fill(ADDRESS)
    invite.get_by_label("Sees invoices", exact=True).uncheck()
    screenshot(admin_page, "invite", "#wrap")
    press(admin_page, "Invite")
    assert "Maria Wójcik was invited by e-mail." in read_alerts(admin_page)
    maria = browser.open()
    choose_password(maria, mails, INVITED, ADDRESS)
    open_home(maria)
    assert not maria.get_by_role("link", name="Colleagues").count()
    quick_order(maria, "HNG-35;10")
    press(maria, "Add to cart")
    maria.goto("/my/b2b/cart")
    assert "45.00" in read(maria)
    assert not read_alerts(maria)

    # She shall approve up to 500, and not order: her cart says so at the next click.
    admin_page.goto(COLLEAGUES)
    mine = row(admin_page, "Maria Wójcik")
    mine.get_by_label("Orders", exact=True).uncheck()
    mine.get_by_label("Approves", exact=True).check()
    mine.get_by_label("Limit", exact=True).fill("500")
    save(admin_page, "Maria Wójcik")
    assert "The rights of Maria Wójcik were saved." in read_alerts(admin_page)
    check_width(admin_page)
    screenshot(admin_page, "matrix", "#wrap")
    press(maria, "Checkout")
    assert "not order for Zielińska Interiors. Please ask Ewa Zielińska." in read_alerts(maria)
    screenshot(maria, "refused", "#wrap")

    # Whoever has no rights of his own may only look from now on.
    admin_page.get_by_label("Only look").check()
    follow(admin_page, admin_page.locator("form[action$='/default'] button"))
    assert not row(admin_page, "Jan Lis").get_by_label("Orders", exact=True).is_checked()

    # The last administrator stays one.
    save(admin_page, "Ewa Zielińska", "Take access away")
    assert admin_page.locator(".alert-danger[role=alert]").count()
    assert row(admin_page, "Ewa Zielińska").get_by_label("Administrator").is_checked()

    # A deputy for the holidays.
    admin_page.goto("/my/b2b/approvals")
    admin_page.get_by_text("Are you away?").click()
    admin_page.fill("#b2b_away_from", iso(1))
    admin_page.fill("#b2b_away_until", iso(14))
    admin_page.select_option("#b2b_deputy", label="Maria Wójcik")
    screenshot(admin_page, "deputy", "#wrap")
    press(admin_page, "Save")
    assert "Maria Wójcik" in admin_page.locator("summary", has_text="Are you away?").inner_text()
    member = company.admin.read("b2b.member", company.members[ADMINISTRATOR], "deputy_id")
    assert member["deputy_id"][1].endswith("Maria Wójcik")

    # Access is gone: the pages that Maria has open refuse at the next click.
    maria.goto("/my/b2b")
    form = maria.context.new_page()
    form.goto("/my/b2b/cart")
    admin_page.goto(COLLEAGUES)
    save(admin_page, "Maria Wójcik", "Take access away")
    assert "Maria Wójcik has no access any more." in read_alerts(admin_page)
    maria.get_by_role("link", name="Quick order").first.click()
    maria.wait_for_url("**/web/login**")
    press(form, "Checkout")
    assert "/my/b2b" not in form.url
    maria.goto("/web/login")
    maria.fill("input[name=login]", ADDRESS)
    maria.fill("input[name=password]", INVITED)
    maria.click("form.oe_login_form button[type=submit]")
    maria.get_by_text("Wrong login/password").wait_for()

    # The seller reads all of it in the log of the company.
    log = company.read_log()
    assert f"Maria Wójcik ({ADDRESS}) was invited." in log
    look_on_phone(admin_page, COLLEAGUES, "/my/b2b/cost-centers", "/my/b2b/approvals")
