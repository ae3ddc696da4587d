"""The pretend ERP and the ERP client against a real server: the whole round trip."""

import csv
import http.client
import io
import json
import subprocess
import sys
import time
import urllib.error

import pytest
from kit.erp import Client
from kit.erp_box import PROGRAM, Box, Feed
from kit.webhooks import load

sys.path.append(str(PROGRAM.parent))

erp_box = load(PROGRAM)


def make_refusal(content):
    return urllib.error.HTTPError("http://x", 422, "no", {}, io.BytesIO(content))


@pytest.fixture(scope="module")
def feed(odoo_server, rpc):
    return Feed(rpc(), "Box")


@pytest.fixture
def box(tmp_path, feed, odoo_server):
    box = Box(tmp_path, feed, odoo_server.url)
    box.run("once")
    return box


def test_order_goes_through_the_pretend_erp(feed, box):
    (order,), (name,) = feed.place()
    box.run("once")
    number = feed.read(order, "external_ref")["external_ref"]
    assert number.startswith("ZK ")
    assert number in box.run("list")
    box.run("flag", name)
    box.run("once")
    assert feed.get_status(order) == "In progress"
    box.run("deliver", name, "--part")
    box.run("deliver", name)
    box.run("invoice", number)
    box.run("once")
    assert feed.get_status(order) == "Fulfilled"
    domain = [("order_id", "=", order)]
    documents = feed.rpc.call(
        "sale.order.erp.document", "search_read", domain, ["kind", "covers", "attachment_id"]
    )
    kinds = sorted((row["kind"], row["covers"]) for row in documents)
    assert kinds == [
        ("delivery", "all"),
        ("delivery", "part"),
        ("invoice", "all"),
        ("order", "all"),
    ]
    assert [bool(row["attachment_id"]) for row in documents if row["kind"] == "invoice"] == [True]
    assert box.get_problems() == []


def test_order_that_is_deleted_in_the_pretend_erp_is_cancelled(feed, box):
    (order,), (name,) = feed.place()
    box.run("once")
    box.run("delete", name)
    box.run("once")
    assert feed.read(order, "state")["state"] == "cancel"
    assert feed.get_status(order) == "Rejected"
    box.run("once")
    assert "deleted" in box.run("list") or "cancelled" in box.run("list")
    assert box.get_problems() == []


def test_pretend_erp_goes_on_by_itself(feed, box):
    ids, _names = feed.place(4)
    command = [
        sys.executable,
        str(PROGRAM),
        "--pace",
        "70",
        "--seconds",
        "0.2",
        "--delete-every",
        "4",
    ]
    process = subprocess.Popen([*command, "run"], cwd=box.folder)
    try:
        wait_until(lambda: sorted(map(feed.get_status, ids))[0] == "Fulfilled")
        wait_until(lambda: "Rejected" in map(feed.get_status, ids))
        wait_until(lambda: box.get_problems() == [])
    finally:
        process.terminate()
        process.wait(20)


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.3)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (http.client.IncompleteRead(b"{"), "cannot be reached"),
        (http.client.BadStatusLine("?"), "cannot be reached"),
        (make_refusal(b"x" * 499 + "ł".encode()), "answered 422: xxx"),
    ],
)
def test_answer_that_breaks_off_ends_no_run(monkeypatch, failure, words):
    """Odoo is restarted amid its answer, or says more than is read of it."""

    def fail(*_arguments, **_options):
        raise failure

    monkeypatch.setattr("urllib.request.urlopen", fail)
    with pytest.raises(erp_box.Problem, match=words):
        erp_box.Odoo("http://127.0.0.1:1", 1, "key").call("orders")


# === THE CLIENT === #


@pytest.fixture
def client(tmp_path, feed, odoo_server):
    client = Client(tmp_path, odoo_server.url)

    def use(orders, source="csv = erp.csv\nmode = snapshot"):
        client.configure(source, orders)
        path = tmp_path / "erp_client.ini"
        path.write_text(path.read_text().replace("feed = 7", f"feed = {feed.id}"))

    client.environment["ERP_CLIENT_KEY"] = feed.key
    client.use = use
    return client


def test_orders_reach_every_sink_and_documents_come_back(feed, client):
    ids, names = feed.place(3, client_order_ref="PO “7”", note="<p>Proszę szybko</p>")
    for sink in ("json", "epp", "csv"):
        client.use(f"sink = {sink}\nfolder = {sink}\nfile = orders.csv\nstate = {sink}.json")
        code, output = client.run("orders")
        assert code == 0, output
    files = {json.loads(path.read_text())["name"]: json.loads(path.read_text())
             for path in (client.folder / "json").iterdir()}  # fmt: skip
    assert set(names) <= set(files)
    order = files[names[0]]
    assert order["lines"][0]["sku"] == "SRUBA-M8"
    assert len(list((client.folder / "epp").iterdir())) >= 3
    with (client.folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file, delimiter=";")}
    assert rows[names[0]]["line_gross"] == order["lines"][0]["gross"]

    invoice = {"kind": "invoice", "number": "FS 9/2026", "file": "fs.pdf"}
    (client.folder / "fs.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n")
    look = [{"order": name, "kind": "order", "number": f"ZK {name}"} for name in names]
    client.write_rows([*look, {"order": names[0], **invoice}], "erp.csv")
    code, output = client.run("dry-run")
    assert "3 orders would change" in output, output
    code, output = client.run()
    assert (code, "4 applied" in output) == (0, True), output
    assert feed.get_status(ids[0]) == "Fulfilled"
    assert feed.read(ids[1], "external_ref")["external_ref"] == f"ZK {names[1]}"
    client.write_rows(look[:2], "erp.csv")
    code, output = client.run()
    assert code == 0, output
    assert feed.read(ids[2], "state")["state"] == "cancel", "it vanished"
    assert feed.read(ids[0], "state")["state"] != "cancel"
