"""The surroundings of the browser tests themselves: server, browser, mail, several users."""

import pytest
import requests
from kit.rpc import RpcError


@pytest.fixture(scope="module")
def jana(make_user):
    make_user("jana", ["base.group_portal"])
    return "jana"


def test_reset_password_mail_is_caught(odoo_server, mails, jana):
    session = requests.Session()
    form = session.get(f"{odoo_server.url}/web/reset_password", timeout=60).text
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    values = {"csrf_token": token, "login": jana}
    session.post(f"{odoo_server.url}/web/reset_password", data=values, timeout=60)
    mail = mails.wait_for(to="jana@example.com")
    assert any(odoo_server.url in address for _text, address in mails.links(mail))


def test_portal_user_sees_own_account(browser, jana):
    page = browser.open(login=jana)
    assert page.locator("input[name=name]").input_value() == "Jana"


def test_rpc_refusal_is_an_error(rpc, jana):
    with pytest.raises(RpcError, match="Access|access|allowed"):
        rpc(jana).call("res.users", "create", {"name": "x", "login": "x"})


def test_installed_languages_are_offered(rpc):
    codes = {code for code, _name in rpc().call("res.lang", "get_installed")}
    assert {"en_US", "pl_PL", "sl_SI"} <= codes
