"""Writing many rows at once: those of a large change, or of a large table at an installation."""

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


@contextlib.contextmanager
def without_foreign_keys(cr, table, columns, rows):
    """Take foreign keys off columns while many rows are written, and check them all at once.

    PostgreSQL asks for each value by itself otherwise, which takes longer than writing it.

    :param cr: cursor
    :param str table: name of the table
    :param columns: names of the columns that are about to change
    :param int rows: how many rows are about to change
    """
    keys = _list_foreign_keys(cr, table, columns) if rows >= MANY else []
    name_of_table = SQL.identifier(table)
    for name, _definition in keys:
        cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", name_of_table, SQL.identifier(name)))
    yield
    for name, definition in keys:
        cr.execute(
            SQL(
                "ALTER TABLE %s ADD CONSTRAINT %s %s",
                *(name_of_table, SQL.identifier(name), SQL(definition)),
            )
        )


def _list_foreign_keys(cr, table, columns):
    """Return name and definition of the foreign keys of columns."""
    cr.execute(
        """
        SELECT c.conname, pg_get_constraintdef(c.oid)
          FROM pg_constraint c
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
         WHERE c.contype = 'f' AND c.conrelid = %s::regclass AND a.attname = ANY(%s)
      ORDER BY c.conname
        """,
        [table, list(columns)],
    )
    return cr.fetchall()


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


def get_insert(model, vals_list):
    """Return the statement that inserts rows in their order, and returns their ids.

    One array a column: to put each row into words would take longer than to write it.

    :param model: whose stored fields the values are of, as the ORM has them
    :param list[dict] vals_list: all with the same keys
    :rtype: SQL
    """
    arrays = []
    for name in vals_list[0]:
        field = model._fields[name]
        never_null = field.type in ("boolean", "float", "integer")
        values = [vals.get(name) for vals in vals_list]
        arrays.append(
            SQL(
                "%s::%s[]",
                values if never_null else [value or None for value in values],
                SQL(field.column_type[0]),
            )
        )
    columns = SQL(", ").join(map(SQL.identifier, vals_list[0]))
    return SQL(
        "INSERT INTO %s (%s) SELECT %s FROM unnest(%s) WITH ORDINALITY AS row (%s, position)"
        " ORDER BY position RETURNING id",
        SQL.identifier(model._table),
        columns,
        columns,
        SQL(", ").join(arrays),
        columns,
    )
