"""What must hold for orders, their history and their e-mails, whoever worked on them at once.

Each statement selects what breaks the rule: an order, a row, or an e-mail.
"""

INVARIANTS = {
    "an order has the status and the flag of its last history row": """
        SELECT so.name
          FROM sale_order so
     LEFT JOIN LATERAL (
               SELECT row.status_id, row.flag_id FROM sale_order_status_history row
                WHERE row.order_id = so.id ORDER BY row.id DESC LIMIT 1
               ) last ON true
         WHERE so.order_status_id IS DISTINCT FROM last.status_id
            OR so.order_flag_id IS DISTINCT FROM last.flag_id
    """,
    "a row begins with the status that the row before ended with": """
        SELECT id FROM (
               SELECT id, previous_status_id,
                      lag(status_id) OVER (PARTITION BY order_id ORDER BY id) AS ended_with
                 FROM sale_order_status_history
               ) row
         WHERE previous_status_id IS DISTINCT FROM ended_with
    """,
    "the customer sees the last status that is public": """
        SELECT so.name
          FROM sale_order so
     LEFT JOIN LATERAL (
               SELECT row.status_id
                 FROM sale_order_status_history row
                 JOIN sale_order_status status ON status.id = row.status_id
                WHERE row.order_id = so.id AND status.is_public ORDER BY row.id DESC LIMIT 1
               ) last ON true
         WHERE so.customer_status_id IS DISTINCT FROM last.status_id
    """,
    "an order in a rejected status by cancelling is cancelled, and the other way round": """
        SELECT so.name
          FROM sale_order so
          JOIN sale_order_status status ON status.id = so.order_status_id
         WHERE (so.state = 'cancel') != (status.category = 'rejected')
    """,
    "an order is of the company for which its contact ordered": """
        SELECT so.name
          FROM sale_order so
          JOIN res_partner contact ON contact.id = so.partner_id
         WHERE so.b2b_customer_id IS DISTINCT FROM contact.commercial_partner_id
    """,
    "no e-mail is under way or failed": """
        SELECT id FROM sale_order_status_history WHERE mail_state IN ('pending', 'failed')
    """,
    "a change that is to be mailed is sent or overtaken, any other is silent": """
        SELECT row.id
          FROM sale_order_status_history row
          JOIN sale_order_status status ON status.id = row.status_id
         WHERE row.mail_kind IS NULL
           AND (row.mail_state IN ('sent', 'superseded'))
               != (row.status_id IS DISTINCT FROM row.previous_status_id
                   AND status.mail_template_id IS NOT NULL)
    """,
    "an e-mail is overtaken by a later status, or tells what the customer knows": """
        SELECT row.id
          FROM sale_order_status_history row
         WHERE row.mail_state = 'superseded'
           AND NOT EXISTS (
               SELECT FROM sale_order_status_history later
                WHERE later.order_id = row.order_id AND later.id > row.id
                  AND later.status_id IS DISTINCT FROM later.previous_status_id)
           AND row.status_id != (
               SELECT known.status_id FROM sale_order_status_history known
                WHERE known.order_id = row.order_id AND known.id < row.id
                  AND (known.mail_state = 'sent' OR known.previous_status_id IS NULL)
             ORDER BY known.id DESC LIMIT 1)
    """,
    "the last e-mail tells the status that the order has": """
        SELECT so.name
          FROM sale_order so
          JOIN sale_order_status status ON status.id = so.order_status_id
          JOIN LATERAL (
               SELECT row.status_id FROM sale_order_status_history row
                WHERE row.order_id = so.id
                  AND (row.mail_state = 'sent' OR row.previous_status_id IS NULL)
             ORDER BY row.id DESC LIMIT 1
               ) told ON true
         WHERE status.mail_template_id IS NOT NULL
           AND told.status_id != so.order_status_id
    """,
    "each e-mail that is called sent arrived once": """
        SELECT COALESCE(sent.subject, arrived.subject), sent.count, arrived.count
          FROM (SELECT 'Order ' || so.name || ': ' || (status.name ->> 'en_US') AS subject,
                       count(*)
                  FROM sale_order_status_history row
                  JOIN sale_order so ON so.id = row.order_id
                  JOIN sale_order_status status ON status.id = row.status_id
                 WHERE row.mail_state = 'sent' AND row.mail_kind IS NULL
              GROUP BY 1) sent
     FULL JOIN (SELECT subject, count(*) FROM unnest(%(subjects)s) subject GROUP BY 1) arrived
            ON arrived.subject = sent.subject
         WHERE sent.count IS DISTINCT FROM arrived.count
    """,
}
