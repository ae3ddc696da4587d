"""The Message-Ids of e-mails that left: by them answers and bounces are known.

Odoo removes an e-mail and its message once it has left. An outbox keeps the Message-Ids in a field
`mail_references` of its rows, next to `mail_state` and `mail_mail_id`.
"""

from odoo.tools import SQL

# Of the index that an outbox needs for `find_by_references`.
REFERENCES_INDEX = (
    "USING gin (string_to_array(mail_references, ' ')) WHERE mail_references IS NOT NULL"
)


def keep_references(rows):
    """Keep the Message-Ids of the present e-mails of rows of an outbox, which have left."""
    for row in rows:
        known = (row.mail_references or "").split()
        message_id = row.mail_mail_id.message_id
        if message_id and message_id not in known:
            row.mail_references = " ".join([*known, message_id])


def find_by_references(outbox, message_ids):
    """Return the rows of the e-mails that left with one of these Message-Ids.

    :param outbox: the model of the rows
    :param list message_ids: as the e-mails name them, with their angle brackets
    """
    found = outbox.env.execute_query(
        SQL(
            "SELECT id FROM %s WHERE mail_references IS NOT NULL"
            " AND string_to_array(mail_references, ' ') && %s",
            SQL.identifier(outbox._table),
            list(message_ids),
            to_flush=outbox._fields["mail_references"],
        )
    )
    return outbox.browse(row_id for (row_id,) in found)


def find_bounced(outbox, message_ids):
    """Return the rows whose last e-mail left with one of these Message-Ids.

    One that was sent again since may have reached the customer.

    :param outbox: the model of the rows
    :param list message_ids: as the e-mails name them, with their angle brackets
    """
    return find_by_references(outbox, message_ids).filtered(
        lambda row: row.mail_state == "sent" and row.mail_references.split()[-1] in message_ids
    )
