"""What people who work at the same orders are told: counted, and kept where nobody expected it."""

import contextlib
from collections import Counter

import requests

from kit.rpc import RpcError


class Outcomes:
    """Mixin of whoever lets people work.

    :ivar Counter outcomes: what came of it, and how often
    :ivar list unexpected: what is no answer to a user
    :ivar list hanging: threads that have not ended
    """

    def __init__(self):
        self.outcomes = Counter()
        self.unexpected = []
        self.hanging = []

    def count(self, what):
        self.outcomes[what] += 1

    @contextlib.contextmanager
    def expecting(self, what):
        """Count what came of it: refusals in the user's words are no fault."""
        try:
            yield
            self.count(f"{what}: done")
        except RpcError as error:
            if error.kind == "odoo.exceptions.UserError":
                self.count(f"{what}: refused")
            else:
                self.unexpected.append(f"{what}: {error.kind}: {error}")
        except (requests.RequestException, AssertionError, LookupError) as error:
            self.unexpected.append(f"{what}: {error!r}")
