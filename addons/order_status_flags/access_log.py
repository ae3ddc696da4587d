"""Keep the tokens of links that need no login out of the server's log."""

import logging
import re

# Who writes paths of requests: the access log, and the refusal of forms without CSRF token.
LOGGERS = ("werkzeug", "odoo.http")
# Slashes may come doubled or percent-encoded, as in `?redirect=`.
SLASH = "(?:/|%2f)+"


class RedactToken(logging.Filter):
    """Replace what follows a path in log records; who reads a log may not use the links in it.

    :param str path: before the token, with slashes only between its steps: `order/status`
    """

    def __init__(self, path):
        super().__init__()
        self.path = path
        steps = SLASH.join(map(re.escape, path.split("/")))
        self.link = re.compile(rf"({SLASH}{steps}{SLASH})[^\s/?#&\"']+", re.I)

    def filter(self, record):
        message = record.getMessage()
        redacted = self.link.sub(r"\1***", message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True


def redact_tokens(path):
    """Attach a filter to the loggers that write paths, once per process.

    :param str path: of `RedactToken`
    """
    for logger in map(logging.getLogger, LOGGERS):
        there = (one.path for one in logger.filters if isinstance(one, RedactToken))
        if path not in there:
            logger.addFilter(RedactToken(path))
