from unittest.mock import patch

from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from .test_portal import PortalCommon

CONFLICT = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$"


@tagged("post_install", "-at_install")
class TestConflict(PortalCommon):
    """What users are told when others got in between each time that Odoo tried.

    tests/test_cluster.py does it with several servers and many people at work.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_order()

    def setUp(self):
        super().setUp()
        tries = []

        def conflict(orders):
            tries.append(orders)
            orders.env.cr.execute(CONFLICT)

        self.tries = tries
        orders = type(self.env["sale.order"])
        for patcher in (
            patch.object(orders, "_lock_for_status_change", conflict),
            # Odoo waits up to half a minute between its five.
            patch("odoo.service.model.MAX_TRIES_ON_CONCURRENCY_FAILURE", 2),
            patch("odoo.service.model.random.uniform", return_value=0.0),
            mute_logger("odoo.sql_db", "odoo.http"),
        ):
            self.enterContext(patcher)

    def test_dialog_of_the_web_client(self):
        self._login(self.seller)
        params = {"model": "sale.order", "method": "set_order_status", "kwargs": {}}
        params["args"] = [self.order.ids, self.in_progress.id]
        with self.assertRaises(JsonRpcException) as caught:
            self.make_jsonrpc_request("/web/dataset/call_kw", params)
        self.assertEqual(str(caught.exception), "odoo.exceptions.UserError")
        self.assertEqual(len(self.tries), 2)
        self.assertEqual(self.order.order_status_id, self.saved)

    def test_page(self):
        self._login(self.buyer)
        response = self._cancel(self.order)
        self.assertEqual(response.status_code, 503)
        self.assertIn("Others are changing the same data at this moment.", response.text)
        self.assertIn("None of your changes were saved.", response.text)
        self.assertNotIn("Traceback", response.text)
        self.assertEqual(len(self.tries), 2)
        self.assertEqual(self.order.state, "sale")

    def test_api(self):
        self.seller.group_ids += self.env.ref("base.group_system")
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.seller)
            .sudo()
            ._generate("rpc", "Test", None)
        )
        response = self.url_open(
            "/json/2/sale.order/set_order_status",
            json={"ids": self.order.ids, "status_id": self.in_progress.id},
            headers={"Authorization": f"bearer {key}"},
        )
        self.assertEqual(response.status_code, 409)
        self.assertIn("Others are changing the same data", response.json()["message"])
        self.assertNotIn("Traceback", response.json()["message"])
        self.assertEqual(len(self.tries), 2)
