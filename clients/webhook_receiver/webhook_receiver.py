#!/usr/bin/env python3
"""Receive the webhooks of the addon `order_status_flags_webhook`: an example to start from.

Python 3.10 or newer and nothing else. It shows what every receiver has to do: verify the
signature over the very bytes that came, refuse old messages, know again what it has got already,
and answer at once. What you want to do with a message goes into `handle`.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import sqlite3
import sys
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "whsec_"
TOLERANCE = 5 * 60  # seconds
LARGEST = 64 * 1024
KEEP_IDS = 7 * 24 * 3600  # longer than a message is tried again


class Refused(Exception):
    """A message that is not to be believed."""


def read_secret(text):
    """Return the bytes of a secret as Odoo shows it.

    :param str text: `whsec_` and base64
    :rtype: bytes
    """
    return base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)


def verify(secrets, headers, body, now=None):
    """Check that a message is genuine and fresh, and return its id.

    :param list[bytes] secrets: one, or two while they are being changed
    :param headers: of the request, whatever the case of their names
    :param bytes body: exactly as it came
    :param float now: seconds, for tests
    :rtype: str
    :raise Refused: with the reason
    """
    headers = {name.lower(): value for name, value in headers.items()}
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not message_id or not re.fullmatch("[0-9]{1,12}", timestamp):
        raise Refused("webhook-id or webhook-timestamp is missing")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE:
        raise Refused("the message is too old, or the clocks differ")
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = [
        base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()) for secret in secrets
    ]
    for signature in headers.get("webhook-signature", "").split(" "):
        version, _comma, value = signature.partition(",")
        # Compared in constant time, so that nobody finds a signature byte by byte.
        if version == "v1" and any(hmac.compare_digest(value.encode(), one) for one in expected):
            return message_id
    raise Refused("no signature fits")


class Inbox:
    """The ids of the messages that were handled, in a small database on disk.

    :param str path: of the file
    """

    def __init__(self, path):
        self.path = path
        with closing(self._connect()) as db, db:
            db.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, at REAL NOT NULL)")

    def _connect(self):
        return sqlite3.connect(self.path, timeout=10)

    def take(self, message_id, handle):
        """Handle a message unless that was done before; when it fails, it counts as not done.

        :param str message_id: `webhook-id`
        :param handle: called without arguments
        :return: whether it was handled now
        """
        with closing(self._connect()) as db, db:
            db.execute("DELETE FROM seen WHERE at < ?", [time.time() - KEEP_IDS])
            taken = db.execute(
                "INSERT OR IGNORE INTO seen VALUES (?, ?)", [message_id, time.time()]
            )
            if not taken.rowcount:
                return False
            handle()
            return True


def handle(message):
    """Do what is to be done about a message: here it is printed.

    Be quick: what takes long goes into a queue of your own. An exception means "send it again".

    :param dict message: `type`, `timestamp` and `data`
    """
    data = message["data"]
    if message["type"] == "order.status_changed":
        before = data["previous_status"] or "-"
        print(f"{data['order']}: {before} -> {data['status'] or '-'}", flush=True)
    else:
        print(f"{message['type']}: {data}", flush=True)


class Handler(BaseHTTPRequestHandler):
    """Answers 204 for what is handled, 401 for what is not genuine, 500 to be sent it again."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        # A number of thousands of digits is none for Python.
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > LARGEST:
            self.close_connection = True
            return self._answer(413)
        body = self.rfile.read(int(length))
        try:
            message_id = verify(self.server.secrets, self.headers, body)
        except Refused as reason:
            self.log_message("refused: %s", reason)
            return self._answer(401)
        try:
            message = json.loads(body)
            is_new = self.server.inbox.take(message_id, lambda: self.server.handle(message))
        except Exception as error:  # whatever went wrong: it comes again
            self.log_message("failed: %r", error)
            return self._answer(500)
        if not is_new:
            self.log_message("known already: %s", message_id)
        return self._answer(204)

    def _answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()


class Receiver(ThreadingHTTPServer):
    """The server.

    :param address: host and port
    :param list[bytes] secrets: one, or two while they are being changed
    :param Inbox inbox: where handled messages are known
    :param handle: called with each new message
    """

    daemon_threads = True

    def __init__(self, address, secrets, inbox, handle=handle):
        self.secrets, self.inbox, self.handle = secrets, inbox, handle
        super().__init__(address, Handler)


def main(arguments=None):
    """Run the receiver until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8787)
    parser.add_argument("--inbox", default="webhook_inbox.sqlite3", help="file of the ids")
    options = parser.parse_args(arguments)
    try:
        secrets = [read_secret(text) for text in os.environ.get("WEBHOOK_SECRETS", "").split()]
    except ValueError:
        secrets = []
    if not secrets:
        sys.exit("error: put the secret into WEBHOOK_SECRETS (two while it is being changed)")
    with Receiver((options.host, options.port), secrets, Inbox(options.inbox)) as receiver:
        print(f"Listening on http://{options.host}:{receiver.server_port}", flush=True)
        try:
            receiver.serve_forever()
        except KeyboardInterrupt:
            print("Stopped")


if __name__ == "__main__":
    main()
