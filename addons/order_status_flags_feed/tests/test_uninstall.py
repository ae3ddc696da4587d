from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import FeedCommon


@tagged("post_install", "-at_install")
class TestUninstall(FeedCommon):
    def test_keys_stop_working_and_nothing_holds_flags(self):
        wizard = self.env["order.flag.feed.key"].create({"feed_id": self.feed.id, "duration": "30"})
        wizard.action_make_key()
        user = self.feed._get_client_users()
        keys = self.env["res.users.apikeys"].search([("user_id", "in", user.ids)])
        self.assertTrue(keys)
        self.env.flush_all()
        uninstall_hook(self.env)
        self.assertFalse(keys.exists())
        self.assertFalse(user.active)
        # When the flags go too, Odoo deletes them first.
        self.assertTrue(self.flag_in_progress.unlink())

    def test_what_only_sql_knows_goes(self):
        uninstall_hook(self.env)
        self.env.cr.execute(
            """
            SELECT count(*) FROM information_schema.columns
             WHERE table_name = 'sale_order_status_history' AND column_name = 'feed_position'
            """
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.env.cr.execute(
            "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%(client_order_ref)%'"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_orders_are_noted_no_more(self):
        order = self._create_order()
        uninstall_hook(self.env)
        order.client_order_ref = "PO"
        order.order_line.product_uom_qty = 2
        order.partner_id.street = "Nowa 1"
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'sale_order_erp%')
                 + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'sale_order_erp%')
                 + (SELECT count(*) FROM pg_class WHERE relname LIKE 'sale_order_erp_touch%'
                                                     OR relname LIKE 'sale_order_erp_version%')
            """
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_changes_of_feeds_stay_as_changes_of_flags(self):
        order = self._create_order()
        self._push(self._row(order))
        row = self._rows(order)[-1]
        self.assertEqual(row.source, "feed")
        selection = self.env["ir.model.fields.selection"].search(
            [
                ("field_id", "=", self.env["ir.model.fields"]._get(row._name, "source").id),
                ("value", "=", "feed"),
            ]
        )
        with self.assertNoLogs("odoo.addons.base.models.ir_model", "WARNING"):
            selection._process_ondelete()
        self.assertEqual(row.source, "flag")

    def test_changes_by_documents_stay_as_events(self):
        order = self._create_order()
        self._push(self._row(order), self._document_row(order))
        rows = self._rows(order)[1:]
        rows._forget_feed()
        self.assertEqual(rows.mapped("source"), ["flag", "event"])

    def test_orders_stay_and_no_file_is_left(self):
        order = self._create_order()
        self._push_document(order, file=self._file())
        attachment = self._documents(order).attachment_id
        uninstall_hook(self.env)
        self.assertFalse(attachment.exists())
        self.assertEqual((order.state, order.order_status_id), ("sale", self.fulfilled))
