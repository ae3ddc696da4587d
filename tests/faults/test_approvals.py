"""What becomes of an approval when the server is killed in the middle of it (`kill -9`)."""

import re
import time

import pytest
import requests
from database import query
from kit.buyer import Buyer
from kit.faults import PICTURE, Gate, wait_until
from kit.rpc import Rpc
from test_requests import Click

HISTORY = "sale_order_status_history"
NOTICE_MAILS = "b2b_approval.ir_cron_approval_notice"
MAIL_QUEUE = "mail.ir_cron_mail_scheduler_action"
COMMENT = "Agreed, but only this time."


class Approver(Buyer):
    """A colleague of a buyer, who approves all orders of their company.

    :param Buyer buyer: the colleague
    """

    def __init__(self, buyer, login):
        self.server, self.admin, self.login = buyer.server, buyer.admin, login
        values = {
            "name": login.capitalize(),
            "login": login,
            "password": login,
            "email": f"{login}@example.com",
            "group_ids": [(6, 0, [self.admin.ref("base.group_portal")])],
        }
        user = self.admin.call("res.users", "create", values, context={"no_reset_password": True})
        self.partner = self.admin.read("res.users", user, "partner_id")["partner_id"][0]
        self.admin.write("res.partner", self.partner, parent_id=buyer.company)
        member = self.admin.create("b2b.member", partner_id=self.partner, may_approve=True)
        self.admin.create(
            "b2b.approval.rule",
            partner_id=buyer.company,
            name="Every order",
            step_ids=[(0, 0, {"member_ids": [(6, 0, [member])]})],
        )
        self.http = Rpc(buyer.server, login, login).http

    def approve(self, approval):
        """Approve a request on its page."""
        path = f"/my/b2b/approvals/{approval}"
        return self.post(path, decision="approve", comment=COMMENT)


@pytest.fixture(scope="module")
def buyer(server, admin):
    buyer = Buyer(server, admin, "askingbuyer")
    answer = buyer.sign(buyer.make_agreement(), PICTURE)
    assert "redirect_url" in answer["result"], answer
    return buyer


@pytest.fixture(scope="module")
def approver(buyer):
    return Approver(buyer, "approver")


@pytest.fixture
def wake(server, admin):
    """Return a function that makes waiting e-mails due now."""
    actions = [admin.ref(NOTICE_MAILS), admin.ref(MAIL_QUEUE)]

    def wake():
        server.query(
            "INSERT INTO ir_cron_trigger (cron_id, call_at)"
            " SELECT unnest(%s), now() at time zone 'UTC'",
            actions,
        )
        query(server.pg, "SELECT pg_notify('cron_trigger', %s)", [server.database])

    return wake


def request(buyer):
    """Check out a cart; return the ids of order and request."""
    order = buyer.fill_cart()
    assert buyer.order(order).ok
    [approval] = buyer.admin.search("b2b.approval", [("order_id", "=", order)])
    return order, approval


def facts(server, order):
    """Return what the database says of an order and its request, past every cache."""
    return server.query(
        """
        SELECT so.b2b_qualifier, so.state, so.name LIKE 'B2B/%%', approval.state,
               (SELECT count(*) FROM b2b_approval_decision one
                 WHERE one.approval_id = approval.id),
               (SELECT count(*) FROM sale_order_status_history one WHERE one.order_id = so.id
                   AND one.mail_kind = 'b2b_proforma'),
               (SELECT count(*) FROM b2b_approval_notice one
                 WHERE one.approval_id = approval.id AND one.kind = 'result')
          FROM sale_order so JOIN b2b_approval approval ON approval.order_id = so.id
         WHERE so.id = %s
        """,
        order,
    )


def decide_by_link(server, path):
    """Approve by the link of the e-mail, as somebody who is not logged in does."""
    visitor = requests.Session()
    url = f"{server.url}{path}"
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(url, timeout=120).text)
    if not found:  # it decides nothing any more, and says so
        return visitor.get(url, timeout=120)
    form = {"csrf_token": found[1], "decision": "approve", "comment": COMMENT}
    return visitor.post(url, data=form, timeout=120)


NOTHING = [("approval", "draft", False, "pending", 0, 0, 0)]
WHOLE = [("order", "sent", True, "approved", 1, 1, 1)]


@pytest.mark.parametrize(
    "table, event",
    [
        ("b2b_approval_decision", "INSERT"),
        ("sale_order", "UPDATE OF b2b_qualifier"),
        (HISTORY, "INSERT"),
        ("b2b_approval", "UPDATE OF state"),
        ("b2b_approval_notice", "INSERT"),
    ],
)
def test_killed_while_approving(server, admin, buyer, approver, caught, wake, table, event):
    order, approval = request(buyer)
    with Gate(server, table, event) as gate:
        click = Click(approver.approve, approval)
        gate.wait()
        server.stop(kill=True)
        click.wait()
    assert click.error
    server.start()
    assert facts(server, order) == NOTHING
    # The same form approves it, and once: a second click is told who has decided.
    for _click in range(2):
        assert approver.post_again().ok
        assert facts(server, order) == WHOLE
    wake()
    number = admin.read("sale.order", order, "name")["name"]
    caught.wait_for(subject=number, timeout=60)
    caught.wait_for(body=COMMENT, timeout=60)
    time.sleep(1)
    assert len(caught.all(to=f"{buyer.login}@", subject=number)) == 1
    assert len(caught.all(to=f"{buyer.login}@", body=COMMENT)) == 1


def test_killed_while_approving_by_the_link(server, buyer, approver, caught, wake):
    order, _approval = request(buyer)
    wake()
    mail = caught.wait_for(to=f"{approver.login}@", timeout=60)
    path = re.search(r"/b2b/approve/[\w-]+", caught.html(mail))[0]
    with Gate(server, HISTORY) as gate:
        click = Click(decide_by_link, server, path)
        gate.wait()
        server.stop(kill=True)
        click.wait()
    assert click.error
    server.start()
    assert facts(server, order) == NOTHING
    assert decide_by_link(server, path).ok
    assert facts(server, order) == WHOLE
    assert "You have approved" in decide_by_link(server, path).text
    assert facts(server, order) == WHOLE


def test_killed_while_asking_by_mail(server, admin, buyer, approver, caught, wake):
    """The request is there, its e-mail is halfway: it comes once, with a link that decides."""
    with Gate(server, "mail_mail") as gate:
        order, approval = request(buyer)
        wake()
        gate.wait()
        server.stop(kill=True)
    server.start()
    wake()
    mail = caught.wait_for(to=f"{approver.login}@", timeout=120)
    time.sleep(1)
    assert len(caught.all(to=f"{approver.login}@")) == 1
    path = re.search(r"/b2b/approve/[\w-]+", caught.html(mail))[0]
    assert decide_by_link(server, path).ok
    assert facts(server, order) == WHOLE
    assert admin.read("b2b.approval", approval, "state")["state"] == "approved"


def test_killed_while_withdrawing(server, buyer, approver):
    order, approval = request(buyer)
    path = f"/my/b2b/approvals/{approval}"
    with Gate(server, "b2b_approval", "UPDATE OF state") as gate:
        click = Click(lambda: buyer.post(path, decision="withdraw"))
        gate.wait()
        server.stop(kill=True)
        click.wait()
    server.start()
    assert facts(server, order) == NOTHING
    assert buyer.post_again().ok
    wait_until(lambda: facts(server, order)[0][3] == "withdrawn", what="the withdrawal")
    assert facts(server, order)[0][:2] == ("approval", "draft")
    assert approver.approve(approval).ok
    assert facts(server, order)[0][3:5] == ("withdrawn", 1)
