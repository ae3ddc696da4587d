"""What people do on a page, and what a page owes them."""

import contextlib
import re

PHONE = 390


def press(page, caption):
    """Press the first button with this caption and wait for the page that comes."""
    follow(page, page.get_by_role("button", name=caption, exact=True).first)


def follow(page, element):
    """Click a link or a button that leads to another page, and wait for that page.

    A click returns as soon as it is made: what is read next may still be the old page's. To wait
    for a navigation is too little: a script that names an entry of the history, such as that of
    the checkout, makes one without leaving the page.
    """
    with leaving(page):
        element.click()


@contextlib.contextmanager
def leaving(page):
    """Wait, after what is done inside, until another page has come whole."""
    page.wait_for_load_state()
    with page.expect_event("load"):
        yield


def read(page):
    """Return the text of the page, as its reader sees it."""
    return page.locator("#wrap").inner_text()


def read_alerts(page):
    return "\n".join(page.locator("[role=alert]:visible").all_inner_texts())


def open_home(page):
    """Open the portal's home of a B2B customer; its entries come after the page."""
    page.goto("/my")
    page.get_by_role("link", name="B2B shop").first.wait_for()


def check_width(page):
    """Check that nothing of a page has to be pushed sideways."""
    width = page.viewport_size["width"]
    found = page.evaluate("document.documentElement.scrollWidth")
    assert found <= width, f"{page.url} is {found} wide on a screen of {width}"


def look_on_phone(page, *paths):
    """Open pages 390 wide, as the one who is logged in on `page`, and check their width."""
    phone = page.context.new_page()
    phone.set_viewport_size({"width": PHONE, "height": 844})
    for path in paths:
        response = phone.goto(path)
        assert response.ok, f"{path}: {response.status}"
        check_width(phone)
    phone.close()


def sign_agreement(page, path, name):
    """Sign the agreement on its page, the name drawn as the signature."""
    page.goto(path)
    page.locator("[data-bs-target='#modal_sign_agreement']").first.click()
    submit = page.locator(".o_portal_sign_submit")
    submit.wait_for(state="visible")
    field = page.locator("#modal_sign_agreement input[name=signer], .o_web_sign_name_input").first
    if not field.input_value():
        field.fill(name)
    page.wait_for_timeout(1000)  # the signature is drawn from the name
    submit.click()
    page.wait_for_url("**message=signed**")


def choose_password(page, mails, login, address):
    """Follow the invitation in the mail to an address, choose a password (the login), log in."""
    mail = mails.wait_for(to=address, body="/web/signup", timeout=90)
    link = next(url for _text, url in mails.links(mail) if "/web/signup" in url)
    page.goto(link)
    page.fill("input[name=password]", login)
    page.fill("input[name=confirm_password]", login)
    page.locator("form.oe_signup_form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/my|/odoo|/web/login"))


def quick_order(page, text):
    """Put a list into the cart by quick order, to the last row."""
    page.goto("/my/b2b/quick-order")
    page.fill("#b2b_text", text)
    press(page, "Preview")
    page.get_by_text(f"Accepted: {len(text.splitlines())}.").wait_for()
