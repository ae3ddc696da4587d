"""Hands orders by HTTP to a *bridge*: a small program that writes them into the ERP.

The protocol is in the README. The one thing that matters: an answer that did not come says
nothing. Such an order is *in doubt* and looked up by its key before it is ever sent again.
"""

import contextlib
import http.client
import json
import re
import time
import urllib.parse
from dataclasses import dataclass

from orders import NEW, REJECTED, SENT
from tools import Problem, say

TAKEN, DOUBT, UNKNOWN = "taken", "doubt", "unknown"
# The bridge did not take it, and will not take another one either: the settings are wrong.
WRONG_SETTINGS = (301, 302, 303, 307, 308, 401, 403, 404, 405)
# It surely did not take it, and may do later.
BUSY = (425, 429)
# What a bridge may call the outcome, in `status` or `failureMode` of its answer.
WORDS = {"taken": TAKEN, "rejected": REJECTED, "unknown": UNKNOWN}
WORDS |= dict.fromkeys(("in_doubt", "in-doubt", "in_progress", "in-progress"), DOUBT)
# No order is larger; a longer answer is no answer of a bridge.
MAX_ANSWER = 1024 * 1024
# It stands in addresses and headers.
PREFIX = re.compile(r"[A-Za-z0-9._-]{1,40}")


class Unreachable(Exception):
    """Nothing was sent, or nothing was taken for certain."""


@dataclass
class Outcome:
    """What became of an order.

    :ivar str kind: `taken`, `rejected`, `doubt` or `unknown` (to the bridge, by its own word)
    :ivar str message: for the operator: the ERP's number, or the reason
    """

    kind: str
    message: str = ""


class Bridge:
    """The calls.

    :param str url: of the bridge's orders
    :param str token: sent as a bearer token; none when empty
    :param float timeout: seconds without an answer after which an order is in doubt
    """

    def __init__(self, url, token="", timeout=120.0):
        self.parts = urllib.parse.urlsplit(url)
        if self.parts.scheme not in ("http", "https") or not self.parts.hostname:
            raise Problem(f"url in [orders] of the settings is {url!r}, no http address")
        self.headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.timeout = timeout

    def post(self, key, order):
        """Send an order.

        :param str key: names this version of it
        :raise Unreachable: when the bridge surely did not take it
        :raise Problem: when it refuses the client altogether
        """
        body = json.dumps(order).encode()
        try:
            code, values = self._ask("POST", self.parts.path or "/", body, key)
        except (OSError, http.client.HTTPException) as error:
            return Outcome(DOUBT, f"no answer ({error})")
        said = get_word(values)
        message = get_words(values) or f"the bridge answered {code}"
        if said == DOUBT or code in (202, 408, 409):
            return Outcome(DOUBT, message)
        if said == REJECTED:
            return Outcome(REJECTED, message)
        if code in WRONG_SETTINGS:
            raise Problem(f"the bridge refuses the client ({code}): {message}")
        if code in BUSY or said == UNKNOWN:
            raise Unreachable(message)
        if said == TAKEN and code in (200, 201):
            return Outcome(TAKEN, get_words(values))
        # A page of a proxy, a word that is none of the protocol: they say nothing.
        return Outcome(REJECTED if 400 <= code < 500 and not said else DOUBT, message)

    def look_up(self, key):
        """Ask what became of an order; whatever is no clear answer leaves it in doubt."""
        path = f"{self.parts.path.rstrip('/')}/{urllib.parse.quote(key, safe='')}"
        try:
            code, values = self._ask("GET", path)
        except (OSError, http.client.HTTPException, Unreachable) as error:
            return Outcome(DOUBT, f"cannot be looked up ({error})")
        # Without the word, a 404 may come of a bridge that knows no look-up at all.
        said = get_word(values)
        if code == 200 and said in (TAKEN, REJECTED) or code in (200, 404) and said == UNKNOWN:
            return Outcome(said, get_words(values))
        message = get_words(values) or f"the look-up was answered {code}"
        return Outcome(DOUBT, message)

    def _ask(self, method, path, body=None, key=""):
        """Return the code and the JSON of an answer.

        :raise Unreachable: when there is no connection, so that nothing was sent
        """
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        connection = kind[self.parts.scheme](
            self.parts.hostname, self.parts.port, timeout=self.timeout
        )
        with contextlib.closing(connection):
            try:
                connection.connect()
            except OSError as error:
                raise Unreachable(f"the bridge cannot be reached: {error}") from error
            query = f"?{self.parts.query}" if self.parts.query else ""
            headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
            connection.request(method, path + query, body, headers)
            response = connection.getresponse()
            return response.status, read_json(response.read(MAX_ANSWER))


def read_json(content):
    """Return the JSON object of an answer, an empty one when it is none."""
    try:
        values = json.loads(content)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def get_word(values):
    """Return what a bridge calls the outcome, as we do; nothing when it does not."""
    error = values.get("error") if isinstance(values.get("error"), dict) else {}
    words = (values.get("status"), values.get("failureMode"), error.get("failureMode"))
    return next((WORDS[word] for word in words if isinstance(word, str) and word in WORDS), "")


def get_words(values):
    """Return the ERP's number or the reason that a bridge gives."""
    error = values.get("error") if isinstance(values.get("error"), dict) else {}
    words = (values.get("number"), values.get("message"), error.get("reason"))
    return " ".join(next((str(word) for word in words if word), "").split())[:500]


class BridgeSink:
    """Hands over one order after the other; the state knows of each before it is sent.

    :param Bridge bridge: the calls
    :param str prefix: of the keys, unique for this feed
    :param str former: the prefix of earlier clients, which had no other one and kept no keys
    :param int tries: of a call when the bridge cannot be reached
    :param float pause: seconds before the second try; it doubles each time
    :param int max_tries: how often a rejected order is sent again
    """

    def __init__(self, bridge, prefix, former, tries=6, pause=1.0, max_tries=20):
        self.bridge = bridge
        self.prefix = prefix
        self.former = former
        self.tries = tries
        self.pause = pause
        self.max_tries = max_tries
        self.asked = set()

    def recover(self, state):
        """What a killed run had sent is in doubt in the queue already."""

    def deliver(self, state):
        """Send what is in the queue, once a run.

        :return: how many orders were handed over
        :raise Problem: when the bridge cannot be reached, or refuses the client
        """
        count = 0
        for key in list(state.queue):
            # A later version may wait behind the one that is settled now.
            while key in state.queue and self._may_send(key, state.queue[key]):
                count += self._hand_over(key, state)
        return count

    def _may_send(self, key, entry):
        version = key, entry["order"]["version"]
        if version in self.asked:
            return False
        self.asked.add(version)
        return entry["state"] != REJECTED or entry["tries"] < self.max_tries

    def _hand_over(self, key, state):
        """Return 1 when the bridge has the order, else 0."""
        entry = state.queue[key]
        order = entry["order"]
        outcome = self._look_up(entry) if entry["state"] == SENT else Outcome(UNKNOWN)
        if outcome.kind == UNKNOWN:
            outcome = self._send(entry, state)
            if outcome.kind == DOUBT:
                entry["message"] = outcome.message
                outcome = self._look_up(entry)
        if outcome.kind == TAKEN:
            say(f"order {order['name']} version {order['version']} is taken: {outcome.message}")
            state.settle(key)
        elif outcome.kind == REJECTED:
            # It surely was not made: sent again, it has the key of the settings of then.
            entry.pop("key", None)
            state.reject(key, outcome.message)
        else:
            # Unknown to a bridge that did not answer a moment ago: the next run asks again.
            entry["message"] = outcome.message or entry["message"]
        state.save()
        return int(outcome.kind == TAKEN)

    def _look_up(self, entry):
        return self.bridge.look_up(self._get_key(entry))

    def _get_key(self, entry):
        """Return the key of a version, the one that it was sent with if it was."""
        order = entry["order"]
        # What is noted as sent, and has no key, was sent before keys were kept.
        prefix = self.former if entry["state"] == SENT else self.prefix
        return entry.setdefault("key", f"{prefix}-{order['id']}-{order['version']}")

    def _send(self, entry, state):
        """Send an order; while nothing was sent for certain, it is tried again."""
        before, key = entry["state"], self._get_key(entry)
        entry["state"] = SENT
        state.save()
        for attempt in range(self.tries):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            try:
                return self.bridge.post(key, entry["order"])
            except Unreachable as error:
                problem = str(error)
                say(f"{problem} (try {attempt + 1} of {self.tries})")
            except Problem:
                self._take_back(entry, state, before)
                raise
        self._take_back(entry, state, before)
        raise Problem(problem)

    @staticmethod
    def _take_back(entry, state, before):
        """Note that an order surely was not sent."""
        entry["state"] = NEW if before == SENT else before
        entry.pop("key", None)
        state.save()


def make_bridge_sink(section, feed, client, number):
    """Return the sink of the settings.

    :param dict section: `[orders]`
    :param str feed: the feed's id
    :param callable number: reads a number of a section
    """
    if not section.get("url"):
        raise Problem("[orders] of the settings has no url")
    prefix = section.get("prefix", "odoo")
    if not PREFIX.fullmatch(prefix):
        raise Problem(f"prefix in [orders] of the settings is {prefix!r}: letters, digits, . _ -")
    bridge = Bridge(
        section["url"], section.get("token", ""), number(section, "timeout", 120, float, 0.1)
    )
    return BridgeSink(
        bridge,
        f"{prefix}-{feed}",
        f"odoo-{feed}",
        number(client, "tries", 6, int, 1),
        number(client, "pause", 1, float, 0),
        number(section, "max_tries", 20, int, 1),
    )
