import json
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import FeedCommon

PUSH = "/json/2/order.flag.feed/push"


@tagged("post_install", "-at_install")
class TestHttp(HttpCase, FeedCommon):
    """The calls as an integrator makes them: answers and HTTP codes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.feed._make_client_key(fields.Datetime.now() + timedelta(days=30))
        cls.client = cls.feed.client_user_id

    def _post(self, path, body, key=None, **headers):
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        headers = {"Content-Type": "application/json", **headers}
        if key is not False:
            headers["Authorization"] = f"bearer {key or self.key}"
        response = self.url_open(path, data=data, headers=headers, timeout=60)
        return response.status_code, response.json() if response.content else None

    def _post_rows(self, rows, **kwargs):
        return self._post(PUSH, {"ids": [self.feed.id], "rows": rows}, **kwargs)

    def test_push_dry_run_and_changes(self):
        order = self._create_order()
        rows = [self._row(order, note="Zażółć gęślą jaźń")]
        call = {"ids": [self.feed.id], "rows": rows}
        code, answer = self._post("/json/2/order.flag.feed/dry_run", call)
        self.assertEqual((code, answer["orders"], answer["customers"]), (200, 1, 1))
        self.assertEqual(
            self._post_rows(rows),
            (200, [{"key": rows[0]["key"], "result": "applied", "message": ""}]),
        )
        self.assertEqual(order.order_flag_note, "Zażółć gęślą jaźń")
        self.assertEqual(self._rows(order)[-1].user_id, self.client)
        code, answer = self._post(
            "/json/2/order.flag.feed/changes", {"ids": [self.feed.id], "limit": 5}
        )
        self.assertEqual((code, sorted(answer)), (200, ["changes", "cursor"]))

    @mute_logger("odoo.http")
    def test_orders(self):
        order = self._create_order(document_type="web")
        self.feed.export_domain = f"[('id', '=', {order.id})]"
        path, call = "/json/2/order.flag.feed/orders", {"ids": [self.feed.id]}
        code, answer = self._post(path, call)
        self.assertEqual((code, sorted(answer)), (200, ["cursor", "more", "orders"]))
        for values in (
            {"limit": 0},
            {"limit": 501},
            {"limit": "9"},
            {"limit": None},
            {"cursor": "x"},
            {"cursor": "1.2"},
            {"cursor": 7},
            {"cursor": "o999999999999999.0"},
            {"surprise": 1},
        ):
            code, answer = self._post(path, {**call, **values})
            self.assertEqual(code, 422, (values, answer))
            self.assertTrue(answer["message"])
        self.assertEqual(self._post(path, call, key=False)[0], 401)
        self.assertEqual(self._post(path, {"ids": []})[0], 422)
        self.assertEqual(self._post(path, {"ids": [0x7FFFFFFF]})[0], 404)
        portal = new_test_user(self.env, "test_feed_portal", groups="base.group_portal")
        keys = self.env["res.users.apikeys"].with_user(portal).sudo()
        key = keys._generate("rpc", "test", fields.Datetime.now() + timedelta(days=1))
        self.assertEqual(self._post(path, call, key=key)[0], 403)
        for method in ("_collect_orders", "_touch", "action_view_unregistered", "read"):
            code, _answer = self._post(f"/json/2/order.flag.feed/{method}", call)
            self.assertEqual(code, 403, method)

    @mute_logger("odoo.http")
    def test_bad_calls(self):
        portal = new_test_user(self.env, "test_feed_portal", groups="base.group_portal")
        portal_key = (
            self.env["res.users.apikeys"]
            .with_user(portal)
            .sudo()
            ._generate("rpc", "test", fields.Datetime.now() + timedelta(days=1))
        )
        good = {"ids": [self.feed.id], "rows": []}
        for expected, body, key in (
            (401, good, "0" * 40),
            (401, good, False),
            (403, good, portal_key),
            (404, {**good, "ids": [0x7FFFFFFF]}, None),
            (422, {**good, "ids": []}, None),
            (422, {"rows": []}, None),
            (422, {**good, "ids": ["one"]}, None),
            (422, {"ids": [self.feed.id]}, None),
            (422, {**good, "rows": {"key": "x"}}, None),
            (422, {**good, "rows": None}, None),
            (422, {**good, "rows": [{}] * 10_001}, None),
            (422, {**good, "surprise": 1}, None),
            (400, b"{not json", None),
        ):
            code, answer = self._post(PUSH, body, key=key)
            self.assertEqual(code, expected, answer)
            self.assertTrue(answer["message"])
        self.assertFalse(self.feed.log_ids)

    @mute_logger("odoo.http")
    def test_call_over_16_mib_is_refused_naming_the_cap(self):
        row = self._row(self._create_order())
        body = json.dumps({"ids": [self.feed.id], "rows": [row], "pad": "x" * (16 * 2**20)})
        for method in ("push", "dry_run"):
            code, answer = self._post(f"/json/2/order.flag.feed/{method}", body)
            self.assertEqual(code, 413)
            self.assertIn("16 MiB", answer["message"])
        self.assertFalse(self.feed.log_ids)

    def test_full_call_below_the_cap_is_read(self):
        rows = [self._row(note="x" * 9_000) for _i in range(1_700)]
        code, answer = self._post_rows(rows)
        self.assertEqual((code, len(answer)), (200, 1_700))
        self.assertEqual({row["result"] for row in answer}, {"unknown_order"})

    def test_odd_texts_are_answered(self):
        order = self._create_order()
        rows = [
            self._row(order, key="\ud800"),
            self._row(order, note="\x00"),
            self._row(order, flag="'; DROP TABLE sale_order; --"),
            self._row(order, note="<script>alert(1)</script>"),
        ]
        code, answer = self._post_rows(rows)
        self.assertEqual(code, 200)
        self.assertEqual(
            [row["result"] for row in answer], ["invalid", "invalid", "unknown_flag", "applied"]
        )

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_client_can_do_nothing_else(self):
        order = self._create_order()
        for model in (
            "sale.order",
            "sale.order.status",
            "sale.order.flag",
            "sale.order.status.history",
            "order.flag.feed",
            "order.flag.feed.log",
            "order.flag.feed.mapping",
            "res.partner",
            "res.users",
            "res.company",
            "mail.mail",
            "mail.message",
            "ir.attachment",
            "ir.model",
        ):
            code, _answer = self._post(f"/json/2/{model}/search_read", {"fields": ["id"]})
            self.assertEqual(code, 403, model)
        for path, body in (
            ("sale.order/set_order_flag", {"ids": [order.id], "flag_id": False}),
            ("res.users/read", {"ids": [self.client.id], "fields": ["login"]}),
            ("res.users/write", {"ids": [self.client.id], "vals": {"lang": "en_US"}}),
            ("res.users/has_group", {"ids": [self.client.id], "group_ext_id": "base.group_user"}),
            ("order.flag.feed/read", {"ids": [self.feed.id]}),
            ("order.flag.feed/action_revoke_key", {"ids": [self.feed.id]}),
            ("order.flag.feed/_push", {"ids": [self.feed.id], "rows": []}),
        ):
            code, _answer = self._post(f"/json/2/{path}", body)
            self.assertEqual(code, 403, path)

    @mute_logger("odoo.http")
    def test_expired_and_revoked_keys(self):
        self.feed.action_revoke_key()
        self.assertEqual(self._post_rows([])[0], 401)
        key = self.feed._make_client_key(fields.Datetime.now() - timedelta(days=1))
        self.assertEqual(self._post_rows([], key=key)[0], 401)
