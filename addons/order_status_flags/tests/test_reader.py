"""How the customer's pages and e-mails read: moments, languages, lines."""

import re
from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import file_open

from .portal import TrackingCommon


@tagged("post_install", "-at_install")
class TestReader(TrackingCommon):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def _portal_page(self, order):
        return self._get(f"/my/orders/{order.id}?access_token={order._portal_ensure_token()}").text

    def _moments(self, html):
        return re.findall(r"<time[^>]*>([^<]+)<", html)

    def _shift(self, order, days):
        self.env.flush_all()
        for statement in (
            "UPDATE sale_order SET date_order = date_order - %s WHERE id = %s",
            "UPDATE sale_order_status_history SET date = date - %s WHERE order_id = %s",
        ):
            self.env.cr.execute(statement, [timedelta(days=days), order.id])
        self.env.invalidate_all()

    # === MOMENTS === #

    def test_one_time_zone_on_both_pages(self):
        order = self._create_order()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_status_history SET date = %s WHERE order_id = %s",
            [datetime(2026, 3, 31, 20, 0), order.id],
        )
        self.env.invalidate_all()
        company = self.company.partner_id
        for customer_tz, company_tz, shown in (
            ("Asia/Tokyo", "America/Los_Angeles", "04/01/2026 05:00 AM"),
            (False, "America/Los_Angeles", "03/31/2026 01:00 PM"),
            (False, False, "03/31/2026 08:00 PM"),
        ):
            self.customer.tz = self.customer.commercial_partner_id.tz = customer_tz
            company.tz = company_tz
            for page in (self._open(order), self._portal_page(order)):
                self.assertEqual([m.replace("\u202f", " ") for m in self._moments(page)], [shown])

    def test_who_is_logged_in_reads_in_the_own_time_zone(self):
        order = self._create_order()
        self.customer.tz = "Asia/Tokyo"
        self.colleague.tz = "America/Los_Angeles"
        self._login(self.colleague)
        moments = self._moments(self._open(order))
        self.assertEqual(self._moments(self._get(f"/my/orders/{order.id}").text), moments)
        self.colleague.tz = False
        self.assertNotEqual(self._moments(self._open(order)), moments)

    def test_placed_on_stays_when_the_seller_confirms(self):
        order = self._create_order(confirm=False, document_type="web")
        order.action_quotation_sent()
        self._shift(order, 5)
        placed_on = order._get_placed_on().date()
        self.assertEqual(placed_on, fields.Date.today() - timedelta(days=5))
        order.action_confirm()
        self.assertEqual(order.date_order.date(), fields.Date.today())
        self.assertEqual(order._get_placed_on().date(), placed_on)
        self.assertIn(f"{placed_on:%m/%d/%Y}", self._open(order))

    def test_placed_on_begins_anew_after_a_quotation(self):
        order = self._create_order()
        self._shift(order, 5)
        order._action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertEqual(order._get_placed_on().date(), fields.Date.today())

    def test_placed_on_of_an_order_that_is_older_than_the_history(self):
        order = self._create_order()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET date_order = '2020-02-03' WHERE id = %s", [order.id]
        )
        self.env.invalidate_all()
        self.assertEqual(order._get_placed_on(), datetime(2020, 2, 3))
        order.status_history_ids.invalidate_recordset()
        self.env.cr.execute("DELETE FROM sale_order_status_history WHERE order_id = %s", [order.id])
        self.env.invalidate_all()
        self.assertEqual(order._get_placed_on(), datetime(2020, 2, 3))

    def test_nothing_is_expected_in_the_past_or_of_what_is_done(self):
        now = fields.Datetime.now()

        def expected(order):
            return order._get_tracking_page_values()["delivery"]["expected_date"]

        for days, shown in ((-30, False), (-2, False), (0, True), (3, True)):
            order = self._create_order(commitment_date=now + timedelta(days=days))
            self.assertEqual(bool(expected(order)), shown, days)
        order.with_user(self.manager).set_order_status(self.rejected.id, force=True)
        self.assertFalse(expected(order))
        self.product.type = "service"
        order = self._create_order(commitment_date=now + timedelta(days=3))
        self.assertTrue(expected(order))
        order.set_order_status(self.fulfilled.id)
        self.assertFalse(expected(order))

    # === LANGUAGES === #

    def test_direction_and_tag_of_the_language(self):
        for code, attributes in (
            ("ar_001", 'lang="ar-001" dir="rtl"'),
            ("pl_PL", 'lang="pl-PL" dir="ltr"'),
            ("sr@latin", 'lang="sr-Latn" dir="ltr"'),
        ):
            self.env["res.lang"]._activate_lang(code)
            self.customer.lang = code
            order = self._create_order()
            page = self._open(order)
            self.assertIn(f"<html {attributes}>", page)
            self.assertIn('lang="en-US" dir="ltr"', page.split("<footer>")[1])
            order.set_order_status(self.in_progress.id)
            self._send_status_mails_unsent()
            body = self._mail_of(order).body_html
            self.assertIn(f"<html {attributes}>", body)
            self.assertRegex(body, f"<table[^>]*{attributes.split()[1]}")

    def _send_status_mails_unsent(self):
        self.env.flush_all()
        rows = self.env["sale.order.status.history"].search([("mail_state", "=", "pending")])
        rows._hand_over_mails()

    def _mail_of(self, order):
        return self._rows(order)[-1].mail_mail_id

    # === LINES === #

    def test_description_keeps_its_lines(self):
        template = self.in_progress.mail_template_id
        status = self._create_status(
            "Ready",
            description="Opening <hours>:\nMon-Fri 8-16\nSat 9-12",
            mail_template_id=template.id,
        )
        order = self._create_order()
        order.set_order_status(status.id)
        self._send_status_mails_unsent()
        for html in (
            self._open(order),
            self._portal_page(order),
            self._mail_of(order).body_html,
        ):
            text = re.sub(r"\s+", " ", html)
            self.assertRegex(text, "Opening &lt;hours&gt;:<br ?/?> ?Mon-Fri 8-16<br ?/?> ?Sat 9-12")

    def test_request_and_answer_keep_their_lines(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("first\r\n<b>second</b>", self.customer, by_link=True)
        self.assertEqual(order.cancellation_request_reason, "first\n<b>second</b>")
        self.assertRegex(order.message_ids[0].body, r"first<br>\s*&lt;b&gt;second&lt;/b&gt;<br>")
        self.assertRegex(order.activity_ids.note, r"first<br>\s*&lt;b&gt;second")
        order.action_decline_cancellation("No.\r\nSorry.")
        self.assertRegex(order.message_ids[0].body, r"No\.<br>\s*Sorry\.")

    def test_reason_of_the_length_that_the_page_allows(self):
        order = self._create_order()
        reason = ("A line of my reason.\n" * 120)[:2000]
        answer = self._post(f"{self._url(order)}/cancel", reason=reason.replace("\n", "\r\n"))
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(order.state, "cancel")
        self.assertNotIn("\r", self._rows(order)[-1].note)

    # === NARROW SCREENS === #

    def test_long_names_wrap_in_the_badge(self):
        with file_open("order_status_flags/static/src/scss/order_status.scss") as scss:
            badge = scss.read().split(".o_order_status_badge {", 1)[1].split("}")[0]
        self.assertIn("white-space: normal", badge)
