"""The ERP client hands orders over: each version once, wherever it is killed."""

import csv
import json
import socket

import pytest
from kit.erp import Client, FakeBridge, JsonServer, make_address, make_line, make_order


@pytest.fixture
def bridge():
    with FakeBridge() as server:
        yield server


@pytest.fixture
def client(tmp_path, odoo):
    client = Client(tmp_path, odoo.url)
    client.use = lambda text, **settings: client.configure(orders=text, **settings)
    client.use("sink = json\nfolder = out\npage = 2")
    return client


@pytest.fixture
def bridged(client, bridge):
    client.use(f"sink = http\nurl = {bridge.url}/orders\ntimeout = 1\npage = 2")
    return client


def list_files(client):
    folder = client.folder / "out"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def read_queue(client):
    return json.loads((client.folder / "erp_client.orders.json").read_text())["queue"]


# === FILES === #


def test_a_json_file_for_each_version(odoo, client):
    odoo.orders = [make_order(n) for n in (1, 2, 3)]
    assert client.run("orders")[0] == 0
    assert list_files(client) == ["S00001-1-v1.json", "S00002-2-v1.json", "S00003-3-v1.json"]
    content = (client.folder / "out" / "S00001-1-v1.json").read_text(encoding="utf-8")
    assert json.loads(content) == odoo.orders[0]
    odoo.orders.append(make_order(1, version=2, state="cancelled"))
    assert client.run("orders")[0] == 0
    assert list_files(client)[1] == "S00001-1-v2.json"
    assert [body["limit"] for _method, body in odoo.calls] == [2] * len(odoo.calls)


def test_version_that_comes_again_is_handed_over_once(odoo, client):
    odoo.orders = [make_order(1), make_order(1), make_order(1, version=3), make_order(1)]
    client.run("orders")
    assert list_files(client) == ["S00001-1-v1.json", "S00001-1-v3.json"]
    for path in (client.folder / "out").iterdir():
        path.unlink()
    odoo.orders += [make_order(1, version=3)]
    assert "0 orders handed over" in client.run("orders")[1]
    assert list_files(client) == []


@pytest.mark.parametrize("name", ["SO/2026/1", "../../x", "a\\b:c", "Ż" * 300, "."])
def test_names_of_files_are_safe_and_never_the_same(odoo, client, name):
    odoo.orders = [make_order(1, name=name), make_order(2, name=name)]
    assert client.run("orders")[0] == 0
    assert len(list_files(client)) == 2
    assert len(list((client.folder / "out").rglob("*"))) == 2
    assert not list(client.folder.parent.glob("x*"))


def test_csv_file_grows_by_a_row_for_each_line(odoo, client):
    client.use("sink = csv\nfile = out/orders.csv")
    lines = [make_line(), make_line(id=2, name="=1+1", net="-5.00", tax_rates=["23.0", "5.0"])]
    odoo.orders = [make_order(1, lines=lines, note="+48 600; \nx"), make_order(2, lines=[])]
    assert client.run("orders")[0] == 0
    odoo.orders.append(make_order(3))
    assert client.run("orders")[0] == 0
    with (client.folder / "out" / "orders.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["id"] for row in rows] == ["1", "1", "2", "3"]
    assert rows[0]["customer_company"] == "Hurtownia Łódź sp. z o.o."
    assert rows[0]["note"] == "'+48 600; \nx", "no formula"
    assert rows[1]["line_name"] == "'=1+1"
    assert rows[1]["line_net"] == "-5.00", "a number stays one"
    assert rows[1]["line_tax_rates"] == "23.0, 5.0"
    assert rows[3]["total_gross"] == "36.90"


def test_phone_numbers_are_written_as_they_are_dialled(odoo, client):
    client.use("sink = csv\nfile = orders.csv")
    phones = ["+48 61 555 01 00", "+48 (61) 555-01/00", "(61) 555.01.00", "0048615550100"]
    formulas = ["+48 61|cmd", "+A1", "-1+2", "--1", "-48 61", "+-1", "=1", "+=1", "@x"]
    odoo.orders = [
        make_order(n, delivery_address=make_address(phone=phone))
        for n, phone in enumerate(phones + formulas, 1)
    ]
    assert client.run("orders")[0] == 0
    with (client.folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        written = [row["delivery_address_phone"] for row in csv.DictReader(file, delimiter=";")]
    assert written == phones + [f"'{text}" for text in formulas]


def read_csv(client, name="orders.csv"):
    with (client.folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";", restkey="too many"))


def test_cost_center_and_the_articles_own_unit_are_columns(odoo, client):
    client.use("sink = csv\nfile = orders.csv")
    line = make_line(stock_quantity=36.0, stock_uom="Units")
    odoo.orders = [make_order(1, cost_center="K-12", cost_center_name="Serwis", lines=[line])]
    odoo.orders.append(make_order(2))
    assert client.run("orders")[0] == 0
    names = ("cost_center", "cost_center_name", "line_stock_quantity", "line_stock_uom")
    first, second = ([row[name] for name in names] for row in read_csv(client))
    assert (first, second) == (["K-12", "Serwis", "36.0", "Units"], [""] * 4)


def test_csv_file_of_an_earlier_client_keeps_its_columns(odoo, client):
    client.use("sink = csv\nfile = orders.csv")
    odoo.orders = [make_order(1, cost_center="K-12")]
    client.run("orders")
    path = client.folder / "orders.csv"
    cut_columns(path)
    odoo.orders.append(make_order(2, cost_center="K-13"))
    assert client.run("orders")[0] == 0
    rows = read_csv(client)
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rows[1]["line_kind"] == "product"
    assert all("cost_center" not in row and "too many" not in row for row in rows)


def cut_columns(path, encoding="utf-8"):
    """Make a file one of an earlier client, which had four columns fewer."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line.rsplit(";", 4)[0] + "\r\n" for line in lines)
    path.write_text(text, newline="", encoding=encoding)


def test_csv_file_of_an_earlier_client_that_excel_has_saved(odoo, client):
    client.use("sink = csv\nfile = orders.csv")
    odoo.orders = [make_order(1)]
    client.run("orders")
    cut_columns(client.folder / "orders.csv", "utf-8-sig")
    odoo.orders.append(make_order(2))
    assert client.run("orders")[0] == 0
    rows = read_csv(client)
    assert [row["\ufeffid"] for row in rows] == ["1", "2"]
    assert all("too many" not in row for row in rows)


def test_ten_thousand_orders(odoo, client):
    odoo.orders = [make_order(n) for n in range(1, 10_001)]
    client.use("sink = json\nfolder = out\npage = 500")
    assert client.run("orders")[0] == 0
    assert len(list_files(client)) == 10_000
    assert len(odoo.calls) == 20
    odoo.calls.clear()
    assert client.run("orders")[0] == 0
    assert len(odoo.calls) == 1


def test_folder_that_cannot_be_written_keeps_the_orders(odoo, client):
    odoo.orders = [make_order(1)]
    (client.folder / "out").write_text("a file")
    code, output = client.run("orders")
    assert (code, "cannot be written" in output) == (1, True)
    (client.folder / "out").unlink()
    assert client.run("orders")[0] == 0
    assert list_files(client) == ["S00001-1-v1.json"]


@pytest.fixture
def share(client):
    """A share that `away` takes off, and a second call puts back."""
    path, other = client.folder / "share", client.folder / "elsewhere"
    path.mkdir()
    client.away = lambda: path.rename(other) if path.exists() else other.rename(path)
    return path


@pytest.mark.parametrize("sink", ["json", "epp", "csv"])
def test_share_that_is_away_swallows_no_order(odoo, client, share, sink):
    client.use(f"sink = {sink}\nfolder = share/out\nfile = share/out/orders.csv")
    odoo.orders = [make_order(1)]
    assert client.run("orders")[0] == 0
    before = sorted(share.rglob("*"))
    client.away()
    odoo.orders.append(make_order(2))
    for _run in range(2):
        code, output = client.run("orders")
        assert (code, "share/out is not there any more" in output) == (1, True), output
    assert not share.exists(), "nothing is made in its place"
    client.away()
    assert client.run("orders")[0] == 0
    if sink == "csv":
        text = (share / "out" / "orders.csv").read_text(encoding="utf-8")
        assert (text.count("S00001;"), text.count("S00002;")) == (1, 1)
    else:
        assert len(sorted(share.rglob("*"))) == len(before) + 1


@pytest.mark.parametrize("sink", ["json", "csv"])
def test_share_that_goes_away_at_any_step_loses_and_doubles_no_order(odoo, client, share, sink):
    client.use(f"sink = {sink}\nfolder = share/out\nfile = share/out/orders.csv")
    odoo.orders = [make_order(1)]
    assert client.run("orders")[0] == 0
    step, killed = 0, True
    while killed:
        step += 1
        odoo.orders.append(make_order(step + 1))
        killed = client.kill_at(step)
        client.away()
        if killed:
            client.run("orders")
        assert not share.exists()
        client.away()
        assert client.run("orders")[0] == 0
    if sink == "csv":
        rows = [row["id"] for row in read_csv(client, "share/out/orders.csv")]
    else:
        rows = [path.name.split("-")[1] for path in (share / "out").iterdir()]
    assert sorted(map(int, rows)) == list(range(1, step + 2))


def test_odoo_that_goes_away_between_pages(odoo, client):
    odoo.orders = [make_order(n) for n in range(1, 6)]
    odoo.failures = [200, *[503] * 4]
    assert client.run("orders")[0] == 1
    assert len(list_files(client)) == 2
    assert client.run("orders")[0] == 0
    assert len(list_files(client)) == 5


def test_call_that_odoo_could_not_answer_at_once_is_sent_again(odoo, client):
    odoo.orders = [make_order(1)]
    odoo.failures = [409, 429, 0]
    assert client.run("orders")[0] == 0
    assert list_files(client) == ["S00001-1-v1.json"]


@pytest.mark.parametrize("sink", ["json", "epp", "csv"])
def test_file_sink_killed_at_every_step(odoo, client, sink):
    """Another program takes files away at once: it gets each version, and none twice."""
    client.use(f"sink = {sink}\nfolder = out\nfile = all.csv\npage = 2")
    taken, step, killed = [], 0, True
    while killed:
        step += 1
        odoo.orders = [make_order(step * 10 + n) for n in range(3)]
        odoo.orders.append(make_order(step * 10, version=2))
        (client.folder / "erp_client.orders.json").unlink(missing_ok=True)
        killed = client.kill_at(step)
        taken = take_files(client, sink)
        assert client.run("orders")[0] == 0
        taken += take_files(client, sink)
        if sink == "csv":
            rows = (client.folder / "all.csv").read_text(encoding="utf-8").splitlines()[1:]
            taken = [tuple(row.split(";")[:2]) for row in rows]
            (client.folder / "all.csv").unlink()
        expected = [(str(order["id"]), str(order["version"])) for order in odoo.orders]
        assert sorted(taken) == sorted(expected), step
        assert not [name for name in list_files(client) if name.endswith(".part")]
    assert step > 8


def take_files(client, sink):
    names = [name for name in list_files(client) if name.endswith(f".{sink}") and name[0] != "."]
    for name in names:
        (client.folder / "out" / name).unlink()
    parts = [name.partition(".")[0].split("-") for name in names]
    return [(key, version.removeprefix("v")) for _name, key, version in parts]


def test_no_epp_file_for_a_cancelled_order(odoo, client):
    client.use("sink = epp\nfolder = out")
    odoo.orders = [make_order(1), make_order(2, state="cancelled")]
    code, output = client.run("orders")
    assert code == 0
    assert "S00002 is cancelled: no file" in output
    assert list_files(client) == ["S00001-1-v1.epp"]
    odoo.orders += [make_order(1, version=2), make_order(2, version=2, state="placed")]
    client.run("orders")
    assert list_files(client) == ["S00001-1-v1.epp", "S00001-1-v2.epp", "S00002-2-v2.epp"]


OTHER = [
    {"lines": [make_line(quantity="4.0", net="40.00", tax="9.20", gross="49.20")]},
    {"lines": [make_line(), make_line(id=2)]},
    {"lines": [make_line(unit_net="9.00", net="27.00", tax="6.21", gross="33.21")]},
    {"delivery_address": make_address(2, street="Polna 3")},
    {"invoice_address": make_address(company="Inna sp. z o.o.")},
    {"client_order_ref": "PO 4712"},
    {"note": "pilne"},
    {"requested_date": "2026-12-01T10:00:00Z"},
]


@pytest.fixture
def subiekt(client):
    client.use("sink = epp\nfolder = out")
    return client


@pytest.mark.parametrize("values", OTHER)
def test_changed_order_is_a_new_epp_file_and_said(odoo, subiekt, values):
    odoo.orders = [make_order(1)]
    assert "anew" not in subiekt.run("orders")[1]
    odoo.orders.append(make_order(1, version=2, external_ref="ZK 12/2026", **values))
    code, output = subiekt.run("orders")
    assert (code, list_files(subiekt)) == (0, ["S00001-1-v1.epp", "S00001-1-v2.epp"]), output
    assert "version 2: ATTENTION, it is ZK 12/2026 in the ERP" in output


def test_version_with_the_same_goods_is_a_file_and_said_too(odoo, subiekt):
    odoo.orders = [make_order(1), make_order(1, version=2, state="confirmed")]
    code, output = subiekt.run("orders")
    assert (code, list_files(subiekt)) == (0, ["S00001-1-v1.epp", "S00001-1-v2.epp"]), output
    assert "version 2: S00001-1-v2.epp is the whole order anew" in output


def test_later_version_that_is_the_first_here_is_no_change_for_certain(odoo, subiekt):
    """The filter of the feed lets it in now, or another client had it."""
    odoo.orders = [make_order(1, version=3), make_order(2, version=2, external_ref="ZK 2")]
    code, output = subiekt.run("orders")
    assert code == 0
    assert "S00001-1-v3.epp is the whole order anew: if it is in the ERP already" in output
    assert "ATTENTION, it is ZK 2 in the ERP: S00002-2-v2.epp is the whole order anew: ch" in output
    odoo.orders.append(make_order(1, version=4))
    output = subiekt.run("orders")[1]
    assert "S00001-1-v4.epp is the whole order anew: change or cancel the one in" in output


def test_order_that_is_cancelled_after_its_file_is_said(odoo, subiekt):
    odoo.orders = [make_order(1), make_order(1, version=2, state="cancelled", external_ref="ZK 1")]
    code, output = subiekt.run("orders")
    assert (code, list_files(subiekt)) == (0, ["S00001-1-v1.epp"]), output
    assert "S00001 is cancelled: no file. Is it in the ERP? Cancel it there" in output


def test_order_that_cannot_be_written_stops_no_other_and_stays_due(odoo, client):
    client.use("sink = epp\nfolder = out")
    odoo.orders = [make_order(1, lines=[make_line()], placed_at="?"), make_order(2)]
    code, output = client.run("orders")
    assert (code, "rejected: order S00001" in output) == (1, True), output
    assert list_files(client) == ["S00002-2-v1.epp"]
    odoo.orders.append(make_order(1, version=2))
    assert client.run("orders")[0] == 0


# === A BRIDGE === #


def test_bridge_gets_each_version_with_its_own_key(odoo, bridge, bridged):
    bridged.environment["ERP_BRIDGE_TOKEN"] = "token"
    odoo.orders = [make_order(1), make_order(2), make_order(1, version=2)]
    code, output = bridged.run("orders")
    assert code == 0
    assert "S00001 version 1 is taken: ZK 1" in output
    assert bridge.posts == ["odoo-7-1-1", "odoo-7-2-1", "odoo-7-1-2"]
    assert bridge.headers["Authorization"] == "Bearer token"
    assert bridge.lookups == []


def test_bridge_that_times_out_after_it_took_the_order(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridge.mode = "lose"
    code, output = bridged.run("orders")
    assert code == 0, output
    assert (bridge.posts, bridge.lookups) == (["odoo-7-1-1"], ["odoo-7-1-1"])
    assert len(bridge.taken) == 1


def test_bridge_that_hangs_is_left_and_asked(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridge.delay = 1.5
    code, output = bridged.run("orders")
    assert code == 1
    assert "in doubt: order S00001" in output
    bridge.delay = 0
    assert bridged.run("orders")[0] == 0
    assert bridge.posts == ["odoo-7-1-1"], "it was found, and not sent again"


def test_order_in_doubt_is_never_sent_blindly(odoo, bridge, bridged):
    """A bridge without a look-up answers 404 to it, which says nothing about the order."""
    odoo.orders = [make_order(1)]
    bridge.mode, bridge.looks_up = "lose", False
    for _run in range(3):
        code, output = bridged.run("orders")
        assert (code, "in doubt" in output) == (1, True)
    assert len(bridge.posts) == 1
    odoo.orders.append(make_order(1, version=2))
    assert bridged.run("orders")[0] == 1
    assert len(bridge.posts) == 1, "the later version waits for the one before"
    bridge.looks_up, bridge.mode = True, ""
    assert bridged.run("orders")[0] == 0
    assert bridge.posts == ["odoo-7-1-1", "odoo-7-1-2"]


def test_order_that_the_bridge_does_not_know_is_sent_again(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridge.mode = "doubt"
    assert bridged.run("orders")[0] == 1
    assert bridge.taken == []
    bridge.mode = ""
    assert bridged.run("orders")[0] == 0
    assert bridge.posts == ["odoo-7-1-1"] * 2
    assert len(bridge.taken) == 1


def test_rejected_order_stops_no_other_and_is_tried_again_within_limits(odoo, bridge, bridged):
    bridged.use(f"sink = http\nurl = {bridge.url}/orders\nmax_tries = 2")
    odoo.orders = [make_order(1), make_order(2)]
    bridge.mode = "reject"
    code, output = bridged.run("orders")
    assert code == 1
    assert "rejected: order S00001 version 1: mode reject" in output
    assert len(bridge.posts) == 2
    assert bridged.run("orders")[0] == 1
    assert bridged.run("orders")[0] == 1, "it is still due"
    assert len(bridge.posts) == 4, "and not sent for ever"
    bridge.mode = ""
    assert bridged.run("orders", "--again")[0] == 0
    assert len(bridge.taken) == 2
    assert bridge.lookups == [], "rejected is not in doubt"


def test_later_version_replaces_a_rejected_one(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridge.mode = "reject"
    bridged.run("orders")
    bridge.mode = ""
    odoo.orders.append(make_order(1, version=2))
    assert bridged.run("orders")[0] == 0
    assert [key for key, _name, _version in bridge.taken] == ["odoo-7-1-2"]


def test_busy_bridge_and_one_that_is_away_are_no_doubt(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridge.mode = "busy"
    code, output = bridged.run("orders")
    assert (code, "try 4 of 4" in output) == (1, True)
    assert read_queue(bridged)["1"]["state"] == "new"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bridged.use(f"sink = http\nurl = http://127.0.0.1:{port}/orders")
    code, output = bridged.run("orders")
    assert (code, "cannot be reached" in output) == (1, True)
    assert read_queue(bridged)["1"]["state"] == "new"


def test_bridge_that_refuses_the_client_stops_the_run(odoo, bridge, bridged):
    odoo.orders = [make_order(1), make_order(2)]
    bridge.mode = "away"
    code, output = bridged.run("orders")
    assert (code, "refuses the client (401)" in output) == (1, True)
    assert len(bridge.posts) == 1
    assert read_queue(bridged)["1"]["state"] == "new"


def test_prefix_tells_databases_of_one_bridge_apart(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridged.use(f"sink = http\nurl = {bridge.url}/orders\nprefix = odoo.2026-11")
    assert bridged.run("orders")[0] == 0
    assert bridge.posts == ["odoo.2026-11-7-1-1"]


def test_order_in_doubt_keeps_its_key_when_the_feed_was_made_anew(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridge.mode, bridge.looks_up = "lose", False
    assert bridged.run("orders")[0] == 1
    bridge.mode, bridge.looks_up = "", True
    path = bridged.folder / "erp_client.ini"
    path.write_text(path.read_text().replace("feed = 7", "feed = 8"))
    odoo.orders.append(make_order(2))
    assert bridged.run("orders")[0] == 0
    assert bridge.posts == ["odoo-7-1-1", "odoo-8-2-1"]
    assert bridge.lookups[-1] == "odoo-7-1-1"
    assert len(bridge.taken) == 2


def test_order_in_doubt_of_a_client_that_kept_no_keys(odoo, bridge, bridged):
    """It was sent before there was a prefix."""
    odoo.orders = [make_order(1)]
    bridge.mode, bridge.looks_up = "lose", False
    assert bridged.run("orders")[0] == 1
    path = bridged.folder / "erp_client.orders.json"
    values = json.loads(path.read_text())
    del values["queue"]["1"]["key"]
    path.write_text(json.dumps(values))
    bridged.use(f"sink = http\nurl = {bridge.url}/orders\nprefix = odoo.2026-11")
    bridge.mode, bridge.looks_up = "", True
    odoo.orders.append(make_order(2))
    assert bridged.run("orders")[0] == 0
    assert bridge.lookups[-1] == "odoo-7-1-1"
    assert bridge.posts == ["odoo-7-1-1", "odoo.2026-11-7-2-1"], "it was found, not sent again"


def test_rejected_order_is_sent_again_with_the_prefix_of_then(odoo, bridge, bridged):
    odoo.orders = [make_order(1)]
    bridge.mode = "reject"
    assert bridged.run("orders")[0] == 1
    bridged.use(f"sink = http\nurl = {bridge.url}/orders\nprefix = odoo.2026-11")
    bridge.mode = "busy"
    assert bridged.run("orders")[0] == 1
    bridge.mode = ""
    assert bridged.run("orders")[0] == 0
    assert bridge.posts[0] == "odoo-7-1-1"
    assert set(bridge.posts[1:]) == {"odoo.2026-11-7-1-1"}


class OtherBridge(JsonServer):
    reply = 200, {}

    def answer(self, _method, _path, _headers, _body):
        return self.reply


@pytest.mark.parametrize(
    ("code", "values", "state"),
    [
        (202, {}, "in doubt"),
        (409, {}, "in doubt"),
        (500, {"message": "x"}, "in doubt"),
        (400, {"error": {"reason": "x", "failureMode": "in-doubt"}}, "in doubt"),
        (500, {"status": "rejected", "message": "x"}, "rejected"),
        (404, {"status": "rejected"}, "rejected"),
        (422, ["x"], "rejected"),
        (422, {"status": "taken"}, "in doubt"),
        (200, {}, "in doubt"),
        (201, ["<html>"], "in doubt"),
        (200, {"state": "fail"}, "in doubt"),
        (200, {"status": "fail", "message": "x"}, "in doubt"),
        (204, {"status": "taken"}, "in doubt"),
        (300, {}, "in doubt"),
    ],
)
def test_what_other_bridges_answer(odoo, client, code, values, state):
    odoo.orders = [make_order(1)]
    with OtherBridge() as other:
        other.reply = code, values
        client.use(f"sink = http\nurl = {other.url}\ntimeout = 1")
        code, output = client.run("orders")
    assert (code, f"{state}: order S00001" in output) == (1, True), output


def test_page_of_a_proxy_is_no_order_in_the_erp(odoo, bridge, bridged):
    """It is looked up, and sent again, as the bridge never saw it."""
    odoo.orders = [make_order(1)]
    bridge.mode = "proxy"
    code, output = bridged.run("orders")
    assert (code, bridge.posts, bridge.lookups) == (1, ["odoo-7-1-1"], ["odoo-7-1-1"]), output
    bridge.mode = ""
    assert bridged.run("orders")[0] == 0
    assert bridge.posts == ["odoo-7-1-1"] * 2
    assert len(bridge.taken) == 1


def test_bridge_sink_killed_at_every_step(odoo, bridge, bridged):
    step, killed = 0, True
    while killed:
        step += 1
        bridge.taken.clear()
        odoo.orders = [make_order(step * 10 + n) for n in range(2)]
        odoo.orders.append(make_order(step * 10, version=2))
        (bridged.folder / "erp_client.orders.json").unlink(missing_ok=True)
        killed = bridged.kill_at(step)
        assert bridged.run("orders")[0] == 0
        versions = [(name, version) for _key, name, version in bridge.taken]
        expected = [(order["name"], order["version"]) for order in odoo.orders]
        assert sorted(versions) == sorted(expected), step
        assert versions.index(expected[0]) < versions.index(expected[2]), step
    assert step > 8


# === SETTINGS === #


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ("", "no section [orders]"),
        ("sink = fax", "sink in [orders]"),
        ("sink = json", "no folder"),
        ("sink = csv", "no file"),
        ("sink = http", "no url"),
        ("sink = http\nurl = ftp://x", "no http address"),
        ("sink = http\nurl = http://x\nprefix = ą b", "prefix in [orders]"),
        ("sink = epp\nfolder = out\nprices = both", "prices"),
        ("sink = json\nfolder = out\npage = 0", "page"),
        ("sink = epp\nfolder = out\n[terms]\n30 Days = przelew", "30 Days in [terms]"),
    ],
)
def test_wrong_settings_are_said(odoo, client, orders, words):
    client.use(orders)
    code, output = client.run("orders")
    assert (code, words in output) == (1, True), output
    assert odoo.calls == []


def test_damaged_state_is_said(odoo, client):
    (client.folder / "erp_client.orders.json").write_text("{")
    code, output = client.run("orders")
    assert (code, "cannot be read" in output) == (1, True)
