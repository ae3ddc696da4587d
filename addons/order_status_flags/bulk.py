"""Writing to a large part of a large table at once, as installations do."""

import contextlib

from odoo.tools import SQL

# From so many changed rows on, making the indexes anew is quicker than keeping them up to date:
# an order has more than thirty, and each changed row is a new entry in all of them.
MANY = 50_000


@contextlib.contextmanager
def without_indexes(cr, table, rows):
    """Take the indexes off a table while many of its rows are written, and make them anew.

    Those that keep values unique stay. All of it is one transaction: nobody else sees the table
    without them, and whoever asks for it waits. Within another such block nothing happens.

    :param cr: cursor
    :param str table: name of the table
    :param int rows: how many rows are about to change
    """
    indexes = _list_indexes(cr, table) if rows >= MANY else []
    for name, _definition, _comment in indexes:
        cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
    yield
    if indexes:
        cr.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for name, definition, comment in indexes:
        cr.execute(definition)
        # Odoo keeps there what an index was made of, and sees by it when that changes.
        cr.execute(SQL("COMMENT ON INDEX %s IS %s", SQL.identifier(name), comment))


def _list_indexes(cr, table):
    """Return name, definition and comment of the indexes that are there for speed alone."""
    cr.execute(
        """
        SELECT i.relname, pg_get_indexdef(i.oid), obj_description(i.oid, 'pg_class')
          FROM pg_index x
          JOIN pg_class i ON i.oid = x.indexrelid
         WHERE x.indrelid = %s::regclass AND NOT x.indisunique
      ORDER BY i.relname
        """,
        [table],
    )
    return cr.fetchall()
