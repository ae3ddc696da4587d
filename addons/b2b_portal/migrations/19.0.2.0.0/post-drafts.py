from odoo.tools import SQL


def migrate(cr, version):
    """Give last prices their currency, and take the tokens of carts and templates away.

    :param cr: database cursor
    :param str version: that the database comes from
    """
    cr.execute(
        SQL(
            """
            UPDATE sale_order_line line
               SET b2b_last_currency_id = sale_order.currency_id
              FROM sale_order
             WHERE sale_order.id = line.order_id
               AND sale_order.b2b_qualifier = 'template'
               AND line.b2b_last_price <> 0
               AND line.b2b_last_currency_id IS NULL
            """
        )
    )
    # Whoever got one while a template was shared could read and write its log ever after.
    cr.execute(
        SQL(
            """
            UPDATE sale_order SET access_token = NULL
             WHERE b2b_qualifier IN ('cart', 'template') AND access_token IS NOT NULL
            """
        )
    )
