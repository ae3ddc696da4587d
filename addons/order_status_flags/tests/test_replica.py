from unittest.mock import patch

from odoo.http import request
from odoo.tests import tagged

from .portal import PortalCommon


@tagged("post_install", "-at_install")
class TestReplica(PortalCommon):
    """Which pages a replica may answer; tests/test_replica.py does it with a real one.

    In tests Odoo gives routes that ask for it a cursor that refuses to write.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_order()
        cls.link = f"/order/status/{cls.order.order_tracking_token}"
        cls.page = f"/my/orders/{cls.order.id}"

    def setUp(self):
        super().setUp()
        # As `http_resilience` answers while the replica is up to date; it need not be there.
        answer = classmethod(lambda cls: request.env.cr.readonly)
        ir_http = self.registry["ir.http"]
        self.enterContext(patch.object(ir_http, "_may_read_replica", answer, create=True))

    def _asked(self, url, method="GET"):
        """Open a page and return what answered it: 'replica' or 'primary'."""
        asked = []
        post_dispatch = self.registry["ir.http"]._post_dispatch

        def spy(response):
            asked.append("replica" if request.env.cr.readonly else "primary")
            return post_dispatch(response)

        with patch.object(self.registry["ir.http"], "_post_dispatch", spy):
            response = self._get(url, method=method)
        self.assertEqual(response.status_code, 200, url)
        return asked[-1]

    def test_placed_order_is_read_from_the_replica(self):
        self._login(self.buyer)
        for url in (self.link, "/my/orders", self.page):
            with self.assertNoLogs("odoo.http", "WARNING"):
                self.assertEqual(self._asked(url), "replica", url)
                self.assertEqual(self._asked(url, method="HEAD"), "replica", url)

    def test_whatever_has_to_be_exact_is_read_from_the_primary(self):
        quotation = self._create_order(confirm=False)
        quotation.action_quotation_sent()
        self._login(self.buyer)
        for url in (
            f"/my/orders/{quotation.id}",
            f"{self.page}?payment_amount=1",
            f"{self.page}?report_type=html",
            self.order.get_portal_url(),
        ):
            self.assertEqual(self._asked(url), "primary", url)
        # `sale` notes the first look of the day only.
        self.assertEqual(self._asked(self.order.get_portal_url()), "replica")

    def test_old_order_without_token_is_shown(self):
        """An order of a time before tokens were minted gets its token by the first look."""
        self.env.cr.execute(
            "UPDATE sale_order SET access_token = NULL WHERE id = %s", [self.order.id]
        )
        self.env.invalidate_all()
        self._login(self.buyer)
        with self.assertLogs("odoo.http", "WARNING") as logs:
            self.assertEqual(self._asked("/my/orders"), "primary")
        self.assertIn("read/write", logs.output[0])
        for url in ("/my/orders", self.page):
            self.assertEqual(self._asked(url), "replica", url)

    def test_nothing_is_read_from_the_replica_by_whom_it_is_unknown(self):
        """The addon that knows how late a replica is may be missing."""
        self._login(self.buyer)
        with patch.object(self.registry["ir.http"], "_may_read_replica", None):
            for url in (self.link, "/my/orders", self.page):
                self.assertEqual(self._asked(url), "primary", url)

    def test_unknown_orders_and_links_are_asked_of_the_primary(self):
        self._login(self.buyer)
        for url in ("/order/status/" + "x" * 43, f"/my/orders/{2**31}", "/my/orders/999999999"):
            with self.assertNoLogs("odoo.http", "WARNING"):
                self.assertIn(self._get(url).status_code, (303, 404), url)
