"""Webhooks of a real server, and the endpoints on this machine that they go to."""

import importlib.util
from collections import defaultdict

from common import ADDONS, ROOT
from database import query

from kit.faults import wait_until

CRON = "order_status_flags_webhook.ir_cron_webhook"
ALLOW_PRIVATE = "order_status_flags_webhook.allow_private"
CLIENT = ROOT / "clients" / "webhook_receiver" / "webhook_receiver.py"


def load(path):
    """Return a file as a module, without the package around it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# What the tests of the addon use as well.
endpoints = load(ADDONS / "order_status_flags_webhook" / "tests" / "endpoint.py")


class Webhooks:
    """The webhooks of a server, and what becomes of their messages.

    :param OdooServer server: whose they are
    :param Rpc admin: client of the administrator
    """

    def __init__(self, server, admin):
        self.server = server
        self.admin = admin
        self.cron = admin.ref(CRON)
        self.allow_private(True)

    def allow_private(self, is_allowed):
        """Open private networks, or close them."""
        value = str(is_allowed)
        self.admin.call("ir.config_parameter", "set_param", ALLOW_PRIVATE, value)

    def make(self, url, **values):
        """Return the id of a new webhook to an address."""
        return self.admin.create("order.status.webhook", name=url, url=url, **values)

    def remove_all(self):
        """Delete every webhook and what waits for it."""
        found = self.admin.search("order.status.webhook", [], context={"active_test": False})
        self.admin.call("order.status.webhook", "unlink", found)
        self.wait_until_idle()

    def wait_until_idle(self):
        """Return once no process runs the scheduled action."""
        free = "SELECT id FROM ir_cron WHERE id = %s FOR UPDATE SKIP LOCKED"
        wait_until(lambda: self.server.query(free, self.cron), what="the end of a run")

    def rows(self, webhook):
        """Return the deliveries of a webhook, a dict each, the oldest first."""
        names = ["order_id", "message_id", "state", "attempts", "answer", "claimed_until"]
        domain = [("webhook_id", "=", webhook)]
        found = self.admin.call(
            "order.status.webhook.delivery", "search_read", domain, names, order="id"
        )
        return list(found)

    def count_attempts(self, webhook):
        """Return how often it was tried to send something to a webhook."""
        return sum(row["attempts"] for row in self.rows(webhook))

    def states(self, webhook):
        """Return which states the deliveries of a webhook are in, as a set."""
        return {row["state"] for row in self.rows(webhook)}

    def wake(self):
        """Have a cron worker look at once whether something is due."""
        self.server.query(
            "INSERT INTO ir_cron_trigger (cron_id, call_at) VALUES (%s, now() AT TIME ZONE 'UTC')",
            self.cron,
        )
        query(self.server.pg, "SELECT pg_notify('cron_trigger', %s)", [self.server.database])

    def pass_time(self, hours):
        """Let some hours pass for all that waits, and wake the cron worker."""
        self.server.query(
            """
            UPDATE order_status_webhook_delivery
               SET date = date - %(span)s, begun = begun - %(span)s,
                   next_try = next_try - %(span)s, claimed_until = claimed_until - %(span)s
             WHERE state = 'pending'
            """.replace("%(span)s", f"interval '{hours:d} hours'")
        )
        self.server.query(
            """
            UPDATE order_status_webhook
               SET resting_until = resting_until - %(span)s,
                   failing_since = failing_since - %(span)s
            """.replace("%(span)s", f"interval '{hours:d} hours'")
        )
        self.wake()


def arrivals(endpoint):
    """Return what an endpoint was told, in the order in which it came: `[(id, order, status)]`."""
    ids = [headers["webhook-id"] for _path, headers, _body in list(endpoint.requests)]
    told = [message["data"] for message in endpoint.messages[: len(ids)]]
    return [(i, data["order"], data["status"]) for i, data in zip(ids, told, strict=True)]


def told_of_each(endpoint):
    """Return the statuses that an endpoint was told of each order, each message once:
    `{order: [status]}`."""
    seen, told = set(), defaultdict(list)
    for message_id, order, status in arrivals(endpoint):
        if message_id not in seen:
            told[order].append(status)
        seen.add(message_id)
    return dict(told)
