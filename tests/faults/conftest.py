"""A server of its own, to be broken on purpose, and the people who notice."""

import contextlib
import datetime
import itertools

import pytest
from database import query
from kit.buyer import Buyer
from kit.faults import PICTURE, BadSmtp, wait_until
from kit.mails import Mails
from kit.rpc import Rpc
from kit.server import OdooServer

IN_PROGRESS = "order_status_flags.status_in_progress"
STATUS_MAILS = "order_status_flags.ir_cron_status_mail"
MAIL_QUEUE = "mail.ir_cron_mail_scheduler_action"


@pytest.fixture(scope="package")
def server(pg):
    with OdooServer(pg, "test_faults") as server:
        yield server


@pytest.fixture(scope="package")
def admin(server):
    admin = Rpc(server, "admin", "admin")
    company = admin.ref("base.main_company")
    # Odoo mails for nobody without an address.
    admin.write("res.company", company, email="office@example.com")
    admin.write("res.partner", admin.ref("base.partner_admin"), email="admin@example.com")
    return admin


@pytest.fixture(scope="module", autouse=True)
def as_usual_for_fixtures(server):
    """The server runs when a file begins, whose own fixtures may ask it."""
    if "odoo" not in server.processes:
        server.start()


@pytest.fixture(autouse=True)
def as_usual(server):
    """The server runs, also after tests that had another one in its place."""
    if "odoo" not in server.processes:
        server.start()


@pytest.fixture
def caught(server):
    """The mails caught since the test began."""
    return Mails(server.mails)


@pytest.fixture
def bad_smtp(server):
    """Return a function that puts a `BadSmtp` in the place of the mail catcher."""

    @contextlib.contextmanager
    def replace(**behaviour):
        server.stop("catcher")
        try:
            with BadSmtp(server.smtp_port, **behaviour) as smtp:
                yield smtp
        finally:
            server.start_catcher()

    return replace


class Orders:
    """Confirmed orders, each of a customer of its own, and what became of their e-mails."""

    numbers = itertools.count(1)

    def __init__(self, server, admin):
        self.server = server
        self.admin = admin

    def make(self, count, address="customer{}@example.com", confirm=True):
        """Make orders; return `{id: address}`."""
        addresses = [address.format(next(self.numbers)) for _number in range(count)]
        partners = self.admin.call(
            "res.partner", "create", [{"name": text, "email": text} for text in addresses]
        )
        values = [{"partner_id": partner} for partner in partners]
        ids = self.admin.call("sale.order", "create", values)
        if confirm:
            self.admin.call("sale.order", "action_confirm", ids)
        return dict(zip(ids, addresses, strict=True))

    def start_work(self, ids):
        """Set the status In progress, which is mailed."""
        status = self.admin.ref(IN_PROGRESS)
        self.admin.call("sale.order", "set_order_status", list(ids), status)

    def rows(self, ids):
        """Return the newest history row of each order, a dict each, in the order of the ids."""
        fields = ["order_id", "status_id", "mail_state", "mail_error", "mail_attempts"]
        domain = [("order_id", "in", list(ids))]
        rows = self.admin.call("sale.order.status.history", "search_read", domain, fields)
        newest = {}
        for row in rows:  # the newest comes first
            newest.setdefault(row["order_id"][0], row)
        return [newest[order_id] for order_id in ids]

    def states(self, ids):
        return [row["mail_state"] for row in self.rows(ids)]

    def wait_for(self, ids, state, seconds=60):
        """Wait until the newest e-mail of each order is in this state."""
        wanted = [state] * len(ids)
        wait_until(lambda: self.states(ids) == wanted, seconds, f"{wanted} of the mails")

    def check_chain(self, ids):
        """Each order's status is that of its last row, and its rows chain without a gap."""
        broken = self.server.query(
            """
            SELECT row.order_id
              FROM (SELECT *, lag(status_id) OVER rows AS before,
                           lead(id) OVER rows IS NULL AS is_last
                      FROM sale_order_status_history
                     WHERE order_id = ANY(%s)
                    WINDOW rows AS (PARTITION BY order_id ORDER BY id)) row
              JOIN sale_order so ON so.id = row.order_id
             WHERE row.previous_status_id IS DISTINCT FROM row.before
                OR row.is_last AND row.status_id IS DISTINCT FROM so.order_status_id
            """,
            list(ids),
        )
        assert not broken


@pytest.fixture(scope="package")
def orders(server, admin):
    return Orders(server, admin)


@pytest.fixture
def hurry(server, admin):
    """Return a function that makes what waits for its time due now, and wakes the cron worker."""
    actions = [admin.ref(STATUS_MAILS), admin.ref(MAIL_QUEUE)]

    def wake():
        server.query("UPDATE mail_mail SET scheduled_date = NULL WHERE state = 'outgoing'")
        server.query(
            "INSERT INTO ir_cron_trigger (cron_id, call_at)"
            " SELECT unnest(%s), now() at time zone 'UTC'",
            actions,
        )
        notify = "SELECT pg_notify('cron_trigger', %s)"
        query(server.pg, notify, [server.database])

    return wake


@pytest.fixture(scope="package")
def shop(server, admin):
    """A buyer whose agreement is in force for a year."""
    buyer = Buyer(server, admin, "faultbuyer")
    last = (datetime.date.today() + datetime.timedelta(days=365)).isoformat()
    answer = buyer.sign(buyer.make_agreement(date_end=last), PICTURE)
    assert "redirect_url" in answer["result"], answer
    return buyer
