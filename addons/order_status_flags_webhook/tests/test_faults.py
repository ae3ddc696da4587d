import time
from unittest.mock import patch

from odoo.tests import tagged

from .. import pinned_connection
from . import endpoint as endpoints
from .common import WebhookCommon


@tagged("post_install", "-at_install")
class TestFaults(WebhookCommon):
    """Endpoints that do what endpoints do."""

    def setUp(self):
        super().setUp()
        self.endpoint = self._start()
        self.webhook = self._create_webhook(self.endpoint.url)
        self.patch(pinned_connection, "TOTAL_SECONDS", 1)
        self.patch(pinned_connection, "BODY_SECONDS", 0.5)

    def _deliver_to(self, answer):
        self.endpoint.answer = answer
        self._create_order()
        started = time.monotonic()
        self._deliver()
        self.assertLess(time.monotonic() - started, 10)
        return self._deliveries(self.webhook)[-1]

    def test_gone_endpoint_is_switched_off(self):
        self._create_orders(2)
        delivery = self._deliver_to(410)
        self.assertFalse(self.webhook.active)
        self.assertEqual(set(self._deliveries(self.webhook).mapped("state")), {"failed"})
        self.assertEqual(len(self.endpoint.requests), 1)
        self.assertEqual(len(self.webhook.activity_ids), 1)
        self.assertIn("410", " ".join(self.webhook.message_ids.mapped("body")))
        self.assertIn("410", delivery.answer)
        self._create_order()
        self.assertFalse(self._deliveries(self.webhook, state="pending"))

    def test_redirect_is_a_failure_and_not_followed(self):
        other = self._start()
        for status in (301, 302, 303, 307, 308):
            self.endpoint.answer = lambda handler, status=status: handler.reply(
                status, Location=other.url
            )
            self._create_order()
            self._deliver()
            delivery = self._deliveries(self.webhook)[-1]
            with self.subTest(status=status):
                self.assertEqual((delivery.state, delivery.answer_code), ("pending", status))
                self.assertIn("redirect", delivery.answer)
        self.assertEqual(other.connections, 0)

    def test_every_2xx_is_sent_and_nothing_else(self):
        for status, state in ((201, "sent"), (202, "sent"), (204, "sent"), (299, "sent")):
            self.assertEqual(self._deliver_to(status).state, state)
        for status in (400, 401, 404, 429, 500, 503):
            self.assertEqual(self._deliver_to(status).state, "pending")

    def test_20_mib_of_answer(self):
        delivery = self._deliver_to(endpoints.big)
        self.assertEqual(delivery.state, "sent")
        self.assertLess(len(delivery.answer), 3000)

    def test_endless_answer(self):
        self.assertEqual(self._deliver_to(endpoints.endless).state, "sent")

    def test_endless_headers(self):
        self.assertEqual(self._deliver_to(endpoints.endless_headers).state, "pending")

    def test_headers_byte_by_byte(self):
        delivery = self._deliver_to(endpoints.trickle)
        self.assertEqual(delivery.state, "pending")
        self.assertFalse(delivery.answer_code)

    def test_no_answer(self):
        delivery = self._deliver_to(endpoints.silence)
        self.assertEqual((delivery.state, delivery.answer), ("pending", "No answer in time."))

    def test_connection_that_breaks(self):
        delivery = self._deliver_to(endpoints.hang_up)
        self.assertEqual((delivery.state, delivery.answer_code), ("pending", 0))
        self.assertEqual(delivery.answer, "The connection broke.")

    def test_answer_that_is_no_http(self):
        self.assertEqual(self._deliver_to(endpoints.gibberish).answer, "The answer was no HTTP.")

    def test_answer_with_what_no_database_takes(self):
        delivery = self._deliver_to(lambda handler: handler.reply(200, b"a\x00b\xff"))
        self.assertEqual(delivery.answer, "200 OK\nab\ufffd")

    def test_endpoint_that_hangs_up_between_two_messages(self):
        def once(handler):
            handler.close_connection = True
            handler.reply(200)

        self.endpoint.answer = once
        self._create_orders(3)
        self._deliver()
        self.assertEqual(set(self._deliveries(self.webhook).mapped("state")), {"sent"})
        self.assertEqual((len(self.endpoint.requests), self.endpoint.connections), (3, 3))

    def test_certificate_is_verified(self):
        self.webhook.url = self.endpoint.url.replace("http:", "https:")
        delivery = self._deliver_to(200)
        self.assertEqual(delivery.state, "pending")
        self.assertIn("secure connection", delivery.answer)
        self.assertFalse(self.endpoint.requests)

    def test_slow_endpoint_delays_nobody(self):
        slow = self._start(endpoints.silence)
        webhook = self._create_webhook(slow.url)
        arrived = []
        self.endpoint.answer = lambda handler: (
            arrived.append(time.monotonic()),
            handler.reply(200),
        )
        with patch.object(pinned_connection, "TOTAL_SECONDS", 3):
            self._create_orders(10)
            started = time.monotonic()
            self._deliver()
        self.assertEqual(len(arrived), 10)
        self.assertLess(arrived[-1] - started, 2.5)
        self.assertEqual(set(self._deliveries(webhook).mapped("state")), {"pending"})

    def test_message_that_cannot_be_made_stops_no_other(self):
        first, *others = self._create_orders(7)
        model = self.registry["order.status.webhook.delivery"]
        make = model._prepare_message

        def fail(row, change, shown):
            if row.order_id == first:
                raise ValueError("no")
            return make(row, change, shown)

        with (
            patch.object(model, "_prepare_message", fail),
            self.assertLogs("odoo.addons.order_status_flags_webhook", "WARNING"),
        ):
            self._deliver()
        states = {row.order_id: row.state for row in self._deliveries(self.webhook)}
        self.assertEqual(states, {first: "failed", **dict.fromkeys(others, "sent")})
        self.assertEqual(self._deliveries(self.webhook, state="failed").answer, "no")
