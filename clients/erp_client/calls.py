"""Calls of one feed of Odoo (JSON-2), repeated with growing pauses while it is away or busy."""

import http.client
import json
import random
import time
import urllib.error
import urllib.request

from tools import Problem, say

# Codes that may pass: too busy, locked, restarting. Any other 4xx needs a person.
RETRY_CODES = (408, 409, 425, 429, 500, 502, 503, 504)


class Odoo:
    """Calls of one feed, with retry and growing pauses.

    :param dict settings: `url`, `database`, `feed`, `key`
    :param int tries: of one call
    :param float pause: seconds before the second try; it doubles each time
    """

    def __init__(self, settings, tries=6, pause=1.0):
        self.settings = settings
        self.tries = tries
        self.pause = pause

    def call(self, method, **values):
        """Return the answer of a call.

        :param str method: of the feed
        :param values: its parameters
        :raise Problem: when Odoo refuses, or cannot be reached in several tries
        """
        body = json.dumps({"ids": [int(self.settings["feed"])], **values}).encode()
        for attempt in range(self.tries):
            if attempt:
                wait = self.pause * 2 ** (attempt - 1)
                # Spread, so that clients that failed together do not come back together.
                time.sleep(wait + random.uniform(0, wait))
            try:
                return self._post(method, body)
            except urllib.error.HTTPError as error:
                problem = f"Odoo answered {error.code}: {get_message(error)}"
                if error.code not in RETRY_CODES:
                    raise Problem(problem) from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = f"Odoo cannot be reached: {error}"
            say(f"{problem} (try {attempt + 1} of {self.tries})")
        raise Problem(problem)

    def _post(self, method, body):
        request = urllib.request.Request(
            f"{self.settings['url'].rstrip('/')}/json/2/order.flag.feed/{method}",
            data=body,
            headers={
                "Authorization": f"bearer {self.settings['key']}",
                "Content-Type": "application/json",
            },
        )
        if self.settings.get("database"):
            request.add_header("X-Odoo-Database", self.settings["database"])
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)


def get_message(error):
    """Return what a server says about a refused call."""
    try:
        return json.loads(error.read())["message"]
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return error.reason
