"""Who works on a Monday morning: buyers in the portal, clerks in the back office, ERPs.

Each is a thread that does one thing after the other, by chance but by the same chance in each run,
with pauses to look at what came. Against plain Odoo they do what plain Odoo has, and pause
instead of the rest: its share of the same mix.
"""

import itertools
import random
import re
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from urllib.parse import quote

import requests
from kit.rpc import Rpc, RpcError
from lxml import html

SEED = 15
# Seconds between two things that a person does.
PAUSE = 1, 5
# Of a list, as Odoo's web client asks for it.
PAGE, COUNTED = 80, 10_001
QUICK_ROWS, FLAGGED = 20, 30
# Seconds between two pushes of an ERP, rows of one, and how many of ten change the status.
ERP_PAUSE, ERP_ROWS, ERP_MAILED = 20, 200, 2
FLAGS = {"W trakcie realizacji": "In progress", "Spakowane": "Packed", "Szkło": "Fragile"}
MAILED, SILENT = ("W trakcie realizacji", "Spakowane"), "Szkło"
TIMEOUT = 300


class Morning:
    """What they share: the server, what it holds, how long everything took, what they were told.

    :param LoadServer server: the server
    :param bool has_addons: False for plain Odoo
    :ivar dict seconds: `{what was asked: [seconds]}`
    :ivar list faults: what was no answer, in words
    :ivar dict told: what the server said is done, see load_checks.py
    """

    def __init__(self, server, has_addons):
        self.server, self.has_addons = server, has_addons
        self.seconds, self.faults, self.hanging = {}, [], []
        self.told = {"pushed": [], "flagged": [], "ordered": [], "confirmed": []}
        self.measured_from = self.end = 0
        self.admin = Rpc(server, "admin", "admin")
        self.look_up()

    def look_up(self):
        """Note what people ask for."""
        ask = self.server.query
        # Names are `Article` and a word that no other has.
        rows = ask(
            "SELECT p.id, p.default_code, split_part(t.name ->> 'en_US', ' ', 2)"
            " FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id"
            " WHERE p.default_code LIKE 'A0%' AND p.active ORDER BY p.id LIMIT 400"
        )
        self.products, self.codes, self.words = map(list, zip(*rows, strict=True))
        companies = "SELECT id FROM res_partner WHERE is_company AND ref LIKE 'C%' ORDER BY id"
        self.customers = [partner for (partner,) in ask(f"{companies} LIMIT 500")]
        self.orders = ask(
            "SELECT so.id, so.name FROM sale_order so JOIN res_partner p ON p.id = so.partner_id"
            " WHERE so.state = 'sale' AND p.name NOT LIKE 'Buyer%' ORDER BY so.id DESC LIMIT 5000"
        )
        if self.has_addons:
            rows = self.admin.call("sale.order.flag", "search_read", [], ["name"])
            self.flags = {row["name"]: row["id"] for row in rows}
            self.tracking = ask(
                "SELECT order_tracking_token FROM sale_order WHERE state = 'sale'"
                " AND order_tracking_token IS NOT NULL ORDER BY id DESC LIMIT 500"
            )

    # === WORKING ===

    def work(self, clients, warm_up, seconds):
        """Let so many people work; what they ask after `warm_up` seconds is measured."""
        started = time.monotonic()
        self.measured_from = started + warm_up
        self.end = self.measured_from + seconds
        people = self.hire(clients)
        threads = [threading.Thread(target=person.live, daemon=True) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(self.end - time.monotonic(), 0) + TIMEOUT + 60)
        self.hanging = [thread for thread in threads if thread.is_alive()]
        if self.hanging:
            self.faults.append(f"{len(self.hanging)} people wait for an answer that does not come")
        for person in people:
            person.finish()

    def hire(self, clients):
        """Return the people: one ERP of sixteen, one clerk of four, the others buy."""
        erps, clerks = max(clients // 16, 1), max(clients // 4, 1)
        kinds = [Erp] * erps + [Clerk] * clerks + [Buyer] * (clients - erps - clerks)
        numbers = {Erp: itertools.count(), Clerk: itertools.count(), Buyer: itertools.count()}
        return [
            kind(self, number, next(numbers[kind]))
            for number, kind in enumerate(kinds)
            if self.has_addons or kind is not Erp
        ]

    @contextmanager
    def timing(self, what):
        """Note how long something takes, unless people are still warming up."""
        started = time.monotonic()
        yield
        if started >= self.measured_from:
            self.seconds.setdefault(what, []).append(time.monotonic() - started)

    @contextmanager
    def noting_faults(self, who):
        """Note what is no answer to a person's question."""
        try:
            yield
        except RpcError as error:
            self.faults.append(f"{who}: {error.kind}: {error}")
        except (requests.RequestException, AssertionError, LookupError) as error:
            self.faults.append(f"{who}: {error!r}"[:1000])


class Person:
    """Somebody with a session.

    :cvar dict MIX: how often a method is chosen
    :cvar tuple PLAIN: the methods for which plain Odoo has an answer
    """

    MIX, PLAIN = {}, ()

    def __init__(self, morning, number, login):
        self.morning, self.login = morning, login
        self.chance = random.Random(SEED + number)
        self.numbers = itertools.count(1)
        self.rpc = Rpc(morning.server, login, login)

    def live(self):
        """Do one thing after the other until the end."""
        time.sleep(self.chance.uniform(0, PAUSE[1]))
        while time.monotonic() < self.morning.end:
            (name,) = self.chance.choices(list(self.MIX), self.MIX.values())
            if self.morning.has_addons or name in self.PLAIN:
                with self.morning.noting_faults(f"{self.login}, {name}"):
                    getattr(self, name)()
            time.sleep(self.chance.uniform(*PAUSE))

    def finish(self):
        """Do at the end what cannot be left open."""

    def make_number(self):
        """Return a number that nobody else writes."""
        return f"{self.login}/{next(self.numbers)}"


# === BUYERS ===


class Buyer(Person):
    """A customer with an agreement, in the portal and in the web shop."""

    MIX = {
        "order_list": 14,
        "order_page": 16,
        "web_shop": 6,
        "web_shop_search": 6,
        "status_page": 18,
        "b2b_shop": 12,
        "b2b_search": 10,
        # About every two minutes an order: each brings the customer a PDF.
        "quick_order": 2,
        "template": 1,
    }
    PLAIN = ("order_list", "order_page", "web_shop", "web_shop_search")

    def __init__(self, morning, number, place):
        super().__init__(morning, number, f"buyer{place}")
        self.own, self.tags = [], {}

    def get(self, what, path, **headers):
        """Return a page, on which the buyer has waited."""
        with self.morning.timing(what):
            answer = self.rpc.http.get(
                f"{self.morning.server.url}{path}", headers=headers, timeout=TIMEOUT
            )
        return self.check(answer)

    def send(self, what, page, action, **values):
        """Send the form of a page that leads to `action`; return the page that comes then."""
        forms = [form for form in html.fromstring(page.text).forms if form.get("action") == action]
        if not forms:
            raise LookupError(f"no form {action} on {page.url}: {self.read_alerts(page)}")
        fields = dict(forms[0].form_values()) | values
        with self.morning.timing(what):
            answer = self.rpc.http.post(
                f"{self.morning.server.url}{action}", data=fields, timeout=TIMEOUT
            )
        return self.check(answer)

    @staticmethod
    def check(answer):
        answer.raise_for_status()
        assert "/web/login" not in answer.url, answer.url
        return answer

    @staticmethod
    def read_alerts(page):
        alerts = html.fromstring(page.text).find_class("alert")
        return [" ".join(alert.text_content().split())[:200] for alert in alerts]

    def order_list(self):
        page = self.get("order list", "/my/orders")
        self.own = re.findall(r"/my/orders/(\d+)", page.text) or self.own

    def order_page(self):
        if not self.own:
            self.order_list()
        self.get("page of an order", f"/my/orders/{self.chance.choice(self.own)}")

    def web_shop(self):
        self.get("web shop", f"/shop/page/{self.chance.randrange(1, 6)}")

    def web_shop_search(self):
        self.get(
            "web shop, search", f"/shop?search={quote(self.chance.choice(self.morning.words))}"
        )

    def status_page(self):
        """Look at a status page, and then again without anything new."""
        (token,) = self.chance.choice(self.morning.tracking)
        page = self.get("status page", f"/order/status/{token}")
        path, tag = f"/order/status/{token}", page.headers["ETag"]
        time.sleep(self.chance.uniform(*PAUSE))
        self.get("status page again", path, **{"If-None-Match": tag})

    def b2b_shop(self):
        self.get("B2B shop", f"/my/b2b/page/{self.chance.randrange(1, 6)}")

    def b2b_search(self):
        """Type some letters, and search."""
        word = quote(self.chance.choice(self.morning.words))
        self.get("B2B shop, suggestions", f"/my/b2b/suggest?search={word[:4]}")
        self.get("B2B shop, search", f"/my/b2b?search={word}")

    def quick_order(self):
        """Paste rows, look at them, put them into the cart, order it."""
        path = "/my/b2b/quick-order"
        page = self.get("quick order", path)
        codes = self.chance.sample(self.morning.codes, QUICK_ROWS)
        text = "\n".join(f"{code};{self.chance.randrange(1, 20)}" for code in codes)
        page = self.send("quick order, preview", page, path, text=text)
        self.send("quick order, into the cart", page, f"{path}/add", target="cart")
        self.check_out()

    def template(self):
        """Order again what is ordered every Monday."""
        page = self.get("templates", "/my/b2b/templates")
        found = re.search(r"/my/b2b/templates/\d+", page.text)[0]
        page = self.get("template", found)
        self.send("template, into the cart", page, f"{found}/order")
        self.check_out()

    def check_out(self):
        page = self.get("checkout", "/my/b2b/checkout")
        number = self.make_number()
        page = self.send("place the order", page, "/my/b2b/checkout", client_order_ref=number)
        assert "/my/orders/" in page.url, (page.url, self.read_alerts(page))
        self.morning.told["ordered"].append(number)


# === CLERKS ===


class Clerk(Person):
    """A salesperson in the back office, by the calls of the web client."""

    MIX = {
        "list_orders": 20,
        "search_number": 20,
        "kanban": 10,
        "orders_by_status": 20,
        "flag_in_bulk": 15,
        "confirm_quotation": 15,
    }
    PLAIN = ("list_orders", "search_number", "kanban", "confirm_quotation")

    def __init__(self, morning, number, place):
        super().__init__(morning, number, f"clerk{place}")
        admin = morning.admin
        views = {"list": "sale.view_order_tree", "kanban": "sale.view_sale_order_kanban"}
        if morning.has_addons:
            views["by status"] = "order_status_flags.sale_order_view_list_status"
        self.specifications = {
            name: self.get_specification(admin.ref(xml_id), name) for name, xml_id in views.items()
        }

    def get_specification(self, view, name):
        """Return which fields the web client reads of each order in a view."""
        kind = "kanban" if name == "kanban" else "list"
        views = self.rpc.call("sale.order", "get_views", [(view, kind)])
        fields = views["models"]["sale.order"]["fields"]
        return {
            name: {"fields": {"display_name": {}}} if field["type"] == "many2one" else {}
            for name, field in fields.items()
            if field["type"] not in ("one2many", "many2many")
        }

    def call(self, what, model, method, *args, **kwargs):
        with self.morning.timing(what):
            return self.rpc.call(model, method, *args, **kwargs)

    def read_list(self, what, domain, view="list"):
        specification = self.specifications[view]
        self.call(
            *(what, "sale.order", "web_search_read", domain, specification),
            limit=PAGE,
            count_limit=COUNTED,
        )

    def list_orders(self):
        self.read_list("list of orders", [("state", "not in", ("draft", "sent", "cancel"))])

    def search_number(self):
        _id, name = self.chance.choice(self.morning.orders)
        self.read_list("search by number", [("name", "ilike", name)])

    def orders_by_status(self):
        category = self.chance.choice(["new", "in_progress"])
        domain = [("order_status_category", "=", category)]
        self.read_list("orders by status", domain, "by status")

    def kanban(self):
        self.call(
            *("kanban of orders", "sale.order", "web_read_group"),
            *([], ["state"], ["__count"]),
            auto_unfold=True,
            unfold_read_specification=self.specifications["kanban"],
        )

    def flag_in_bulk(self):
        """Put a flag on all orders that are selected in a list, with a note of its own."""
        some = self.chance.sample(self.morning.orders, FLAGGED)
        ids, note = [order for order, _name in some], self.make_number()
        flag = self.morning.flags[self.chance.choice(list(FLAGS.values()))]
        self.call("flag 30 orders", "sale.order", "set_order_flag", ids, flag, note)
        self.morning.told["flagged"] += [(order, note) for order in ids]

    def confirm_quotation(self):
        number = self.make_number()
        lines = [
            (0, 0, {"product_id": product, "product_uom_qty": self.chance.randrange(1, 9)})
            for product in self.chance.sample(self.morning.products, 3)
        ]
        values = {
            "partner_id": self.chance.choice(self.morning.customers),
            "client_order_ref": number,
            "order_line": lines,
        }
        order = self.call("make a quotation", "sale.order", "create", values)
        self.call("confirm a quotation", "sale.order", "action_confirm", [order])
        self.morning.told["confirmed"].append(number)


# === ERPS ===


class Erp(Person):
    """A program that pushes flags, and fetches orders, by JSON-2."""

    def __init__(self, morning, number, place):
        super().__init__(morning, number, "admin")
        self.login = f"erp{place}"
        mapping = [
            (0, 0, {"external_flag": external, "flag_id": morning.flags[name]})
            for external, name in FLAGS.items()
        ]
        admin = self.rpc
        self.feed = admin.create("order.flag.feed", name=self.login, mapping_ids=mapping)
        wizard = admin.create("order.flag.feed.key", feed_id=self.feed, duration="30")
        action = admin.call("order.flag.feed.key", "action_make_key", [wizard])
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"bearer {action['context']['default_key']}"
        self.cursor, self.again = False, []

    def live(self):
        time.sleep(self.chance.uniform(0, PAUSE[1]))
        while time.monotonic() < self.morning.end:
            started = time.monotonic()
            with self.morning.noting_faults(self.login):
                self.push("push of 200 rows", self.make_rows(ERP_ROWS, ERP_MAILED))
                self.fetch()
            time.sleep(max(ERP_PAUSE - (time.monotonic() - started), 0))

    def finish(self):
        """Push what had to wait for others."""
        for _attempt in range(20):
            if self.again:
                time.sleep(1)
                with self.morning.noting_faults(self.login):
                    self.push("rows sent again", [])
        if self.again:
            self.morning.faults.append(f"{self.login}: {len(self.again)} rows are refused again")

    def post(self, method, **values):
        url = f"{self.morning.server.url}/json/2/order.flag.feed/{method}"
        answer = self.http.post(url, json={"ids": [self.feed], **values}, timeout=TIMEOUT)
        assert answer.ok, f"{answer.status_code}: {answer.text[:500]}"
        return answer.json()

    def make_rows(self, count, mailed):
        """Return rows about so many orders; `mailed` of ten change a status that is mailed."""
        some = self.chance.sample(self.morning.orders, count)
        keys = [self.make_number() for _order in some]
        return [
            {
                "key": keys[place],
                # By it the change is known in the history.
                "note": keys[place],
                "order": name,
                "flag": self.chance.choice(MAILED) if place % 10 < mailed else SILENT,
                "changed_at": datetime.now(timezone.utc).isoformat(),
            }
            for place, (_id, name) in enumerate(some)
        ]

    def push(self, what, rows):
        """Push rows, and those that somebody else's change was in the way of."""
        waited, self.again = {row["key"] for row in self.again}, self.again + rows
        rows, self.again = self.again, []
        with self.morning.timing(what):
            answers = self.post("push", rows=rows)
        for row, answer in zip(rows, answers, strict=True):
            if answer["result"] == "refused":
                self.again.append(row)
            elif answer["result"] == "applied":
                self.morning.told["pushed"].append((self.feed, row["key"]))
            elif answer["result"] != "stale" or row["key"] not in waited:
                self.morning.faults.append(f"{self.login}: {answer} to {row}")

    def fetch(self):
        with self.morning.timing("100 orders for the ERP"):
            page = self.post("orders", cursor=self.cursor, limit=100)
        self.cursor = page["cursor"]
