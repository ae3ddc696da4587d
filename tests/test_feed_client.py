"""The reference client of the flag feed: a process of its own, killed and cut off."""

import csv
import http.server
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "clients" / "flag_feed" / "flag_feed.py"
FIELDS = ["key", "order", "flag", "note", "changed_at"]
MOMENT = "2026-03-01T12:00:00+01:00"


class FakeOdoo(http.server.ThreadingHTTPServer):
    """Answers like the feed: it remembers keys, and fails as often as it is told to.

    :ivar calls: ``(method, body)`` of each call that was answered
    :ivar failures: codes to answer the next calls with; 0 = cut the connection
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls, self.failures, self.keys = [], [], {}
        self.pages, self.delay = [], 0
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that was killed is no error of the test."""

    def answer(self, method, body):
        self.calls.append((method, body))
        if method == "changes":
            page = int(body["cursor"] or 0)
            return {
                "changes": self.pages[page] if page < len(self.pages) else [],
                "cursor": str(min(page + 1, len(self.pages))),
            }
        results = [self.settle(row, method) for row in body["rows"]]
        if method == "push":
            return results
        return {"results": results, "orders": len(results), "customers": len(results)}

    def settle(self, row, method):
        result = "duplicate" if row["key"] in self.keys else "applied"
        if row["order"] == "missing":
            result = "unknown_order"
        elif method == "push":
            self.keys.setdefault(row["key"], 0)
            self.keys[row["key"]] += 1
        return {"key": row["key"], "result": result, "message": ""}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.server.delay)
        code = self.server.failures.pop(0) if self.server.failures else 200
        if not code:
            self.close_connection = True
            return
        if code == 200:
            answer = self.server.answer(self.path.rpartition("/")[2], body)
        else:
            answer = {"message": f"refused with {code}"}
        content = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def odoo():
    with FakeOdoo() as server:
        yield server
        server.shutdown()


class Client:
    """The client in a folder of its own."""

    def __init__(self, folder, url):
        self.folder = folder
        self.environment = {**os.environ, "FLAG_FEED_KEY": "secret"}
        self.configure(url)

    def configure(self, url, source="csv = changes.csv", **settings):
        settings = {"batch": 10, "pause": 0.01, "tries": 4, **settings}
        tuning = "\n".join(f"{name} = {value}" for name, value in settings.items())
        text = f"[odoo]\nurl = {url}\nfeed = 7\n[source]\n{source}\n[client]\n{tuning}\n"
        (self.folder / "feed.ini").write_text(text)

    def write_rows(self, rows):
        with (self.folder / "changes.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, delimiter=";")
            writer.writeheader()
            writer.writerows(rows)

    def start(self, command="push"):
        return subprocess.Popen(
            [sys.executable, str(CLIENT), "--config", "feed.ini", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command="push"):
        """Return the exit code and what was printed."""
        process = self.start(command)
        output, _nothing = process.communicate(timeout=60)
        return process.returncode, output

    @property
    def state(self):
        return json.loads((self.folder / "flag_feed.state.json").read_text())


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
    sent = [row for _method, body in odoo.calls for row in body["rows"]]
    assert sent == rows, "in the order of their times"
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
    client.configure(odoo.url, max_tries=2)
    client.write_rows(make_rows(3) + make_rows(1, key="bad", order="missing"))
    code, output = client.run()
    assert code == 0
    assert "unknown_order: order missing" in output
    assert list(client.state["retry"]) == ["bad"]
    client.write_rows([])
    assert "given up after 2 tries" in client.run()[1]
    assert client.state["retry"] == {}


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
    assert client.state["retry"] == {}


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
    client.configure(odoo.url, source)
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
    client.configure(odoo.url, source.replace("DRIVER=x", "broken"))
    code, output = client.run()
    assert (code, "no such server" in output) == (1, True)


def test_query_for_subiekt_names_every_field():
    query = (CLIENT.parent / "subiekt_gt.sql").read_text()
    code = "\n".join(line.partition("--")[0] for line in query.splitlines())
    assert code.count("?") == 1
    for field in FIELDS:
        assert f"AS [{field}]" in code
    assert "NOT RUN AGAINST A LIVE SUBIEKT" in query
    assert not {"insert", "update", "delete", "merge"} & set(code.lower().split())


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda client: (client.folder / "feed.ini").unlink(), "settings"),
        (lambda client: client.environment.pop("FLAG_FEED_KEY"), "no key"),
        (lambda client: (client.folder / "changes.csv").unlink(), "is not there"),
        (lambda client: (client.folder / "changes.csv").write_text("a;b\n"), "no column"),
        (
            lambda client: (client.folder / "flag_feed.state.json").write_text("{"),
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
    assert "Traceback" not in output
    assert not odoo.calls


def test_reader_is_the_one_of_the_addons():
    """The client is one folder: its copy of the reader must not drift."""
    addon = ROOT / "addons" / "order_status_flags" / "table_csv.py"
    assert (CLIENT.parent / "table_csv.py").read_bytes() == addon.read_bytes()


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
    path = client.folder / "feed.ini"
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
    client.configure(odoo.url, **settings)
    client.write_rows([])
    code, output = client.run()
    assert code == 1
    assert f"error: {next(iter(settings))} in the settings" in output
    assert "Traceback" not in output


def test_missing_query_is_said(odoo, client):
    client.configure(odoo.url, source="odbc = x\nquery = none.sql")
    assert "none.sql cannot be read" in client.run()[1]
