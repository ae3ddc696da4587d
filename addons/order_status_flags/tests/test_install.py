from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.order_status_flags.hooks import assign_install_statuses

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestInstall(OrderStatusCommon):
    def _forget(self, orders):
        """Make the orders look as they did before the addon was installed."""
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM sale_order_status_history WHERE order_id IN %s", [tuple(orders.ids)]
        )
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_id = NULL, order_status_date = NULL,"
            " customer_status_id = NULL, order_tracking_token = NULL, access_token = NULL"
            " WHERE id IN %s",
            [tuple(orders.ids)],
        )
        self.env.invalidate_all()

    def test_existing_orders_get_a_status_without_mail(self):
        draft = self._create_order(confirm=False)
        sent = self._create_order(confirm=False)
        sent.action_quotation_sent()
        web = self._create_order(confirm=False, document_type="web")
        web.action_quotation_sent()
        confirmed, cancelled, invoiced, half = self._create_orders(4)
        cancelled.action_cancel()
        invoiced._create_invoices().action_post()
        invoice = half._create_invoices()
        invoice.invoice_line_ids.quantity = 1
        invoice.action_post()
        orders = draft | sent | web | confirmed | cancelled | invoiced | half
        self._forget(orders)

        assign_install_statuses(self.env)
        expected = {
            draft: False,
            sent: False,
            web: self.saved,
            confirmed: self.saved,
            cancelled: self.rejected,
            invoiced: self.fulfilled,
            half: self.saved,
        }
        for order, status in expected.items():
            self.assertEqual(order.order_status_id, status or self.saved.browse())
            self.assertEqual(order.customer_status_id, order.order_status_id)
            row = self._rows(order)
            self.assertEqual(bool(row), bool(status))
            if status:
                self.assertEqual((row.source, row.mail_state), ("install", "none"))
                self.assertTrue(order.order_tracking_token)
                self.assertTrue(order.access_token)
                self.assertChain(order)
        tokens = orders.mapped("order_tracking_token")
        self.assertEqual(len(set(tokens)), 6, "one of its own each, none for quotations")
        self.assertFalse({*tokens} & {*orders.mapped("access_token")} - {False})

        before = self.env["sale.order.status.history"].search_count([])
        assign_install_statuses(self.env)
        self.assertEqual(self.env["sale.order.status.history"].search_count([]), before)

    def test_each_company_and_type_has_its_statuses(self):
        other = self.env["res.company"].create({"name": "Their statuses"})
        event = self.env.ref("order_status_flags.event_order_confirmed")
        own = self._create_status(company_id=other.id, document_type="web", event_ids=event.ids)
        ours, office, theirs = (
            self._create_order(confirm=False, document_type=kind) for kind in ("web", "sale", "web")
        )
        (ours | office | theirs).action_quotation_sent()
        self._forget(ours | office | theirs)
        self.env.cr.execute(
            "UPDATE sale_order SET company_id = %s WHERE id = %s", [other.id, theirs.id]
        )
        self.env.invalidate_all()
        assign_install_statuses(self.env)
        self.assertEqual(ours.order_status_id, self.saved)
        self.assertFalse(office.order_status_id)
        self.assertEqual(theirs.order_status_id, own)

    def test_tokens_of_two_installations_have_nothing_in_common(self):
        """An order that is deleted and one that comes by a backup may have the same number."""
        order = self._create_order()
        found = set()
        for _installation in range(2):
            self._forget(order)
            assign_install_statuses(self.env)
            found |= {order.order_tracking_token, order.access_token}
        self.assertEqual(len(found), 4)
        self.assertFalse([token for token in found if len(token) < 36])

    def test_sql_and_python_agree_on_what_is_invoiced(self):
        from ..hooks import _select_invoiced_orders, _select_posted_quantities

        orders = self._create_orders(3)
        orders[0]._create_invoices().action_post()
        invoice = orders[1]._create_invoices()
        invoice.invoice_line_ids.quantity = 4.99
        invoice.action_post()
        self.env.flush_all()
        query = SQL(
            "WITH posted AS (%s) %s", _select_posted_quantities(), _select_invoiced_orders()
        )
        found = {row[0] for row in self.env.execute_query(query)}
        for order in orders:
            self.assertEqual(order.id in found, order._is_invoiced_in_full())
