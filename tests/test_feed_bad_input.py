"""Bad input to the feed by each of its doors: a clear result, nothing lost, no HTTP 500.

The doors are those of a real server: JSON-2 by the client's key, JSON-RPC by the session of a user
who may push, and the import of CSV files by the session of a manager.
"""

import base64
import csv
import io

import pytest
import requests
from kit.rpc import RpcError
from test_feed import MOMENT, Feed

CSV_HEADER = "key;order;kind;number;date;state;covers;tracking;file;note;changed_at\n"
DOOR = "order_status_flags_feed.group_feed_client"
MIB = 1024 * 1024


def make_file(content, name="x.pdf"):
    return {"name": name, "content": base64.b64encode(content).decode()}


# What is wrong in the document of a row.
BAD_DOCUMENTS = [
    {"file": make_file(b"MZ\x90 this is no PDF")},
    {"file": make_file(b"%PDF-1.4".ljust(5 * MIB + 1))},
    {"file": {"name": "x.pdf", "content": "%PDF-1.4 not base64"}},
    {"file": {"name": "x.pdf", "content": 10**499}},
    {"file": "x.pdf"},
    {"kind": "credit_note"},
    {"kind": "Invoice"},
    {"kind": "x" * 500},
    {"kind": None},
    {"kind": 7},
    {"number": "9" * 500},
    {"number": 10**499},
    {"number": ""},
    {"date": "20260-01-01"},
    {"date": "2026-02-30"},
    {"date": 20260},
    {"date": "9" * 500},
    {"state": "x" * 500},
    {"covers": 10**499},
    {"tracking": "9" * 501},
]
# What is wrong in a row besides.
BAD_ROWS = [
    {"changed_at": "20260-01-01T12:00:00Z"},
    {"changed_at": "2026-01-01T12:00:00"},
    {"changed_at": 10**499},
    {"order": 10**499},
    {"key": "9" * 500},
    {"key": None},
    {"note": "x" * 10_001},
    {"document": "FS 1"},
    {"document": [[[[]]]]},
    {"flag": "Odrzucone"},
]


@pytest.fixture(scope="module")
def feed(odoo_server, rpc):
    return Feed(odoo_server, rpc(), "Bad input")


@pytest.fixture(scope="module")
def pusher(make_user, rpc):
    """The session of an employee who may push."""
    make_user("pusher", ["base.group_user", DOOR])
    return rpc("pusher")


@pytest.fixture
def no_error(odoo_server):
    """The server's log has no traceback of the test, and no request ended in a 500."""
    start = odoo_server.log.stat().st_size
    yield
    with odoo_server.log.open() as log:
        log.seek(start)
        text = log.read()
    assert "Traceback" not in text
    assert '" 500 ' not in text


def make_rows(order):
    """Return bad rows about an order, and a good one in their midst."""
    document = {"kind": "invoice", "number": "FS 1/2026"}
    good = {"key": f"good-{order}", "order": order, "document": document, "changed_at": MOMENT}
    bad = [{**good, "document": {**document, **wrong}} for wrong in BAD_DOCUMENTS]
    bad += [{**good, **wrong} for wrong in BAD_ROWS]
    for number, row in enumerate(bad):
        if row["key"] == good["key"]:
            row["key"] = f"bad-{order}-{number}"
    middle = len(bad) // 2
    return [*bad[:middle], good, *bad[middle:]]


def check_answers(answers, count):
    assert len(answers) == count + 1
    middle = count // 2
    assert answers.pop(middle)["result"] == "applied", "a bad row stops no other"
    for answer in answers:
        assert answer["result"] == "invalid", answer
        assert answer["message"], answer


def mend(rows, order):
    """Return the rows that were bad with what is right, under the keys that they had."""
    return [
        {
            "key": row["key"],
            "order": order,
            "document": {"kind": "invoice", "number": f"FS {number}"},
            "changed_at": MOMENT,
        }
        for number, row in enumerate(rows)
        if isinstance(row["key"], str) and row["key"].startswith("bad")
    ]


def test_rows_by_json_2(feed, no_error):
    (order,) = feed.make_orders(1)
    rows = make_rows(order)
    dry = feed.call("dry_run", rows=rows)
    assert dry.status_code == 200
    check_answers(dry.json()["results"], len(rows) - 1)
    answer = feed.call("push", rows=rows)
    assert answer.status_code == 200
    check_answers(answer.json(), len(rows) - 1)
    mended = mend(rows, order)
    assert len(mended) > 20
    assert set(feed.push(mended)) == {"applied"}, "no key of a bad row is used up"


def test_rows_by_json_rpc(feed, pusher, no_error):
    (order,) = feed.make_orders(1)
    rows = make_rows(order)
    check_answers(pusher.call("order.flag.feed", "push", [feed.id], rows), len(rows) - 1)
    mended = mend(rows, order)
    answers = pusher.call("order.flag.feed", "push", [feed.id], mended)
    assert {answer["result"] for answer in answers} == {"applied"}


@pytest.mark.parametrize(
    "values",
    [
        {"limit": 10**499},
        {"limit": -(10**499)},
        {"limit": 1e300},
        {"limit": "9" * 500},
        {"cursor": "9" * 500},
        {"cursor": "o" + "9" * 500 + ".0"},
        {"cursor": 10**499},
        {"cursor": ["o1.1"]},
        {"ids": [10**499]},
        {"ids": [2**63]},
        {"ids": "9" * 500},
    ],
    ids=lambda values: str(values)[:20],
)
def test_orders_by_json_2(feed, values, no_error):
    answer = feed.call("orders", **values)
    assert answer.status_code in (404, 422), answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize("rows", [None, "rows", {}, 10**499, [{}] * 10_001])
def test_rows_that_are_none_by_both(feed, pusher, rows, no_error):
    answer = feed.call("push", rows=rows)
    assert answer.status_code == 422
    assert answer.json()["message"]
    with pytest.raises(RpcError) as error:
        pusher.call("order.flag.feed", "push", [feed.id], rows)
    assert error.value.kind == "odoo.exceptions.UserError"


def test_call_over_16_mib_by_both(feed, pusher, no_error):
    """Four PDFs that are each small enough: the call is not."""
    (order,) = feed.make_orders(1)
    content = b"%PDF-1.4".ljust(4 * MIB)
    rows = [
        {
            "key": f"large-{number}",
            "order": order,
            "document": {"kind": "invoice", "number": f"FS {number}", "file": make_file(content)},
            "changed_at": MOMENT,
        }
        for number in range(4)
    ]
    for method in ("push", "dry_run"):
        answer = feed.call(method, rows=rows)
        assert answer.status_code == 413
        assert "16 MiB" in answer.json()["message"]
    try:
        pusher.call("order.flag.feed", "push", [feed.id], rows)
    except RpcError as error:
        assert "16 MiB" in str(error)
    except requests.HTTPError as error:
        assert error.response.status_code == 413
    else:
        raise AssertionError("it was taken")
    # Nothing is lost: in smaller calls all of them arrive.
    assert [result for row in rows for result in feed.push([row])] == ["applied"] * 4


# === CSV === #


def open_import(rpc, feed, content):
    return rpc().create(
        "order.flag.feed.import", feed_id=feed.id, data=base64.b64encode(content).decode()
    )


def test_rows_of_a_csv_file(feed, rpc, no_error):
    orders = feed.make_orders(2)
    lines = [
        "a;{0};invoice;FS 1;2026-03-01;;;;;;{1}",
        "b;{0};credit_note;FS 2;;;;;;;{1}",
        "c;{0};invoice;{2};;;;;;;{1}",
        "d;{0};invoice;FS 4;20260-01-01;;;;;;{1}",
        "e;{0};invoice;FS 5;;;;;;;20260-03-01T12:00:00Z",
        "f;{0};invoice;FS 6;;gone;;;;;{1}",
        "g;{0};invoice;FS 7;;;some;;;;{1}",
        "h;{0};invoice;FS 8;;;;{2}9;;;{1}",
        "{2};{0};invoice;FS 9;;;;;;;{1}",
        "j;{3};invoice;FS 10;;;;;;;{1}",
    ]
    text = "\n".join(line.format(orders[0], MOMENT, "9" * 500, orders[1]) for line in lines)
    wizard = open_import(rpc, feed, (CSV_HEADER + text).encode())
    rpc().call("order.flag.feed.import", "action_check", [wizard])
    rpc().call("order.flag.feed.import", "action_import", [wizard])
    fields = ("row_count", "ok_count", "failed_count", "result_data")
    done = rpc().read("order.flag.feed.import", wizard, *fields)
    assert (done["row_count"], done["ok_count"], done["failed_count"]) == (10, 2, 8)
    result = base64.b64decode(done["result_data"]).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(result), delimiter=";"))
    assert [row["result"] for row in rows] == ["applied", *["invalid"] * 8, "applied"]
    assert all(row["message"] for row in rows[1:-1])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\x00\x81",
        b"%PDF-1.4 no table",
        b"order;number\nS1;FS 1\n",
        CSV_HEADER.encode() + b"a;S1;invoice;FS; 1;;;;;;;x;x\n",
        CSV_HEADER.encode() + b"a;S1;invoice;FS 1;;;;;;;x\n" * 10_001,
        CSV_HEADER.encode() + b"a;S1;invoice;FS 1;;;;;;" + b"x" * 17 * MIB + b";x\n",
    ],
    ids=["empty", "picture", "pdf", "columns", "long row", "10,001 rows", "17 MiB"],
)
def test_csv_file_that_is_none(feed, rpc, content, no_error):
    wizard = open_import(rpc, feed, content)
    for method in ("action_check", "action_import"):
        with pytest.raises(RpcError) as error:
            rpc().call("order.flag.feed.import", method, [wizard])
        assert error.value.kind == "odoo.exceptions.UserError"
        assert str(error.value)
