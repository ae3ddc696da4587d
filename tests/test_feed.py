"""The flag feed against a real server: several clients, a killed server, the guide's examples.

What one call answers is tested inside Odoo; here it is about processes and transactions.
"""

import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[1]
MOMENT = "2026-03-01T12:00:00+01:00"


class Feed:
    """A feed with a key, and orders to push to."""

    def __init__(self, server, rpc, name):
        self.server = server
        self.rpc = rpc
        flags = [
            ("W trakcie realizacji", "order_status_flags.flag_in_progress"),
            ("Odrzucone", "order_status_flags.flag_rejected"),
        ]
        mapping = [(0, 0, {"external_flag": n, "flag_id": rpc.ref(x)}) for n, x in flags]
        self.id = rpc.create("order.flag.feed", name=name, mapping_ids=mapping)
        wizard = rpc.create("order.flag.feed.key", feed_id=self.id, duration="30")
        action = rpc.call("order.flag.feed.key", "action_make_key", [wizard])
        self.key = action["context"]["default_key"]
        self.url = action["context"]["default_url"].rpartition("/")[0]

    def call(self, method, **values):
        """Return the HTTP answer of one of the feed's calls."""
        return requests.post(
            f"{self.url}/{method}",
            json={"ids": [self.id], **values},
            headers={"Authorization": f"bearer {self.key}"},
            timeout=300,
        )

    def push(self, rows):
        answer = self.call("push", rows=rows)
        answer.raise_for_status()
        return [row["result"] for row in answer.json()]

    def make_orders(self, count):
        """Make confirmed orders of one customer; return their names."""
        partner = self.rpc.create("res.partner", name="Feed", email="feed@example.com")
        ids = []
        for start in range(0, count, 500):
            values = [{"partner_id": partner}] * min(500, count - start)
            ids += self.rpc.call("sale.order", "create", values)
        # Confirming thousands of orders is not what is tested here.
        context = {"tracking_disable": True, "order_status_no_notify": True}
        for start in range(0, count, 500):
            self.rpc.call("sale.order", "action_confirm", ids[start : start + 500], context=context)
        return [row["name"] for row in self.rpc.read("sale.order", ids, "name")]

    def make_rows(self, names, prefix, **values):
        row = {"flag": "W trakcie realizacji", "changed_at": MOMENT, **values}
        return [{"key": f"{prefix}-{name}", "order": name, **row} for name in names]

    def count_history(self, names):
        """Return how many changes came by a feed, and to how many orders."""
        return self.server.query(
            "SELECT count(*), count(DISTINCT order_id) FROM sale_order_status_history row"
            " JOIN sale_order so ON so.id = row.order_id"
            " WHERE row.source = 'feed' AND so.name = ANY(%s)",
            names,
        )[0]


@pytest.fixture(scope="module")
def feed(odoo_server, rpc):
    return Feed(odoo_server, rpc(), "Live")


def test_clients_that_push_the_same_rows_at_once(feed, mails):
    names = feed.make_orders(40)
    rows = feed.make_rows(names, "same")
    answers = []

    def push():
        for _try in range(6):
            answer = feed.call("push", rows=rows)
            if answer.ok:
                answers.append([row["result"] for row in answer.json()])
                return

    threads = [threading.Thread(target=push) for _i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    for results in zip(*answers, strict=True):
        assert sorted(results) == ["applied", "duplicate", "duplicate", "duplicate"]
    assert feed.count_history(names) == (40, 40)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and len(mails.all(to="feed@example.com")) < 40:
        time.sleep(0.5)
    subjects = [mail["Subject"] for mail in mails.all(to="feed@example.com")]
    assert len(subjects) == 40
    assert all(sum(name in subject for subject in subjects) == 1 for name in names)


def wait_until_writing(server, seconds=60):
    """Wait until some transaction has written history rows and is not committed yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = server.query(
            "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
            " WHERE relname = 'sale_order_status_history' AND mode = 'RowExclusiveLock'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        if found[0][0]:
            return
        time.sleep(0.01)
    raise AssertionError("nothing was written")


def test_killed_server_leaves_nothing_and_the_same_push_completes(odoo_server, feed):
    names = feed.make_orders(3000)
    rows = feed.make_rows(names, "kill", note="after the kill")
    failures = []

    def push():
        try:
            feed.push(rows)
        except requests.RequestException as error:
            failures.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    wait_until_writing(odoo_server)
    odoo_server.stop(kill=True)
    thread.join()
    assert failures, "the push was over before the kill"
    odoo_server.start()
    assert feed.count_history(names) == (0, 0)
    assert feed.push(rows) == ["applied"] * len(rows)
    assert feed.push(rows) == ["duplicate"] * len(rows)
    assert feed.count_history(names) == (len(names), len(names))


def test_no_login_and_no_other_door_for_the_key(odoo_server, feed, rpc):
    user_id = rpc().read("order.flag.feed", feed.id, "client_user_id")["client_user_id"][0]
    login = rpc().read("res.users", user_id, "login")["login"]
    answer = requests.post(
        f"{odoo_server.url}/web/session/authenticate",
        json={"params": {"db": odoo_server.database, "login": login, "password": feed.key}},
        timeout=60,
    )
    assert "error" in answer.json()
    answer = requests.post(
        f"{odoo_server.url}/jsonrpc",
        json={
            "params": {
                "service": "object",
                "method": "execute_kw",
                "args": [odoo_server.database, user_id, feed.key, "sale.order", "search", [[]]],
            }
        },
        timeout=60,
    )
    assert "error" in answer.json()
    for path in ("/my", "/odoo", "/json/2/sale.order/search"):
        headers = {"Authorization": f"bearer {feed.key}"}
        answer = requests.post(f"{odoo_server.url}{path}", json={}, headers=headers, timeout=60)
        assert answer.status_code >= 400 or "/web/login" in answer.url, path


# === THE GUIDE === #


def read_examples():
    """Return the guide's shell examples, each with the answer that it promises, if any."""
    text = (ROOT / "docs" / "feed.md").read_text()
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    examples = []
    for kind, content in blocks:
        if kind == "sh":
            examples.append([content, None])
        elif kind == "json":
            examples[-1][1] = json.loads(content)
    return examples


def test_examples_of_the_guide(odoo_server, rpc):
    feed = Feed(odoo_server, rpc(), "Guide")
    environment = {
        **os.environ,
        "ODOO_URL": odoo_server.url,
        "FEED_ID": str(feed.id),
        "FEED_KEY": feed.key,
        "ORDER": feed.make_orders(1)[0],
    }
    examples = read_examples()
    assert len(examples) == 6
    for command, promised in examples:
        done = subprocess.run(
            ["sh", "-c", command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        answer = json.loads(done.stdout)
        if promised is not None:
            assert answer == promised
        elif "orders" in answer:
            assert set(answer) == {"orders", "cursor", "more"}
        else:
            assert answer["cursor"]
            assert set(answer["changes"][0]) == {
                *("id", "order", "external_ref", "status", "flag", "note", "date", "source")
            }
