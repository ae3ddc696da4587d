"""Sends messages to many endpoints at once: one thread each, so that none waits for another.

The threads know no database and no Odoo. Whoever gives them a message has claimed it, and writes
down what became of it.
"""

import contextlib
import http.client
import queue
import ssl
import threading
import time
from dataclasses import dataclass

from .address_guard import BadUrl, RefusedAddress, UnknownHost, parse_url
from .pinned_connection import TOTAL_SECONDS, PinnedConnection, TooMuch
from .signature import sign

USER_AGENT = "order-status-webhook/1.0"
# A thread that is still busy then sits in the DNS; it sends nothing any more.
LOST_SECONDS = TOTAL_SECONDS + 5
SLOW_SECONDS = 1.0


@dataclass(frozen=True)
class Message:
    """One message on its way to one endpoint.

    :ivar int id: of the delivery
    :ivar int endpoint: id of the webhook
    :ivar list keys: the secrets that are valid, the newest first
    """

    id: int
    endpoint: int
    url: str
    keys: tuple
    message_id: str
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What became of a message.

    :ivar int status: of HTTP; 0 when nobody answered
    :ivar str text: what was answered
    :ivar str failure: why nobody answered, one of the codes of ``describe_failure``
    """

    status: int = 0
    text: str = ""
    failure: str = ""

    @property
    def is_success(self):
        return 200 <= self.status < 300

    @property
    def is_gone(self):
        return self.status == http.client.GONE

    @property
    def is_redirect(self):
        return 300 <= self.status < 400


FAILURES = (
    (TimeoutError, "timeout"),
    (RefusedAddress, "refused_address"),
    (UnknownHost, "unknown_host"),
    (ssl.SSLError, "tls"),
    (TooMuch, "too_much"),
    # A kind of both of the next ones.
    (http.client.RemoteDisconnected, "connection_lost"),
    (http.client.HTTPException, "no_http"),
    (ConnectionRefusedError, "no_connection"),
    (OSError, "connection_lost"),
    (BadUrl, "bad_url"),
)


class Channel:
    """One endpoint: a thread with a connection that it uses again and again."""

    def __init__(self, allow_private, answers):
        self.allow_private = allow_private
        self.answers = answers
        self.messages = queue.SimpleQueue()
        self.connection = None
        self.is_slow = False
        self.thread = threading.Thread(target=self._run, name="order-status-webhook", daemon=True)
        self.thread.start()

    def _run(self):
        while (message := self.messages.get()) is not None:
            started = time.monotonic()
            answer = self._send(message)
            self.is_slow = time.monotonic() - started > SLOW_SECONDS
            self.answers.put((message, answer))
        self._close()

    def _send(self, message):
        try:
            status, reason, text = self._connect(message.url).post(
                message.body, make_headers(message, int(time.time()))
            )
        except Exception as error:  # whatever an endpoint may bring is its failure, not ours
            self._close()
            kinds = (code for kind, code in FAILURES if isinstance(error, kind))
            return Answer(failure=next(kinds, "unknown"))
        return Answer(status=status, text=f"{status} {reason}\n{text}".strip())

    def _connect(self, url):
        target = parse_url(url)
        if self.connection is None or self.connection.target != target:
            self._close()
            self.connection = PinnedConnection(target, self.allow_private)
        return self.connection

    def _close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def make_headers(message, timestamp):
    """Return the headers of one attempt, by the letter of the standard.

    :param Message message: what is sent
    :param int timestamp: of this attempt, in seconds
    :rtype: dict
    """
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message.keys, message.message_id, timestamp, message.body),
    }


class Dispatcher:
    """The channels of one run. At most one message of each endpoint is on its way.

    :param bool allow_private: whether private networks may be reached
    """

    def __init__(self, allow_private):
        self.allow_private = allow_private
        self.answers = queue.SimpleQueue()
        self.channels = {}
        self.sent = {}  # {endpoint: (message, when)}

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        for channel in self.channels.values():
            channel.messages.put(None)

    @property
    def busy(self):
        """Ids of the endpoints that have not yet answered."""
        return set(self.sent)

    @property
    def slow(self):
        """Ids of the endpoints that took their time when they answered the last time."""
        return {endpoint for endpoint, channel in self.channels.items() if channel.is_slow}

    @property
    def held_up(self):
        """Ids of the endpoints that are being waited for longer than one waits for a quick one."""
        now = time.monotonic()
        return {
            endpoint
            for endpoint, (_message, when) in self.sent.items()
            if now - when > SLOW_SECONDS or self.channels[endpoint].is_slow
        }

    def send(self, message):
        """Send a message to its endpoint, which must not be busy."""
        if message.endpoint not in self.channels:
            self.channels[message.endpoint] = Channel(self.allow_private, self.answers)
        self.sent[message.endpoint] = message, time.monotonic()
        self.channels[message.endpoint].messages.put(message)

    def collect(self, timeout):
        """Wait for answers, and return all that are there.

        :param float timeout: in seconds
        :return: ``[(Message, Answer)]``
        """
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self.answers.get(timeout=timeout))
            while True:
                found.append(self.answers.get_nowait())
        # What was given up before is told by nobody.
        found = [pair for pair in found if self._is_expected(pair[0])]
        for message, _answer in found:
            del self.sent[message.endpoint]
        return found + self._give_up_lost()

    def _is_expected(self, message):
        return self.sent.get(message.endpoint, (None,))[0] is message

    def _give_up_lost(self):
        now = time.monotonic()
        lost = [message for message, when in self.sent.values() if now - when > LOST_SECONDS]
        for message in lost:
            del self.sent[message.endpoint]
            self.channels.pop(message.endpoint).messages.put(None)
        return [(message, Answer(failure="timeout")) for message in lost]


def send_once(message, allow_private):
    """Send one message here and now.

    :param Message message: what is sent
    :param bool allow_private: whether private networks may be reached
    :rtype: Answer
    """
    with Dispatcher(allow_private) as dispatcher:
        dispatcher.send(message)
        while True:
            for _message, answer in dispatcher.collect(timeout=1):
                return answer
