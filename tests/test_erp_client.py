"""The ERP client's pushes and changes: a process of its own, killed and cut off."""

import csv
import signal
import textwrap
import time

import pytest
from kit.erp import FOLDER, MOMENT, ROOT, Client, FakeOdoo

FIELDS = ["key", "order", "flag", "note", "changed_at"]


@pytest.fixture
def odoo():
    with FakeOdoo() as server:
        yield server


@pytest.fixture
def client(tmp_path, odoo):
    return Client(tmp_path, odoo.url)


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
    assert "given up after 2 tries" in client.run()[1]
    assert client.source_state["retry"] == {}
    assert client.run()[0] == 0, "nothing is due any more"


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
        {"max_tries": ""},
    ],
)
def test_settings_that_are_no_numbers_are_said(odoo, client, settings):
    client.configure(**settings)
    client.write_rows(make_rows(1))
    code, output = client.run()
    assert code == 1
    assert f"error: {next(iter(settings))} in the settings" in output


def test_missing_query_is_said(odoo, client):
    client.configure(source="odbc = x\nquery = none.sql")
    assert "none.sql cannot be read" in client.run()[1]
