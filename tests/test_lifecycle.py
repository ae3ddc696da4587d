"""The addons come, are updated, go and come again on a database in use; Odoo stays whole.

What is left behind is compared with a database that never had them: schema, registry records,
references. What stays on purpose is named here and in the addons' READMEs.
"""

import datetime
import re
import time

import pytest
import requests
from common import manifests
from kit import traces
from kit.rpc import Rpc, RpcError
from kit.server import OdooServer
from templates import PLAIN

LOGIN = "lifecycle"
# What stays on purpose or is no trace of the addons; docs/lifecycle.md says why.
STATED = [
    # Odoo's pricelist feature, which the B2B shop switched on.
    r"'product_pricelist', '.*\"Default\"",
    r"'res_groups_implied_rel'",
    # The lists themselves, archived.
    r"'product_pricelist', '.*\"active\": false.*\"Secret\"|\"Secret\".*\"active\": false",
    # Names that Odoo's addons gave to the parts of models with a chatter that come from them.
    r"'ir_model_data', .*__(b2b_agreement|b2b_registration|order_status_webhook|sale_withdrawal)__",
    # Users who were made here; the one of the feed is archived, without keys.
    r"'res_company_users_rel'",
    r"'res_groups_users_rel'",
    # Odoo's own notes of foreign keys: it drops the keys and keeps the notes, of any addon.
    r"'ir_model_constraint', .*\"type\": \"f\"",
    r"\"key\": \"web.base.url\"",
    r"\"model\": \"ir.module.module\"",
]
# What two transactions say to each other; Odoo tries the later one again.
TRIED_AGAIN = ("could not serialize access", "could not obtain lock")
# One black dot, as a signature.
DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


@pytest.fixture
def server(pg):
    with OdooServer(pg, "test_lifecycle") as running:
        yield running


class Shop:
    """Orders of every kind, and what else the addons keep beside them."""

    def __init__(self, server):
        self.server = server
        self.admin = Rpc(server, "admin", "admin")
        self.admin.write("res.users", self.admin.uid, email="admin@example.com")
        self.make_customer()
        self.product = self.admin.create(
            "product.product", name="Bolt", type="consu", list_price=10.0, taxes_id=[]
        )
        self.back_office = self.make_order()
        self.shipped = self.make_order()
        self.cancelled = self.make_order()
        self.admin.call("sale.order", "action_confirm", self.placed)
        self.ship(self.shipped)
        self.admin.call("sale.order", "action_cancel", [self.cancelled])
        self.web = self.make_order(website_id=1, state="sent")
        self.make_b2b()
        self.make_feed()

    @property
    def placed(self):
        return [self.back_office, self.shipped, self.cancelled]

    def make_customer(self):
        company = self.admin.create("res.partner", name="Lifecycle Ltd", is_company=True)
        group = self.admin.ref("base.group_portal")
        user = self.admin.create(
            "res.users",
            name="Lena Lifecycle",
            login=LOGIN,
            password=LOGIN,
            email=f"{LOGIN}@example.com",
            group_ids=[(6, 0, [group])],
        )
        self.partner = self.admin.read("res.users", user, "partner_id")["partner_id"][0]
        self.company = company
        self.admin.write("res.partner", self.partner, parent_id=company)

    def make_order(self, **values):
        line = {"product_id": self.product, "product_uom_qty": 2}
        lines = [(0, 0, line)]
        return self.admin.create("sale.order", partner_id=self.partner, order_line=lines, **values)

    def ship(self, order):
        pickings = self.admin.search("stock.picking", [("sale_id", "=", order)])
        context = {"skip_sms": True, "skip_backorder": True}
        self.admin.call("stock.picking", "button_validate", pickings, context=context)

    def make_b2b(self):
        today = datetime.date.today().isoformat()
        self.pricelist = self.admin.create("product.pricelist", name="Secret", is_b2b=True)
        self.agreement = self.admin.create(
            "b2b.agreement",
            partner_id=self.company,
            pricelist_id=self.pricelist,
            date_start=today,
            body="<p>Terms</p>",
        )
        self.admin.call("b2b.agreement", "action_send", [self.agreement])
        buyer = Rpc(self.server, LOGIN, LOGIN)
        buyer.post(f"/my/agreements/{self.agreement}/sign", {"name": "Lena", "signature": DOT})
        self.drafts = [
            self.make_order(b2b_qualifier="cart"),
            self.make_order(b2b_qualifier="template", b2b_template_name="Monthly"),
        ]
        self.pro_forma = self.make_order(b2b_qualifier="order", state="sent")
        self.confirmed_pro_forma = self.make_order(b2b_qualifier="order", state="sent")
        self.admin.call("sale.order", "action_confirm", [self.confirmed_pro_forma])

    def make_feed(self):
        flag = self.admin.ref("order_status_flags.flag_in_progress")
        mapping = [(0, 0, {"external_flag": "W trakcie", "flag_id": flag})]
        self.feed = self.admin.create("order.flag.feed", name="Subiekt", mapping_ids=mapping)
        wizard = self.admin.create("order.flag.feed.key", feed_id=self.feed, duration="30")
        action = self.admin.call("order.flag.feed.key", "action_make_key", [wizard])
        row = {
            "key": "1",
            "order": self.admin.read("sale.order", self.back_office, "name")["name"],
            "flag": "W trakcie",
            "changed_at": "2026-03-01T12:00:00+01:00",
        }
        answer = requests.post(
            f"{self.server.url}/json/2/order.flag.feed/push",
            json={"ids": [self.feed], "rows": [row]},
            headers={"Authorization": f"bearer {action['context']['default_key']}"},
            timeout=60,
        )
        assert answer.json()[0]["result"] == "applied", answer.text

    # === WHAT IS ASKED OF IT === #

    def status_page(self, order):
        """Return the public order status page's path of an order, as it is in the mails."""
        url = self.admin.read("sale.order", order, "tracking_url")["tracking_url"]
        return url.removeprefix(self.server.url)

    def addons(self, *names):
        """Return the ids of addons."""
        return self.admin.search("ir.module.module", [("name", "in", names)])

    def uninstall(self, *names):
        """Uninstall addons as the Apps page does. Return what the dialog says."""
        ids = self.addons(*names)
        wizard = self.admin.create("base.module.uninstall", module_ids=[(6, 0, ids)])
        fields = self.admin.call("base.module.uninstall", "fields_get")
        warnings = [name for name in fields if name.endswith("_warning")]
        said = self.admin.read("base.module.uninstall", wizard, *warnings) if warnings else {}
        self.patiently("base.module.uninstall", "action_uninstall", [wizard])
        return {name: said[name] for name in warnings}

    def patiently(self, model, method, ids, seconds=120):
        """Install or uninstall, which Odoo refuses while a scheduled action runs."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.admin.call(model, method, ids)
            except RpcError as error:
                if "scheduled action" not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(1)

    def check_core_pages(self):
        """Open what everyone uses, logged in and not, and send an order by e-mail."""
        customer = Rpc(self.server, LOGIN, LOGIN).http
        for path in ("/my", "/my/orders", "/my/quotes", f"/my/orders/{self.back_office}"):
            assert_page(customer.get(self.server.url + path))
        assert_page(requests.get(f"{self.server.url}/shop", timeout=60))
        for view in ("form", "list", "kanban", "search"):
            self.admin.call("sale.order", "get_view", False, view)
        orders = self.admin.search("sale.order", [])
        assert self.admin.call("sale.order", "web_read", orders, {"name": {}, "state": {}})
        self.send_by_mail(self.back_office)

    def send_by_mail(self, order):
        before = self.count_mails(order)
        action = self.admin.call("sale.order", "action_quotation_send", [order])
        context = action["context"]
        wizard = self.admin.call("mail.compose.message", "create", {}, context=context)
        self.admin.call("mail.compose.message", "action_send_mail", [wizard], context=context)
        assert self.count_mails(order) == before + 1

    def count_mails(self, order):
        domain = [("model", "=", "sale.order"), ("res_id", "=", order)]
        return self.admin.call(
            "mail.message", "search_count", [*domain, ("message_type", "=", "comment")]
        )


def assert_page(answer):
    assert answer.status_code == 200, (answer.url, answer.status_code, answer.text[:500])


def differences(server):
    """Return what the schema and registry have more (+) or less (-) than those of plain Odoo."""
    now, before = traces.take(server.pg, server.database), traces.take(server.pg, PLAIN)
    lines = [f"+ {trace}" for trace in now - before] + [f"- {trace}" for trace in before - now]
    return sorted(line for line in lines if not any(re.search(known, line) for known in STATED))


def loose_ends(server):
    """Return what refers to nothing, Odoo's own names of parts of a model that is gone aside."""
    found = traces.loose_ends(server.pg, server.database)
    left = {"ir.model.fields.selection", "ir.model.inherit"}
    return {end for end in found if end[0] != "ir_model_data" or end[1] not in left}


def orders(server, *columns):
    """Return `{order id: values of the columns}`."""
    rows = server.query(f"SELECT id, {', '.join(columns)} FROM sale_order")
    return {row[0]: row[1:] for row in rows}


def names_of_addons(server, like):
    """Return the external ids that addons of these names still have."""
    statement = "SELECT module || '.' || name FROM ir_model_data WHERE module LIKE %s"
    return [name for (name,) in server.query(statement, like)]


def complaints(server):
    """Return the errors that Odoo logged, and what it could not delete."""
    found = []
    for record in re.split(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:)", server.log.read_text()):
        is_error = re.match(r"\S+ \S+ \d+ (ERROR|CRITICAL) ", record)
        if is_error and not any(words in record for words in TRIED_AGAIN):
            found.append(record)
        if re.search(r"could not be deleted \(\[\d", record):
            found.append(record)
    return found


def test_addons_come_and_go(server):
    shop = Shop(server)
    shop.check_core_pages()
    before = orders(server, "state", "order_status_id", "customer_status_id", "document_type")

    # Updated: nothing changes.
    shop.patiently(
        "ir.module.module", "button_immediate_upgrade", shop.addons("order_status_flags")
    )
    now = orders(server, "state", "order_status_id", "customer_status_id", "document_type")
    assert now == before
    shop.check_core_pages()

    # Addons that only connect two others leave: what has happened stays.
    shop.uninstall("order_status_flags_stock", "b2b_portal_website_sale")
    shop.check_core_pages()
    assert orders(server, "order_status_id")[shop.shipped] == before[shop.shipped][1:2]
    assert not names_of_addons(server, "order_status_flags_stock")

    # The B2B shop leaves, after a warning: carts and templates go, orders stay orders.
    page = shop.status_page(shop.pro_forma)
    warning = shop.uninstall("b2b_portal")["b2b_warning"]
    assert "2 carts and order templates" in warning
    shop.check_core_pages()
    left = orders(server, "state", "order_status_id", "document_type")
    assert set(before) - set(left) == set(shop.drafts)
    status = before[shop.pro_forma][1]
    assert left[shop.pro_forma] == ("sent", status, "web")
    assert left[shop.confirmed_pro_forma] == ("sale", status, "web")
    assert_page(requests.get(server.url + page, timeout=60))
    assert not names_of_addons(server, "b2b_portal%")
    assert not loose_ends(server)

    # Prices and agreements leave, one after the other.
    shop.uninstall("b2b_pricelist")
    shop.check_core_pages()
    assert not names_of_addons(server, "b2b_pricelist")
    shop.uninstall("b2b_agreement")
    shop.check_core_pages()
    assert not names_of_addons(server, "b2b%")
    assert not loose_ends(server)

    # Everything leaves: Odoo is as it was, and the orders are there.
    shop.uninstall("order_status_flags", "mail_delivery_retry", "http_resilience")
    assert orders(server, "state") == {key: row[:1] for key, row in left.items()}
    assert "\n".join(differences(server)) == ""
    assert not loose_ends(server)
    assert requests.get(server.url + page, timeout=60).status_code == 404
    shop.check_core_pages()

    # And they come again, onto the orders that are there.
    shop.patiently("ir.module.module", "button_immediate_install", shop.addons(*manifests()))
    shop.check_core_pages()
    saved = shop.admin.ref("order_status_flags.status_saved")
    rejected = shop.admin.ref("order_status_flags.status_rejected")
    now = orders(server, "order_status_id", "document_type")
    assert now[shop.back_office] == (saved, "sale")
    assert now[shop.confirmed_pro_forma] == (saved, "sale")
    assert now[shop.cancelled] == (rejected, "sale")
    assert now[shop.web] == (saved, "web")
    assert_page(requests.get(server.url + shop.status_page(shop.back_office), timeout=60))
    assert "\n".join(complaints(server)) == ""
