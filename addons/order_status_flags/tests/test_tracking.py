import logging
import re
from datetime import datetime
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..access_log import RedactToken
from .portal import TrackingCommon


@tagged("post_install", "-at_install")
class TestTrackingPage(TrackingCommon):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def _assert_not_found(self, url):
        response = self._get(url)
        self.assertEqual(response.status_code, 404, url)
        self.assertEqual(response.text, self._get("/order/status/no-such-token").text, url)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertIn("noindex", response.headers["X-Robots-Tag"])

    def test_delivery_charge_has_no_quantity(self):
        order = self._create_order()
        line = order.order_line
        self.assertIn("5.00", self._open(order))
        # A field of the deliveries addon, which need not be there.
        if "is_delivery" in line._fields:
            line.is_delivery = True
        self.assertEqual(line._is_delivery_charge(), "is_delivery" in line._fields)
        self.assertEqual("5.00" in self._open(order), not line._is_delivery_charge())

    def test_what_the_page_shows(self):
        order = self._create_order(client_order_ref="PO-77")
        order.set_order_flag(self.flag_in_progress.id, note="secret note")
        page = self._open(order)
        for shown in (
            order.name,
            self.in_progress.name,
            self.in_progress.description,
            self.saved.name,
            "Blue paint",
            "5.00",
            self.company.name,
        ):
            self.assertIn(shown, page)
        self.assertTrue(page.startswith("<!DOCTYPE html>"), page[:60])

    def test_what_the_page_keeps_to_itself(self):
        self.customer.write({"street": "Long Street 7", "phone": "555-0101", "vat": False})
        order = self._create_order(
            note="Payment within 30 days",
            order_line=[
                Command.create({"product_id": self.product.id, "price_unit": 1234.56}),
                Command.create({"display_type": "line_note", "name": "Price agreed: 99"}),
            ],
        )
        order.set_order_flag(self.flag_in_progress.id, note="secret note")
        # Without tokens, whose random digits may be those of the price.
        page = re.sub(r"[\w-]{32,}", "", self._open(order))
        for hidden in (
            "1234",
            "1,234",
            "Price agreed",
            "Long Street",
            "555-0101",
            "buyer@example.com",
            self.customer.email,
            self.customer.name,
            "secret note",
            "Payment within",
            self.seller.name,
            order._portal_ensure_token(),
            "/my/orders",
            "/accept",
            "/transaction",
        ):
            self.assertNotIn(hidden, page)
        # Its own script, a file without a word about the order.
        self.assertEqual(page.count("<script"), 1)
        self.assertIn('<script src="/order_status_flags/static/src/js/live_page.js', page)

    def test_headers(self):
        response = self._get(self._url(self._create_order()))
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", response.headers["X-Robots-Tag"])
        self.assertIn('name="robots" content="noindex', response.text)

    def test_one_404_for_everything_that_is_not_to_be_seen(self):
        order = self._create_order()
        old = self._url(order)
        order.rotate_tracking_token()
        self._assert_not_found(old)
        self._open(order)
        order._action_cancel()
        self._open(order)
        order.action_draft()
        self._assert_not_found(self._url(order))
        for garbage in (
            "",
            "/",
            "/x",
            "/%00",
            f"/{order.order_tracking_token}%00",
            "/" + "%C5%BC%C3%B3%C5%82w" * 8,
            "/" + "%FF%FE%FD" * 10,
            "/" + "a" * 10_000,
            "/%25%27%3B--" + "x" * 20,
            f"/{order.access_token}",
            f"/{order.id}",
            "/" + "%F0%9F%8D%80" * 20,
        ):
            self._assert_not_found(f"/order/status{garbage}")

    def test_link_ends_when_the_order_is_a_quotation_again(self):
        order = self._create_order()
        old = self._url(order)
        order._action_cancel()
        order.action_draft()
        self.assertFalse(order.order_tracking_token)
        order.action_confirm()
        self._open(order)
        self._assert_not_found(old)

    def test_links_end_with_the_customer(self):
        order = self._create_order()
        old, access_token = self._url(order), order.access_token
        order.message_subscribe(self.customer.ids)
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.customer.id, "email": "contact@example.com"}
        )
        order.partner_id = contact
        self.assertEqual((self._url(order), order.access_token), (old, access_token))
        other = self.env["res.partner"].create({"name": "Other", "email": "other@example.com"})
        order.partner_id = other
        self._open(order)
        self._assert_not_found(old)
        self.assertTrue(order.access_token)
        self.assertNotEqual(order.access_token, access_token)
        self.assertNotIn(self.customer, order.message_partner_ids)

    def test_access_token_of_a_quotation_ends_with_the_customer(self):
        order = self._create_order(confirm=False)
        access_token = order._portal_ensure_token()
        order.partner_id = self.env["res.partner"].create({"name": "Other"})
        self.assertNotEqual(order.access_token, access_token)
        self.assertFalse(order.order_tracking_token)

    def test_page_switched_off(self):
        order = self._create_order()
        self.company.order_status_tracking_page = False
        self._assert_not_found(self._url(order))
        self.assertFalse(order._get_tracking_url())
        response = self._post(f"{self._url(order)}/cancel")
        self.assertEqual(response.status_code, 404)
        self.assertEqual(order.state, "sale")

    def test_quotation_has_no_page(self):
        order = self._create_order(confirm=False)
        order.action_quotation_sent()
        self.assertFalse(order.order_tracking_token)
        self.assertFalse(order.tracking_url)

    def test_token_is_not_the_access_token_and_not_guessable(self):
        order, other = self._create_orders(2)
        tokens = {order.order_tracking_token, other.order_tracking_token}
        self.assertEqual(len(tokens), 2)
        self.assertTrue(all(len(token) >= 40 for token in tokens))
        self.assertNotIn(order.access_token, tokens)

    def test_many_orders_are_placed_by_as_many_writes_as_two(self):
        model = self.registry["sale.order"]
        origin, counts = model.write, []
        for size in (2, 8):
            orders = self.env["sale.order"].concat(
                *(self._create_order(confirm=False) for _order in range(size))
            )
            self.assertEqual(set(orders.mapped("tracking_url")), {False})
            with patch.object(model, "write", autospec=True, side_effect=origin) as write:
                orders.action_confirm()
            counts.append(write.call_count)
            urls = orders.mapped("tracking_url")
            orders.invalidate_recordset()
            tokens = orders.mapped("order_tracking_token")
            self.assertEqual(len({*tokens, *orders.mapped("access_token")} - {False}), 2 * size)
            for url, token in zip(urls, tokens, strict=True):
                self.assertTrue(url.endswith(f"/{token}"))
        self.assertEqual(counts[0], counts[1])

    def test_token_that_is_there_stays(self):
        order = self._create_order(confirm=False)
        access_token = order._portal_ensure_token()
        order.action_confirm()
        self.assertEqual(order.access_token, access_token)

    def test_get_and_head_change_nothing(self):
        order = self._create_order()
        self.env.flush_all()
        before = order.read(["state", "write_date", "order_tracking_token", "access_token"])
        rows, messages = self._rows(order), order.message_ids
        for method in ("GET", "HEAD"):
            response = self.opener.request(method, self.base_url() + self._url(order))
            self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        self.assertEqual(
            order.read(["state", "write_date", "order_tracking_token", "access_token"]), before
        )
        self.assertEqual((self._rows(order), order.message_ids), (rows, messages))

    def test_wrong_methods(self):
        order = self._create_order()
        for method, url in (
            ("POST", self._url(order)),
            ("PUT", self._url(order)),
            ("DELETE", self._url(order)),
            ("PUT", f"{self._url(order)}/cancel"),
        ):
            response = self.opener.request(method, self.base_url() + url, allow_redirects=False)
            self.assertEqual(response.status_code, 405, f"{method} {url}")
        for method in ("GET", "HEAD"):
            url = f"{self.base_url()}{self._url(order)}/cancel"
            response = self.opener.request(method, url, allow_redirects=False)
            self.assertURLEqual(response.headers["Location"], self._url(order))
            response = self.opener.request(method, url + "?lang=en_US", allow_redirects=False)
            self.assertURLEqual(response.headers["Location"], self._url(order) + "?lang=en_US")
        self._assert_not_found("/order/status/no-such-token/cancel")
        self.assertEqual(order.state, "sale")

    def test_language_of_the_customer(self):
        for code in ("pl_PL", "sl_SI"):
            self.env["res.lang"]._activate_lang(code)
        self.saved.with_context(lang="pl_PL").name = "Zapisane"
        self.saved.with_context(lang="sl_SI").name = "Shranjeno"
        self.saved.with_context(lang="en_US").name = "Saved it"
        order = self._create_order()
        self.customer.lang = "pl_PL"
        page = self._open(order)
        self.assertIn("Zapisane", page)
        self.assertIn('lang="pl-PL"', page)
        # What the visitor chose comes first; what is not installed is no choice.
        self.assertIn("Shranjeno", self._open(order, "?lang=sl_SI"))
        self.assertIn("Zapisane", self._open(order, "?lang=xx_XX"))
        # Who is logged in reads in the own language.
        self.colleague.lang = "en_US"
        self._login(self.colleague)
        self.assertIn("Saved it", self._open(order))

    def test_time_zone_of_the_customer(self):
        order = self._create_order()
        self.customer.tz = "Asia/Tokyo"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET date_order = %s WHERE id = %s",
            [datetime(2026, 3, 31, 20, 0), order.id],
        )
        order.invalidate_recordset()
        self.assertIn("04/01/2026", self._open(order))

    def test_hidden_status_leaves_the_last_public_one(self):
        order = self._create_order()
        order.set_order_status(self._create_status("Bank", is_public=False).id)
        page = self._open(order)
        self.assertIn(self.saved.name, page)
        self.assertNotIn("Bank", page)

    def test_delivery_information(self):
        order = self._create_order()
        model = type(self.env["sale.order"])
        # Whatever another addon knows of the delivery.
        with patch.object(model, "_get_customer_delivery_info", lambda self: {}):
            self.assertNotIn("Delivery", self._open(order))
        info = {
            "expected_date": datetime(2126, 7, 1, 12, 0),
            "carriers": [
                {"name": "Fast Parcel", "ref": "FP123", "url": "https://parcel.example.com/FP123"},
                {"name": "Odd Carrier", "ref": "ODD", "url": "javascript:alert(1)"},
            ],
        }
        with patch.object(model, "_get_customer_delivery_info", lambda self: info):
            page = self._open(order)
        self.assertIn("07/01/2126", page)
        self.assertIn('href="https://parcel.example.com/FP123"', page)
        self.assertIn("ODD", page)
        self.assertNotIn("javascript:", page)

    def test_promised_date(self):
        order = self._create_order(commitment_date=datetime(2126, 8, 2, 12, 0))
        self.assertIn("08/02/2126", self._open(order))

    def test_not_in_the_sitemap(self):
        for rule in self.env["ir.http"].routing_map().iter_rules():
            if rule.rule.startswith("/order/status"):
                self.assertIs(rule.endpoint.routing["sitemap"], False)
                self.assertFalse(rule.endpoint.routing.get("website"))

    def test_query_count_does_not_grow(self):
        few, many = (
            self._create_order(
                order_line=[
                    Command.create({"product_id": self.product.id, "product_uom_qty": number + 1})
                    for number in range(size)
                ]
            )
            for size in (2, 40)
        )
        few.set_order_status(self.in_progress.id)
        for number in range(15):
            many.set_order_status((self.saved if number % 2 else self.in_progress).id)
        counts = []
        for order in (few, few, many):
            with self._count_queries() as queries:
                self._open(order)
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts[1:])
        self.assertLessEqual(counts[2], 27)


@tagged("post_install", "-at_install")
class TestAccessLog(TrackingCommon):
    def _filtered(self, message, *args):
        record = logging.LogRecord("werkzeug", logging.INFO, __file__, 1, message, args, None)
        self.assertTrue(RedactToken("order/status").filter(record))
        return record.getMessage()

    def test_token_is_redacted_however_it_is_written(self):
        for path in (
            "/order/status/SECRET",
            "/order/status/SECRET/cancel",
            "/order/status/SECRET?lang=pl_PL",
            "//order//status//SECRET",
            "/web/login?redirect=/order/status/SECRET",
            "/web/login?redirect=%2Forder%2Fstatus%2fSECRET&x=1",
        ):
            line = self._filtered('"%s" %s %s', f"GET {path} HTTP/1.1", "200", "-")
            self.assertNotIn("SECRET", line)
            self.assertIn("200", line)

    def test_other_lines_stay_as_they_are(self):
        for path in ("/my/orders/5?access_token=abc", "/order/statusses/x", "/shop/order/status"):
            line = f'"GET {path} HTTP/1.1" 100%'
            self.assertEqual(self._filtered("%s", line), line)

    def test_filter_sits_where_paths_are_logged(self):
        for name in ("werkzeug", "odoo.http"):
            with self.assertLogs(name, "WARNING") as logs:
                logging.getLogger(name).warning("Refused %r", "/order/status/SECRET/cancel")
            self.assertIn("/order/status/***/cancel", logs.output[0])
