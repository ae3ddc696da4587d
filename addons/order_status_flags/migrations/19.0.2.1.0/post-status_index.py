def migrate(cr, version):
    """Drop the indexes that no query needs, each of which costs every order that is written.

    The one of the status with its date does the work of the one of the status alone. Orders are
    not looked for by the status that the customer sees, or by their type, without more that tells
    which: a customer, a state.

    :param version: the installed version
    """
    for name in ("order_status_id", "customer_status_id", "document_type"):
        cr.execute(f"DROP INDEX IF EXISTS sale_order__{name}_index")
