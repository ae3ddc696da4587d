from odoo.http import Request
from odoo.tests import tagged

from .portal import TrackingCommon


@tagged("post_install", "-at_install")
class TestTrackingCancel(TrackingCommon):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def test_file_in_place_of_the_reason(self):
        self.company.order_status_cancel_reason_required = True
        order = self._create_order()
        order.partner_id = self.buyer.partner_id
        files = {"reason": ("reason.txt", b"why", "text/plain")}
        for login in (None, self.buyer):
            self.authenticate(login and login.login, login and login.login)
            token = {"csrf_token": Request.csrf_token(self)}
            url = f"/my/orders/{order.id}" if login else self._url(order)
            response = self.url_open(f"{url}/cancel", data=token, files=files)
            self.assertEqual(response.status_code, 200, url)
            self.assertIn("tell us why", self._alerts(response.text)[0])
        self.assertEqual(order.state, "sale")

    def _cancel_by_link(self, order, **data):
        return self._post(f"{self._url(order)}/cancel", **data)

    def test_cancel(self):
        order = self._create_order()
        self.assertIn("Cancel order", self._open(order))
        response = self._cancel_by_link(order, reason="Ordered twice")
        self.assertEqual(response.status_code, 303)
        self.assertURLEqual(response.headers["Location"], self._url(order))
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual((order.state, order.order_status_id), ("cancel", self.rejected))
        row = self._rows(order)[-1]
        self.assertEqual((row.source, row.partner_id), ("customer", self.customer))
        self.assertIn("Ordered twice", row.note)
        self.assertIn("link", row.note)
        page = self._open(order)
        self.assertIn("Your order is cancelled.", self._alerts(page))
        self.assertNotIn('/cancel"', page)
        self.assertNotIn("Your order is cancelled.", self._open(order))

    def test_repeated_click_changes_nothing(self):
        order = self._create_order()
        self._cancel_by_link(order, reason="x")
        rows, activities = self._rows(order), order.activity_ids
        response = self._cancel_by_link(order, reason="x")
        self.assertURLEqual(response.headers["Location"], self._url(order))
        self.assertEqual((self._rows(order), order.activity_ids), (rows, activities))

    def test_ask(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertIn("Ask to cancel", self._open(order))
        self._cancel_by_link(order, reason="Too late for us")
        self.assertEqual(order.state, "sale")
        self.assertTrue(order.cancellation_requested_on)
        page = self._open(order)
        self.assertIn("You asked to cancel this order", page)
        self.assertNotIn('/cancel"', page)
        self.assertNotIn("Cancelling the order", page)

    def test_closed_says_why(self):
        order = self._create_order()
        order.set_order_status(self.fulfilled.id)
        page = self._open(order)
        self.assertNotIn('/cancel"', page)
        self.assertIn("can no longer be cancelled", page)
        self.assertIn("Cancelling the order</h2>", page)
        self._cancel_by_link(order, reason="Please")
        self.assertEqual(order.state, "sale")
        alerts = self._alerts(self._open(order))
        self.assertTrue(any("can no longer be cancelled" in text for text in alerts), alerts)

    def test_bad_reasons(self):
        self.company.order_status_cancel_reason_required = True
        order = self._create_order()
        rows = self._rows(order)
        for reason, told in (
            ("x" * 1024 * 1024, "too long"),
            ("", "Please tell us why"),
            ("\x00 \x00", "Please tell us why"),
        ):
            self.assertEqual(self._cancel_by_link(order, reason=reason).status_code, 303)
            alerts = self._alerts(self._open(order))
            self.assertTrue(any(told in text for text in alerts), alerts)
        self.assertEqual((order.state, self._rows(order)), ("sale", rows))

    def test_markup_in_the_reason_stays_text(self):
        self.company.order_status_cancel_reason_required = True
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self._cancel_by_link(order, reason="<script>alert(1)</script>")
        self.assertTrue(order.cancellation_requested_on)
        bodies = "".join(order.message_ids.mapped("body"))
        self.assertIn("&lt;script&gt;", bodies)
        self.assertNotIn("<script", bodies)

    def test_without_csrf_token(self):
        order = self._create_order()
        with self.assertLogs("odoo.http", "WARNING") as logs:
            response = self._cancel_by_link(order, csrf=False, reason="x")
        self.assertEqual(response.status_code, 400)
        self.assertEqual(order.state, "sale")
        self.assertNotIn(order.order_tracking_token, "".join(logs.output))

    def test_token_of_another_order_cancels_the_other_one_only(self):
        order, other = self._create_orders(2)
        self._post(f"{self._url(other)}/cancel", reason="x", order_id=order.id)
        self.assertEqual((order.state, other.state), ("sale", "cancel"))

    def test_wrong_tokens(self):
        order = self._create_order()
        old = self._url(order)
        order.rotate_tracking_token()
        for url in (old, f"/order/status/{order._portal_ensure_token()}", "/order/status/x"):
            self.assertEqual(self._post(f"{url}/cancel", reason="x").status_code, 404)
        self.assertEqual(order.state, "sale")

    def test_access_token_gives_no_right(self):
        order = self._create_order()
        token = order._portal_ensure_token()
        self._post(f"/order/status/{token}/cancel?access_token={token}", access_token=token)
        self.assertEqual(order.state, "sale")

    def test_a_refusal_halfway_through_leaves_nothing_half_done(self):
        order = self._create_order()
        rows = self._rows(order)
        words = self._refuse_cancelling()
        self._cancel_by_link(order, reason="x")
        self.assertEqual((order.order_status_id, self._rows(order)), (self.saved, rows))
        self.assertIn(words, self._alerts(self._open(order)))

    def test_the_chosen_language_stays(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        order = self._create_order()
        self.assertIn('name="lang" value="pl_PL"', self._open(order, "?lang=pl_PL"))
        response = self._cancel_by_link(order, lang="pl_PL")
        self.assertTrue(response.headers["Location"].endswith("?lang=pl_PL"))
        response = self._cancel_by_link(order, lang="x\r\nSet-Cookie: a=b")
        self.assertURLEqual(response.headers["Location"], self._url(order))
