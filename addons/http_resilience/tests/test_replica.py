import time
from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import tagged

from ..models.ir_http.replica import MAX_LAG, SESSION_KEY, WRITE_MARGIN
from .common import ResilienceCommon


@tagged("post_install", "-at_install")
class TestReplica(ResilienceCommon):
    """When a page may come from a replica; tests/test_replica.py does it with a real one.

    In tests Odoo gives routes that ask for it a cursor that refuses to write.
    """

    @contextmanager
    def _lag(self, seconds):
        with patch.object(self.registry["ir.http"], "_get_replica_lag", return_value=seconds):
            yield

    def _asked(self, method="GET"):
        """Open the page and return what answered it: 'replica' or 'primary'."""
        response = self.url_open(self.PAGE, method=method)
        self.assertEqual(response.status_code, 200)
        return response.text

    def _write(self):
        with self.assertNoLogs("odoo.http", "WARNING"):
            self.assertEqual(self._asked(method="POST"), "written")

    def test_up_to_date(self):
        self._login()
        with self.assertNoLogs("odoo.http", "WARNING"):
            self.assertEqual(self._asked(), "replica")

    def test_replica_that_is_behind_is_left_alone(self):
        self._login()
        for lag, answered in (
            (MAX_LAG, "replica"),
            (MAX_LAG + 1, "primary"),
            (None, "primary"),
        ):
            with self._lag(lag):
                self.assertEqual(self._asked(), answered, lag)

    def test_session_that_wrote_waits_for_the_replica(self):
        # Ages that leave a slow machine time to ask.
        for age, lag, answered in (
            (-60, 0, "primary"),
            (WRITE_MARGIN + 1, 0, "replica"),
            (WRITE_MARGIN + 1, MAX_LAG, "primary"),
            (WRITE_MARGIN + MAX_LAG + 1, MAX_LAG, "replica"),
        ):
            self._login(**{SESSION_KEY: time.time() - age})
            with self._lag(lag):
                self.assertEqual(self._asked(), answered, (age, lag))

    def test_forms_are_noted_only_where_a_replica_is(self):
        self._login()
        self._write()
        self.assertEqual(self._asked(), "replica")
        self.user.partner_id.ref = False
        with patch.object(self.registry["ir.http"], "_has_replica", return_value=True):
            self._write()
        self.assertEqual(self._asked(), "primary")
