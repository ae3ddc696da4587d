"""What users and other systems ask of a database of any size, one function a surface.

Each is asked of a small and of a big database in turn. Pages are fetched from Odoo's own WSGI
application within this process, so that their queries can be explained; everything else is the
call that the web client or an ERP makes.
"""

import ast
import re
from dataclasses import dataclass
from urllib.parse import quote

from data import LOGIN
from werkzeug.test import Client

import odoo.http
from odoo import Command
from odoo.tools.safe_eval import safe_eval

QUICK_ORDER_ROWS, TEMPLATE_LINES, PUSHED_ROWS, FEED_PAGE = 40, 20, 100, 100
# How many records of a list, and how many it counts: as Odoo's web client does.
PAGE, COUNTED = 80, 10_001
# Counts that the web client asks for beside the page.
SURFACES = {}


@dataclass(frozen=True)
class Surface:
    """One thing that is asked: `prepare(site, env)` returns what `act(it)` needs.

    A page has a path instead, of the site or of what is known of it.
    """

    name: str
    act: object = None
    path: object = None
    login: str = None


def page(name, path, login=LOGIN):
    SURFACES[name] = Surface(name, path=path, login=login)


def call(name):
    def register(function):
        SURFACES[name] = Surface(name, act=function)
        return function

    return register


class Site:
    """A database: what is looked up in it once, and its visitors.

    :param bench: see `measure.py`
    :param str database: name of the database
    """

    def __init__(self, bench, database):
        self.bench, self.database = bench, database
        self.clients = {}
        with bench.transaction(database) as env:
            self.look_up(env)

    def look_up(self, env):
        """Note what the surfaces search for; things that are alike at every size."""
        customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
        order = env["sale.order"].search([("partner_id", "=", customer.id)], limit=1)
        self.order_id, self.tracking = order.id, order.tracking_url.split("/order/")[1]
        self.agreement_id = customer._get_b2b_agreement().id
        # One of the shop's customers. Of the last orders: there, no number is a part of others.
        found = env["sale.order"].search(
            [("external_ref", "!=", False)], order="id desc", limit=20
        )[-1]
        self.number, self.erp_number = found.name, found.external_ref
        self.reference = found.client_order_ref
        self.customer = re.sub(r" Ltd$", "", found.partner_id.name)
        self.phone, self.email = found.partner_id.phone, found.partner_id.email
        products = env["product.product"].search(
            [("default_code", "like", "A0")], order="id", limit=QUICK_ORDER_ROWS
        )
        self.product_ids, self.codes = products.ids, products.mapped("default_code")
        self.word = products[7].name.split()[1]
        self.search_arch = env["sale.order"].get_view(
            env.ref("sale.sale_order_view_search_inherit_sale").id, "search"
        )["arch"]
        self.fields = {
            kind: list(
                env["sale.order"].get_views([(env.ref(f"order_status_flags.{view}").id, kind)])[
                    "models"
                ]["sale.order"]["fields"]
            )
            for kind, view in (
                ("list", "sale_order_view_list_status"),
                ("kanban", "sale_order_view_kanban_status"),
            )
        }
        self.placed = {
            "order_status": env.ref("order_status_flags.sale_order_status_action_orders")
        }
        self.domains = {
            name: ast.literal_eval(env.ref(f"order_status_flags.{action}").domain or "[]")
            for name, action in (
                ("by_status", "sale_order_status_action_orders"),
                ("promise", "sale_order_action_promise_kept"),
            )
        }

    # === PAGES ===

    def fetch(self, path, login=None):
        """Fetch a page as this user. Return the answer."""
        response = self.client(login).get(path, **self.request)
        if response.status_code != 200:
            raise RuntimeError(f"{self.database}{path}: {response.status}")
        return response

    @property
    def request(self):
        """Return what belongs to each request: by the host Odoo knows which database is meant."""
        return {
            "base_url": f"http://{self.database}.localhost",
            "environ_base": {"REMOTE_ADDR": "127.0.0.1"},
        }

    def client(self, login):
        if login not in self.clients:
            client = self.clients[login] = Client(odoo.http.root)
            if login:
                form = client.get("/web/login", **self.request).text
                token = form.split('name="csrf_token" value="')[1].split('"')[0]
                values = {"login": login, "password": login, "csrf_token": token}
                client.post("/web/login", data=values, **self.request)
        return self.clients[login]

    # === CALLS OF THE WEB CLIENT ===

    def specification(self, env, kind):
        """Return which fields the web client reads of each order in a view."""
        fields = env["sale.order"]._fields
        return {
            name: {"fields": {"display_name": {}}} if fields[name].type == "many2one" else {}
            for name in self.fields[kind]
            if name in fields and fields[name].type not in ("one2many", "many2many")
        }

    def list_orders(self, env, domain):
        """Read a page of orders and their number, as *Orders by status* does."""
        return env["sale.order"].web_search_read(
            domain, self.specification(env, "list"), limit=PAGE, count_limit=COUNTED
        )

    def typed(self, text):
        """Return the domain of what somebody types into the search box."""
        found = re.search(r'<field name="name"[^>]*filter_domain="([^"]*)"', self.search_arch)
        return safe_eval(found[1].replace("&amp;", "&"), {"self": text})


# === PAGES OF THE CUSTOMER ===

page("my", "/my")
page("my_orders", "/my/orders")
page("my_orders_page_2", "/my/orders/page/2")
page("order_page", lambda site: f"/my/orders/{site.order_id}")
page("status_page", lambda site: f"/order/{site.tracking}", login=None)
page("order_find", "/order/find", login=None)
page("agreements", "/my/agreements")
page("agreement", lambda site: f"/my/agreements/{site.agreement_id}")
page("b2b_shop", "/my/b2b")
# Where there are the fewest products, the second page is the last whole one.
page("b2b_shop_page_2", "/my/b2b/page/2")
page("b2b_search", lambda site: f"/my/b2b?search={quote(site.word)}")
page("b2b_search_code", lambda site: f"/my/b2b?search={site.codes[7]}")
page("b2b_suggest", lambda site: f"/my/b2b/suggest?search={site.word[:4]}")
page("b2b_product", lambda site: f"/my/b2b/product/{site.product_ids[3]}")
page("b2b_cart", "/my/b2b/cart")
page("b2b_quick_order_page", "/my/b2b/quick-order")
page("b2b_templates", "/my/b2b/templates")
page("b2b_pricelist", "/my/b2b/pricelist")


page("core_shop", "/shop")


@call("my_counters")
def my_counters(site, env):
    """Count what the home page counts after it was shown."""
    counters = ["order_count", "quotation_count", "invoice_count", "agreement_count"]
    answer = site.client(LOGIN).post(
        "/my/counters", json={"params": {"counters": counters}}, **site.request
    )
    assert "result" in answer.json, answer.json


# === BACK OFFICE ===

OPEN = ["|", ("order_status_category", "=", "new"), ("order_status_category", "=", "in_progress")]


@call("orders_by_status_list")
def orders_by_status_list(site, env):
    return site.list_orders(env, ["&", *OPEN, *site.domains["by_status"]])


@call("orders_by_status_all")
def orders_by_status_all(site, env):
    return site.list_orders(env, site.domains["by_status"])


@call("orders_by_status_kanban")
def orders_by_status_kanban(site, env):
    return env["sale.order"].web_read_group(
        ["&", *OPEN, *site.domains["by_status"]],
        ["order_status_id"],
        ["__count"],
        auto_unfold=True,
        unfold_read_specification=site.specification(env, "kanban"),
        order="order_status_date, id",
    )


@call("needs_attention")
def needs_attention(site, env):
    return site.list_orders(env, [("status_attention", "!=", False)])


def search(name, attribute):
    """A search for what somebody types, an attribute of the site."""
    call(name)(lambda site, env: site.list_orders(env, site.typed(getattr(site, attribute))))


search("search_number", "number")
search("search_name", "customer")
search("search_phone", "phone")
search("search_reference", "reference")
search("search_erp_number", "erp_number")


@call("search_erp_number_field")
def search_erp_number_field(site, env):
    return site.list_orders(env, [("external_ref", "ilike", site.erp_number)])


@call("pivot_promise")
def pivot_promise(site, env):
    return env["sale.order"].formatted_read_grouping_sets(
        site.domains["promise"],
        [[], ["promised_date:week"], ["promise_state"], ["promised_date:week", "promise_state"]],
        ["__count"],
    )


@call("pivot_time_in_status")
def pivot_time_in_status(site, env):
    return env["sale.order.status.history"].formatted_read_grouping_sets(
        [("previous_status_id", "!=", False), ("date", ">=", env.cr.now().replace(day=1))],
        [[], ["previous_status_id"], ["date:month"], ["previous_status_id", "date:month"]],
        ["duration:avg"],
    )


@call("order_form")
def order_form(site, env):
    order = env["sale.order"].browse(site.order_id)
    return order.web_read(
        {
            **dict.fromkeys(["status_attention", "allowed_status_ids", "allowed_flag_ids"], {}),
            "status_history_ids": {"fields": {"date": {}, "status_id": {}, "mail_state": {}}},
            "order_line": {"fields": {"name": {}, "price_subtotal": {}}},
        }
    )


@call("status_on_100_orders")
def status_on_100_orders(site, env):
    orders = env["sale.order"].search(["&", *OPEN, *site.domains["by_status"]], limit=100)
    orders.set_order_flag(env.ref("order_status_flags.flag_in_progress").id)
    env.flush_all()


@call("order_find_answer")
def order_find_answer(site, env):
    lookup = env["sale.order.lookup"].sudo().create({"reference": site.number, "email": site.email})
    return lookup._find_orders()


# === THE FEED ===


def feed_client(env, **values):
    flag = env.ref("order_status_flags.flag_in_progress")
    mapping = [Command.create({"external_flag": "W realizacji", "flag_id": flag.id})]
    feed = env["order.flag.feed"].create({"name": "Bench", "mapping_ids": mapping, **values})
    return feed.with_user(feed._ensure_client_user())


@call("feed_orders_first")
def feed_orders_first(site, env):
    return feed_client(env, export_domain="[]").orders(limit=FEED_PAGE)


@call("feed_orders_last")
def feed_orders_last(site, env):
    env.cr.execute(
        "SELECT feed_position, id FROM sale_order_erp_touch ORDER BY feed_position DESC, id DESC"
        " OFFSET 200 LIMIT 1"
    )
    cursor = "o{}.{}".format(*env.cr.fetchone())
    return feed_client(env, export_domain="[]").orders(cursor, limit=FEED_PAGE)


@call("feed_changes")
def feed_changes(site, env):
    return feed_client(env).changes(limit=FEED_PAGE)


@call("feed_push")
def feed_push(site, env):
    orders = env["sale.order"].search(
        [("state", "=", "sale")], limit=PUSHED_ROWS, order="date_order desc, id desc"
    )
    rows = [
        {
            "key": f"bench-{order.id}",
            "order": order.name,
            "flag": "W realizacji",
            "changed_at": "2026-03-01T12:00:00+01:00",
        }
        for order in orders
    ]
    return feed_client(env).push(rows)


# === ORDERING ===


def buyer(env):
    user = env["res.users"].search([("login", "=", LOGIN)])
    return env(user=user.id), user.partner_id._get_b2b_agreement().sudo()


@call("b2b_quick_order")
def b2b_quick_order(site, env):
    user_env, agreement = buyer(env)
    quick_order = user_env["b2b.quick.order"]
    text = "\n".join(f"{code};{1 + place % 12}" for place, code in enumerate(site.codes))
    preview = quick_order._evaluate(agreement, quick_order._parse(text=text))
    assert {row["state"] for row in preview} == {"ok"}, preview
    rows = quick_order._evaluate(agreement, quick_order._parse(text=text), priced=False)
    cart = user_env["sale.order"]._get_b2b_cart(agreement, create=True)
    cart._lock_b2b_cart()
    cart._add_b2b_lines(quick_order._get_wanted(rows))
    env.flush_all()


@call("b2b_template_order")
def b2b_template_order(site, env):
    user_env, agreement = buyer(env)
    template = user_env["sale.order"]._create_b2b_template(agreement, "Benchmark")
    products = user_env["product.product"].sudo().browse(site.product_ids[:TEMPLATE_LINES])
    template._add_b2b_template_lines([(product, 3, product.uom_id) for product in products])
    template._order_b2b_template(agreement)
    env.flush_all()
