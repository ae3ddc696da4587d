from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_status_flags.promise import Delivery

from ..deliveries import select_deliveries

# The value of the context key `order_status_cancelling`: an object, no RPC call can bring it.
CANCELLING = object()

# What the deliveries of an order are read from, see `select_deliveries`.
MOVE_FIELDS = [
    *("date", "state", "delay_alert_date", "sale_line_id"),
    *("product_id", "product_uom", "quantity"),
    *("location_id", "location_dest_id", "location_final_id", "origin_returned_move_id"),
]
LINE_FIELDS = [
    *("order_id", "product_id", "product_uom_id", "product_uom_qty"),
    *("qty_delivered", "qty_delivered_method", "company_id"),
]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.depends("order_line.move_ids.state")
    def _compute_customer_cancellation(self):
        """Override of `order_status_flags` to follow what is shipped."""
        return super()._compute_customer_cancellation()

    @api.depends(
        "order_line.move_ids.date",
        "order_line.move_ids.state",
        "order_line.move_ids.delay_alert_date",
        "order_line.product_uom_qty",
    )
    def _compute_promise(self):
        """Override of `order_status_flags` to follow the transfers, and what they wait for."""
        return super()._compute_promise()

    def _get_deliveries(self):
        """Override of `order_status_flags` to tell what the transfers say."""
        deliveries = super()._get_deliveries()
        if not self.ids:
            return deliveries
        self.env["stock.move"].flush_model(MOVE_FIELDS)
        self.env["sale.order.line"].flush_model(LINE_FIELDS)
        found = self.env.execute_query(
            select_deliveries(SQL("line.order_id IN %s", tuple(self.ids)))
        )
        for order_id, planned, done, is_open in found:
            # Who has told of an order already knows better: the ERP that ships for us.
            deliveries.setdefault(order_id, Delivery(planned, done, is_open, is_known=True))
        return deliveries

    @api.model
    def _get_delivery_over_sql(self):
        """Override of `order_status_flags`: each transfer is done or cancelled.

        Goods without any move are yet to come: a drop shipment that is not ordered, for example.
        """
        self.env["stock.move"].flush_model(["sale_line_id"])
        return SQL(
            """
            (
                %s OR (
                    sale_order.state = 'sale'
                    -- empty: without transfers, or all of them are cancelled
                    AND COALESCE(sale_order.delivery_status, 'full') = 'full'
                    AND NOT EXISTS (
                        SELECT FROM sale_order_line line
                         WHERE line.order_id = sale_order.id
                           AND line.qty_delivered_method = 'stock_move'
                           AND COALESCE(line.qty_delivered, 0) < line.product_uom_qty
                           AND NOT EXISTS (
                                SELECT FROM stock_move move WHERE move.sale_line_id = line.id
                           )
                    )
                )
            )
            """,
            super()._get_delivery_over_sql(),
        )

    def _get_portal_list_fields(self):
        """Override of `order_status_flags`: `sale_stock` shows what is delivered of each order."""
        return [*super()._get_portal_list_fields(), "delivery_status"]

    @api.model
    def _select_page_line_rows(self, line):
        """Override of `order_status_flags` to add the transfers, their dates and carriers."""
        carriers = []
        # The field is of `stock_delivery`.
        if "carrier_id" in self.env["stock.picking"]._fields:
            carriers = [self._select_version("delivery_carrier carrier", SQL("picking.carrier_id"))]
        picking = self._select_version("stock_picking picking", SQL("move.picking_id"), *carriers)
        moves = self._select_versions(
            "stock_move move", SQL("move.sale_line_id = %s.id", line), picking
        )
        return [*super()._select_page_line_rows(line), moves]

    def _get_cancellation_obstacles(self):
        """Override of `order_status_flags` to let nothing be cancelled that has left."""
        obstacles = super()._get_cancellation_obstacles()
        if self.state != "cancel" and self._get_shipped_moves():
            obstacles.insert(0, self.env._("The order has already been shipped."))
        return obstacles

    def _action_cancel(self):
        """Override of `sale` to call the transfers cancelled along with an order no delivery."""
        cancelling = self.with_context(order_status_cancelling=CANCELLING)
        return super(SaleOrder, cancelling)._action_cancel()

    @api.model
    def _get_contradictions(self):
        """Override of `order_status_flags` to tell that a rejected order is shipped."""
        shipped = self.env._("Shipped although the order is rejected")
        return {
            **super()._get_contradictions(),
            "delivery_started": shipped,
            "delivery_done": shipped,
        }

    def _get_shipped_moves(self):
        return self.order_line._get_shipped_moves()

    def _tell_deliveries(self):
        """Trigger the event that fits: everything is shipped, or goods are still open."""
        unfinished = self._filter_unshipped()
        unfinished._trigger_status_event("delivery_started")
        (self - unfinished)._trigger_status_event("delivery_done")

    def _trigger_events_of_other_apps(self):
        """Override of `order_status_flags` to tell what the till or a repair has delivered."""
        res = super()._trigger_events_of_other_apps()
        handed_over = self.order_line.filtered(lambda line: line._is_handed_over_elsewhere())
        handed_over.order_id._tell_deliveries()
        return res

    def _tell_delivery_done(self):
        (self - self._filter_unshipped())._trigger_status_event("delivery_done")

    def _filter_unshipped(self):
        """Return those of the orders that still have goods to ship.

        Goods without any move count, too: a drop shipment that is not ordered yet, for example.
        """
        open_moves = self.env["stock.move"].search(
            [("sale_line_id.order_id", "in", self.ids), ("state", "not in", ("done", "cancel"))]
        )
        open_lines = open_moves.filtered(lambda move: move._is_bound_for_customer()).sale_line_id
        without_moves = self.env["sale.order.line"].search(
            [
                ("order_id", "in", self.ids),
                ("qty_delivered_method", "=", "stock_move"),
                ("product_uom_qty", ">", 0),
                ("move_ids", "=", False),
            ]
        )
        open_lines |= without_moves.filtered(lambda line: line._is_open())
        return open_lines.order_id

    def _get_customer_delivery_info(self):
        """Override of `order_status_flags` to name the date and the carriers' links."""
        info = super()._get_customer_delivery_info()
        moves = self.order_line.move_ids.filtered(lambda move: move._is_bound_for_customer())
        open_moves = moves.filtered(lambda move: move.state not in ("done", "cancel"))
        done = moves.picking_id.filtered(lambda picking: picking.state == "done")
        if open_moves:
            info["expected_date"] = self.commitment_date or max(open_moves.mapped("date"))
        elif moves:
            info["expected_date"] = False
        info["carriers"] = [*info.get("carriers", []), *done._get_carrier_links()]
        return info
