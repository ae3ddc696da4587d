from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .rejection import RejectionCommon


@tagged("post_install", "-at_install")
class TestOtherApps(RejectionCommon):
    """What other apps deliver and invoice counts. Their quantities are all that tells of them."""

    def _settle(self, order, quantity=None, field="invoiced"):
        """Have another app count a quantity, as `pos_sale` does: none means all that is ordered."""
        model = self.registry["sale.order.line"]
        name = f"_prepare_qty_{field}"
        plain = getattr(model, name)

        def prepare(lines):
            quantities = plain(lines)
            for line in lines & order.order_line:
                quantities[line] += line.product_uom_qty if quantity is None else quantity
            return quantities

        self.patch(model, name, prepare)
        getattr(order.order_line, f"_compute_qty_{field}")()
        self.env.flush_all()
        self.env.cr.precommit.run()

    def test_settled_at_the_till_is_fulfilled_and_closed(self):
        order = self._create_order()
        self._settle(order)
        self.assertEqual(order.order_status_id, self.fulfilled)
        self.assertEqual(self._rows(order)[-1].source, "event")
        order.set_order_status(self.saved.id)
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertIn("invoiced", order.customer_cancellation_reason)

    def test_settled_in_part_is_closed_only(self):
        order = self._create_order()
        self._settle(order, 1)
        self.assertEqual(order.order_status_id, self.saved)
        self.assertEqual(order.customer_cancellation, "closed")

    def test_till_and_invoice_together(self):
        order = self._create_order()
        self._settle(order, 2)
        invoice = order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.quantity, 3)
        self.assertEqual(order.order_status_id, self.saved)
        invoice.action_post()
        self.assertEqual(order.order_status_id, self.fulfilled)

    def test_computing_once_more_is_no_event(self):
        order = self._create_order()
        self._settle(order)
        order.set_order_status(self.saved.id)
        order.order_line._compute_qty_invoiced()
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertEqual(order.order_status_id, self.saved)

    def test_draft_invoice_is_no_obstacle(self):
        order = self._create_order()
        order._create_invoices()
        self.assertEqual(order.order_line.qty_invoiced, 5)
        self.assertEqual(order.customer_cancellation, "allowed")

    def test_delivered_goods_are_closed(self):
        order = self._create_order()
        self._settle(order, 1, "delivered")
        self.assertEqual(order.customer_cancellation, "closed")
        self.assertIn("delivered", order.customer_cancellation_reason)

    def test_work_done_is_on_request(self):
        service = self.env["product.product"].create({"name": "Hours", "type": "service"})
        order = self._create_order(
            order_line=[Command.create({"product_id": service.id, "product_uom_qty": 2})]
        )
        self.assertEqual(order.customer_cancellation, "allowed")
        order.order_line.qty_delivered = 1
        self.assertEqual(order.customer_cancellation, "on_request")
        order._customer_cancel("too slow", self.customer)
        self.assertEqual(order.state, "sale")
        order.action_accept_cancellation()
        self.assertEqual(order.state, "cancel")

    def test_who_sees_only_some_invoices_does_not_decide(self):
        own = new_test_user(self.env, "own_seller", groups="sales_team.group_sale_salesman")
        order = self._create_order(user_id=own.id)
        order.set_order_status(self.in_progress.id)
        order._customer_cancel("why", self.customer)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 1
        invoice.action_post()
        invoice.invoice_user_id = self.seller
        self.env.invalidate_all()
        # What this salesperson reads lies in the cache that everybody uses.
        order.with_user(own).order_line.invoice_lines.mapped("id")
        with self.assertRaisesRegex(UserError, "invoiced"):
            order.with_user(own).action_accept_cancellation()
        with patch.object(type(order), "_is_customer_cancellation_done", lambda self: False):
            order.with_user(own).order_line.invoice_lines.mapped("id")
            with self.assertRaisesRegex(UserError, "invoiced"):
                order.with_user(own)._customer_cancel("why", self.customer)
