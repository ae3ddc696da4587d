"""What the transfers of orders tell about their promises."""

from odoo.tools import SQL


def select_deliveries(condition):
    """SQL of what is known of the deliveries of orders, one row for each that has any.

    With ``order_id``, ``planned`` (when the last open goods are to arrive: Odoo's own date of the
    move, or that of the goods it waits for where they come later), ``done`` (when the last goods
    left) and ``is_open`` (also by goods that have no transfer yet, a drop shipment for example).

    :param SQL condition: on the order lines, as ``line``
    """
    return SQL(
        """
        SELECT line.order_id,
               MAX(GREATEST(move.date, move.delay_alert_date)
                   + COALESCE(company.security_lead, 0) * interval '1 day')
                   FILTER (WHERE move.state NOT IN ('done', 'cancel')) AS planned,
               MAX(move.date) FILTER (WHERE move.state = 'done') AS done,
               bool_or(CASE WHEN move.id IS NULL
                            THEN line.product_uom_qty > COALESCE(line.qty_delivered, 0)
                            ELSE move.state NOT IN ('done', 'cancel') END) AS is_open
          FROM sale_order_line line
          JOIN res_company company ON company.id = line.company_id
     LEFT JOIN stock_move move ON move.sale_line_id = line.id AND %(bound)s
         WHERE %(condition)s
           AND line.qty_delivered_method = 'stock_move'
           AND line.product_uom_qty > 0
      GROUP BY line.order_id
        HAVING COUNT(move.id) FILTER (WHERE move.state != 'cancel') > 0
        """,
        bound=_bound_for_customer(),
        condition=condition,
    )


def _bound_for_customer():
    """SQL twin of ``stock.move._is_bound_for_customer``."""
    return SQL(
        """
        (SELECT usage FROM stock_location WHERE id = move.location_id) != 'customer'
        AND (SELECT usage FROM stock_location
              WHERE id = COALESCE(move.location_final_id, move.location_dest_id)) = 'customer'
        """
    )
