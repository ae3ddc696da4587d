"""Four ERPs, two clerks and three customers at the same orders, for a minute, at once.

A real server with two workers for pages. The ERPs fetch orders page by page and push documents and
flags, the clerks confirm and change orders, the customers place and cancel them in the portal. What
must hold in the end is asked of the database, and compared with what each of them was told.
`ERP_LOAD_SECONDS=600` lets them work longer.
"""

import base64
import contextlib
import itertools
import os
import random
import re
import threading
import time
from datetime import datetime, timezone

import postgres
import pytest
import requests
from common import LOGS, free_port
from kit.buyer import Buyer
from kit.erp_invariants import AUDIT, HISTORY, SEEDS, get_invariants
from kit.faults import PICTURE, wait_until
from kit.outcomes import Outcomes
from kit.rpc import Rpc
from kit.server import OdooServer

SECONDS = int(os.environ.get("ERP_LOAD_SECONDS", 60))
CUSTOMERS = 3
QUOTATIONS = 150
# The same wishes in each run; who comes first is up to the processes.
SEED = 11
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer <<>>\n%%EOF\n").decode()
# Answers after which a client, or a customer, tries again.
AGAIN = (409, 503)


class Office(Outcomes):
    """The server, who works there, and what they were told."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.admin = Rpc(server, "admin", "admin")
        self.placed = []  # ids of orders that a clerk may take
        # Odoo mails for nobody without an address.
        company = self.admin.ref("base.main_company")
        self.admin.write("res.company", company, email="office@example.com")
        self.admin.write(
            "res.partner", self.admin.ref("base.partner_admin"), email="admin@example.com"
        )
        server.query("UPDATE ir_cron SET nextcall = now() + interval '1 day'")
        self.customers = [self.make_customer(number) for number in range(CUSTOMERS)]
        self.quotations = self.make_quotations()
        self.flags = {
            "W trakcie realizacji": self.admin.ref("order_status_flags.flag_in_progress"),
            "Pakowane": self.admin.create("sale.order.flag", name="Packed"),
        }
        self.erps = self.make_erps()
        for login in ("clerk0", "clerk1"):
            self.make_clerk(login)
        for statement in AUDIT:
            server.query(statement)

    # === WHAT THERE IS === #

    def make_customer(self, number):
        """Make a buyer with an agreement."""
        # A session of his own: it also fills his carts, while the others work.
        buyer = Buyer(self.server, Rpc(self.server, "admin", "admin"), f"loadbuyer{number}")
        answer = buyer.sign(buyer.make_agreement(), PICTURE)
        assert "redirect_url" in answer["result"], answer
        buyer.orders = []
        return buyer

    def make_quotations(self):
        """Make web orders and back-office orders that a clerk has yet to confirm."""
        found = []
        for buyer, kind in itertools.product(self.customers, ("web", "web", "sale")):
            line = (0, 0, {"product_id": buyer.product, "product_uom_qty": 3})
            values = {"partner_id": buyer.partner, "document_type": kind, "order_line": [line]}
            count = QUOTATIONS // len(self.customers) // 3
            ids = self.admin.call("sale.order", "create", [values] * count)
            found += [(order, buyer) for order in ids]
        random.Random(SEED).shuffle(found)
        return found

    def make_erps(self):
        """Make four feeds: two that want all, one for web orders, one for one customer."""
        partner = self.customers[0].partner
        wishes = [
            (None, "so.document_type != 'sale'"),
            (None, "so.document_type != 'sale'"),
            ("[('document_type', '=', 'web')]", "so.document_type = 'web'"),
            (f"[('partner_id', '=', {partner})]", f"so.partner_id = {partner}"),
        ]
        return [Erp(self, number, *wish) for number, wish in enumerate(wishes)]

    def make_clerk(self, login):
        groups = ["base.group_user", "sales_team.group_sale_salesman_all_leads"]
        values = {
            "name": login,
            "login": login,
            "password": login,
            "email": f"{login}@example.com",
            "group_ids": [(6, 0, [self.admin.ref(xml_id) for xml_id in groups])],
        }
        context = {"no_reset_password": True}
        self.admin.call("res.users", "create", values, context=context)

    # === WHAT THEY ARE TOLD === #

    def ask(self, statement, seed=None):
        """Return what breaks an invariant, after doing `seed` for the time of the question."""
        got = [(erp.id, order, max(found)) for erp in self.erps for order, found in erp.got.items()]
        told = [(erp.id, *document) for erp in self.erps for document in erp.told]
        parameters = name_columns("feeds orders versions", got)
        parameters |= name_columns("erps names kinds numbers", told)
        with contextlib.closing(postgres.connect(self.server.pg, "test_erp_load")) as connection:
            connection.autocommit = False
            with connection.cursor() as cr:
                if seed:
                    cr.execute(seed)
                    assert cr.rowcount, "nothing was seeded"
                cr.execute(statement, parameters)
                return cr.fetchall()


def name_columns(names, rows):
    """Return rows as `{name: [values of a column]}`."""
    columns = map(list, zip(*rows, strict=True))
    return dict(zip(names.split(), columns, strict=True))


# === AN ERP === #


class Erp:
    """The client of one feed, by HTTP alone.

    :ivar dict got: versions that it was given, `{order id: [version]}`
    :ivar set told: `(order, kind, number)` of documents that the feed has taken
    """

    def __init__(self, office, number, domain, condition):
        admin = office.admin
        self.office, self.number, self.condition = office, number, condition
        self.cursor, self.got, self.names, self.told = False, {}, {}, set()
        mapping = [
            (0, 0, {"external_flag": name, "flag_id": flag}) for name, flag in office.flags.items()
        ]
        values = {"name": f"ERP {number}", "mapping_ids": mapping}
        values |= {"export_domain": domain} if domain else {}
        self.id = admin.create("order.flag.feed", **values)
        wizard = admin.create("order.flag.feed.key", feed_id=self.id, duration="30")
        action = admin.call("order.flag.feed.key", "action_make_key", [wizard])
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"bearer {action['context']['default_key']}"
        self.keys = itertools.count()

    def call(self, method, **values):
        """Return the answer of the feed, asked again as docs/feed.md says."""
        url = f"{self.office.server.url}/json/2/order.flag.feed/{method}"
        while True:
            answer = self.http.post(url, json={"ids": [self.id], **values}, timeout=120)
            if answer.status_code not in AGAIN:
                assert answer.ok, f"{answer.status_code}: {answer.text[:300]}"
                return answer.json()
            self.office.count(f"{method}: sent again")

    def fetch(self, loses_answer=False):
        """Take one page; return what it said. A client that dies has not kept the cursor."""
        page = self.call("orders", cursor=self.cursor, limit=20)
        self.office.count("orders: pages")
        for order in page["orders"]:
            versions = self.got.setdefault(order["id"], [])
            if versions and order["version"] < versions[-1]:
                self.office.unexpected.append(f"{order['name']} came in an older version")
            versions.append(order["version"])
            self.names[order["id"]] = order["name"]
        if not loses_answer:
            self.cursor = page["cursor"]
        return page

    def push(self, rows, times=1):
        """Push rows, several times the very same, and keep what the feed has taken."""
        for _time in range(times):
            for row, answer in zip(rows, self.call("push", rows=rows), strict=True):
                self.office.count(f"push: {answer['result']}")
                if answer["result"] in ("invalid", "unknown_order", "unknown_flag"):
                    self.office.unexpected.append(f"{answer} to {row}")
                document = row.get("document")
                if document and answer["result"] in ("applied", "unchanged"):
                    self.told.add((row["order"], document["kind"], document["number"]))
                    self.office.count(f"document: {document['kind']}")

    def make_row(self, chance):
        """Return what this ERP has to say of one of the orders that it has fetched."""
        order_id = chance.choice(list(self.names))
        row = {
            "key": f"{self.number}-{next(self.keys)}",
            "order": self.names[order_id],
            "changed_at": datetime.now(timezone.utc).isoformat(),
        }
        kind = chance.choice(["flag", "flag", "order", "order", "delivery", "invoice", "receipt"])
        if kind == "flag":
            return {**row, "flag": chance.choice([*self.office.flags, ""])}
        # Few numbers, so that the same document comes again and again, changed or not.
        document = {
            "kind": kind,
            "number": f"{kind} {self.number}/{order_id}/{chance.randrange(2)}",
        }
        if kind != "order":
            document["covers"] = chance.choice(["all", "part"])
            document["state"] = chance.choice(["open", "open", "cancelled"])
        elif chance.random() < 0.05:
            document["state"] = "cancelled"
        if kind == "invoice" and chance.random() < 0.5:
            document["file"] = {"name": "invoice.pdf", "content": PDF}
        return {**row, "document": document}


def work_as_erp(office, chance, erp, end):
    while time.monotonic() < end:
        with office.expecting("erp"):
            erp.fetch(loses_answer=chance.random() < 0.2)
            if erp.names:
                rows = [erp.make_row(chance) for _row in range(chance.choice([1, 3, 8]))]
                erp.push(rows, times=chance.choice([1, 1, 2]))
        time.sleep(chance.uniform(0.05, 0.3))


# === THE PEOPLE === #


def work_as_clerk(office, chance, login, end):
    """Confirms quotations, and changes orders that are placed: status, flag, quantity."""
    rpc = Rpc(office.server, login, login)
    names = ("status_saved", "status_in_progress")
    statuses = [office.admin.ref(f"order_status_flags.{name}") for name in names]
    flags = list(office.flags.values())
    while time.monotonic() < end:
        some = chance.sample(office.placed, min(len(office.placed), chance.choice([1, 5])))
        kind = chance.choice(["confirm", "status", "flag", "quantity"])
        if kind == "confirm" or not some:
            with contextlib.suppress(IndexError):
                order, buyer = office.quotations.pop()
                with office.expecting("clerk: confirm"):
                    rpc.call("sale.order", "action_confirm", [order])
                    buyer.orders.append(order)
                    office.placed.append(order)
            continue
        with office.expecting(f"clerk: {kind}"):
            if kind == "status":
                rpc.call("sale.order", "set_order_status", some, chance.choice(statuses))
            elif kind == "flag":
                rpc.call("sale.order", "set_order_flag", some, chance.choice(flags))
            else:
                line = rpc.search("sale.order.line", [("order_id", "=", some[0])], limit=1)
                rpc.write("sale.order.line", line, product_uom_qty=chance.randrange(1, 9))


def work_as_customer(office, chance, buyer, end):
    """Orders his cart by the checkout, or cancels an order on its page."""
    while time.monotonic() < end:
        if not buyer.orders or chance.random() < 0.5:
            with office.expecting("customer: checkout"):
                place(office, buyer, buyer.fill_cart())
        elif buyer.orders:
            with office.expecting("customer: look"):
                cancel(office, buyer, chance.choice(buyer.orders[-6:]))
        time.sleep(chance.uniform(0.1, 0.5))


def place(office, buyer, cart):
    page = buyer.order(cart)
    while page.status_code in AGAIN:
        office.count("customer: tried again")
        page = buyer.post_again()
    assert page.ok, page.status_code
    assert f"/my/orders/{cart}" in page.url, page.url
    buyer.orders.append(cart)
    office.placed.append(cart)
    office.count("customer: placed")


def cancel(office, buyer, order):
    """Press the button on the page, where there is one, and read what the next page says."""
    path = f"/my/orders/{order}"
    page = buyer.get(path)
    assert page.ok, page.status_code
    if f'action="{path}/cancel"' not in page.text:
        office.count("customer: no button")
        return
    answer = buyer.post(f"{path}/cancel", path, reason="Changed my mind")
    while answer.status_code in AGAIN:
        office.count("customer: tried again")
        answer = buyer.post_again()
    assert answer.ok, answer.status_code
    told = re.search(r'role="alert"[^>]*>\s*([^<]+)', answer.text)
    office.count(f"customer: {told[1].strip() if told else 'told nothing'}")


# === THE MINUTE === #


@pytest.fixture(scope="module")
def office(pg):
    """The office after its minute; every ERP has fetched what was left."""
    settings = {"workers": 2, "gevent_port": free_port(), "max_cron_threads": 1}
    with OdooServer(pg, "test_erp_load", **settings) as server:
        office = Office(server)
        work(office)
        settle(office)
        for erp in office.erps:
            fetch_rest(erp)
        yield office


def work(office):
    """Let everybody work, and wait until they have ended."""
    people = [(work_as_erp, erp) for erp in office.erps]
    people += [(work_as_clerk, login) for login in ("clerk0", "clerk1")]
    people += [(work_as_customer, buyer) for buyer in office.customers]
    end = time.monotonic() + SECONDS
    threads = [
        threading.Thread(target=act, args=(office, random.Random(SEED + number), who, end))
        for number, (act, who) in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 120)
    office.hanging = [thread for thread in threads if thread.is_alive()]
    print(f"{office.outcomes!r}")


def settle(office):
    """Wait until every transaction that began by now has ended: until then the feeds hold back."""
    ((now,),) = office.server.query("SELECT pg_current_xact_id()::text::bigint")
    ended = "SELECT 1 WHERE pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s"
    wait_until(lambda: office.server.query(ended, now), 120, "the end of all transactions")


def fetch_rest(erp):
    """Fetch until there is nothing more."""
    page = {"more": True}
    while page["more"] or page["orders"]:
        page = erp.fetch()


INVARIANTS = [*get_invariants(""), *HISTORY]


@pytest.mark.parametrize("name", INVARIANTS)
def test_invariant(office, name):
    found = office.ask(get_statement(office, name))
    assert not found, f"not true that {name}: {len(found)} times, {found[:5]}"


@pytest.mark.parametrize("name", SEEDS)
def test_invariant_notices_a_fault(office, name):
    assert office.ask(get_statement(office, name), SEEDS[name])


def get_statement(office, name):
    """Return the statement of an invariant; what each feed wants is known by the test."""
    wanted = " UNION ALL ".join(
        f"SELECT {erp.id} AS feed_id, so.id AS order_id FROM sale_order so"
        f" WHERE so.was_placed AND {erp.condition}"
        for erp in office.erps
    )
    return {**get_invariants(wanted), **HISTORY}[name]


def test_everybody_got_an_answer_and_worked(office):
    assert not office.hanging
    assert not office.unexpected, office.unexpected[:10]
    done = office.outcomes
    # Enough of each that the invariants say something, on a machine that is busy with others too.
    assert done["customer: placed"] >= 8, done
    assert done["clerk: confirm: done"] >= 8, done
    assert done["customer: Your order is cancelled."] >= 2, done
    assert done["customer: no button"] >= 3, done
    assert done["clerk: quantity: done"] >= 5, done
    assert done["clerk: status: done"] + done["clerk: flag: done"] >= 8, done
    assert done["orders: pages"] >= 40, done
    assert done["push: applied"] >= 60, done
    assert done["push: duplicate"] >= 10, done
    for kind in ("order", "delivery", "invoice", "receipt"):
        assert done[f"document: {kind}"] >= 5, done
    for erp in office.erps:
        assert len(erp.got) >= 5, erp.number
        assert erp.told, erp.number


def test_every_answer_to_a_customer_is_in_the_history(office):
    ((count,),) = office.server.query("SELECT count(*) FROM test_audit WHERE what = 'cancelled'")
    assert count == office.outcomes["customer: Your order is cancelled."]


def test_the_server_worked_and_did_not_fail():
    text = (LOGS / "test_erp_load.log").read_text()
    served = len(re.findall(r'"(?:GET|POST) /', text))
    # What was given up after five tries was told to the user, who tried again.
    given_up = text.count("maximum number of tries reached!")
    assert text.count("Traceback") == given_up
    assert given_up < served / 20
    assert "CRITICAL" not in text
    workers = set(re.findall(r"^\S+ \S+ (\d+) INFO \S+ werkzeug", text, re.MULTILINE))
    assert len(workers) > 1
