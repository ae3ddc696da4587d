def migrate(cr, version):
    """Drop the index of the status alone: the one with the date does its work, too.

    :param version: the installed version
    """
    cr.execute("DROP INDEX IF EXISTS sale_order__order_status_id_index")
