from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.order_status_flags_webhook.models.order_status_webhook_delivery import (
    body,
    sending,
)

from . import endpoint as endpoints
from .common import WebhookCommon


@tagged("post_install", "-at_install")
class TestDelivery(WebhookCommon):
    def setUp(self):
        super().setUp()
        self.endpoint = self._start()
        self.webhook = self._create_webhook(self.endpoint.url)

    def _told(self):
        return [(m["data"]["order"], m["data"]["status"]) for m in self.endpoint.messages]

    def test_message_arrives_by_the_letter(self):
        order = self._create_order()
        self._deliver()
        delivery = self._deliveries(self.webhook)
        ((path, headers, body),) = self.endpoint.requests
        self.assertEqual(path, "/hook?x=1")
        self.assertEqual(body.decode(), delivery.body)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["webhook-id"], delivery.message_id)
        self.assertRegex(headers["webhook-timestamp"], r"^\d{10}$")
        self.assertEqual(
            (delivery.state, delivery.attempts, delivery.answer_code, delivery.order_id),
            ("sent", 1, 200, order),
        )
        self.assertEqual(delivery.answer, "200 OK\nthanks")
        self._deliver()
        self.assertEqual(len(self.endpoint.requests), 1)

    def test_order_is_kept_for_each_order(self):
        first, second = self._create_orders(2)
        for status in (self.in_progress, self.fulfilled):
            (first | second).set_order_status(status.id)
        self._deliver()
        for order in (first, second):
            told = [status for name, status in self._told() if name == order.name]
            self.assertEqual(told, ["Saved", "In progress", "Fulfilled"])

    def test_connection_is_used_again(self):
        self._create_orders(20)
        self._deliver()
        self.assertEqual((len(self.endpoint.requests), self.endpoint.connections), (20, 1))

    def test_failed_message_holds_back_those_of_its_order_only(self):
        first, second = self._create_orders(2)
        first.set_order_status(self.in_progress.id)
        self.endpoint.answer = lambda handler: handler.reply(
            500 if first.name.encode() in handler.server.requests[-1][2] else 200
        )
        self._deliver()
        self.assertEqual(self._told(), [(first.name, "Saved"), (second.name, "Saved")])
        self.endpoint.answer = 200
        self._make_due(self.webhook)
        self._deliver()
        told = [status for name, status in self._told() if name == first.name]
        self.assertEqual(told, ["Saved", "Saved", "In progress"])

    def test_pauses_are_those_of_the_standard(self):
        self.endpoint.answer = 500
        self._create_order()
        delivery = self._deliveries(self.webhook)
        pauses = []
        for _attempt in range(9):
            self._make_due(self.webhook)
            self._deliver()
            pauses.append(delivery.next_try - fields.Datetime.now())
        hours = timedelta(hours=1)
        expected = [
            *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), 2 * hours),
            *(5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours),
        ]
        for pause, wanted in zip(pauses, expected, strict=True):
            self.assertAlmostEqual(pause.total_seconds(), wanted.total_seconds(), delta=4)
        self.assertEqual(len({r[1]["webhook-id"] for r in self.endpoint.requests}), 1)
        self.assertGreater(len({r[1]["webhook-signature"] for r in self.endpoint.requests}), 0)

    def test_not_due_is_not_sent(self):
        self.endpoint.answer = [500, 200]
        self._create_order()
        self._deliver()
        self._deliver()
        self.assertEqual(len(self.endpoint.requests), 1)
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("order_status_flags_webhook.ir_cron_webhook").id)],
            order="call_at desc",
            limit=1,
        )
        self.assertGreaterEqual(trigger.call_at, self._deliveries(self.webhook).next_try)

    def test_given_up_after_three_days_and_the_administrator_is_told_once(self):
        self.endpoint.answer = 503
        self._create_orders(2)
        self._deliver()
        old = fields.Datetime.now() - timedelta(days=3, minutes=1)
        self._deliveries(self.webhook).write({"begun": old})
        self._make_due(self.webhook)
        self._deliver()
        self.assertEqual(set(self._deliveries(self.webhook).mapped("state")), {"failed"})
        self.assertEqual(self.webhook.failed_count, 2)
        self.assertEqual(len(self.webhook.activity_ids), 1)
        self.assertTrue(self.webhook.activity_ids.user_id.has_group("base.group_system"))

    def test_send_again(self):
        self.endpoint.answer = [400, 200]
        self._create_order()
        self._deliver()
        delivery = self._deliveries(self.webhook)
        delivery.state = "failed"
        self.assertIs(delivery.action_resend(), True)
        self._deliver()
        self.assertEqual((delivery.state, delivery.attempts), ("sent", 1))
        delivery.action_resend()
        self._deliver()
        ids = [headers["webhook-id"] for _path, headers, _body in self.endpoint.requests]
        self.assertEqual(ids, [delivery.message_id] * 3)

    def test_nothing_is_sent_again_while_switched_off(self):
        self._create_order()
        self._deliver()
        delivery = self._deliveries(self.webhook)
        before = delivery.answer
        self.webhook.active = False
        with self.assertRaisesRegex(UserError, "Switch it on first"):
            delivery.action_resend()
        self.assertEqual((delivery.state, delivery.answer), ("sent", before))

    def test_new_address_ends_what_was_told_of_the_old_one(self):
        self.webhook._on_failure(fields.Datetime.now() - timedelta(hours=2))
        self.webhook._on_failure(fields.Datetime.now())
        self.assertEqual(self.webhook.activity_ids.mapped("summary"), ["Nothing is delivered"])
        self.webhook.url = f"{self.webhook.url}/new"
        self.assertFalse(self.webhook.activity_ids)
        self.webhook._on_failure(fields.Datetime.now() - timedelta(hours=2))
        self.webhook._on_failure(fields.Datetime.now())
        self.assertEqual(len(self.webhook.activity_ids), 1, "told anew")

    def test_test_message(self):
        notification = self.webhook.action_test()
        self.assertEqual(notification["params"]["type"], "success")
        (message,) = self.endpoint.messages
        self.assertEqual(message["type"], "webhook.test")
        self.assertEqual(self._deliveries(self.webhook).state, "sent")
        self.endpoint.answer = 404
        notification = self.webhook.action_test()
        self.assertEqual(notification["params"]["type"], "danger")
        self.assertIn("404", notification["params"]["message"])
        self._deliver()
        self.assertEqual(len(self.endpoint.requests), 2, "a test is tried once")

    def test_deleted_order_is_not_told(self):
        order = self._create_order()
        order._action_cancel()
        order.sudo().unlink()
        self.assertFalse(self._deliveries(self.webhook))

    def test_old_ones_are_vacuumed(self):
        self._create_orders(4)
        rows = self._deliveries(self.webhook)
        now = fields.Datetime.now()
        days = (29, 31, 100, 200)
        for row, state, age in zip(rows, ("sent", "sent", "failed", "failed"), days, strict=True):
            row.write({"state": state, "date": now - timedelta(days=age)})
        self.assertEqual(rows._gc_old_deliveries(), (2, False))
        self.assertEqual(rows.exists(), rows[0] | rows[2])

    # === ENDPOINTS SIDE BY SIDE === #

    def test_dead_endpoint_is_tried_with_one_message_not_with_all(self):
        dead = self._start()
        dead.shutdown()
        dead.server_close()
        webhook = self._create_webhook(dead.url)
        self._create_orders(30)
        self._deliver()
        self.assertEqual(len(self.endpoint.requests), 30)
        self.assertEqual(sum(self._deliveries(webhook).mapped("attempts")), sending.PATIENCE)
        self.assertTrue(webhook.resting_until)

    def test_endpoint_that_answers_again_gets_all_that_was_put_off(self):
        self.endpoint.answer = endpoints.hang_up
        self._create_orders(3)
        for _attempt in range(2):
            self._make_due(self.webhook)
            self._deliver()
        rows = self._deliveries(self.webhook)
        self.assertTrue(self.webhook.resting_until)
        self.endpoint.answer = 200
        self._deliver()
        self.assertEqual(set(rows.mapped("state")), {"pending"}, "it is left alone")
        self.webhook.resting_until = fields.Datetime.now() - timedelta(seconds=1)
        rows[0].next_try = fields.Datetime.now()
        self._deliver()
        self.assertEqual(set(rows.mapped("state")), {"sent"})
        self.assertFalse(self.webhook.failures or self.webhook.resting_until)

    def _later(self, begun, **span):
        """Turn the clock to a moment after another one."""
        later = begun + timedelta(**span)
        self.patch(fields.Datetime, "now", staticmethod(lambda: later))

    def test_endpoint_down_for_two_days(self):
        self.endpoint.answer = 502
        order = self._create_order()
        begun = fields.Datetime.now()
        for hours, status in ((0, self.in_progress), (20, self.saved), (47, self.fulfilled)):
            self._later(begun, hours=hours)
            order.set_order_status(status.id)
            self._deliver()
        self.assertEqual(self.webhook.failing_since, begun)
        self.assertEqual(self.webhook.activity_ids.mapped("summary"), ["Nothing is delivered"])
        self.endpoint.requests.clear()
        self.endpoint.answer = 200
        self._later(begun, hours=59)
        self._deliver()
        self.assertEqual(
            [status for _name, status in self._told()],
            ["Saved", "In progress", "Saved", "Fulfilled"],
        )
        self.assertEqual(set(self._deliveries(self.webhook).mapped("state")), {"sent"})
        self.assertFalse(self.webhook.activity_ids or self.webhook.failing_since)
        self.assertIn("again", self.webhook.message_ids[:1].body)

    def test_administrator_is_told_once_of_each_failure_that_lasts(self):
        self.endpoint.answer = 500
        self._create_order()
        begun = fields.Datetime.now()
        for minutes, told in ((0, 0), (59, 0), (61, 1), (90, 1)):
            self._later(begun, minutes=minutes)
            self._make_due(self.webhook)
            self._deliver()
            with self.subTest(minutes=minutes):
                self.assertEqual(len(self.webhook.activity_ids), told)
        # Who has taken note of it is not told again every few minutes.
        self.webhook.activity_ids.action_feedback()
        self._later(begun, minutes=120)
        self._make_due(self.webhook)
        self._deliver()
        self.assertFalse(self.webhook.activity_ids)
        self.endpoint.answer = [200, 500]
        self._make_due(self.webhook)
        self._deliver()
        self._create_order()
        for minutes in (130, 200):
            self._later(begun, minutes=minutes)
            self._make_due(self.webhook)
            self._deliver()
        self.assertEqual(len(self.webhook.activity_ids), 1)

    def test_administrator_reads_it_in_his_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        admin = new_test_user(self.env, "polish_system", groups="base.group_system", lang="pl_PL")
        self.webhook.user_id = admin
        self.endpoint.answer = endpoints.hang_up
        self._create_order()
        begun = fields.Datetime.now()
        for hours in (0, 2):
            self._later(begun, hours=hours)
            self._make_due(self.webhook)
            self._deliver()
        polish = self.webhook.with_context(lang="pl_PL").env
        activity = self.webhook.activity_ids
        self.assertEqual(activity.user_id, admin)
        self.assertEqual(activity.summary, polish._("Nothing is delivered"))
        answer = self._deliveries(self.webhook).answer
        self.assertEqual(answer, polish._("The connection broke."))
        self.assertNotEqual(answer, "The connection broke.")

    def test_administrator_who_cannot_open_the_webhook_is_not_told(self):
        company = self.env["res.company"].create({"name": "Second"})
        own = {"company_id": company.id, "company_ids": [(6, 0, company.ids)]}
        other = new_test_user(self.env, "second_system", groups="base.group_system", **own)
        webhook = self._create_webhook(user_id=other.id)
        self.assertEqual(webhook._get_responsible(), self.env.ref("base.user_admin"))
        webhook.company_id = company
        self.assertEqual(webhook._get_responsible(), other)

    def test_very_many_messages_are_made_in_steps(self):
        """What is left is due: the scheduled action comes again at once."""
        self._create_orders(5)
        rows = self._deliveries(self.webhook)
        with patch(f"{body.__name__}.AT_ONCE", 2):
            for left in (3, 1, 0):
                rows._make_bodies()
                made = rows.filtered("body")
                self.assertEqual(len(rows - made), left)
                made.state = "sent"
                due = rows._find_next_try()
                self.assertEqual(bool(due) and due <= fields.Datetime.now(), bool(left))

    def test_test_that_arrives_sends_what_was_put_off(self):
        self.endpoint.answer = endpoints.hang_up
        self._create_orders(3)
        for _attempt in range(2):
            self._make_due(self.webhook)
            self._deliver()
        self.assertTrue(self.webhook.resting_until)
        self.endpoint.answer = 200
        self.webhook.action_test()
        self.assertFalse(self.webhook.resting_until or self.webhook.failing_since)
        self._deliver()
        self.assertEqual(set(self._deliveries(self.webhook).mapped("state")), {"sent"})

    def test_endpoint_that_failed_for_an_hour_gets_at_once_what_waits(self):
        self.endpoint.answer = 503
        first = self._create_order()
        begun = fields.Datetime.now()
        for hours in (0, 2):
            self._later(begun, hours=hours)
            self._deliver()
        row = self._deliveries(self.webhook)
        self.assertFalse(self.webhook.resting_until)
        self.assertGreater(row.next_try, fields.Datetime.now())
        self.assertTrue(self.webhook.activity_ids)
        self.endpoint.answer = 200
        second = self._create_order()
        self._deliver()
        self.assertFalse(self.webhook.activity_ids)
        self.assertEqual(row.state, "sent", "it was said that messages are delivered again")
        told = [name for name, _status in self._told()]
        self.assertEqual(told[-2:], [second.name, first.name])

    def test_refused_message_is_hastened_by_a_test_only(self):
        self.endpoint.answer = [500, 200]
        self._create_order()
        self._deliver()
        row = self._deliveries(self.webhook)
        next_try = row.next_try
        self.assertGreater(next_try, fields.Datetime.now())
        self._create_order()
        self._deliver()
        self.assertEqual((row.state, row.next_try), ("pending", next_try))
        self.webhook.action_test()
        self._deliver()
        self.assertEqual(row.state, "sent")

    def test_webhook_that_is_off_keeps_what_waits_for_three_days(self):
        self._create_order()
        self.webhook.active = False
        self._deliver()
        self.assertEqual(self._deliveries(self.webhook).state, "pending")
        self.webhook.active = True
        self._deliver()
        self.assertEqual(len(self.endpoint.requests), 1)
        self._create_order()
        self.webhook.active = False
        rows = self._deliveries(self.webhook, state="pending")
        rows.begun = fields.Datetime.now() - timedelta(days=4)
        self._deliver()
        self.assertEqual(rows.state, "failed")
