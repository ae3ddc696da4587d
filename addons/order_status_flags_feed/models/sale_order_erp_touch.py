from odoo import api, models
from odoo.tools import SQL

from ..erp_touch import get_removal, get_statements


class SaleOrderErpTouch(models.AbstractModel):
    """Which orders changed, and when, in the order in which others could see it.

    Kept by triggers in a table of its own, see ``erp_touch.py``; as in the history, each row
    has the number of the transaction that wrote it. Rows are only added: noting a change never
    waits for another transaction, nor makes one fail.
    """

    _name = "sale.order.erp.touch"
    _description = "Changes of Orders for ERPs"

    def init(self):
        """Make tables and triggers, and note the orders that are there."""
        for statement in get_statements():
            self.env.cr.execute(statement)
        history = self.env["sale.order.status.history"]
        history._set_position_offset(history._get_position_offset())
        self.env.cr.execute(
            """
            INSERT INTO sale_order_erp_touch (order_id)
                 SELECT id FROM sale_order
                  WHERE was_placed
                    AND NOT EXISTS (
                        SELECT FROM sale_order_erp_touch WHERE order_id = sale_order.id
                        )
               ORDER BY date_order, id
            """
        )

    @api.model
    def _remove(self):
        """Leave nothing in the database that only this addon understands."""
        for statement in get_removal():
            self.env.cr.execute(statement)

    @api.model
    def _touch(self, orders):
        """Bring orders to the feeds once more, as if they had changed now.

        Which of them really go out is decided when they are fetched.

        :param odoo.tools.query.Query orders: of ``sale.order``, as ``_search`` returns it
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL("SELECT sale_order_erp_touch_orders(ARRAY(%s)::integer[])", orders.select())
        )

    @api.autovacuum
    def _gc_touches(self):
        """Forget notes that a later one of the same order stands for, and those of no order."""
        border, _newest = self.env["order.flag.feed"]._get_settled_border()
        self.env.cr.execute(
            """
            DELETE FROM sale_order_erp_touch old
             WHERE EXISTS (
                   SELECT FROM sale_order_erp_touch later
                    WHERE later.order_id = old.order_id
                      AND later.feed_position > old.feed_position
                      AND later.feed_position < %s
                   )
                OR NOT EXISTS (SELECT FROM sale_order WHERE id = old.order_id)
            """,
            [border[0]],
        )
