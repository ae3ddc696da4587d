import json
from datetime import timedelta

from standardwebhooks import Webhook, WebhookVerificationError

from odoo import fields
from odoo.tests import tagged

from .common import WebhookCommon


@tagged("post_install", "-at_install")
class TestSecret(WebhookCommon):
    def setUp(self):
        super().setUp()
        self.endpoint = self._start()
        self.webhook = self._create_webhook(self.endpoint.url)

    def _verify(self, secret):
        _path, headers, body = self.endpoint.requests[-1]
        return Webhook(secret).verify(body, headers)

    def _send(self):
        self._create_order()
        self._deliver()

    def test_messages_are_signed_before_anybody_knows_the_secret(self):
        self._send()
        headers = self.endpoint.requests[-1][1]
        self.assertRegex(headers["webhook-signature"], r"^v1,[A-Za-z0-9+/]{43}=$")

    def test_secret_is_returned_once_and_read_never(self):
        secret = self.webhook.action_new_secret()
        self._send()
        self.assertTrue(self._verify(secret))
        self.env.invalidate_all()
        admin = self.env.ref("base.user_admin")
        for env in (self.env, self.env(user=admin)):
            webhook = self.webhook.with_env(env)
            known = [
                *(
                    webhook.read(),
                    webhook.export_data(["id", "name", "secret"]),
                    webhook.copy_data(),
                ),
                *(webhook.message_ids.mapped("body"), webhook.web_read({"secret": {}})),
                self._deliveries(self.webhook).read(),
            ]
            self.assertNotIn(secret[10:30], json.dumps(known, default=str))
            self.assertFalse(webhook.secret)
        self.assertFalse(self.webhook.search([("name", "like", secret)]))

    def test_copy_has_a_secret_of_its_own(self):
        secret = self.webhook.action_new_secret()
        copy = self.webhook.copy()
        self.webhook.active = False
        self.assertFalse(copy.secret_date)
        self._send()
        with self.assertRaises(WebhookVerificationError):
            self._verify(secret)

    def test_two_secrets_count_while_rotating(self):
        old = self.webhook.action_new_secret()
        new = self.webhook.action_new_secret()
        self._send()
        self.assertEqual(self._verify(old), self._verify(new))
        self.assertEqual(len(self.endpoint.requests[-1][1]["webhook-signature"].split(" ")), 2)
        newest = self.webhook.action_new_secret()
        self._send()
        self.assertEqual(self._verify(new), self._verify(newest))
        with self.assertRaises(WebhookVerificationError):
            self._verify(old)

    def test_old_secret_ends_after_a_day_or_at_once(self):
        for end in ("time", "button"):
            old = self.webhook.action_new_secret()
            new = self.webhook.action_new_secret()
            self.assertGreater(
                self.webhook.previous_secret_until, fields.Datetime.now() + timedelta(hours=23)
            )
            if end == "time":
                self.webhook.previous_secret_until = fields.Datetime.now() - timedelta(minutes=1)
            else:
                self.assertIs(self.webhook.action_forget_previous_secret(), True)
            self._send()
            with self.subTest(end=end):
                self.assertTrue(self._verify(new))
                with self.assertRaises(WebhookVerificationError):
                    self._verify(old)

    def test_dialog_shows_what_the_method_returns(self):
        action = self.webhook.action_show_new_secret()
        secret = action["context"]["default_secret"]
        self._send()
        self.assertTrue(self._verify(secret))
        admin = self.env(user=self.env.ref("base.user_admin"))
        show = admin[action["res_model"]].with_context(**action["context"])
        self.assertTrue(show.get_views([(False, "form")]))
        self.assertTrue(show.has_access("create"), "the web client asks for it")
        self.assertEqual(show.default_get(["secret"]), {"secret": secret})
        self.assertFalse(show._auto)
