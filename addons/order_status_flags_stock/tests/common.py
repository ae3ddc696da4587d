from odoo.fields import Command
from odoo.tests import TransactionCase

from odoo.addons.mail_delivery_retry.tests.common import QueryCount


class StockStatusCommon(QueryCount, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "order_status_no_notify": True})
        cls.warehouse = cls.env["stock.warehouse"].create({"name": "Status", "code": "STAT"})
        cls.product = cls._create_product(cls.env)
        cls.partner = cls.env["res.partner"].create(
            {"name": "Hurtownia Nowak", "email": "nowak@example.com"}
        )
        cls.saved = cls.env.ref("order_status_flags.status_saved")
        cls.shipped = cls.env.ref("order_status_flags_stock.status_shipped")
        cls.rejected = cls.env.ref("order_status_flags.status_rejected")

    @staticmethod
    def _create_product(env, **values):
        return env["product.product"].create(
            {"name": "Box", "type": "consu", "is_storable": False, "list_price": 10, **values}
        )

    @classmethod
    def _create_order(cls, quantity=10, **values):
        """Return a confirmed order over ``quantity`` pieces of one product."""
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner.id,
                "warehouse_id": cls.warehouse.id,
                "order_line": [
                    Command.create({"product_id": cls.product.id, "product_uom_qty": quantity})
                ],
                **values,
            }
        )
        order.action_confirm()
        return order

    def _map_started(self):
        """Return a status of the administrator's own for partial deliveries."""
        return self.env["sale.order.status"].create(
            {
                "name": "Partly shipped",
                "category": "in_progress",
                "sequence": 25,
                "event_ids": [
                    Command.set(self.env.ref("order_status_flags_stock.event_delivery_started").ids)
                ],
            }
        )

    def _ship(self, picking, quantity=None, backorder=True):
        """Validate a transfer, of a part of its quantity when one is given."""
        for move in picking.move_ids:
            move.quantity = move.product_uom_qty if quantity is None else quantity
            move.picked = True
        picking.with_context(skip_backorder=True, cancel_backorder=not backorder)._action_done()

    def _open_transfers(self, order):
        return order.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))
