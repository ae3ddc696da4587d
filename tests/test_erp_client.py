"""The ERP client's pushes and changes: a process of its own, killed and cut off."""

import base64
import csv
import datetime
import json
import signal
import sys
import textwrap
import time
import types
import zoneinfo

import pytest
from kit.erp import FOLDER, MOMENT, ROOT

sys.path.append(str(FOLDER))

import sources
import tools

FIELDS = ["key", "order", "flag", "note", "changed_at"]


def make_rows(count, **values):
    return [
        {
            "key": f"k{n}",
            "order": f"S{n}",
            "flag": "Flaga",
            "note": "zażółć",
            "changed_at": f"2026-03-01T12:{n // 60:02}:{n % 60:02}+01:00",
            **values,
        }
        for n in range(count)
    ]


def test_rows_are_pushed_once_in_batches(odoo, client):
    rows = make_rows(25)
    client.write_rows(rows[::-1])
    code, output = client.run()
    assert code == 0
    assert "25 applied" in output
    assert [len(body["rows"]) for _method, body in odoo.calls] == [10, 10, 5]
    assert odoo.sent == rows, "in the order of their times"
    assert odoo.calls[0][1]["ids"] == [7]
    assert "pushed: nothing" in client.run()[1]
    assert len(odoo.calls) == 3, "nothing is sent twice"


def test_a_key_of_two_changes_is_told_and_not_guessed(odoo, client):
    rows = make_rows(3)
    client.write_rows([*rows, rows[2], {**rows[0], "flag": "Inna"}, {**rows[1], "key": ""}])
    code, output = client.run()
    assert code == 1
    assert "its key “k0” is there twice" in output
    assert [row["key"] for row in odoo.sent if row["key"]] == ["k1", "k2"]


def test_rows_that_turn_up_late_are_seen(odoo, client):
    rows = make_rows(5)
    client.write_rows(rows[1:])
    client.run()
    client.write_rows(rows)
    assert "1 applied" in client.run()[1]


def test_rows_that_failed_are_sent_again_and_given_up(odoo, client):
    client.configure(max_tries=2)
    client.write_rows(make_rows(3) + make_rows(1, key="bad", order="missing"))
    code, output = client.run()
    assert code == 1, "something is still due"
    assert "unknown_order: order missing" in output
    assert "1 rows are due" in output
    assert list(client.source_state["retry"]) == ["bad"]
    client.write_rows(make_rows(1))
    code, output = client.run()
    assert code == 1, "one was never taken"
    assert "given up after 2 tries" in output
    assert "1 rows were given up" in output
    assert "sent again at the next run" not in output
    assert client.source_state["retry"] == {}
    assert client.run()[0] == 0, "nothing is due any more"


@pytest.mark.parametrize("mode", ["time", "snapshot"])
def test_row_that_was_given_up_is_sent_once_more_when_somebody_says_so(odoo, client, mode):
    """A flag of ours was not mapped for weeks; the row itself will not change any more."""
    client.configure(f"csv = changes.csv\nmode = {mode}", max_tries=2)
    client.write_rows(make_rows(1, order="missing"))
    for _run in range(3):
        client.run()
    assert len(odoo.sent) == 2
    assert client.run()[0] == 0, "it is told once"
    code, output = client.run("push", "--again")
    assert (code, len(odoo.sent), len({row["key"] for row in odoo.sent})) == (1, 3, 1), output
    assert "given up" not in output, "it has all its tries again"
    assert "push --again sends them" in client.run()[1]
    assert client.source_state["retry"] == {}
    odoo.missing = ""
    assert client.run("push", "--again")[0] == 0
    assert client.source_state["given_up"] == {}


def test_row_that_odoo_does_not_take_rests_longer_and_longer(odoo, client):
    """Odoo writes down each try."""
    first, second = make_rows(2)
    client.write_rows([{**first, "order": "missing"}, second])
    before = time.time()
    client.run()
    (entry,) = client.source_state["retry"].values()
    assert entry["tries"] == 1
    client.configure(pause=30)
    time.sleep(0.05)
    assert client.run()[0] == 1
    (entry,) = client.source_state["retry"].values()
    rest = tools.to_moment(entry["next"]).timestamp() - before
    assert (entry["tries"], 100 < rest < 180) == (2, True), "30 s, twice doubled"
    count = len(odoo.sent)
    code, output = client.run()
    assert (code, "1 rows are due" in output) == (1, True), output
    assert len(odoo.sent) == count, "it rests"
    assert client.run("push", "--again")[0] == 1
    assert len(odoo.sent) == count + 1, "somebody says so"
    client.write_rows([{**first, "order": "missing", "flag": "Corrected"}, second])
    client.run()
    assert len(odoo.sent) == count + 2, "what was corrected does not rest"


def test_clock_that_was_set_back_lets_no_row_rest_for_years(odoo, client):
    client.write_rows(make_rows(1, order="missing"))
    client.run()
    state = client.state
    for entry in state["sources"]["source"]["retry"].values():
        entry["next"] = "2099-01-01T00:00:00+00:00"
    (client.folder / "erp_client.state.json").write_text(json.dumps(state))
    client.run()
    assert len(odoo.sent) == 2


def test_time_that_stands_for_none_stops_no_later_run(odoo, client):
    client.write_rows(make_rows(1, changed_at="0001-01-01T00:00:00+00:00"))
    assert client.run()[0] == 0
    client.write_rows(make_rows(3, changed_at="0001-01-01T00:00:00+00:00"))
    code, output = client.run()
    assert (code, "2 applied" in output) == (0, True), output


def test_row_that_was_corrected_under_its_key_is_sent_as_it_is_now(odoo, client):
    bad, good = make_rows(1, order="missing"), make_rows(1, order="S1")
    client.write_rows(bad)
    assert client.run()[0] == 1
    client.write_rows(good)
    assert client.run()[0] == 0
    assert odoo.sent == [*bad, *good]
    assert "pushed: nothing" in client.run()[1]


def test_row_of_a_file_that_was_still_being_written(odoo, client):
    text = ";".join(FIELDS) + "".join(f"\nk{n};S{n};Flaga;;{MOMENT}" for n in range(2))
    path = client.folder / "changes.csv"
    path.write_text(text[: -len(MOMENT) - 3], encoding="utf-8")
    code, output = client.run()
    assert (code, "row 3 of changes.csv is cut off" in output) == (1, True), output
    path.write_text(text, encoding="utf-8")
    assert client.run()[0] == 0
    assert [(row["key"], row["flag"]) for row in odoo.sent] == [("k0", "Flaga"), ("k1", "Flaga")]


def test_file_in_utf_8_that_ends_within_a_letter_is_no_cp1250(odoo, client):
    text = TABLE + f"k2;S2;Gotowe;Wysyłka;{MOMENT}\n"
    path = client.folder / "changes.csv"
    path.write_bytes(text.encode().rpartition("łka".encode())[0] + "ł".encode()[:1])
    code, output = client.run()
    assert (code, "is cut off" in output) == (1, True), output
    assert odoo.calls == []
    path.write_bytes(f"key;order;flag;note;changed_at\nk1;S1;;{MOMENT};ę".encode("cp1250"))
    client.run()
    assert len(odoo.sent) == 1, "one whose only special letter comes last is whole"


def test_dry_run_sends_nothing_and_notes_nothing(odoo, client):
    client.write_rows(make_rows(3))
    code, output = client.run("dry-run")
    assert code == 0
    assert "3 orders would change" in output
    assert not odoo.keys
    assert "3 applied" in client.run()[1]


@pytest.mark.parametrize("failures", [[503, 409], [0, 0], [500, 502, 0]])
def test_call_is_repeated_when_odoo_is_away(odoo, client, failures):
    odoo.failures = list(failures)
    client.write_rows(make_rows(3))
    code, output = client.run()
    assert code == 0
    assert f"try {len(failures)} of 4" in output
    assert set(odoo.keys.values()) == {1}


def test_refusal_is_not_repeated(odoo, client):
    odoo.failures = [401]
    client.write_rows(make_rows(3))
    code, output = client.run()
    assert code == 1
    assert "401: refused with 401" in output
    assert not odoo.failures
    assert not odoo.calls


def test_odoo_that_stays_away_loses_no_row(odoo, client):
    odoo.failures = [200, *[503] * 4]
    client.write_rows(make_rows(25))
    code, output = client.run()
    assert code == 1
    assert "503" in output
    assert "15 applied" in client.run()[1]


def test_killed_client_sends_the_rest(odoo, client):
    rows = make_rows(200)
    client.write_rows(rows)
    odoo.delay = 0.02
    for number in (3, 8, 13):
        process = client.start()
        deadline = time.monotonic() + 30
        while len(odoo.calls) < number and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert 0 < len(odoo.keys) < len(rows), "killed on the way"
    assert client.run()[0] == 0
    assert sorted(odoo.keys) == sorted(row["key"] for row in rows)
    assert client.source_state["retry"] == {}


def test_changes_are_fetched_page_by_page_and_never_lost(odoo, client):
    change = dict.fromkeys(["order", "external_ref", "status", "flag", "note", "source"], "x")
    odoo.pages = [[{**change, "id": n, "date": MOMENT} for n in page] for page in ([1, 2], [3])]
    odoo.failures = [200, 200, *[503] * 4]
    assert client.run("changes")[0] == 1
    assert client.run("changes")[0] == 0
    odoo.pages.append([{**change, "id": 4, "date": MOMENT, "note": "zażółć; \n"}])
    assert "1 changes" in client.run("changes")[1]
    odoo.pages.append([{**change, "id": 5, "date": MOMENT, "note": "=HYPERLINK(1)"}])
    assert "1 changes" in client.run("changes")[1]
    with (client.folder / "odoo_changes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[-2]["note"] == "zażółć; \n"
    assert rows[-1]["note"] == "'=HYPERLINK(1)", "customers write notes, spreadsheets run them"


def test_changes_killed_at_every_step(odoo, client):
    change = dict.fromkeys(["order", "external_ref", "status", "flag", "note", "source"], "x")
    path, step, killed = client.folder / "odoo_changes.csv", 0, True
    while killed:
        step += 1
        odoo.pages = [[{**change, "id": n, "date": MOMENT} for n in page] for page in ([1, 2], [3])]
        for old in (path, client.folder / "erp_client.state.json"):
            old.unlink(missing_ok=True)
        killed = client.kill_at(step, "changes")
        assert client.run("changes")[0] == 0
        with path.open(newline="", encoding="utf-8") as file:
            assert [row["id"] for row in csv.DictReader(file, delimiter=";")] == ["1", "2", "3"]
    assert step > 5


def test_changes_on_a_share_that_is_away_are_not_cut_off(odoo, client):
    change = dict.fromkeys(["order", "external_ref", "status", "flag", "note", "source"], "x")
    odoo.pages = [[{**change, "id": 1, "date": MOMENT}]]
    client.configure(changes="share/odoo_changes.csv")
    share, elsewhere = client.folder / "share", client.folder / "elsewhere"
    share.mkdir()
    assert client.run("changes")[0] == 0
    share.rename(elsewhere)
    odoo.pages.append([{**change, "id": 2, "date": MOMENT}])
    assert client.run("changes")[0] == 1
    elsewhere.rename(share)
    assert client.run("changes")[0] == 0
    with (share / "odoo_changes.csv").open(newline="", encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file, delimiter=";")] == ["1", "2"]


def test_half_a_row_of_changes_is_cut_off(odoo, client):
    """A kill, or a power cut, amid the writing itself."""
    change = dict.fromkeys(["order", "external_ref", "status", "flag", "note", "source"], "x")
    odoo.pages = [[{**change, "id": 1, "date": MOMENT}]]
    client.run("changes")
    path, state = client.folder / "odoo_changes.csv", client.state
    state["changes_file"] = {"file": path.name, "size": path.stat().st_size}
    (client.folder / "erp_client.state.json").write_text(json.dumps(state))
    with path.open("a") as file:
        file.write('2;S2;;"half a')
    odoo.pages.append([{**change, "id": 2, "date": MOMENT}])
    client.run("changes")
    with path.open(newline="", encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file, delimiter=";")] == ["1", "2"]


def test_query_that_says_something_before_its_table(monkeypatch):
    class Error(Exception):
        pass

    class Connection:
        """Answers a statement without a table, then one with a table."""

        def __init__(self):
            self.tables = [None, [("order",), ("flag",)]]

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

        def execute(self, query):
            self.tables = self.tables[: query.count(";") + 1]
            return self

        @property
        def description(self):
            return self.tables[0]

        def nextset(self):
            del self.tables[0]
            return bool(self.tables)

        def __iter__(self):
            yield "S1", "Flaga"

    stand_in = types.SimpleNamespace(Error=Error, connect=lambda *_a, **_k: Connection())
    monkeypatch.setitem(sys.modules, "pyodbc", stand_in)
    found = list(sources.ask("x", "SET NOCOUNT ON; SELECT 1"))
    assert found == [(["order", "flag"], None), (["order", "flag"], ("S1", "Flaga"))]
    with pytest.raises(tools.Problem, match="no SELECT"):
        list(sources.ask("x", "SET NOCOUNT ON"))


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        # Old drivers give a time as a text.
        (
            {"changed_at": "2026-03-01 12:00:00.250"},
            "changed_at",
            "2026-03-01T12:00:00.250000+01:00",
        ),
        ({"changed_at": datetime.datetime(2026, 7, 1)}, "changed_at", "2026-07-01T00:00:00+02:00"),
        ({"changed_at": "soon"}, "changed_at", "soon"),
        ({"changed_at": datetime.datetime(1, 1, 1)}, "changed_at", "0001-01-01T00:00:00"),
        ({"date": datetime.datetime(2026, 3, 1, 13, 45, 10, 5)}, "date", "2026-03-01"),
        ({"date": datetime.date(2026, 3, 1)}, "date", "2026-03-01"),
        ({"date": "2026-03-01 23:59:59.997"}, "date", "2026-03-01"),
        ({"date": "2026-03-01T12:00:00+01:00"}, "date", "2026-03-01T12:00:00+01:00"),
        ({"date": "01.03.2026"}, "date", "01.03.2026"),
        ({"flag": "Gotowe      "}, "flag", "Gotowe"),
        ({"flag": "            "}, "flag", ""),
        ({"note": " as it is "}, "note", " as it is "),
    ],
)
def test_values_of_a_database_become_texts(values, name, expected):
    source = sources.Source("source", {"odbc": "x", "zone": "Europe/Warsaw"}, False)
    assert source._prepare(values)[name] == expected


def test_rows_from_a_database(odoo, client):
    """With a stand-in for pyodbc: there is no SQL server in the tests."""
    (client.folder / "pyodbc.py").write_text(
        textwrap.dedent(
            """
            import datetime

            class Error(Exception):
                pass

            class Connection:
                description = [(name,) for name in ("key", "order", "flag", "note", "changed_at")]

                def __enter__(self):
                    return self

                def __exit__(self, *exception):
                    pass

                def execute(self, query, since):
                    assert query.count("?") == 1, query
                    assert since.tzinfo is None
                    print("since", since)
                    return self

                def __iter__(self):
                    moment = datetime.datetime(2026, 3, 1, 12, 0, 0, 250000)
                    yield "8-1", "S1", "Flaga", None, moment

            def connect(string, **options):
                if "broken" in string:
                    raise Error("no such server")
                return Connection()
            """
        )
    )
    client.environment["PYTHONPATH"] = str(client.folder)
    (client.folder / "query.sql").write_text("SELECT 1 WHERE x >= ?")
    source = "odbc = DRIVER=x\nquery = query.sql\nzone = +01:00"
    client.configure(source)
    code, output = client.run()
    assert code == 0, output
    assert odoo.calls[0][1]["rows"] == [
        {
            "key": "8-1",
            "order": "S1",
            "flag": "Flaga",
            "note": "",
            "changed_at": "2026-03-01T12:00:00.250000+01:00",
        }
    ]
    assert "since 2026-03-01 11:00:00.250000" in client.run()[1], "an hour of overlap"
    assert len(odoo.calls) == 1
    client.configure(source.replace("DRIVER=x", "broken"))
    code, output = client.run()
    assert (code, "no such server" in output) == (1, True)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda client: (client.folder / "erp_client.ini").unlink(), "settings"),
        (lambda client: client.environment.pop("ERP_CLIENT_KEY"), "no key"),
        (lambda client: (client.folder / "changes.csv").unlink(), "is not there"),
        (lambda client: (client.folder / "changes.csv").write_text("a;b\n"), "no column"),
        (
            lambda client: (client.folder / "erp_client.state.json").write_text("{"),
            "cannot be read",
        ),
    ],
)
def test_what_is_wrong_is_said(odoo, client, break_it, words):
    client.write_rows(make_rows(1))
    break_it(client)
    code, output = client.run()
    assert code == 1
    assert words in output
    assert not odoo.calls


def test_reader_is_the_one_of_the_addons():
    """The client is one folder: its copy of the reader must not drift."""
    addon = ROOT / "addons" / "order_status_flags" / "table_csv.py"
    assert (FOLDER / "table_csv.py").read_bytes() == addon.read_bytes()


TABLE = "key;order;flag;note;changed_at\nk1;S1;Zrealizowane;Wysyłka;" + MOMENT + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_files_of_any_program_are_read(odoo, client, encoding, separator):
    content = TABLE.replace(";", separator).replace("\n", "\r\n").encode(encoding)
    (client.folder / "changes.csv").write_bytes(content)
    client.run()
    assert odoo.calls[0][1]["rows"][0]["note"] == "Wysyłka"


def test_line_break_in_a_note(odoo, client):
    text = TABLE.replace("Wysyłka", '"one; two\r\nthree"')
    (client.folder / "changes.csv").write_bytes(text.encode())
    client.run()
    assert odoo.calls[0][1]["rows"][0]["note"] == "one; two\nthree"


def test_row_that_does_not_fit_is_told_and_stops_no_other(odoo, client):
    text = TABLE + f"k2;S2;Flag;a; b;{MOMENT}\nk3;S3;Flag;;{MOMENT}\n"
    (client.folder / "changes.csv").write_bytes(text.encode())
    assert "row 3 of changes.csv does not fit the columns" in client.run()[1]
    assert [row["key"] for row in odoo.calls[0][1]["rows"]] == ["k1", "k3"]


def test_number_that_a_spreadsheet_cut_short_is_told(odoo, client):
    text = TABLE + f"1.23457E+12;S2;Flag;;{MOMENT}\nk3;S3;Flag;;{MOMENT}\n"
    (client.folder / "changes.csv").write_bytes(text.encode())
    assert "row 3 of changes.csv has a number that a spreadsheet cut short" in client.run()[1]
    assert [row["key"] for row in odoo.calls[0][1]["rows"]] == ["k1", "k3"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1250"])
def test_settings_as_windows_writes_them(odoo, client, encoding):
    path = client.folder / "erp_client.ini"
    text = "# ustawienia źródła\n" + path.read_text()
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    client.write_rows([{**dict.fromkeys(FIELDS, ""), "key": "k", "changed_at": MOMENT}])
    client.run()
    assert len(odoo.calls) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"tries": "six"},
        {"tries": 0},
        {"batch": "many"},
        {"pause": -1},
        {"overlap": "nan"},
        {"max_tries": "?"},
    ],
)
def test_settings_that_are_no_numbers_are_said(odoo, client, settings):
    client.configure(**settings)
    client.write_rows(make_rows(1))
    code, output = client.run()
    assert code == 1
    assert f"error: {next(iter(settings))} in the settings" in output


def test_empty_settings_are_as_if_left_out(odoo, client):
    client.configure("csv = changes.csv\nzone =\nmode =\nodbc =", batch="", max_tries="", state="")
    client.write_rows(make_rows(3))
    assert client.run()[0] == 0
    assert len(odoo.sent) == 3


def test_missing_query_is_said(odoo, client):
    client.configure(source="odbc = x\nquery = none.sql")
    assert "none.sql cannot be read" in client.run()[1]


# === WHAT CAME BEFORE === #


def test_state_and_key_of_the_client_before_are_taken_over(odoo, client):
    client.environment["FLAG_FEED_KEY"] = client.environment.pop("ERP_CLIENT_KEY")
    rows = make_rows(3)
    old = {
        "since": rows[1]["changed_at"],
        "seen": {row["key"]: row["changed_at"] for row in rows[:2]},
        "retry": {"old": {"row": {**rows[0], "key": "old"}, "tries": 1}},
        "changes_cursor": "1",
    }
    (client.folder / "flag_feed.state.json").write_text(json.dumps(old))
    client.write_rows(rows)
    assert client.run()[0] == 0
    assert [row["key"] for row in odoo.sent] == ["old", "k2"]
    client.run("changes")
    assert odoo.calls[-1][1]["cursor"] == "1"


# === DOCUMENTS === #


def make_document(**values):
    document = {"key": "d1", "order": "S1", "kind": "invoice", "number": "FS 1/2026"}
    return {**document, "changed_at": MOMENT, **values}


def test_documents_are_sent_as_the_contract_says(odoo, client):
    (client.folder / "fs.pdf").write_bytes(b"%PDF-1.4 invoice")
    client.write_rows(
        [
            make_document(
                date="2026-03-01", covers="part", tracking="1Z", file="fs.pdf", note="Hi"
            ),
            make_document(key="d2", kind="ORDER", number=" ZK 1 ", state="cancelled"),
        ]
    )
    assert client.run()[0] == 0
    order, invoice = sorted(odoo.sent, key=lambda row: row["key"], reverse=True)
    assert order == {
        "key": "d2",
        "order": "S1",
        "document": {"kind": "order", "number": "ZK 1", "state": "cancelled"},
        "changed_at": MOMENT,
    }
    assert invoice == {
        "key": "d1",
        "order": "S1",
        "document": {
            "kind": "invoice",
            "number": "FS 1/2026",
            "date": "2026-03-01",
            "covers": "part",
            "tracking": "1Z",
            "file": {"name": "fs.pdf", "content": base64.b64encode(b"%PDF-1.4 invoice").decode()},
        },
        "note": "Hi",
        "changed_at": MOMENT,
    }


def test_documents_and_flags_in_one_file(odoo, client):
    client.write_rows([make_document(), *make_rows(1)])
    assert client.run()[0] == 0
    assert sorted("document" in row for row in odoo.sent) == [False, True]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"no pdf", "is no PDF"),
        (b"%PDF-" + b"x" * 5 * 1024 * 1024, "more than 5 MiB"),
    ],
)
def test_file_that_cannot_be_sent_keeps_its_row_and_stops_no_other(odoo, client, content, words):
    path = client.folder / "fs.pdf"
    if content is not None:
        path.write_bytes(content)
    client.write_rows([make_document(file="fs.pdf"), make_document(key="d2", number="FS 2")])
    code, output = client.run()
    assert code == 1
    assert words in output
    assert [row["key"] for row in odoo.sent] == ["d2"]
    path.write_bytes(b"%PDF-1.4")
    assert client.run()[0] == 0
    assert [row["key"] for row in odoo.sent] == ["d2", "d1"]


def test_calls_stay_below_the_cap(odoo, client):
    client.configure(batch=10_000)
    (client.folder / "fs.pdf").write_bytes(b"%PDF-" + b"x" * 4 * 1024 * 1024)
    rows = [make_document(key=f"d{n}", number=f"FS {n}", file="fs.pdf") for n in range(5)]
    client.write_rows(rows)
    assert client.run()[0] == 0
    assert [len(body["rows"]) for _method, body in odoo.calls] == [2, 2, 1]
    assert all(len(json.dumps(body)) < 16 * 1024 * 1024 for _method, body in odoo.calls)


def test_many_rows_are_several_calls(odoo, client):
    client.configure(batch=99_999)
    client.write_rows(make_rows(10_001, changed_at=MOMENT))
    assert client.run()[0] == 0
    assert [len(body["rows"]) for _method, body in odoo.calls] == [10_000, 1]


def test_one_source_that_cannot_be_read_stops_no_other(odoo, client):
    client.configure("csv = none.csv\n[source documents]\ncsv = documents.csv")
    client.write_rows([make_document()], "documents.csv")
    code, output = client.run()
    assert (code, "none.csv is not there" in output) == (1, True)
    assert [row["key"] for row in odoo.sent] == ["d1"]


def test_two_runs_at_once_send_nothing_twice(odoo, client):
    client.write_rows(make_rows(30))
    odoo.delay = 0.1
    runs = [client.start() for _i in range(3)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], outputs
    assert sorted(odoo.keys.values()) == [1] * 30


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("csv = a.csv\nodbc = x\nquery = x.sql", "either csv or odbc"),
        ("zone = +01:00", "either csv or odbc"),
        ("csv = a.csv\nmode = often", "mode"),
        ("csv = a.csv\nzone = Nowhere/City", "zone"),
        ("csv = a.csv\nsecond_sight = perhaps", "neither on nor off"),
        ("odbc = x", "no query"),
    ],
)
def test_wrong_source_is_said(client, source, words):
    client.configure(source)
    code, output = client.run()
    assert (code, words in output) == (1, True), output


def test_console_of_a_few_letters_ends_no_run(odoo, client):
    client.environment["PYTHONIOENCODING"] = "ascii"
    rows = make_rows(2, flag="Готово 😀")
    client.write_rows([{**rows[0], "order": "missing"}, rows[1]])
    code, output = client.run()
    assert (code, "1 applied" in output) == (1, True), output


# === CLOCKS === #


ZONE = zoneinfo.ZoneInfo("Europe/Warsaw")
UTC = datetime.timezone.utc


@pytest.mark.parametrize(
    ("clock", "now", "meant"),
    [
        # The hour from two to three comes twice on 25 October 2026.
        ("2026-10-25T01:59", "2026-10-25T00:30", "2026-10-24T23:59"),
        ("2026-10-25T02:30", "2026-10-25T00:31", "2026-10-25T00:30"),
        ("2026-10-25T02:30", "2026-10-25T01:31", "2026-10-25T01:30"),
        ("2026-10-25T03:00", "2026-10-25T02:01", "2026-10-25T02:00"),
        # The one from two to three is missing on 29 March 2026.
        ("2026-03-29T01:59", "2026-03-29T02:00", "2026-03-29T00:59"),
        ("2026-03-29T03:00", "2026-03-29T02:00", "2026-03-29T01:00"),
    ],
)
def test_clock_of_the_erp_in_the_nights_when_it_changes(clock, now, meant):
    now = datetime.datetime.fromisoformat(now).replace(tzinfo=UTC)
    moment = tools.localize(datetime.datetime.fromisoformat(clock), ZONE, now)
    assert moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="minutes") == meant


def test_nothing_is_missed_and_nothing_goes_back_in_october():
    """A change every ten minutes through the night, read a minute later, each time in order."""
    start = datetime.datetime(2026, 10, 24, 22, tzinfo=UTC)
    moments = [start + datetime.timedelta(minutes=10 * n) for n in range(30)]
    overlap = datetime.timedelta(minutes=60)
    told, since = [], None
    for moment in moments:
        now = moment + datetime.timedelta(minutes=1)
        clock = moment.astimezone(ZONE).replace(tzinfo=None, fold=0)
        if since:
            border = tools.to_clock(since - overlap, ZONE)
            assert clock >= border, "the query asks for it"
            late = moment - overlap + datetime.timedelta(minutes=1)
            assert late.astimezone(ZONE).replace(tzinfo=None) >= border, "a late one too"
        since = tools.localize(clock, ZONE, now)
        told.append(since.astimezone(UTC))
    assert told == moments


@pytest.mark.parametrize("zone", ["Europe/Warsaw", ""])
def test_times_of_a_csv_file_get_the_zone_of_the_settings(odoo, client, zone):
    """Or that of the machine, with its summer time."""
    client.environment["TZ"] = "UTC" if zone else "CET-1CEST,M3.5.0,M10.5.0/3"
    client.configure(f"csv = changes.csv\nzone = {zone}")
    client.write_rows(make_rows(1, changed_at="2026-07-01 12:00:00"))
    client.run()
    assert odoo.sent[0]["changed_at"] == "2026-07-01T12:00:00+02:00"
