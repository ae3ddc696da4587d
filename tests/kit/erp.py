"""What the tests of the ERP client share: servers that speak the contract, and the client itself.

The client is a process of its own. `kill_at` kills it before its Nth step: an audit hook, which
Python calls before each file is opened for writing, renamed or cut off, and before each byte goes
to a server. So a kill can be tried everywhere without a line for it in the client.
"""

import csv
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "clients" / "erp_client"
CLIENT = FOLDER / "erp_client.py"
MOMENT = "2026-03-01T12:00:00+01:00"
HOOK = """
import os, signal, sys

left = int(os.environ["KILL_AT"])

def step(event, arguments):
    global left
    if event == "open":
        # Reading changes nothing.
        counts = isinstance(arguments[1], str) and set(arguments[1]) & set("wa+")
    else:
        counts = event in ("os.rename", "os.truncate", "http.client.send", "os.remove")
    if counts:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(step)
"""


class JsonServer(http.server.ThreadingHTTPServer):
    """A server whose `answer(method, path, headers, body)` gives code and values; 0 = cut off.

    :ivar list failures: codes to answer the next calls with, before `answer` is asked
    :ivar float delay: seconds before each answer
    """

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.failures, self.delay = [], 0
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that was killed is no error of the test."""

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        if len(content) < length:
            # The client was killed while it sent.
            self.close_connection = True
            return
        time.sleep(self.server.delay)
        code = self.server.failures.pop(0) if self.server.failures else 200
        if code == 200:
            body = json.loads(content) if content else None
            code, answer = self.server.answer(self.command, self.path, self.headers, body)
        else:
            answer = {"message": f"refused with {code}"}
        if not code:
            self.close_connection = True
            return
        content = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *_arguments):
        pass


class FakeOdoo(JsonServer):
    """Answers like the feed: it remembers keys, and hands out orders page by page.

    :ivar calls: `(method, body)` of each call that was answered
    :ivar orders: every version in order of change; a cursor is a position in it
    :ivar latest: no row may be of a later moment
    """

    def __init__(self):
        super().__init__()
        self.calls, self.keys, self.pages, self.orders = [], {}, [], []
        self.page = 500
        self.missing, self.latest = "missing", ""

    def answer(self, _method, path, _headers, body):
        method = path.rpartition("/")[2]
        self.calls.append((method, body))
        return 200, getattr(self, f"answer_{method}")(body)

    def answer_push(self, body):
        return [self.settle(row, True) for row in body["rows"]]

    def answer_dry_run(self, body):
        results = [self.settle(row, False) for row in body["rows"]]
        return {"results": results, "orders": len(results), "customers": len(results)}

    def answer_changes(self, body):
        page = int(body["cursor"] or 0)
        changes = self.pages[page] if page < len(self.pages) else []
        return {"changes": changes, "cursor": str(min(page + 1, len(self.pages)))}

    def answer_orders(self, body):
        start = int(body["cursor"] or 0)
        end = min(start + min(body["limit"], self.page), len(self.orders))
        more = end < len(self.orders)
        return {"orders": self.orders[start:end], "cursor": str(end), "more": more}

    def settle(self, row, is_push):
        result = "duplicate" if row["key"] in self.keys else "applied"
        if row["order"] == self.missing:
            result = "unknown_order"
        elif self.latest and row["changed_at"] > self.latest:
            result = "invalid"
        elif is_push:
            self.keys.setdefault(row["key"], 0)
            self.keys[row["key"]] += 1
        return {"key": row["key"], "result": result, "message": ""}

    @property
    def sent(self):
        """Return each row that was pushed, in order."""
        return [row for method, body in self.calls if method == "push" for row in body["rows"]]

    def take(self):
        """Return what was pushed since the last time, in short."""
        rows = [summarize(row) for row in self.sent]
        self.calls.clear()
        return rows


def summarize(row):
    if "document" not in row:
        return row["order"], row["flag"]
    document = row["document"]
    return row["order"], document["kind"], document["number"], document["state"]


class FakeBridge(JsonServer):
    """A bridge of the README's protocol, with an ERP behind it.

    :ivar list taken: `(key, name, version)` of what the ERP made
    :ivar str mode: of the next POST: `lose` takes the order and does not answer, `busy`, `doubt`,
        `reject`, `proxy` (which answers in its place); else it answers
    :ivar bool looks_up: whether it knows the look-up
    """

    def __init__(self):
        super().__init__()
        self.taken, self.posts, self.lookups, self.mode, self.looks_up = [], [], [], "", True
        self.headers = {}

    def answer(self, method, path, headers, body):
        if method == "GET":
            return self.look_up(path.rpartition("/")[2])
        key, mode = headers["Idempotency-Key"], self.mode
        self.posts.append(key)
        self.headers = headers
        codes = {"busy": 429, "reject": 422, "doubt": 504, "away": 401, "proxy": 200}
        if code := codes.get(mode):
            return code, {"message": f"mode {mode}"}
        if key not in self.get_keys():
            self.taken.append((key, body["name"], body["version"]))
        return (0 if mode == "lose" else 201), {"status": "taken", "number": f"ZK {body['id']}"}

    def get_keys(self):
        return [key for key, _name, _version in self.taken]

    def look_up(self, key):
        self.lookups.append(key)
        if not self.looks_up:
            return 404, {"message": "no such page"}
        if key in self.get_keys():
            return 200, {"status": "taken", "number": "ZK 1"}
        return 404, {"status": "unknown"}


class Client:
    """The client in a folder of its own."""

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url
        self.environment = {**os.environ, "ERP_CLIENT_KEY": "secret"}
        self.configure()

    def configure(self, source="csv = changes.csv", orders="", **settings):
        settings = {"batch": 10, "pause": 0.01, "tries": 4, **settings}
        tuning = "\n".join(f"{name} = {value}" for name, value in settings.items())
        text = f"[odoo]\nurl = {self.url}\nfeed = 7\n[source]\n{source}\n[client]\n{tuning}\n"
        text += f"[orders]\n{orders}\n" if orders else ""
        (self.folder / "erp_client.ini").write_text(text, encoding="utf-8")

    def write_rows(self, rows, name="changes.csv"):
        names = list(dict.fromkeys(key for row in rows for key in row)) or ["key", "order", "flag"]
        with (self.folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, delimiter=";", restval="")
            writer.writeheader()
            writer.writerows(rows)

    def start(self, command="push", *options):
        command = [sys.executable, str(CLIENT), *options, command]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def run(self, command="push", *options):
        """Return the exit code and what was printed."""
        process = self.start(command, *options)
        output, _nothing = process.communicate(timeout=300)
        assert "Traceback" not in output, output
        return process.returncode, output

    def kill_at(self, step, command="orders"):
        """Kill the client before its Nth step; return whether it came so far."""
        hook = self.folder / "hook"
        hook.mkdir(exist_ok=True)
        (hook / "sitecustomize.py").write_text(HOOK)
        before = self.environment
        self.environment = {**before, "KILL_AT": str(step), "PYTHONPATH": str(hook)}
        self.environment["PYTHONIOENCODING"] = "utf-8"
        code, output = self.run(command)
        self.environment = before
        assert code in (0, -9), output
        return code == -9

    @property
    def state(self):
        return json.loads((self.folder / "erp_client.state.json").read_text(encoding="utf-8"))

    @property
    def source_state(self):
        return self.state["sources"]["source"]


# === ORDERS === #


def make_address(number=1, **values):
    return {
        "id": number,
        "ref": "",
        "name": "Jan Żak",
        "company": "Hurtownia Łódź sp. z o.o.",
        "is_company": False,
        "vat": "PL5260001246",
        "email": "jan@example.com",
        "phone": "+48 600 000 000",
        "street": "ul. Długa 1/2",
        "street2": "",
        "zip": "90-001",
        "city": "Łódź",
        "state": "",
        "country": "PL",
        **values,
    }


def make_line(**values):
    return {
        "id": 1,
        "sku": "ŚRUBA-M8",
        "barcode": "5901234123457",
        "name": "Śruba M8",
        "quantity": "3.0",
        "uom": "Units",
        "unit_net": "10.00",
        "unit_gross": "12.30",
        "discount": "0.00",
        "tax_rates": ["23.0"],
        "net": "30.00",
        "tax": "6.90",
        "gross": "36.90",
        "kind": "product",
        **values,
    }


def make_order(number=1, **values):
    """Return an order as `orders()` gives it; its totals are those of its lines."""
    lines = values.pop("lines", [make_line()])
    sums = {name: f"{sum(float(x[name]) for x in lines):.2f}" for name in ("net", "tax", "gross")}
    return {
        "id": number,
        "version": 1,
        "name": f"S{number:05}",
        "external_ref": "",
        "document_type": "order",
        "state": "placed",
        "placed_at": "2026-11-26T10:00:00Z",
        "currency": "PLN",
        "currency_rate": "1.0",
        "client_order_ref": "PO 4711",
        "requested_date": "",
        "note": "",
        "customer": make_address(),
        "invoice_address": make_address(),
        "delivery_address": make_address(),
        "payment": {"method": "", "terms": "", "paid": "0.00"},
        "carrier": "",
        "lines": lines,
        "totals": sums,
        **values,
    }
