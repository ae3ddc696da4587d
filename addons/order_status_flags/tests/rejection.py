from odoo.fields import Command

from .common import OrderStatusCommon


class RejectionCommon(OrderStatusCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.env["payment.provider"].create({"name": "Test", "code": "none"})
        cls.method = cls.env["payment.method"].create({"name": "Test", "code": "rejection_test"})
        # A payment in a journal is not what is tested here.
        transactions = cls.registry["payment.transaction"]
        cls.classPatch(transactions, "_create_payment", lambda self, **kw: None)

    def _create_transaction(self, order, state="pending", **values):
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "reference": f"{order.name}-{self.env['payment.transaction'].search_count([])}",
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "operation": "online_direct",
                "sale_order_ids": [Command.set(order.ids)],
                "state": "pending",
                **values,
            }
        )
        self._move(transaction, state)
        return transaction

    def _move(self, transaction, state):
        # Past the checks of what this provider supports: only the state counts here.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE payment_transaction SET state = %s WHERE id = %s", [state, transaction.id]
        )
        self.env.invalidate_all()

    def _pay(self, order, transaction=None):
        transaction = transaction or self._create_transaction(order)
        self._move(transaction, "done")
        transaction.with_context(skip_sale_auto_invoice_send=True)._post_process()
        return transaction

    def _create_web_order(self, **values):
        """Return an order that waits for its payment, as one of a shop does."""
        order = self._create_order(confirm=False, require_payment=True, **values)
        order.document_type = "web"
        order.action_quotation_sent()
        return order

    def _told(self, order):
        activity_type = self.env.ref("order_status_flags.mail_activity_type_against_rejection")
        return order.activity_ids.filtered(lambda a: a.activity_type_id == activity_type)

    def assertTold(self, order, words, user=None):
        told = self._told(order)
        self.assertEqual(len(told), 1, told.mapped("summary"))
        self.assertIn(words, told.summary)
        self.assertEqual(told.user_id, user or self.seller)
        self.assertEqual(order.status_attention, "against_rejection")
        found = self.env["sale.order"].search([("status_attention", "!=", False)])
        self.assertIn(order, found)

    def assertNotTold(self, order):
        self.assertFalse(self._told(order))
        self.assertNotEqual(order.status_attention, "against_rejection")
        found = self.env["sale.order"].search([("status_attention", "=", "against_rejection")])
        self.assertNotIn(order, found)
