"""Keep the tokens of order status links out of the server's log."""

import logging
import re

# Slashes may come doubled or percent-encoded, as in `?redirect=`.
TRACKING_LINK = re.compile(r"((?:/|%2f)+order(?:/|%2f)+status(?:/|%2f)+)[^\s/?#&\"']+", re.I)

# Who writes paths of requests: the access log, and the refusal of forms without CSRF token.
LOGGERS = ("werkzeug", "odoo.http")


class RedactTrackingToken(logging.Filter):
    """Replace the token in a log record; who reads a log may not see every order."""

    def filter(self, record):
        message = record.getMessage()
        redacted = TRACKING_LINK.sub(r"\1***", message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True


def install_filter():
    """Attach the filter to the loggers that write paths, once per process."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, RedactTrackingToken) for one in logger.filters):
            logger.addFilter(RedactTrackingToken())
