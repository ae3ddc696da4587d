from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import WebhookCommon


@tagged("post_install", "-at_install")
class TestDeletion(WebhookCommon):
    """What a webhook is limited to is deleted: it must not hear of everything instead."""

    def test_last_status_of_a_webhook_is_not_deleted(self):
        kept, gone = self._create_status("Kept"), self._create_status("Gone")
        webhook = self._create_webhook(status_ids=(kept | gone).ids)
        with self.assertRaisesRegex(UserError, "A webhook hears of"):
            (kept | gone).with_user(self.manager).unlink()
        gone.with_user(self.manager).unlink()
        self.assertEqual(webhook.status_ids, kept)
        webhook.active = False
        kept.active = False
        with self.assertRaisesRegex(UserError, "“Kept”"):
            kept.with_user(self.manager).unlink()
        webhook.unlink()
        kept.with_user(self.manager).unlink()
        self.assertFalse(kept.exists())

    def test_webhook_goes_with_its_company(self):
        """Asked of the database: other apps hold on to each company of a test."""
        field = self.env["order.status.webhook"]._fields["company_id"]
        self.assertEqual(field.ondelete, "cascade")
        name = "order_status_webhook_company_id_fkey"
        rule = SQL("SELECT confdeltype FROM pg_constraint WHERE conname = %s", name)
        self.assertEqual(self.env.execute_query(rule), [("c",)])
