"""What the transfers of orders tell about their promises."""

from datetime import datetime

from odoo.tools import SQL


def _is_in_transit(location):
    """SQL of whether a location is the transit between the companies of this database.

    :param str location: alias of the table
    """
    return SQL(
        """
        (SELECT res_id::text FROM ir_model_data
          WHERE module = 'stock' AND name = 'stock_location_inter_company')
        = ANY (string_to_array(%s.parent_path, '/'))
        """,
        SQL.identifier(location),
    )


# SQL twin of ``stock.move._is_bound_for_customer``, and for one step of ``_ships_to_customer``.
IS_OUT = SQL(
    "source.usage != 'customer' AND (target.usage = 'customer' OR %s)", _is_in_transit("target")
)


def _is_back(move):
    """SQL of whether a move brings goods back from the customer.

    From the transit between companies comes also what one of them has bought for its customer.

    :param str move: alias of the table
    """
    return SQL(
        """
        (target.usage != 'customer'
         AND (source.usage = 'customer'
              OR (%s.origin_returned_move_id IS NOT NULL AND %s)))
        """,
        SQL.identifier(move),
        _is_in_transit("source"),
    )


def select_deliveries(condition):
    """SQL of what is known of the deliveries of orders, one row for each that has any.

    With ``order_id``, ``planned`` (when the last open goods are to arrive: Odoo's own date of the
    move, or that of the goods it waits for where they come later), ``done`` (when the last goods
    left) and ``is_open`` (also by goods that have no transfer yet, a drop shipment for example).
    What is sent in exchange, after all that was ordered had left, was promised for no day.

    :param SQL condition: on the order lines, as ``line``
    """
    return SQL(
        """
        SELECT order_id,
               MAX(planned) FILTER (WHERE whole_at IS NULL) AS planned,
               MAX(COALESCE(whole_at, done)) AS done,
               bool_or(whole_at IS NULL AND is_open) AS is_open
          FROM (%(lines)s) AS goods
      GROUP BY order_id
        HAVING SUM(moves) > 0
        """,
        lines=_select_lines(condition),
    )


def _select_lines(condition):
    """SQL of what is known of the goods of each order line, see ``select_deliveries``.

    With ``whole_at``, when all of it had left, of lines of which something came back, and
    ``moves``, how many there are to the customer.

    :param SQL condition: on the order lines, as ``line``
    """
    return SQL(
        """
        SELECT line.order_id,
               MAX(LEAST(GREATEST(move.date, move.delay_alert_date)
                         + COALESCE(company.security_lead, 0) * interval '1 day', %(latest)s))
                   FILTER (WHERE %(is_out)s AND move.state NOT IN ('done', 'cancel')) AS planned,
               MAX(move.date) FILTER (WHERE %(is_out)s AND move.state = 'done') AS done,
               CASE WHEN COALESCE(bool_or(%(is_out)s), false)
                    THEN bool_or(%(is_out)s AND move.state NOT IN ('done', 'cancel'))
                    ELSE line.product_uom_qty > COALESCE(line.qty_delivered, 0) END AS is_open,
               COUNT(*) FILTER (WHERE %(is_out)s AND move.state != 'cancel') AS moves,
               -- Odoo exchanges what it takes back. Other lines are not worth the look.
               CASE WHEN bool_or(%(is_back)s) THEN (%(whole_at)s) END AS whole_at
          FROM sale_order_line line
          JOIN res_company company ON company.id = line.company_id
     LEFT JOIN stock_move move ON move.sale_line_id = line.id
     LEFT JOIN stock_location source ON source.id = move.location_id
     LEFT JOIN stock_location target
            ON target.id = COALESCE(move.location_final_id, move.location_dest_id)
         WHERE %(condition)s
           AND line.qty_delivered_method = 'stock_move'
           AND line.product_uom_qty > 0
      GROUP BY line.id
        """,
        latest=datetime.max.replace(microsecond=0),
        is_out=IS_OUT,
        is_back=_is_back("move"),
        whole_at=_select_whole_at(),
        condition=condition,
    )


def _select_whole_at():
    """SQL of when all that is ordered by ``line`` was with the customer for the first time.

    What came back before that is off. Of a kit, whose parts leave, it is not known.
    """
    return SQL(
        """
        SELECT MIN(step.date)
          FROM (SELECT part.date,
                       SUM(part.quantity * unit.factor
                           * CASE WHEN %(is_back)s THEN -1 ELSE 1 END)
                           OVER (ORDER BY part.date, part.id) AS quantity
                  FROM stock_move part
                  JOIN uom_uom unit ON unit.id = part.product_uom
                  JOIN stock_location source ON source.id = part.location_id
                  JOIN stock_location target ON target.id = part.location_dest_id
                 WHERE part.sale_line_id = line.id
                   AND part.product_id = line.product_id
                   AND part.state = 'done'
                   AND %(is_back)s != (%(is_out)s)) AS step
          JOIN uom_uom unit ON unit.id = line.product_uom_id
         WHERE ROUND((step.quantity / unit.factor)::numeric,
                     (SELECT digits FROM decimal_precision WHERE name = 'Product Unit'))
               >= line.product_uom_qty
        """,
        is_back=_is_back("part"),
        is_out=IS_OUT,
    )
