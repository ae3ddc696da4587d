"""Odoo's automation rules and other addons' overrides hear of every change, and of each once.

The database gets `base_automation` and a small addon from `tests/addons/`, which no installation
of the product ever sees.
"""

import pytest
import requests
from common import ADDONS, ROOT
from kit.invariants import INVARIANTS
from kit.rpc import Rpc
from kit.server import OdooServer

CHAIN = "a row begins with the status that the row before ended with"
LAST = "an order has the status and the flag of its last history row"


@pytest.fixture(scope="module")
def server(pg):
    paths = f"{ADDONS},{ROOT / 'tests' / 'addons'}"
    with OdooServer(pg, "test_heard", addons_path=paths, max_cron_threads=0) as running:
        yield running


class Shop:
    """Orders, rules, and the six ways to change a status."""

    def __init__(self, server):
        self.server = server
        self.admin = Rpc(server, "admin", "admin")
        self.admin.call("ir.module.module", "update_list")
        wanted = [("name", "in", ["base_automation", "order_status_test"])]
        ids = self.admin.search("ir.module.module", wanted)
        assert len(ids) == 2
        self.admin.call("ir.module.module", "button_immediate_install", ids)
        self.partner = self.admin.create("res.partner", name="Hana", email="hana@example.com")
        self.product = self.admin.create("product.product", name="Bolt", type="consu")
        self.saved, self.in_progress, self.rejected = (
            self.admin.ref(f"order_status_flags.status_{name}")
            for name in ("saved", "in_progress", "rejected")
        )
        self.flag = self.admin.ref("order_status_flags.flag_in_progress")

    def make_order(self, confirm=True, **values):
        line = {"product_id": self.product, "product_uom_qty": 1}
        order = self.admin.create(
            "sale.order", partner_id=self.partner, order_line=[(0, 0, line)], **values
        )
        if confirm:
            self.admin.call("sale.order", "action_confirm", [order])
        return order

    def make_rule(self, name, code=None, **values):
        """Make an automation rule on saving an order."""
        model = self.admin.search("ir.model", [("model", "=", "sale.order")])[0]
        action = {
            "name": name,
            "model_id": model,
            "state": "code",
            "code": code or f"records.order_status_test_note('{name}')",
        }
        rule = {"name": name, "model_id": model, "trigger": "on_create_or_write", **values}
        return self.admin.create("base.automation", action_server_ids=[(0, 0, action)], **rule)

    def field(self, name):
        domain = [("model", "=", "sale.order"), ("name", "=", name)]
        return self.admin.search("ir.model.fields", domain)

    def heard(self, order):
        """Return `[(listener, status, status of the last row)]`, sorted, and forget them."""
        rows = self.admin.call("order.status.test.heard", "search_read", [("order_id", "=", order)])
        self.admin.call("order.status.test.heard", "unlink", [row["id"] for row in rows])
        return sorted(
            (
                row["listener"],
                *(row[name] and row[name][0] for name in ("status_id", "row_status_id")),
            )
            for row in rows
        )

    # === THE WAYS === #

    def write(self, order):
        self.admin.write("sale.order", order, order_status_id=self.in_progress)

    def write_flag(self, order):
        self.admin.write("sale.order", order, order_flag_id=self.flag)

    def set_status(self, order):
        self.admin.call("sale.order", "set_order_status", [order], self.in_progress)

    def set_flag(self, order):
        self.admin.call("sale.order", "set_order_flag", [order], self.flag)

    def apply_wizard(self, order):
        wizard = self.admin.create(
            "sale.order.status.wizard",
            order_ids=[(6, 0, [order])],
            action="status",
            status_id=self.in_progress,
        )
        self.admin.call("sale.order.status.wizard", "action_apply", [wizard])

    def push(self, order):
        mapping = [(0, 0, {"external_flag": "F", "flag_id": self.flag})]
        feed = self.admin.create("order.flag.feed", name="ERP", mapping_ids=mapping)
        wizard = self.admin.create("order.flag.feed.key", feed_id=feed, duration="30")
        action = self.admin.call("order.flag.feed.key", "action_make_key", [wizard])
        row = {
            "key": "1",
            "order": self.admin.read("sale.order", order, "name")["name"],
            "flag": "F",
            "changed_at": "2026-03-01T12:00:00+01:00",
        }
        answer = requests.post(
            f"{self.server.url}/json/2/order.flag.feed/push",
            json={"ids": [feed], "rows": [row]},
            headers={"Authorization": f"bearer {action['context']['default_key']}"},
            timeout=60,
        )
        assert answer.json()[0]["result"] == "applied", answer.text

    def cancel(self, order):
        self.admin.call("sale.order", "order_status_test_cancel", [order])


@pytest.fixture(scope="module")
def shop(server):
    shop = Shop(server)
    shop.make_rule("field", trigger_field_ids=[(6, 0, shop.field("order_status_id"))])
    shop.make_rule("shown", trigger_field_ids=[(6, 0, shop.field("customer_status_id"))])
    domain = f"[('order_status_id', 'in', [{shop.in_progress}, {shop.rejected}])]"
    shop.make_rule("any", filter_domain=domain)
    return shop


def expected(status, *listeners):
    return sorted((listener, status, status) for listener in listeners)


@pytest.mark.parametrize(
    "way", ["write", "write_flag", "set_status", "set_flag", "apply_wizard", "push"]
)
def test_rule_override_and_hook_hear_once(shop, way):
    order = shop.make_order()
    shop.heard(order)
    getattr(shop, way)(order)
    wanted = expected(shop.in_progress, "any", "field", "hook", "override", "shown")
    assert shop.heard(order) == wanted


def test_event_is_heard(shop):
    order = shop.make_order(confirm=False)
    shop.heard(order)
    shop.admin.call("sale.order", "action_confirm", [order])
    assert shop.heard(order) == expected(shop.saved, "field", "hook", "override", "shown")


def test_cancellation_of_the_customer_is_heard(shop):
    order = shop.make_order()
    shop.heard(order)
    shop.cancel(order)
    wanted = expected(shop.rejected, "field", "hook", "override", "shown")
    assert without_any(shop.heard(order)) == wanted


def test_order_made_with_a_status_is_heard(shop):
    order = shop.make_order(confirm=False, state="sale", order_status_id=shop.in_progress)
    wanted = expected(shop.in_progress, "field", "hook", "override", "shown")
    assert without_any(shop.heard(order)) == wanted


def without_any(heard):
    """Leave out the rule without fields: it hears of Odoo's own fields, which change too."""
    return [entry for entry in heard if entry[0] != "any"]


def test_rule_that_sets_a_status_keeps_history_and_orders_together(shop, server):
    done = shop.admin.ref("order_status_flags.status_fulfilled")
    rule = shop.make_rule(
        "go on",
        code=f"records.set_order_status({done})",
        trigger_field_ids=[(6, 0, shop.field("order_status_id"))],
        filter_domain=f"[('order_status_id', '=', {shop.in_progress})]",
    )
    orders = [shop.make_order() for _number in range(2)]
    shop.set_status(orders[0])
    shop.write(orders[1])
    assert {
        shop.admin.read("sale.order", o, "order_status_id")["order_status_id"][0] for o in orders
    } == {done}
    assert not server.query(INVARIANTS[CHAIN])
    assert not server.query(INVARIANTS[LAST])
    shop.admin.call("base.automation", "unlink", [rule])
