"""The pretend ERP `clients/erp_box`, and a feed for it, as tests need them."""

import sqlite3
import subprocess
import sys
import time

import requests

from kit.erp import ROOT

PROGRAM = ROOT / "clients" / "erp_box" / "erp_box.py"
FLAG = "W trakcie realizacji"


class Feed:
    """A feed with a key, and orders of the web shop."""

    def __init__(self, rpc, name):
        self.rpc = rpc
        flag = rpc.ref("order_status_flags.flag_in_progress")
        mapping = [(0, 0, {"external_flag": FLAG, "flag_id": flag})]
        self.id = rpc.create("order.flag.feed", name=name, mapping_ids=mapping, system="other")
        wizard = rpc.create("order.flag.feed.key", feed_id=self.id, duration="30")
        action = rpc.call("order.flag.feed.key", "action_make_key", [wizard])
        self.key = action["context"]["default_key"]
        self.cursor = False
        self.product = rpc.create(
            "product.product",
            name="Śruba M8 “długa”",
            default_code="SRUBA-M8",
            list_price=9.99,
            type="consu",
            invoice_policy="order",
        )

    def place(self, count=1, **values):
        """Place orders as a shop does; return their ids and names."""
        partner = self.rpc.create("res.partner", name="Żółć sp. z o.o.", email="erp@example.com")
        line = (0, 0, {"product_id": self.product, "product_uom_qty": 3})
        values = {"document_type": "web", "partner_id": partner, "order_line": [line], **values}
        ids = self.rpc.call("sale.order", "create", [values] * count)
        self.rpc.call("sale.order", "action_quotation_sent", ids)
        rows = self.rpc.read("sale.order", ids, "name")
        names = [row["name"] for row in rows]
        self.wait_for(*names)
        return ids, names

    def wait_for(self, *names):
        """Return once the feed gives these orders to whoever asks.

        An order that is placed while somebody writes in another database of the same server may
        be late by a call; when one call has given it, each later one does.
        """
        url = f"{self.rpc.server.url}/json/2/order.flag.feed/orders"
        headers = {"Authorization": f"bearer {self.key}"}
        missing, deadline = set(names), time.monotonic() + 30
        while missing:
            assert time.monotonic() < deadline, f"not given: {missing}"
            values = {"ids": [self.id], "cursor": self.cursor, "limit": 500}
            answer = requests.post(url, json=values, headers=headers, timeout=60)
            answer.raise_for_status()
            page = answer.json()
            self.cursor = page["cursor"]
            missing -= {order["name"] for order in page["orders"]}

    def read(self, order, *fields):
        return self.rpc.read("sale.order", order, *fields)

    def get_status(self, order):
        return self.read(order, "order_status_id")["order_status_id"][1]


class Box:
    """The pretend ERP in a folder of its own."""

    def __init__(self, folder, feed, url):
        self.folder = folder
        text = f"[odoo]\nurl = {url}\nfeed = {feed.id}\nkey = {feed.key}\n"
        (folder / "erp_box.ini").write_text(text)

    def run(self, *words):
        command = [sys.executable, str(PROGRAM), *words]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get_problems(self):
        with sqlite3.connect(self.folder / "erp_box.sqlite") as base:
            return base.execute("SELECT problem, row FROM outbox").fetchall()
