"""clients/webhook_receiver: verified both ways with the reference of Standard Webhooks."""

import json
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
import requests
from common import ADDONS
from kit.webhooks import CLIENT, load
from standardwebhooks import Webhook

client = load(CLIENT)
signature = load(ADDONS / "order_status_flags_webhook" / "signature.py")

DATA = {"order": "S00042", "previous_status": "Saved", "status": "Zapłacone"}
MESSAGE = {"type": "order.status_changed", "timestamp": "2026-11-26T16:00:00Z", "data": DATA}
BODY = json.dumps(MESSAGE, ensure_ascii=False).encode()


def make_headers(*secrets, message_id="msg_1", moment=None):
    """Sign as the reference does, with each secret."""
    moment = moment or datetime.now(timezone.utc)
    signatures = [Webhook(secret).sign(message_id, moment, BODY.decode()) for secret in secrets]
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(moment.timestamp())),
        "Webhook-Signature": " ".join(signatures),
    }


@pytest.fixture
def secret():
    return signature.new_secret()


@pytest.fixture
def receiver(secret, tmp_path):
    """A running receiver; `handled` are the messages that it took, `fail` makes it fail."""
    handled = []

    def handle(message):
        if server.fail:
            raise RuntimeError("not now")
        handled.append(message)

    inbox = client.Inbox(tmp_path / "inbox.sqlite3")
    server = client.Receiver(("127.0.0.1", 0), [client.read_secret(secret)], inbox, handle)
    server.handled, server.fail = handled, False
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def post(receiver, headers, body=BODY):
    return requests.post(receiver.url, data=body, headers=headers, timeout=10).status_code


def test_messages_of_the_reference_are_taken_once(receiver, secret):
    assert post(receiver, make_headers(secret)) == 204
    assert post(receiver, make_headers(secret)) == 204
    assert post(receiver, make_headers(secret, message_id="msg_2")) == 204
    assert receiver.handled == [MESSAGE, MESSAGE]


def test_messages_of_the_addon_are_taken_by_both(receiver, secret):
    now = int(time.time())
    headers = {
        "webhook-id": "msg_9",
        "webhook-timestamp": str(now),
        "webhook-signature": signature.sign([secret], "msg_9", now, BODY),
    }
    assert Webhook(secret).verify(BODY, headers) == MESSAGE
    assert post(receiver, headers) == 204
    assert receiver.handled == [MESSAGE]


def test_two_secrets_while_they_are_changed(receiver, secret):
    other = signature.new_secret()
    assert post(receiver, make_headers(other, secret)) == 204
    assert post(receiver, make_headers(other, message_id="msg_2")) == 401
    receiver.secrets.append(client.read_secret(other))
    assert post(receiver, make_headers(other, message_id="msg_2")) == 204


@pytest.mark.parametrize("minutes", [-6, 6])
def test_old_and_future_messages_are_refused(receiver, secret, minutes):
    moment = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    assert post(receiver, make_headers(secret, moment=moment)) == 401
    assert receiver.handled == []


@pytest.mark.parametrize(
    "change",
    [
        {"Webhook-Id": "msg_other"},
        {"Webhook-Timestamp": str(int(time.time()) - 30)},
        {"Webhook-Timestamp": "soon"},
        {"Webhook-Timestamp": "9" * 5000},
        {"Webhook-Timestamp": "１７９５７０８８００".encode()},
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,"},
        {"Webhook-Signature": "v2,AAAA v1a,BBBB v1"},
        {"Webhook-Id": ""},
    ],
)
def test_what_was_changed_on_the_way_is_refused(receiver, secret, change):
    assert post(receiver, {**make_headers(secret), **change}) == 401
    assert receiver.handled == []


def test_changed_body_is_refused(receiver, secret):
    assert post(receiver, make_headers(secret), BODY + b" ") == 401


def test_message_that_failed_comes_again(receiver, secret):
    receiver.fail = True
    assert post(receiver, make_headers(secret)) == 500
    receiver.fail = False
    assert post(receiver, make_headers(secret)) == 204
    assert receiver.handled == [MESSAGE]


def test_large_body_is_not_read(receiver, secret):
    assert post(receiver, make_headers(secret), b"x" * (client.LARGEST + 1)) == 413


def test_length_that_is_no_number_of_python_is_answered(receiver):
    with socket.create_connection(("127.0.0.1", receiver.server_port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_program_says_what_is_missing():
    run = subprocess.run(
        [sys.executable, CLIENT, "--port", "0"],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert run.returncode
    assert run.stderr.startswith("error: put the secret into WEBHOOK_SECRETS")


def test_program_prints_what_comes(secret, tmp_path):
    process = subprocess.Popen(
        [sys.executable, CLIENT, "--port", "0", "--inbox", tmp_path / "i"],
        env={"PATH": "", "WEBHOOK_SECRETS": secret},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = process.stdout.readline().split()[-1]
        headers = make_headers(secret)
        assert requests.post(url, data=BODY, headers=headers, timeout=10).status_code == 204
        assert process.stdout.readline() == "S00042: Saved -> Zapłacone\n"
    finally:
        process.terminate()
        process.wait(10)
