import re
from datetime import datetime
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .portal import PortalCommon


@tagged("post_install", "-at_install")
class TestPortalOrder(PortalCommon):
    def test_page_shows_status_and_timeline(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id, note="secret margin note")
        self._login(self.buyer)
        page = self._get(f"/my/orders/{order.id}").text
        steps = re.findall(r'o_step_name">([^<]*)<', page)
        self.assertEqual(steps, [self.in_progress.name, self.saved.name])
        self.assertNotIn("secret margin note", page)
        self.assertNotIn(order.order_tracking_token, page)

    def test_page_reads_history_in_one_query(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self._login(self.buyer)
        self.env.flush_all()
        self.env.invalidate_all()
        model, reads = self.env.registry["sale.order.status.history"], []
        fetch = model._fetch_query

        def counted(rows, query, columns):
            reads.append(columns)
            return fetch(rows, query, columns)

        with patch.object(model, "_fetch_query", counted):
            page = self._get(f"/my/orders/{order.id}").text
        self.assertIn(self.in_progress.name, page)
        self.assertEqual(len(reads), 1, reads)

    def test_page_reads_the_salesperson_with_who_it_is_read_as(self):
        order = self._create_order(user_id=self.manager.id)
        self._login(self.buyer)
        self.env.flush_all()
        self.env.invalidate_all()
        model, reads = self.env.registry["res.users"], []
        fetch = model._fetch_query

        def counted(users, query, columns):
            found = fetch(users, query, columns)
            reads.append(found.ids)
            return found

        with patch.object(model, "_fetch_query", counted):
            page = self._get(f"/my/orders/{order.id}").text
        self.assertIn(self.manager.name, page)
        self.assertIn({self.manager.id, SUPERUSER_ID}, [set(ids) for ids in reads])

    def test_moments_are_written_as_odoo_writes_them(self):
        moment = datetime(2026, 3, 29, 0, 59, 7)
        for code in ("en_US", "pl_PL", "sl_SI"):
            language = self.env["res.lang"]._activate_lang(code)
            for time_format in ("%H:%M:%S", "%I:%M:%S %p"):
                language.time_format = time_format
                for tz in (False, "Europe/Warsaw", "America/New_York"):
                    widget = self.env["ir.qweb.field.datetime"].with_context(lang=code, tz=tz)
                    self.assertEqual(
                        language.with_env(widget.env)._format_moment(moment),
                        widget.value_to_html(moment, {"hide_seconds": True}),
                    )

    def test_what_is_offered_follows_the_qualifier(self):
        order = self._create_order()
        url = f"/my/orders/{order.id}"
        self._login(self.buyer)
        self.assertIn("Cancel order", self._get(url).text)
        order.set_order_status(self.in_progress.id)
        page = self._get(url).text
        self.assertIn("Ask to cancel", page)
        self.assertNotIn("Cancel order", page)
        order.set_order_status(self.fulfilled.id)
        page = self._get(url).text
        self.assertNotIn(f"{url}/cancel", page)
        self.assertIn("The order can no longer be cancelled", page)

    def test_locked_order_offers_nothing(self):
        order = self._create_order()
        order.action_lock()
        self._login(self.buyer)
        page = self._get(f"/my/orders/{order.id}").text
        self.assertNotIn(f"/my/orders/{order.id}/cancel", page)
        self.assertIn("locked", page)
        self._cancel(order)
        self.assertEqual(order.state, "sale")

    def test_download_without_pdf_leads_back_and_says_so(self):
        failing = patch.object(
            IrActionsReport, "_render_qweb_pdf", side_effect=UserError("no wkhtmltopdf")
        )
        quotation = self._create_orders(confirm=False)
        quotation.state = "sent"
        self._login(self.buyer)
        for order in (self._create_order(), quotation):
            path = f"/my/orders/{order.id}"
            with (
                self.subTest(state=order.state),
                failing,
                mute_logger("odoo.addons.order_status_flags.controllers.portal"),
            ):
                response = self.url_open(f"{path}?report_type=pdf&download=true")
                self.assertEqual(response.status_code, 200)
                self.assertTrue(response.url.endswith(path))
                self.assertIn("The PDF cannot be made at this moment", response.text)
                self.assertNotIn("The PDF cannot be made", self.url_open(path).text, "only once")

    def test_quotation_has_no_status_and_no_cancelling(self):
        order = self._create_order(confirm=False)
        order.action_quotation_sent()
        self._login(self.buyer)
        page = self._get(f"/my/orders/{order.id}").text
        self.assertNotIn('id="order_status"', page)
        self.assertNotIn(f"/my/orders/{order.id}/cancel", page)
        self._cancel(order)
        self.assertEqual(order.state, "sent")

    def test_cancelled_order_is_no_quotation(self):
        order = self._create_order()
        order._action_cancel()
        self._login(self.buyer)
        page = self._get(f"/my/orders/{order.id}").text
        self.assertNotIn("This quotation has been cancelled", page)
        self.assertIn(self.rejected.name, page)
        self.assertEqual(order.type_name, "Sales Order")

    def test_customer_cancels(self):
        order = self._create_order()
        self._login(self.buyer)
        response = self._cancel(order, reason="Ordered twice")
        self.assertEqual(response.status_code, 303)
        self.assertURLEqual(response.headers["Location"], f"/my/orders/{order.id}")
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.order_status_id, self.rejected)
        row = self._rows(order)[-1]
        self.assertEqual(
            (row.source, row.partner_id, row.note), ("customer", self.customer, "Ordered twice")
        )
        self.assertChain(order)
        page = self._get(f"/my/orders/{order.id}").text
        self.assertIn("Your order is cancelled.", self._alerts(page))
        self.assertIn("by you", page)
        # It is told once.
        self.assertNotIn("Your order is cancelled.", self._get(f"/my/orders/{order.id}").text)

    def test_repeated_click_changes_nothing(self):
        order = self._create_order()
        self._login(self.buyer)
        self._cancel(order)
        rows, activities = self._rows(order), order.activity_ids
        response = self._cancel(order)
        self.assertEqual(response.status_code, 303)
        self.assertURLEqual(response.headers["Location"], f"/my/orders/{order.id}")
        self.assertEqual((self._rows(order), order.activity_ids), (rows, activities))

    def test_customer_asks(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self._login(self.buyer)
        self._cancel(order, reason="Found it cheaper")
        self.assertEqual(order.state, "sale")
        self.assertTrue(order.cancellation_requested_on)
        page = self._get(f"/my/orders/{order.id}").text
        self.assertIn("You asked to cancel this order", page)
        self.assertNotIn(f"/my/orders/{order.id}/cancel", page)
        requested = order.cancellation_requested_on
        messages = len(order.message_ids)
        self._cancel(order, reason="Again")
        self.assertEqual(order.cancellation_requested_on, requested)
        self.assertEqual(len(order.message_ids), messages)

    def test_closed_order_is_refused_with_the_reason(self):
        order = self._create_order()
        order.set_order_status(self.fulfilled.id)
        self._login(self.buyer)
        response = self._cancel(order, reason="Please")
        self.assertEqual(response.status_code, 303)
        self.assertEqual(order.state, "sale")
        alerts = self._alerts(self._get(f"/my/orders/{order.id}").text)
        self.assertTrue(any("can no longer be cancelled" in text for text in alerts), alerts)

    def test_reason_of_one_megabyte_is_refused(self):
        order = self._create_order()
        self._login(self.buyer)
        rows = self._rows(order)
        response = self._cancel(order, reason="x" * 1024 * 1024)
        self.assertEqual(response.status_code, 303)
        self.assertEqual((order.state, self._rows(order)), ("sale", rows))
        alerts = self._alerts(self._get(f"/my/orders/{order.id}").text)
        self.assertTrue(any("too long" in text for text in alerts), alerts)

    def test_required_reason(self):
        self.company.order_status_cancel_reason_required = True
        order = self._create_order()
        self._login(self.buyer)
        for reason in ({}, {"reason": ""}, {"reason": " \n\t"}):
            self._cancel(order, **reason)
            self.assertEqual(order.state, "sale")
            alerts = self._alerts(self._get(f"/my/orders/{order.id}").text)
            self.assertIn("Please tell us why you want to cancel the order.", alerts)
        self._cancel(order, reason="Ordered twice")
        self.assertEqual(order.state, "cancel")

    def test_switched_off_by_the_company(self):
        self.company.order_status_customer_cancel = False
        order = self._create_order()
        self._login(self.buyer)
        page = self._get(f"/my/orders/{order.id}").text
        self.assertNotIn(f"/my/orders/{order.id}/cancel", page)
        self.assertIn("Cancelling the order</h5>", page)
        self.assertIn("Please contact us", page)
        self._cancel(order)
        self.assertEqual(order.state, "sale")

    def test_a_refusal_halfway_through_leaves_nothing_half_done(self):
        order = self._create_order()
        rows = self._rows(order)
        words = self._refuse_cancelling()
        self._login(self.buyer)
        self.assertEqual(self._cancel(order).status_code, 303)
        self.assertEqual(order.order_status_id, self.saved)
        self.assertEqual(self._rows(order), rows)
        alerts = self._alerts(self._get(f"/my/orders/{order.id}").text)
        self.assertIn(words, alerts)

    def test_get_never_cancels(self):
        order = self._create_order()
        self._login(self.buyer)
        url = f"/my/orders/{order.id}/cancel?reason=x"
        for method in ("PUT", "DELETE"):
            response = self.opener.request(method, self.base_url() + url, allow_redirects=False)
            self.assertEqual(response.status_code, 405, method)
        # Who had to log in on the way is led to the page.
        for method in ("GET", "HEAD"):
            response = self.opener.request(method, self.base_url() + url, allow_redirects=False)
            self.assertURLEqual(response.headers["Location"], f"/my/orders/{order.id}")
        self.assertEqual(order.state, "sale")
