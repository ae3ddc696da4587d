import re
from contextlib import contextmanager
from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import SQL

from .common import WithdrawalHttpCommon

WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b", re.I)
# What Odoo itself notes of requests: who looked, by which device, and bundles made at first use.
LOOKS = re.compile(r"website_visitor|website_track|res_device|ir_attachment")


@tagged("post_install", "-at_install")
class TestWithdrawalScanners(WithdrawalHttpCommon):
    def test_scanners_of_links_change_nothing(self):
        """Each address of this addon, by the map of routes, as programs read it that follow links.

        Nothing is written: not even what a request does beside its answer.
        """
        addresses = self._get_addresses()
        self.assertGreaterEqual(len(addresses), 6)
        # What the set-up has left to be written is none of it.
        self.env.flush_all()
        self.env.cr.precommit.run()
        values = f"name=A&email=a@b.pl&reference={self.order.name}&form_token=x&reason=No"
        for address in addresses:
            for path in (address, f"{address}?{values}"):
                for method in ("GET", "HEAD", "OPTIONS"):
                    with self.subTest(path=path, method=method), self._collect_writes() as writes:
                        answer = self.opener.request(
                            method, self.base_url() + path, timeout=30, allow_redirects=False
                        )
                        self.assertLess(answer.status_code, 500)
                    self.assertEqual(writes, [])

    def _get_addresses(self):
        """Return an address for each route of the withdrawal, its parts filled in."""
        parts = {"token": self.order.order_tracking_token, "order_id": self.order.id}
        adapter = self.env["ir.http"].routing_map().bind("")
        return sorted(
            adapter.build(rule.endpoint, {name: parts[name] for name in rule.arguments})
            for rule in adapter.map.iter_rules()
            if rule.endpoint.func.__module__.startswith("odoo.addons.order_withdrawal")
        )

    @contextmanager
    def _collect_writes(self):
        """Collect the statements that write, but for those about who looked at what page."""
        writes = []
        execute = Cursor.execute

        def collect(cursor, query, *args, **kwargs):
            text = query.code if isinstance(query, SQL) else str(query)
            if WRITES.match(text) and not LOOKS.search(text):
                writes.append(text)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", collect):
            yield writes

    def test_confirmation_is_by_post_alone(self):
        """What would be followed by a program is no button: no link leads to the confirmation."""
        review = self.url_open("/withdraw", data=self._fill())
        self.assertNotRegex(review.text, r'href="[^"]*/withdraw/confirm')
        answer = self.url_open("/withdraw/confirm", allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
