import base64
import json
import time
from datetime import datetime, timezone

from standardwebhooks import Webhook, WebhookVerificationError

from odoo.tests import TransactionCase, tagged

from ..signature import PREFIX, new_message_id, new_secret, sign


@tagged("post_install", "-at_install")
class TestSignature(TransactionCase):
    def test_secret_has_the_form_of_the_standard(self):
        secret = new_secret()
        self.assertTrue(secret.startswith(PREFIX))
        self.assertTrue(24 <= len(base64.b64decode(secret[len(PREFIX) :], validate=True)) <= 64)
        self.assertNotEqual(secret, new_secret())

    def test_signatures_are_those_of_the_reference(self):
        for secret in (new_secret(), PREFIX + base64.b64encode(b"x" * 24).decode()):
            body = json.dumps({"status": "Zażółć ✓"}, ensure_ascii=False)
            message_id, now = new_message_id(), int(time.time())
            expected = Webhook(secret).sign(
                message_id, datetime.fromtimestamp(now, tz=timezone.utc), body
            )
            self.assertEqual(sign([secret], message_id, now, body.encode()), expected)

    def test_two_secrets_give_two_signatures(self):
        new, old, other = new_secret(), new_secret(), new_secret()
        now = int(time.time())
        header = sign([new, old], "msg_1", now, b"{}")
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(now),
            "webhook-signature": header,
        }
        for secret in (new, old):
            self.assertEqual(Webhook(secret).verify(b"{}", headers), {})
        with self.assertRaises(WebhookVerificationError):
            Webhook(other).verify(b"{}", headers)
