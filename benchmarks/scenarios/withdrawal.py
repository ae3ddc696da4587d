"""The withdrawal function: what it costs to confirm a statement."""

import re
import time
from functools import partial

import requests
from data import LOGIN
from measure import commit, scenario

FULL, WITHOUT = "bench_full", "bench_no_withdrawal"
FORM = {
    "name": "Anna Kowalska",
    "reference": "The blue lamp that I bought in May",
    "email": "nobody@example.com",
    "reason": "Wrong colour",
}
CONTACT = {
    "name": FORM["name"],
    "email_from": FORM["email"],
    "subject": FORM["reference"],
    "description": FORM["reason"],
}


def make_contact_form(url):
    """Return what a browser sends of the form on /contactus, with the signature of its address."""
    page = requests.get(f"{url}/contactus", timeout=120).text
    form = page.split('id="contactus_form"')[1].split("</form>")[0]
    hidden = {}
    for field in re.findall(r'<input[^>]*type="hidden"[^>]*>', form):
        name, value = re.search(r'name="([^"]*)"', field), re.search(r'value="([^"]*)"', field)
        if name:
            hidden[name[1]] = value[1] if value else ""
    return {**hidden, **CONTACT}


@scenario
def withdraw_confirm(bench):
    """A stranger's statement, recorded, against a message by Odoo's own contact form."""
    with bench.transaction(FULL) as env:
        company = env["website"].search([], limit=1).company_id
        company.withdrawal_enabled = True
        commit(env)
        before = env["sale.withdrawal"].search_count([])
    url = bench.server(FULL)
    contact = make_contact_form(url)

    def post(path, values, expected):
        started = time.perf_counter()
        answer = requests.post(f"{url}{path}", data=values, timeout=120)
        seconds = time.perf_counter() - started
        assert answer.status_code == 200 and expected in answer.text, answer.text[:500]
        return seconds

    try:
        write = partial(post, "/website/form/mail.mail", contact, '"id"')
        confirm = partial(post, "/withdraw/confirm", FORM, "SHA-256")
        bench.report("ratio", bench.alternate(write, confirm, times=4))
        with bench.transaction(FULL) as env:
            assert env["sale.withdrawal"].search_count([]) > before + bench.pairs
    finally:
        with bench.transaction(FULL) as env:
            company.with_env(env).withdrawal_enabled = False
            commit(env)


def find_pages(env):
    """Return the pages of an order of the buyer, who is a consumer in the EU."""
    customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
    customer.country_id = env.ref("base.pl")
    domain = [("partner_id", "=", customer.id), ("state", "=", "sale")]
    order = env["sale.order"].search(domain, limit=1)
    return {
        "list": "/my/orders",
        "order": f"/my/orders/{order.id}",
        "status": "/order/" + order.tracking_url.split("/order/")[1],
    }


@scenario
def withdrawal_pages(bench):
    """The pages of an order, against the same without the addon; switched off, and offered."""
    paths = {}
    for database in (WITHOUT, FULL):
        with bench.transaction(database) as env:
            paths[database] = find_pages(env)
            commit(env)
    visitors = {
        (database, login): bench.visitor(database, login)
        for database in paths
        for login in (LOGIN, None)
    }

    def compare(name, suffix, times):
        login = None if name == "status" else LOGIN
        pages, queries = [], {}
        for database in (WITHOUT, FULL):
            visitor, path = visitors[database, login], paths[database][name]
            queries[database] = bench.page_queries(database, path, visitor)
            assert ("withdraw" in visitor.answer.text) == (database == FULL and bool(suffix))
            pages.append(partial(visitor, path))
        bench.report(f"{name}{suffix}", bench.alternate(*pages, times=times), queries=queries)

    for name in paths[FULL]:
        # Two parts in a hundred are little against what a page varies.
        compare(name, "", times=10 if name == "list" else 20)
    with bench.transaction(FULL) as env:
        company = env["website"].search([], limit=1).company_id
        company.write({"withdrawal_enabled": True, "withdrawal_on_sales_orders": True})
        commit(env)
    try:
        for name in ("order", "status"):
            compare(name, "_offered", times=5)
    finally:
        with bench.transaction(FULL) as env:
            company = company.with_env(env)
            company.write({"withdrawal_enabled": False, "withdrawal_on_sales_orders": False})
            commit(env)
