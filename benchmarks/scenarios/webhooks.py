"""Webhooks: what they cost a change of statuses, and how fast they are sent."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from measure import commit, scenario

from odoo import SUPERUSER_ID

FULL = "bench_full"
COUNT = 1000
ALLOW_PRIVATE = "order_status_flags_webhook.allow_private"


def placed_orders(env):
    return env["sale.order"].search([("state", "=", "sale")], limit=COUNT, order="id")


def make_webhook(env, url="https://hooks.example.com/"):
    return env["order.status.webhook"].sudo().create({"name": "Bench", "url": url})


@scenario
def webhook_status_changes(bench):
    """1,000 changes of status with one webhook, against as many without."""
    with bench.transaction(FULL) as env:
        ids = placed_orders(env).ids
        status_id = env.ref("order_status_flags.status_in_progress").id

    def change(has_webhook):
        def orders(env):
            if has_webhook:
                make_webhook(env)
                env.flush_all()
            # What other changes before have brought into memory.
            env["order.status.webhook"]._get_listeners()
            return env["sale.order"].browse(ids)

        return bench.sample(FULL, orders, lambda orders: orders.set_order_status(status_id))[0]

    bench.report("ratio", bench.alternate(lambda: change(False), lambda: change(True)))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        """Say nothing."""


@scenario
def webhook_delivery(bench):
    """1,000 messages to an endpoint on this machine, from one process."""
    endpoint = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    with bench.transaction(FULL, SUPERUSER_ID) as env:
        env["ir.config_parameter"].set_param(ALLOW_PRIVATE, "True")
        webhook = make_webhook(env, f"http://127.0.0.1:{endpoint.server_port}/")
        placed_orders(env).set_order_status(env.ref("order_status_flags.status_in_progress").id)
        commit(env)
        started = time.perf_counter()
        env["order.status.webhook.delivery"]._cron_deliver()
        seconds = time.perf_counter() - started
        states = webhook.delivery_ids.grouped("state")
        assert {state: len(rows) for state, rows in states.items()} == {"sent": COUNT}
        webhook.unlink()
        env["ir.config_parameter"].set_param(ALLOW_PRIVATE, False)
        commit(env)
    endpoint.shutdown()
    bench.report("seconds_per_1000", seconds)
