"""The ERP client on sources that keep no time of change: two looks are compared."""

import datetime
import json
import signal
import textwrap
import time

import pytest
from kit.erp import Client


@pytest.fixture
def client(tmp_path, odoo):
    client = Client(tmp_path, odoo.url)
    client.configure("csv = changes.csv\nmode = snapshot")
    return client


def make_row(order="S1", kind="order", number="ZK 1", **values):
    return {"order": order, "kind": kind, "number": number, **values}


ORDER, INVOICE = make_row(), make_row(kind="invoice", number="FS 1", state="open")
DELIVERY = make_row(kind="delivery", number="WZ 1", covers="part")


def look(client, odoo, *rows, code=0, options=()):
    """Show rows to the client; return what it pushed, in short."""
    client.write_rows(rows or [dict.fromkeys(ORDER, "")])
    result, output = client.run("push", *options)
    assert result == code, output
    client.output = output
    return odoo.take()


def test_first_look_sends_everything_and_the_next_what_differs(client, odoo):
    assert look(client, odoo, INVOICE, ORDER, DELIVERY) == [
        ("S1", "order", "ZK 1", "open"),
        ("S1", "delivery", "WZ 1", "open"),
        ("S1", "invoice", "FS 1", "open"),
    ]
    assert look(client, odoo, INVOICE, ORDER, DELIVERY) == []
    whole = {**DELIVERY, "covers": "all"}
    assert look(client, odoo, INVOICE, ORDER, whole) == [("S1", "delivery", "WZ 1", "open")]
    assert look(client, odoo, {**INVOICE, "state": "cancelled"}, ORDER, whole) == [
        ("S1", "invoice", "FS 1", "cancelled")
    ]


def test_snapshot_says_the_whole_truth_with_a_key_and_a_moment(client, odoo):
    client.write_rows([ORDER, make_row(order="S2", number="ZK 2")])
    assert client.run()[0] == 0
    first, second = odoo.sent
    assert first["document"] == {
        "kind": "order",
        "number": "ZK 1",
        "state": "open",
        "covers": "all",
    }
    assert first["changed_at"] == second["changed_at"]
    assert first["key"] != second["key"]


def test_row_that_vanished_is_a_cancelled_document(client, odoo):
    look(client, odoo, ORDER, INVOICE, DELIVERY)
    *others, last = look(client, odoo)
    assert sorted(others) == [
        ("S1", "delivery", "WZ 1", "cancelled"),
        ("S1", "invoice", "FS 1", "cancelled"),
    ]
    assert last == ("S1", "order", "ZK 1", "cancelled")
    assert look(client, odoo) == []
    assert look(client, odoo, ORDER) == [("S1", "order", "ZK 1", "open")], "it is back"


def test_flag_that_vanished_is_cleared(client, odoo):
    flags = [{"order": "S1", "flag": "Gotowe"}, {"order": "S2", "flag": "Gotowe"}]
    assert look(client, odoo, *flags) == [("S1", "Gotowe"), ("S2", "Gotowe")]
    assert look(client, odoo, flags[0]) == [("S2", "")]
    assert look(client, odoo, {**flags[0], "flag": "Inne"}) == [("S1", "Inne")]
    assert look(client, odoo, {**flags[0], "flag": ""}) == [("S1", "")]


def test_keys_differ_when_something_changes_back(client, odoo):
    keys = []
    for state in ("open", "cancelled", "open"):
        client.write_rows([{**ORDER, "state": state}])
        client.run()
        keys += [row["key"] for row in odoo.sent]
        odoo.calls.clear()
    assert len(set(keys)) == 3


def test_clock_that_was_set_back_makes_nothing_look_old(client, odoo):
    client.write_rows([ORDER])
    client.run()
    state = client.state
    state["sources"]["source"]["look"] = "2099-01-01T00:00:00+00:00"
    (client.folder / "erp_client.state.json").write_text(json.dumps(state))
    client.write_rows([{**ORDER, "state": "cancelled"}])
    client.run()
    assert odoo.sent[-1]["changed_at"] > "2099-01-01T00:00:00+00:00"


def test_clock_that_was_far_ahead_stops_the_source_for_one_try_alone(client, odoo):
    client.configure("csv = changes.csv\nmode = snapshot", pause=0)
    odoo.latest = "2098-12-31"
    look(client, odoo, ORDER)
    state = client.state
    state["sources"]["source"]["look"] = "2099-01-01T00:00:00+00:00"
    (client.folder / "erp_client.state.json").write_text(json.dumps(state))
    assert look(client, odoo, ORDER, INVOICE, code=1) == [("S1", "invoice", "FS 1", "open")]
    client.write_rows([ORDER, INVOICE, DELIVERY])
    assert client.run()[0] == 0
    assert [row["document"]["kind"] for row in odoo.sent] == ["invoice", "delivery"]
    assert odoo.sent[0]["changed_at"] < odoo.sent[1]["changed_at"] < "2098"
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=8)
    assert odoo.sent[0]["changed_at"] > soon.isoformat(), "behind what Odoo has taken"
    assert len(odoo.keys) == 3, "no row got a second key"
    odoo.calls.clear()
    assert look(client, odoo, ORDER, INVOICE, DELIVERY) == []


# === SECOND SIGHT === #


@pytest.fixture
def careful(client):
    client.configure("csv = changes.csv\nmode = snapshot\nsecond_sight = on")
    return client


def test_document_counts_at_its_second_sight(careful, odoo):
    assert look(careful, odoo, ORDER) == []
    assert "1 documents wait" in careful.output
    assert look(careful, odoo, ORDER) == [("S1", "order", "ZK 1", "open")]
    assert look(careful, odoo, ORDER) == []


def test_document_of_a_save_that_was_undone_is_never_sent(careful, odoo):
    look(careful, odoo, ORDER)
    look(careful, odoo, ORDER)
    assert look(careful, odoo, ORDER, INVOICE) == []
    assert look(careful, odoo, ORDER) == []
    assert look(careful, odoo, ORDER, INVOICE) == []
    assert look(careful, odoo, ORDER, {**INVOICE, "number": "FS 2"}) == []
    assert odoo.keys and len(odoo.keys) == 1


def test_change_counts_when_two_looks_show_it_alike(careful, odoo):
    look(careful, odoo, ORDER, DELIVERY)
    look(careful, odoo, ORDER, DELIVERY)
    assert look(careful, odoo, ORDER, {**DELIVERY, "tracking": "1"}) == []
    assert look(careful, odoo, ORDER, {**DELIVERY, "tracking": "2"}) == []
    assert len(look(careful, odoo, ORDER, {**DELIVERY, "tracking": "2"})) == 1


def test_document_that_one_look_misses_is_not_cancelled(careful, odoo):
    look(careful, odoo, ORDER)
    look(careful, odoo, ORDER)
    assert look(careful, odoo) == []
    assert look(careful, odoo, ORDER) == []
    assert look(careful, odoo) == []
    assert look(careful, odoo) == [("S1", "order", "ZK 1", "cancelled")]


def test_flags_wait_for_nothing(careful, odoo):
    assert look(careful, odoo, {"order": "S1", "flag": "Gotowe"}) == [("S1", "Gotowe")]


def test_second_sight_where_there_are_times(careful, odoo):
    careful.configure("csv = changes.csv\nsecond_sight = on")
    row = {**INVOICE, "key": "k", "changed_at": "2026-03-01T12:00:00+01:00"}
    assert look(careful, odoo, row) == []
    assert look(careful, odoo, row) == [("S1", "invoice", "FS 1", "open")]
    assert look(careful, odoo, row) == []


def test_flag_of_a_later_time_hides_no_document_that_waits(careful, odoo):
    careful.configure("csv = changes.csv\nsecond_sight = on")
    invoice = {**INVOICE, "key": "i", "changed_at": "2026-03-01T09:00:00+01:00"}
    flag = {"order": "S1", "flag": "Gotowe", "key": "f", "changed_at": "2026-03-01T16:00:00+01:00"}
    assert look(careful, odoo, invoice, flag) == [("S1", "Gotowe")]
    changed = {**invoice, "tracking": "1"}
    assert look(careful, odoo, changed, flag) == []
    assert look(careful, odoo, changed, flag) == [("S1", "invoice", "FS 1", "open")]
    late = {**invoice, "key": "l", "number": "FS 0"}
    assert look(careful, odoo, late, changed, flag) == [], "nothing waits for the past any more"
    assert careful.source_state["pending"] == {}


def test_what_waits_in_the_state_of_an_earlier_client(careful, odoo):
    careful.configure("csv = changes.csv\nsecond_sight = on")
    row = {**INVOICE, "key": "k", "changed_at": "2026-03-01T12:00:00+01:00"}
    look(careful, odoo, row)
    state = careful.state
    pending = state["sources"]["source"]["pending"]
    state["sources"]["source"]["pending"] = {key: entry[0] for key, entry in pending.items()}
    (careful.folder / "erp_client.state.json").write_text(json.dumps(state))
    assert look(careful, odoo, row) == [("S1", "invoice", "FS 1", "open")]


def test_dry_run_shows_what_will_be_sent_and_notes_nothing(careful, odoo):
    careful.write_rows([ORDER, INVOICE])
    code, output = careful.run("dry-run")
    assert code == 0
    assert "2 orders would change" in output
    assert not (careful.folder / "erp_client.state.json").exists()


# === NO MAIL === #


def take_quiet(odoo):
    """Return `(number, whether nobody is mailed)` of what was pushed since the last time."""
    calls = [body for method, body in odoo.calls if method == "push"]
    odoo.calls.clear()
    return [
        (row["document"]["number"], body.get("context") == {"order_status_no_notify": True})
        for body in calls
        for row in body["rows"]
    ]


def push_rows(client, odoo, *rows, options=()):
    client.write_rows(rows)
    client.run("push", *options)
    return take_quiet(odoo)


def test_first_push_mails_nobody_when_it_is_told_so(client, odoo):
    new = {**INVOICE, "number": "FS 2"}
    assert push_rows(client, odoo, ORDER, INVOICE, options=["--no-mail"]) == [
        ("ZK 1", True),
        ("FS 1", True),
    ]
    assert push_rows(client, odoo, ORDER, INVOICE, new) == [("FS 2", False)]
    assert client.source_state["quiet"] == {}
    client.write_rows([ORDER])
    client.run("dry-run", "--no-mail")
    assert odoo.calls[-1][1]["context"] == {"order_status_no_notify": True}


@pytest.mark.parametrize("mode", ["snapshot", "time"])
def test_next_run_mails_nobody_about_what_waited(careful, odoo, mode):
    """The first look sends no document, as each waits for its second sight."""
    careful.configure(f"csv = changes.csv\nmode = {mode}\nsecond_sight = on")
    times = {"changed_at": "2026-03-01T12:00:00+01:00"}
    old, new = {**INVOICE, "key": "1", **times}, {**INVOICE, "key": "2", "number": "FS 2", **times}
    assert push_rows(careful, odoo, old, options=["--no-mail"]) == []
    assert push_rows(careful, odoo, old, new) == [("FS 1", True)]
    assert push_rows(careful, odoo, old, new) == [("FS 2", False)]


@pytest.mark.parametrize("mode", ["snapshot", "time"])
def test_run_that_could_not_finish_mails_nobody_later(client, odoo, mode):
    client.configure(f"csv = changes.csv\nmode = {mode}")
    times = {"changed_at": "2026-03-01T12:00:00+01:00"}
    rows = [{**make_row(f"S{n}", number=f"ZK {n}"), "key": f"{n}", **times} for n in (1, 2)]
    odoo.failures = [503] * 4
    assert push_rows(client, odoo, *rows, options=["--no-mail"]) == []
    rows.append({**make_row("S3", number="ZK 3"), "key": "3", **times})
    assert sorted(push_rows(client, odoo, *rows)) == [
        ("ZK 1", True),
        ("ZK 2", True),
        ("ZK 3", False),
    ]


# === WHAT GOES WRONG === #


def test_many_rows_that_vanish_at_once_are_asked_about(client, odoo):
    rows = [make_row(order=f"S{n}", number=f"ZK {n}") for n in range(100)]
    look(client, odoo, *rows)
    new = make_row(order="S999", number="ZK 999")
    assert look(client, odoo, new, code=1) == [("S999", "order", "ZK 999", "open")]
    assert "100 of 100 rows" in client.output
    assert look(client, odoo, new, code=1) == []
    assert look(client, odoo, *rows, new) == [], "they are back"
    assert len(look(client, odoo, new, options=["--vanished", "send"])) == 100
    look(client, odoo, *rows, new)
    assert look(client, odoo, new, options=["--vanished", "forget"]) == []
    assert look(client, odoo, new) == []


def test_few_rows_that_all_vanish_are_asked_about(client, odoo):
    rows = [make_row(order=f"S{n}", number=f"ZK {n}") for n in range(20)]
    look(client, odoo, *rows)
    new = make_row(order="S999", number="ZK 999")
    assert look(client, odoo, new, code=1) == [("S999", "order", "ZK 999", "open")]
    assert "20 of 20 rows" in client.output
    assert look(client, odoo, code=1) == [], "an empty look"
    assert len(look(client, odoo, *rows[:10], new)) == 10, "half of a few is no wrong source"
    assert len(look(client, odoo, options=["--vanished", "send"])) == 11


@pytest.fixture
def table(client):
    """A database whose driver tells one table, of whatever it is asked."""
    stand_in = """
        import contextlib

        class Error(Exception):
            pass

        class Cursor(list):
            description = [("order",), ("kind",), ("number",)]

        class Connection:
            def execute(self, query, *parameters):
                with open("table.txt", encoding="utf-8") as file:
                    return Cursor(line.rstrip("\\n").split(";") for line in file)

        def connect(connection_string, **options):
            return contextlib.nullcontext(Connection())
    """
    (client.folder / "pyodbc.py").write_text(textwrap.dedent(stand_in))
    (client.folder / "query.sql").write_text("SELECT 1")
    client.environment["PYTHONPATH"] = str(client.folder)
    client.use = lambda odbc: client.configure(
        f"odbc = {odbc}\nquery = query.sql\nmode = snapshot\nsecond_sight = off"
    )
    client.fill = lambda *lines: (client.folder / "table.txt").write_text("\n".join(lines))


COMPANY = "DRIVER={ODBC Driver 17};SERVER=ERP\\INSERTGT;DATABASE=Firma;UID=feed;PWD={a;b}"


@pytest.mark.parametrize("change", [("Firma", "Firma_Test"), ("SERVER=ERP", "SERVER=OTHER")])
def test_another_database_cancels_nothing_unasked(client, odoo, table, change):
    client.use(COMPANY)
    client.fill("S1;order;ZK 1", "S2;order;ZK 2")
    assert client.run()[0] == 0
    odoo.calls.clear()
    client.use(COMPANY.replace(*change))
    client.fill("S2;order;ZK 2")
    code, output = client.run()
    assert (code, "the database is another one" in output) == (1, True), output
    assert odoo.take() == []
    assert client.run("push", "--vanished", "send")[0] == 0
    assert odoo.take() == [("S1", "order", "ZK 1", "cancelled")]


@pytest.mark.parametrize(
    "odbc",
    [
        COMPANY.replace("{a;b}", "{c;DATABASE=x}"),
        COMPANY.replace("Driver 17", "Driver 18").replace("SERVER=", "Server = ") + ";Encrypt=no",
        "earlier",
    ],
)
def test_the_same_database_with_another_password_or_driver_is_no_other(client, odoo, table, odbc):
    client.use(COMPANY)
    client.fill("S1;order;ZK 1", "S2;order;ZK 2")
    assert client.run()[0] == 0
    odoo.calls.clear()
    if odbc == "earlier":
        state = client.state
        kept = state["sources"]["source"]
        kept["query"] = kept["query"].partition("@")[0]
        (client.folder / "erp_client.state.json").write_text(json.dumps(state))
    else:
        client.use(odbc)
    client.fill("S2;order;ZK 2")
    assert client.run()[0] == 0
    assert odoo.take() == [("S1", "order", "ZK 1", "cancelled")]
    assert "a;b" not in json.dumps(client.state)


def test_order_with_another_number_is_not_cancelled(client, odoo):
    look(client, odoo, ORDER)
    assert look(client, odoo, make_row(number="ZK 2")) == [("S1", "order", "ZK 2", "open")]
    assert "another number" in client.output
    assert look(client, odoo, make_row(number="ZK 2")) == []


@pytest.mark.parametrize("kind", ["order", "Order"])
def test_order_of_somebody_else_is_not_cancelled_when_a_clerk_corrects_whose_it_is(
    client, odoo, kind
):
    """ZK 12 was typed in for S00017, and is the order S00071."""
    other = make_row(order="S00017", number="ZK 1")
    wrong, right = (make_row(name, kind, "ZK 12") for name in ("S00017", "S00071"))
    invoice = make_row("S00017", "invoice", "FS 12")
    look(client, odoo, wrong, invoice)
    assert look(client, odoo, right, {**invoice, "order": "S00071"}, code=1) == [
        ("S00071", "order", "ZK 12", "open"),
        ("S00071", "invoice", "FS 12", "open"),
        # Its PDF is not to be seen by the customer of S00017.
        ("S00017", "invoice", "FS 12", "cancelled"),
    ]
    assert "“ZK 12” is that of order S00071 now, no longer of S00017" in client.output
    assert look(client, odoo, right, {**invoice, "order": "S00071"}) == []
    assert look(client, odoo, right, {**invoice, "order": "S00071"}, other) != []
    del odoo.calls[:]
    assert look(client, odoo, {**invoice, "order": "S00071"}, other) == [
        ("S00071", "order", "ZK 12", "cancelled")
    ], "this one is gone"


def test_corrected_order_is_told_at_the_first_sight_already(careful, odoo):
    wrong, right = (make_row(order, number="ZK 12") for order in ("S00017", "S00071"))
    look(careful, odoo, wrong)
    look(careful, odoo, wrong)
    assert look(careful, odoo, right, code=1) == []
    assert look(careful, odoo, right) == [("S00071", "order", "ZK 12", "open")]
    assert look(careful, odoo, right) == []


def test_row_that_is_there_in_two_ways_is_told_and_not_cancelled(client, odoo):
    look(client, odoo, ORDER, INVOICE)
    twice = [ORDER, INVOICE, {**INVOICE, "state": "cancelled"}]
    assert look(client, odoo, *twice, code=1) == []
    assert "twice" in client.output
    assert look(client, odoo, ORDER, INVOICE, INVOICE) == []


def test_row_without_a_number_is_told(client, odoo):
    rows = look(client, odoo, ORDER, make_row(kind="invoice", number=""), code=1)
    assert rows == [("S1", "order", "ZK 1", "open")]
    assert "no number" in client.output


def write_text(client, *lines, end="\n"):
    text = "\n".join(["order;kind;number;state", *lines]) + end
    (client.folder / "changes.csv").write_text(text, encoding="utf-8")
    return client.run()


def test_row_that_cannot_be_read_cancels_nothing(client, odoo):
    """Nobody knows which document it is about: it may be any of those that are missing."""
    invoice, order = "S1;invoice;FS 1;open", "S2;order;ZK 2;open"
    assert write_text(client, invoice, order)[0] == 0
    odoo.calls.clear()
    for broken in ("S1;invoice;FS 1; or FS 2;open", ";invoice;FS 1;open"):
        code, output = write_text(client, broken, "S3;order;ZK 3;open")
        assert (code, "2 rows of [source] are not there" in output) == (1, True), output
    assert odoo.take() == [("S3", "order", "ZK 3", "open")], "the others are told"
    assert write_text(client, invoice, "S3;order;ZK 3;open")[0] == 0
    assert odoo.take() == [("S2", "order", "ZK 2", "cancelled")], "now it is known"
    assert client.run("push", "--vanished", "send")[0] == 0


def test_somebody_may_say_that_rows_are_gone_although_one_cannot_be_read(client, odoo):
    write_text(client, "S1;order;ZK 1;open")
    odoo.calls.clear()
    assert write_text(client, "S2;order;a;b;open")[0] == 1
    assert odoo.take() == []
    assert client.run("push", "--vanished", "send")[0] == 1
    assert odoo.take() == [("S1", "order", "ZK 1", "cancelled")]


def test_row_without_a_number_keeps_the_documents_of_its_order_alone(client, odoo):
    write_text(client, "S1;invoice;FS 1;open", "S2;invoice;FS 2;open")
    odoo.calls.clear()
    assert write_text(client, "S1;invoice;;open")[0] == 1
    assert odoo.take() == [("S2", "invoice", "FS 2", "cancelled")]


def test_file_that_is_still_being_written_cancels_nothing(client, odoo):
    rows = [f"S{n};order;ZK {n}/2026;open" for n in range(1, 4)]
    write_text(client, *rows)
    odoo.calls.clear()
    for cut in ("S3;order;ZK 3/20", "S3;ord", "S"):
        code, output = write_text(client, *rows[:2], cut, end="")
        assert (code, "is cut off" in output) == (1, True), output
    assert odoo.take() == []
    assert write_text(client, *rows, end="")[0] == 0, "many programs end without a line end"
    assert write_text(client, *rows[:2], "S3;order;ZK 3/2026")[0] == 0, "a short row is a whole one"
    assert odoo.take() == []


def test_many_orders_with_another_number_take_no_time(client, odoo):
    client.configure("csv = changes.csv\nmode = snapshot", batch=10000)
    write_text(client, *(f"S{n};order;ZK {n};open" for n in range(5000)))
    odoo.calls.clear()
    write_text(client, *(f"S{n};order;ZK {n}/A;open" for n in range(5000)))
    code, output = client.run("push", "--vanished", "send")
    assert (code, output.count("another number")) == (0, 5000)
    assert {row[3] for row in odoo.take()} == {"open"}


def test_row_that_odoo_does_not_take_is_sent_again_until_overtaken(client, odoo):
    row = make_row(order="missing")
    look(client, odoo, row, code=1)
    assert look(client, odoo, row, code=1) == [("missing", "order", "ZK 1", "open")]
    sent = look(client, odoo, {**row, "state": "cancelled"}, code=1)
    assert sent == [("missing", "order", "ZK 1", "cancelled")], "not the old one too"


def test_source_that_fails_cancels_nothing(client, odoo):
    look(client, odoo, ORDER)
    (client.folder / "changes.csv").write_text("")
    assert client.run()[0] == 1
    (client.folder / "changes.csv").unlink()
    assert client.run()[0] == 1
    assert odoo.take() == []


def test_odoo_that_is_away_loses_nothing(client, odoo):
    odoo.failures = [503] * 4
    assert look(client, odoo, ORDER, INVOICE, code=1) == []
    assert len(look(client, odoo, ORDER, INVOICE)) == 2


@pytest.mark.parametrize("answered", [2, 5, 9])
def test_killed_push_sends_the_rest_with_the_same_keys(client, odoo, answered):
    rows = [make_row(order=f"S{n}", number=f"ZK {n}") for n in range(100)]
    client.write_rows(rows)
    odoo.delay = 0.03
    process = client.start()
    deadline = time.monotonic() + 30
    while len(odoo.calls) < answered and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    odoo.delay = 0
    assert client.run()[0] == 0
    assert len(odoo.keys) == 100, "no row got a second key"
    assert sorted({row["order"] for row in odoo.sent}) == sorted(row["order"] for row in rows)


def test_push_killed_at_every_step(client, odoo):
    """The change of a row is told once, whatever step a run was killed at."""
    step, killed = 0, True
    while killed:
        step += 1
        client.write_rows([make_row(number="ZK 1", tracking=str(step)), INVOICE])
        killed = client.kill_at(step, "push")
        assert client.run()[0] == 0
        told = [row["document"].get("tracking") for row in odoo.sent]
        assert str(step) in told, step
        keys = {row["key"] for row in odoo.sent if row["document"].get("tracking") == str(step)}
        assert len(keys) == 1, step
    assert step > 6
