import re
from unittest.mock import patch

from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestOptions(HttpCase):
    """Walks the routing map: what a new route of any of these addons cannot forget."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.IrHttp = cls.registry["ir.http"]
        rules = cls.env["ir.http"].routing_map().iter_rules()
        cls.rules = [rule for rule in rules if cls.IrHttp._is_own_route(rule)]

    def _request(self, method, rule):
        path = re.sub(r"<any\(([^,)]+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<(?:[^:>]+:)?[^>]+>", "1", path)
        is_json = rule.endpoint.routing["type"] == "jsonrpc"
        return self.opener.request(
            method, self.base_url() + path, allow_redirects=False, json={} if is_json else None
        )

    def test_own_routes_are_known_by_the_author(self):
        addons = {rule.endpoint.__module__.split(".")[2] for rule in self.rules}
        self.assertFalse(addons & {"portal", "web", "sale", "website_sale"})
        for addon in ("order_status_flags", "b2b_agreement", "b2b_portal"):
            if addon in self.registry._init_modules:
                self.assertIn(addon, addons)

    def test_options_runs_no_route(self):
        self.authenticate("admin", "admin")
        for rule in self.rules:
            with self.subTest(rule=rule.rule), patch.object(self.IrHttp, "_dispatch") as dispatch:
                response = self._request("OPTIONS", rule)
                self.assertEqual((response.status_code, response.text), (204, ""))
                allowed = set(response.headers["Allow"].split(", "))
                self.assertLessEqual(rule.methods or {"GET", "POST"}, allowed)
                dispatch.assert_not_called()

    def test_options_of_others_run_as_before(self):
        self.assertEqual(self.opener.options(self.base_url() + "/web/health").status_code, 200)

    def test_no_route_runs_a_post_for_head(self):
        self.authenticate("admin", "admin")
        for rule in self.rules:
            if rule.methods and "POST" in rule.methods:
                self.assertFalse(rule.methods & {"GET", "HEAD", "PUT", "TRACE"}, rule.rule)
