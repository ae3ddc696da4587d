from unittest.mock import patch

from odoo.tests import JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ResilienceCommon

CONFLICT = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$"


@tagged("post_install", "-at_install")
class TestConflict(ResilienceCommon):
    """What users are told when others got in between each time that Odoo tried.

    tests/test_cluster.py does it with several servers and many people at work.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.user.partner_id
        cls.clerk = new_test_user(cls.env, "test_clerk", groups="base.group_system")

    def setUp(self):
        super().setUp()
        tries = []

        def conflict(partners, vals):
            tries.append(partners)
            partners.env.cr.execute(CONFLICT)

        self.tries = tries
        for patcher in (
            patch.object(self.registry["res.partner"], "write", conflict),
            # Odoo waits up to half a minute between its five.
            patch("odoo.service.model.MAX_TRIES_ON_CONCURRENCY_FAILURE", 2),
            patch("odoo.service.model.random.uniform", return_value=0.0),
            mute_logger("odoo.sql_db", "odoo.http"),
        ):
            self.enterContext(patcher)

    def test_dialog_of_the_web_client(self):
        self.authenticate(self.clerk.login, self.clerk.login)
        params = {"model": "res.partner", "method": "write", "kwargs": {}}
        params["args"] = [self.partner.ids, {"ref": "x"}]
        with self.assertRaises(JsonRpcException) as caught:
            self.make_jsonrpc_request("/web/dataset/call_kw", params)
        self.assertEqual(str(caught.exception), "odoo.exceptions.UserError")
        self.assertEqual(len(self.tries), 2)

    def test_page(self):
        self._login()
        response = self.url_open(self.PAGE, data={"name": "x"})
        self.assertEqual(response.status_code, 503)
        self.assertIn("Others are changing the same data at this moment.", response.text)
        self.assertIn("None of your changes were saved.", response.text)
        self.assertNotIn("Traceback", response.text)
        self.assertEqual(len(self.tries), 2)

    def test_api(self):
        apikeys = self.env["res.users.apikeys"].with_user(self.clerk).sudo()
        key = apikeys._generate("rpc", "Test", None)
        response = self.url_open(
            "/json/2/res.partner/write",
            json={"ids": self.partner.ids, "vals": {"ref": "x"}},
            headers={"Authorization": f"bearer {key}"},
        )
        self.assertEqual(response.status_code, 409)
        self.assertIn("Others are changing the same data", response.json()["message"])
        self.assertNotIn("Traceback", response.json()["message"])
        self.assertEqual(len(self.tries), 2)
