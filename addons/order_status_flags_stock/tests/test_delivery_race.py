from contextlib import ExitStack
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race

from .common import StockStatusCommon

WAIT = "odoo.addons.order_status_flags.models.sale_order.writer.LOCK_WAIT"


@tagged("post_install", "-at_install")
class TestDeliveryRace(Race, TransactionCase):
    """A customer cancels while the warehouse ships: two real transactions."""

    def setUp(self):
        super().setUp()
        with self._transaction(order_status_no_notify=True) as env:
            product = StockStatusCommon._create_product(env)
            partner = env["res.partner"].create({"name": "Race", "email": "race@example.com"})
            order = env["sale.order"].create(
                {
                    "partner_id": partner.id,
                    "order_line": [Command.create({"product_id": product.id})],
                }
            )
            order.action_confirm()
            self.order_id, self.partner_id = order.id, partner.id
            self.picking_ids, self.product_id = order.picking_ids.ids, product.id
        self.addCleanup(self._remove_order)

    def _remove_order(self):
        with self._transaction() as env:
            cr = env.cr
            cr.execute("DELETE FROM stock_picking WHERE id = ANY(%s)", [self.picking_ids])
            cr.execute(
                "DELETE FROM stock_move WHERE product_id = %s AND picking_id IS NULL",
                [self.product_id],
            )
            cr.execute("DELETE FROM sale_order WHERE id = %s", [self.order_id])

    def _open_transaction(self):
        stack = ExitStack()
        self.addCleanup(stack.close)
        env = stack.enter_context(self._transaction(order_status_no_notify=True))
        self.addCleanup(env.cr.rollback)
        return env, env["sale.order"].browse(self.order_id)

    def _cancel(self, order):
        return order._customer_cancel("", order.partner_id)

    def test_cancelling_waits_for_a_delivery_and_then_refuses(self):
        env, order = self._open_transaction()
        order.picking_ids.button_validate()
        with patch(WAIT, 0.2):
            _env, other = self._open_transaction()
            with self.assertRaisesRegex(UserError, "Somebody else is changing the order"):
                self._cancel(other)
        env.cr.commit()
        _env, fresh = self._open_transaction()
        with self.assertRaisesRegex(UserError, "shipped"):
            self._cancel(fresh)

    @mute_logger("odoo.sql_db")
    def test_cancelling_begun_before_a_delivery_starts_anew(self):
        _env, early = self._open_transaction()
        self.assertEqual(early.state, "sale")  # its snapshot knows of no delivery
        env, order = self._open_transaction()
        order.picking_ids.button_validate()
        env.cr.commit()
        with self.assertRaises(SerializationFailure):
            self._cancel(early)

    @mute_logger("odoo.sql_db")
    def test_delivery_begun_before_a_cancellation_starts_anew(self):
        _env, late = self._open_transaction()
        self.assertEqual(late.picking_ids.state, "assigned")
        env, order = self._open_transaction()
        self.assertEqual(self._cancel(order), "cancelled")
        env.cr.commit()
        with self.assertRaises(SerializationFailure):
            late.picking_ids.button_validate()
