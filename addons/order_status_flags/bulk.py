"""Writing many rows at once: those of a large change, or of a large table at an installation."""

import contextlib

from odoo.tools import SQL

# From so many changed rows on, making the indexes anew is quicker than keeping them up to date:
# an order has more than thirty, and each changed row is a new entry in all of them.
MANY = 50_000


@contextlib.contextmanager
def without_indexes(cr, table, rows, columns=None):
    """Take the indexes off a table while many of its rows are written, and make them anew.

    Keys stay, as others refer to them. All of it is one transaction: nobody else sees the table
    without its indexes, and whoever asks for it waits. Two rows that may not be the same are found
    at the end. Within another such block nothing happens.

    :param cr: cursor
    :param str table: name of the table
    :param int rows: how many rows are about to change
    :param columns: names of the columns that are written, by an update: an index that has no entry
        and does not look at them needs none afterwards, and is left alone
    """
    indexes = _list_indexes(cr, table, columns) if rows >= MANY else []
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
    :param columns: names of the columns that are about to change, None for rows that are added:
        PostgreSQL asks about each key of these, of empty columns, too
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
    """Return name and definition of the foreign keys of columns, None for all of the table."""
    cr.execute(
        """
        SELECT c.conname, pg_get_constraintdef(c.oid)
          FROM pg_constraint c
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
         WHERE c.contype = 'f'
           AND c.conrelid = %(table)s::regclass
           AND (%(columns)s::varchar[] IS NULL OR a.attname = ANY(%(columns)s))
      ORDER BY c.conname
        """,
        {"table": table, "columns": columns and list(columns)},
    )
    return cr.fetchall()


def _list_indexes(cr, table, columns=None):
    """Return name, definition and comment of the indexes that are no constraint's.

    :param columns: those of an update; without, of rows that are added, which concern all indexes
    """
    cr.execute(
        """
        SELECT i.relname, pg_get_indexdef(i.oid), obj_description(i.oid, 'pg_class')
          FROM pg_index x
          JOIN pg_class i ON i.oid = x.indexrelid
          JOIN pg_am method ON method.oid = i.relam
         WHERE x.indrelid = %(table)s::regclass
           AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid)
           AND (%(columns)s::varchar[] IS NULL
                -- The first page of such an index says where its entries are.
                OR method.amname != 'btree'
                OR pg_relation_size(i.oid) > current_setting('block_size')::int
                OR EXISTS (
                   SELECT FROM pg_depend d
                     JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                    WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = i.oid
                      AND d.refobjid = x.indrelid
                      AND a.attname = ANY(%(columns)s)))
      ORDER BY i.relname
        """,
        {"table": table, "columns": columns and list(columns)},
    )
    return cr.fetchall()


def get_assignments(values):
    """Return what follows `SET` in an update.

    :param dict values: SQL by the name of the column
    :rtype: SQL
    """
    assignments = (SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items())
    return SQL(", ").join(assignments)


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
