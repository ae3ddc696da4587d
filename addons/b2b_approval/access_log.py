"""Keep the tokens of approval links out of the server's log."""

import logging
import re

from odoo.addons.order_status_flags.access_log import LOGGERS

APPROVAL_LINK = re.compile(r"((?:/|%2f)+b2b(?:/|%2f)+approve(?:/|%2f)+)[^\s/?#&\"']+", re.I)


class RedactApprovalToken(logging.Filter):
    """Replace the token in a log record; who reads a log may not approve orders."""

    def filter(self, record):
        message = record.getMessage()
        redacted = APPROVAL_LINK.sub(r"\1***", message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True


def install_filter():
    """Attach the filter to the loggers that write paths, once per process."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, RedactApprovalToken) for one in logger.filters):
            logger.addFilter(RedactApprovalToken())
