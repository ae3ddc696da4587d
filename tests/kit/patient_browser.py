"""Plugin of pytest for the tests inside Odoo: the browser may take its time to start.

Odoo waits ten seconds for Chromium, and then skips the test, which counts as failed here. With
other groups at work beside it on two processors, Chromium has taken longer.
"""

from odoo.tests import common

STARTING = 120  # seconds


def pytest_sessionstart():
    common.CHECK_BROWSER_ITERATIONS = round(STARTING / common.CHECK_BROWSER_SLEEP)
