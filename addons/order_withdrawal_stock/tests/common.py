from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.order_status_flags_stock.tests.common import StockStatusCommon


class WithdrawalStockCommon(StockStatusCommon):
    """Web orders of goods, in a company that has the withdrawal function switched on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.withdrawal_enabled = True
        cls.partner.write({"country_id": cls.env.ref("base.pl").id, "tz": "Europe/Warsaw"})
        cls.clerk = new_test_user(cls.env, "wd_clerk", "sales_team.group_sale_salesman_all_leads")
        cls.worker = new_test_user(cls.env, "wd_worker", "stock.group_stock_user")

    def _create_web_order(self, **values):
        return self._create_order(document_type="web", **values)

    def _enter(self, order, quantity=None):
        lines = quantity and [
            Command.create({"order_line_id": order.order_line[:1].id, "quantity": quantity})
        ]
        return (
            self.env["sale.withdrawal"]
            .with_user(self.clerk)
            .create({"order_id": order.id, "line_ids": lines or []})
        )

    def _returned(self, statement):
        """Return the quantities that the button makes return transfers of."""
        statement.action_create_return()
        return statement.sudo().return_picking_ids.move_ids.mapped("product_uom_qty")

    def _create_order_of_kits(self):
        """Return a shipped order of 2 kits with 4 legs and a seat each, as by `sale_mrp`."""
        order = self._create_web_order(
            order_line=[Command.create({"product_id": self.product.id, "product_uom_qty": 2})]
        )
        line, whole = order.order_line, order.picking_ids.move_ids
        leg, seat = (self._create_product(self.env, name=name) for name in ("Leg", "Seat"))
        parts = whole.browse()
        for product, quantity in ((leg, 8), (seat, 2)):
            parts |= whole.copy({"product_id": product.id, "product_uom_qty": quantity})
        whole._action_cancel()
        whole.unlink()
        parts._action_confirm()

        def deliver(lines):
            found = dict.fromkeys(lines, 0.0)
            done = line.move_ids.filtered(
                lambda move: move.product_id == leg and move.state == "done"
            )
            out = done.filtered(lambda move: move.location_dest_id.usage == "customer")
            legs = sum(out.mapped("quantity")) - sum((done - out).mapped("quantity"))
            return found | {line: legs / 4}

        self.patch(type(line), "_prepare_qty_delivered", deliver)
        self._ship(parts.picking_id)
        self.assertEqual(line.qty_delivered, 2)
        return order

    def _return_parts(self, statement):
        """Return how much of each product the button makes return transfers of."""
        action = statement.action_create_return()
        moves = self.env["stock.picking"].browse(action["res_id"]).move_ids
        return {move.product_id.name: move.product_uom_qty for move in moves}
