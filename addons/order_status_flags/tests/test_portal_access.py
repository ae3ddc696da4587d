from odoo.exceptions import AccessError
from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from .portal import PortalCommon


@tagged("post_install", "-at_install")
class TestPortalAccess(PortalCommon):
    """Who may do what: the route, and the fields over RPC."""

    INTERNAL_FIELDS = (
        "order_status_id",
        "order_status_date",
        "order_flag_id",
        "order_flag_note",
        "status_history_ids",
        "order_tracking_token",
        "tracking_url",
        "cancellation_requested_on",
        "cancellation_request_reason",
        "is_status_stuck",
        "mailed_status_id",
    )

    def test_colleague_of_the_same_company_may_cancel(self):
        order = self._create_order()
        self._login(self.colleague)
        self._cancel(order)
        self.assertEqual(order.state, "cancel")
        self.assertEqual(self._rows(order)[-1].partner_id, self.colleague.partner_id)

    def test_other_customer_is_sent_away(self):
        order = self._create_order()
        self._login(self.stranger)
        for data in ({}, {"access_token": order._portal_ensure_token()}):
            response = self._cancel(order, **data)
            self.assertEqual(response.status_code, 303)
            self.assertURLEqual(response.headers["Location"], "/my")
        url = f"/my/orders/{order.id}/cancel?access_token={order.access_token}"
        self.assertURLEqual(self._post(url).headers["Location"], "/my")
        self.assertEqual(order.state, "sale")

    def test_access_token_shows_the_status_and_offers_no_cancelling(self):
        order = self._create_order()
        url = f"/my/orders/{order.id}?access_token={order._portal_ensure_token()}"
        for user in (None, self.stranger):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            page = self._get(url).text
            self.assertIn(self.saved.name, page)
            self.assertNotIn(f"/my/orders/{order.id}/cancel", page)
            self.assertNotIn(order.order_tracking_token, page)

    def test_anonymous_is_asked_to_log_in(self):
        order = self._create_order()
        self.authenticate(None, None)
        response = self._cancel(order, access_token=order._portal_ensure_token())
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])
        self.assertEqual(order.state, "sale")

    def test_without_csrf_token(self):
        order = self._create_order()
        self._login(self.buyer)
        with self.assertLogs("odoo.http", "WARNING"):
            response = self._cancel(order, csrf=False, reason="x")
        self.assertEqual(response.status_code, 400)
        self.assertEqual(order.state, "sale")

    def test_unknown_orders_lead_home(self):
        self._login(self.buyer)
        for order_id in (0, 2**31 - 1, 2**31, 10**30):
            response = self._post(f"/my/orders/{order_id}/cancel")
            self.assertURLEqual(response.headers["Location"], "/my")
            self.assertURLEqual(self._get(f"/my/orders/{order_id}").headers["Location"], "/my")
        self.assertURLEqual(self._post("/my/orders/-1/cancel").headers["Location"], "/my")
        for garbage in ("x", "%C5%BC", "1.5"):
            self.assertEqual(self._post(f"/my/orders/{garbage}/cancel").status_code, 404)

    def test_garbage_in_the_url_of_the_page(self):
        order = self._create_order()
        self._login(self.buyer)
        for query in ("message=%C5%BC", "report_type=nonsense", "payment_amount=x"):
            response = self._get(f"/my/orders/{order.id}?{query}")
            self.assertEqual(response.status_code, 200, query)

    def test_garbage_access_token(self):
        order = self._create_order()
        self.authenticate(None, None)
        for token in ("x", "%00", "y" * 10_000):
            response = self._get(f"/my/orders/{order.id}?access_token={token}")
            self.assertURLEqual(response.headers["Location"], "/my")

    def test_salesperson_looks_at_the_page_and_cancels_elsewhere(self):
        order = self._create_order()
        self._login(self.seller)
        self.assertNotIn(f"/my/orders/{order.id}/cancel", self._get(f"/my/orders/{order.id}").text)
        self.assertURLEqual(self._cancel(order).headers["Location"], "/my")
        self.assertEqual(order.state, "sale")

    def test_portal_user_cannot_read_internal_fields(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id, note="secret")
        as_buyer = order.with_user(self.buyer)
        self.assertEqual(as_buyer.read(["name"])[0]["name"], order.name)
        for name in self.INTERNAL_FIELDS:
            with self.subTest(field=name):
                with self.assertRaises(AccessError):
                    as_buyer.read([name])
                with self.assertRaises(AccessError):
                    as_buyer.search([(name, "!=", False)])
                with self.assertRaises(AccessError):
                    as_buyer.env["sale.order.line"].search([(f"order_id.{name}", "!=", False)])

    def test_portal_user_reads_no_codebook_and_no_history(self):
        order = self._create_order()
        for model in ("sale.order.status.history", "sale.order.flag", "sale.order.status"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.buyer).search([])
        self.assertEqual(
            order.with_user(self.buyer).read(["customer_status_id"])[0]["customer_status_id"],
            (self.saved.id, self.saved.name),
        )

    def test_portal_user_changes_nothing_over_rpc(self):
        order = self._create_order()
        as_buyer = order.with_user(self.buyer)
        for call in (
            lambda: as_buyer.set_order_status(self.fulfilled.id),
            lambda: as_buyer.set_order_flag(self.flag_in_progress.id),
            as_buyer.rotate_tracking_token,
            as_buyer.action_accept_cancellation,
            as_buyer.action_decline_cancellation,
            lambda: as_buyer.write({"order_status_id": self.fulfilled.id}),
            # The field itself is refused, so it must be read inside the call.
            lambda: as_buyer.status_history_ids.action_resend_mail(),  # pylint: disable=W0108
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(order.order_status_id, self.saved)

    def test_rpc_calls_of_a_portal_user(self):
        order = self._create_order()
        self._login(self.buyer)
        read = {
            "model": "sale.order",
            "method": "read",
            "args": [order.ids, ["order_tracking_token"]],
            "kwargs": {},
        }
        with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
            self.make_jsonrpc_request("/web/dataset/call_kw", read)
        read.update(method="fields_get", args=[])
        known = self.make_jsonrpc_request("/web/dataset/call_kw", read)
        self.assertFalse(set(known) & set(self.INTERNAL_FIELDS))
