import re
from datetime import timedelta
from unittest.mock import patch

from markupsafe import escape

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.http import Request
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .common import OrderStatusCommon


class PortalCommon(OrderStatusCommon, HttpCase):
    """A company with two portal logins, and somebody else's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._make_english_the_default()
        cls.buyer_company = cls.env["res.partner"].create(
            {
                "name": "Paint House",
                "is_company": True,
                "email": "house@example.com",
                "lang": "en_US",
            }
        )
        cls.buyer = cls._create_portal_user("test_buyer", cls.buyer_company)
        cls.colleague = cls._create_portal_user("test_colleague", cls.buyer_company)
        cls.stranger = cls._create_portal_user(
            "test_stranger",
            cls.env["res.partner"].create({"name": "Another Shop", "lang": "en_US"}),
        )
        cls.customer = cls.buyer.partner_id

    @classmethod
    def _make_english_the_default(cls):
        """Pages in English without a redirect to another language, on every database."""
        english = cls.env["res.lang"]._activate_lang("en_US")
        cls.env["ir.default"].set("res.partner", "lang", "en_US")
        cls.company.partner_id.lang = "en_US"
        if "website" in cls.env:
            cls.env["website"].search([]).write(
                {"language_ids": [Command.link(english.id)], "default_lang_id": english.id}
            )

    @classmethod
    def _create_portal_user(cls, login, company):
        user = new_test_user(
            cls.env,
            login,
            groups="base.group_portal",
            lang="en_US",
            context={"no_reset_password": True},
        )
        user.partner_id.parent_id = company
        return user

    def _login(self, user):
        self.authenticate(user.login, user.login)

    def _get(self, url, **kwargs):
        return self.url_open(url, allow_redirects=False, **kwargs)

    def _post(self, url, csrf=True, **data):
        if csrf:
            data["csrf_token"] = Request.csrf_token(self)
        return self.url_open(url, data=data, allow_redirects=False)

    def _cancel(self, order, **data):
        return self._post(f"/my/orders/{order.id}/cancel", **data)

    def _alerts(self, html):
        found = re.findall(r'<div[^>]*role="alert"[^>]*>(.*?)</div>', html, re.S)
        return [" ".join(text.split()) for text in found]


@tagged("post_install", "-at_install")
class TestPortalList(PortalCommon):
    def _listed(self, url="/my/orders"):
        response = self._get(url)
        self.assertEqual(response.status_code, 200, url)
        return set(re.findall(r"/my/orders/(\d+)\?", response.text))

    def _ids(self, *orders):
        return {str(order.id) for order in orders}

    def test_placed_orders_are_listed_and_quotations_are_not(self):
        confirmed = self._create_order()
        cancelled = self._create_order()
        cancelled._action_cancel()
        web = self._create_order(confirm=False, document_type="web")
        web.action_quotation_sent()
        quotation = self._create_order(confirm=False)
        quotation.action_quotation_sent()
        declined = self._create_order(confirm=False)
        declined._action_cancel()
        draft = self._create_order(confirm=False, document_type="web")
        self._login(self.buyer)
        listed = self._listed()
        self.assertEqual(listed, self._ids(confirmed, cancelled, web))
        quotes = self._get("/my/quotes").text
        self.assertIn(quotation.name, quotes)
        for order in (confirmed, cancelled, web, declined, draft):
            self.assertNotIn(f"/my/orders/{order.id}?", quotes)

    def test_counters(self):
        self._login(self.buyer)
        counters = {"counters": ["order_count", "quotation_count"]}
        self.assertEqual(
            self.make_jsonrpc_request("/my/counters", counters),
            {"order_count": 0, "quotation_count": 0},
        )
        web = self._create_order(confirm=False, document_type="web")
        web.action_quotation_sent()
        self.assertEqual(
            self.make_jsonrpc_request("/my/counters", counters),
            {"order_count": 1, "quotation_count": 0},
        )
        self._create_order(confirm=False).action_quotation_sent()
        self.assertEqual(
            self.make_jsonrpc_request("/my/counters", counters),
            {"order_count": 1, "quotation_count": 1},
        )

    def test_filter_by_the_status_the_customer_sees(self):
        internal = self._create_status("Waiting for the bank", is_public=False)
        saved = self._create_order()
        hidden = self._create_order()
        hidden.set_order_status(internal.id)
        moved = self._create_order()
        moved.set_order_status(self.in_progress.id)
        self._login(self.buyer)
        url = "/my/orders?filterby=%s"
        self.assertEqual(self._listed(url % self.saved.id), self._ids(saved, hidden))
        self.assertEqual(self._listed(url % self.in_progress.id), self._ids(moved))
        # An internal status is no filter, nor shown.
        self.assertEqual(self._listed(url % internal.id), self._ids(saved, hidden, moved))
        self.assertNotIn("Waiting for the bank", self._get("/my/orders").text)

    def test_codebook_is_read_once_and_its_changes_are_seen(self):
        self.env["res.lang"]._activate_lang("sl_SI")
        order, status = self._create_order(), self._create_status("Packed")
        order.set_order_status(status.id)

        def seen(lang="en_US", companies=self.company):
            orders = order.with_context(lang=lang, allowed_company_ids=companies.ids)
            filters = orders._get_portal_status_filters()
            name = filters[status.id][0] if status.id in filters else None
            return name, str(orders._get_customer_badges()[order.id])

        self.assertEqual(seen(), seen("sl_SI"))
        with self.assertQueryCount(0):
            self.assertEqual(seen()[0], "Packed")
        for values, name in (({"name": "Boxed"}, "Boxed"), ({"name": "<Taped>"}, "<Taped>")):
            status.write(values)
            self.assertEqual(seen()[0], name)
            self.assertIn(escape(name), seen()[1])
        status.update_field_translations("name", {"sl_SI": "Zapakirano"})
        self.assertEqual(seen("sl_SI")[0], "Zapakirano")
        self.assertIn("Zapakirano", seen("sl_SI")[1])
        self.assertEqual(seen()[0], "<Taped>")
        # No choice any longer, and what the order had all the same.
        status.active = False
        self.assertEqual(seen()[0], None)
        self.assertIn("Taped", seen()[1])
        status.active = True
        status.company_id = self.company
        other = self.env["res.company"].create({"name": "Another company"})
        self.assertEqual(seen(companies=other)[0], None)
        self.assertEqual(seen()[0], "<Taped>")
        status.is_public = False
        self.assertEqual(seen()[0], None)
        self.assertNotIn("Taped", seen()[1])

    def test_statuses_of_one_name_are_one_choice(self):
        twin = self._create_status(self.in_progress.name, document_type="sale")
        order, other = self._create_orders(2)
        order.set_order_status(twin.id)
        other.set_order_status(self.in_progress.id)
        self._login(self.buyer)
        for status in (twin, self.in_progress):
            self.assertEqual(
                self._listed(f"/my/orders?filterby={status.id}"), self._ids(order, other)
            )
        page = self._get("/my/orders").text
        menu = page[page.index("portal_searchbar_filters") :]
        self.assertEqual(menu.count(f"<span>{self.in_progress.name}</span>"), 1)

    def test_garbage_in_the_url(self):
        order = self._create_order()
        self._login(self.buyer)
        for query in (
            "filterby=nonsense",
            "filterby=999999999999",
            "filterby=-1",
            "filterby=",
            "filterby=%00%27%22%3C",
            "page=zzz",
        ):
            self.assertEqual(self._listed(f"/my/orders?{query}"), self._ids(order), query)
            self.assertEqual(self._get(f"/my/quotes?{query}").status_code, 200, query)
        self.assertEqual(self._listed("/my/orders/page/999999999999999999999"), self._ids(order))

    def test_pager_keeps_the_filter(self):
        orders = self._create_orders(81)
        self._login(self.buyer)
        page = self._get(f"/my/orders?filterby={self.saved.id}").text
        links = re.findall(r'href="(/my/orders/page/2[^"]*)"', page)
        self.assertTrue(links)
        self.assertTrue(all(f"filterby={self.saved.id}" in link for link in links))
        second = self._listed(links[0].replace("&amp;", "&"))
        self.assertEqual(len(second), 1)
        self.assertLess(second, self._ids(*orders))
        unfiltered = re.findall(r'href="(/my/orders/page/2[^"]*)"', self._get("/my/orders").text)
        self.assertTrue(all("filterby" not in link for link in unfiltered))

    def test_status_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.saved.with_context(lang="pl_PL").name = "Zapisane"
        self.buyer.lang = "pl_PL"
        self._create_order()
        self._login(self.buyer)
        # Followed, since the page of another language may have another address.
        self.assertIn("Zapisane", self.url_open("/my/orders").text)

    def test_hidden_current_status_leaves_no_blank(self):
        order = self._create_order()
        order.set_order_status(self._create_status("Bank", is_public=False).id)
        self._login(self.buyer)
        for url in ("/my/orders", f"/my/orders/{order.id}"):
            page = self._get(url).text
            self.assertIn(self.saved.name, page)
            self.assertNotIn("Bank", page)

    def test_archived_status_still_shown(self):
        order = self._create_order()
        status = self._create_status("Packed in a box")
        order.set_order_status(status.id)
        status.active = False
        self._login(self.buyer)
        for url in ("/my/orders", f"/my/orders/{order.id}"):
            self.assertIn("Packed in a box", self._get(url).text)

    def test_list_reads_its_orders_once(self):
        """Nothing of them a second time, and not with whatever else an order has."""
        self._create_orders(3, commitment_date=fields.Datetime.now() + timedelta(days=9))
        self._login(self.buyer)
        self._get("/my/orders")  # core mints a token a row on the first visit
        self.env.invalidate_all()
        model, reads = self.env.registry["sale.order"], []
        fetch = model._fetch_query

        def counted(orders, query, columns):
            if columns:
                reads.append([column.name for column in columns])
            return fetch(orders, query, columns)

        with patch.object(model, "_fetch_query", counted):
            self._get("/my/orders")
        self.assertEqual(len(reads), 1, reads)
        self.assertNotIn("create_date", reads[0])

    def test_query_count_does_not_grow(self):
        statuses = self.saved + self.in_progress + self.fulfilled

        def count(number):
            for index, order in enumerate(self._create_orders(number)):
                order.set_order_status(statuses[index % 3].id)
            # Core mints a token a row on the first visit; the second one counts.
            self._get("/my/orders")
            with self._count_queries() as queries:
                self.assertEqual(self._get("/my/orders").status_code, 200)
            return queries[0]

        self._login(self.buyer)
        self.assertNoMoreQueries(count(5), count(30))


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
        self.assertIn("Please contact us", page)
        self._cancel(order)
        self.assertEqual(order.state, "sale")

    def test_a_refusal_halfway_through_leaves_nothing_half_done(self):
        order = self._create_order()
        rows = self._rows(order)

        def refuse(self):
            raise UserError("The warehouse says no.")  # pylint: disable=translation-required

        self.patch(self.env.registry["sale.order"], "_action_cancel", refuse)
        self._login(self.buyer)
        self.assertEqual(self._cancel(order).status_code, 303)
        self.assertEqual(order.order_status_id, self.saved)
        self.assertEqual(self._rows(order), rows)
        alerts = self._alerts(self._get(f"/my/orders/{order.id}").text)
        self.assertIn("The warehouse says no.", alerts)

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
