def migrate(cr, version):
    """Mark the orders whose customers were mailed that they are rejected.

    They tell their new status when they are taken up again.

    :param version: the installed version
    """
    cr.execute(
        """
        UPDATE sale_order
           SET was_rejection_mailed = TRUE
         WHERE id IN (
             SELECT history.order_id
               FROM sale_order_status_history history
               JOIN sale_order_status status ON status.id = history.status_id
              WHERE history.mail_state IN ('sent', 'pending')
                AND history.mail_kind IS NULL
                AND status.category = 'rejected'
         )
        """
    )
