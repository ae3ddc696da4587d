"""Rows by the million in the shape of some that Odoo made: copied by SQL, compared with others.

A `Copies` is one table's share: a temporary table says which row is a copy of which sample, and
what its number is; one INSERT makes the rows of it. Columns that are not named are the sample's.
"""

import contextlib

from shape import compare

from odoo.tools import SQL

# About so many of the copies are compared with rows made by Odoo.
COMPARED = 5_000


class Copies:
    """Copies of samples in one table.

    :param cr: cursor; plans live as long as its connection
    :param str table: name of the table
    :param dict samples: ``{id of a sample: [ids of rows of its kind to compare with]}``
    """

    def __init__(self, cr, table, samples, of=""):
        self.cr, self.table, self.samples = cr, table, samples
        self.plan = SQL.identifier(f"plan_{of}{table}")
        self.name = SQL.identifier(table)

    # === WHICH ROWS ===

    @classmethod
    def numbered(cls, cr, table, samples, count, sample, **more):
        """Plan `count` rows, numbered from 1.

        :param SQL sample: the sample of row `n`
        :param SQL more: columns of the plan besides, of `n`
        """
        return cls.planned(
            cr, table, samples, SQL("generate_series(1, %s) n", count), sample, **more
        )

    @classmethod
    def planned(cls, cr, table, samples, rows, sample, **more):
        """Plan a row for each row of a query.

        :param SQL rows: what stands behind FROM; its column `n` counts from 1
        :param SQL sample: the sample of a row
        :param SQL more: columns of the plan besides
        """
        copies = cls(cr, table, samples)
        copies._plan(rows, SQL("n"), sample, more)
        return copies

    def children(self, table, link, **more):
        """Plan the rows of another table that belong to these.

        :param str table: name of the other table
        :param SQL link: says that its row `s` belongs to the row with id `parent.sample`
        :param SQL more: columns of the plan besides, of `parent` and `s`
        """
        copies = Copies(self.cr, table, {}, of=f"{self.table}_")
        rows = SQL(
            "(SELECT s.id AS sample, parent.id AS parent, parent.n AS parent_n %s"
            " FROM %s parent JOIN %s s ON %s) r",
            name_each(more),
            self.plan,
            copies.name,
            link,
        )
        copies._plan(
            rows,
            SQL("row_number() OVER (ORDER BY parent_n, sample)"),
            SQL("sample"),
            {name: SQL.identifier(name) for name in ("parent", "parent_n", *more)},
        )
        copies.samples = self._children_of_samples(copies, link)
        return copies

    def _plan(self, rows, number, sample, more):
        self.cr.execute(SQL("SELECT COALESCE(max(id), 0) FROM %s", self.name))
        (last,) = self.cr.fetchone()
        self.cr.execute(
            SQL(
                "CREATE TEMP TABLE %s AS SELECT %s + %s AS id, %s AS n, %s AS sample %s FROM %s",
                *(self.plan, last, number, number, sample, name_each(more), rows),
            )
        )
        self.cr.execute(SQL("ALTER TABLE %s ADD PRIMARY KEY (id)", self.plan))
        self.cr.execute(SQL("ANALYZE %s", self.plan))

    def _children_of_samples(self, copies, link):
        """Return ``{child of a sample: [children of the rows it is compared with]}``, by place."""
        by_sample = {}
        for sample, others in self.samples.items():
            own, *fresh = (self._list_children(copies, link, one) for one in (sample, *others))
            by_sample.update(zip(own, map(list, zip(*fresh, strict=True)), strict=True))
        return by_sample

    def _list_children(self, copies, link, parent):
        self.cr.execute(
            SQL(
                "SELECT s.id FROM (SELECT %s AS sample) parent JOIN %s s ON %s ORDER BY s.id",
                *(parent, copies.name, link),
            )
        )
        return [row_id for (row_id,) in self.cr.fetchall()]

    def first_id(self):
        """Return the id of the first copy; the others follow without a gap."""
        self.cr.execute(SQL("SELECT min(id) FROM %s", self.plan))
        return self.cr.fetchone()[0]

    # === MAKING THEM ===

    def insert(self, **changed):
        """Insert the rows.

        :param SQL changed: values of columns that are not the sample's, of `plan` and `s`;
            a column that the table does not have is left out
        """
        values = {name: SQL.identifier("s", name) for name in columns_of(self.cr, self.table)}
        values.update({name: changed[name] for name in values.keys() & changed.keys()})
        values["id"] = SQL.identifier("plan", "id")
        self.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s plan JOIN %s s ON s.id = plan.sample"
                " ORDER BY n",
                self.name,
                SQL(", ").join(map(SQL.identifier, values)),
                SQL(", ").join(values.values()),
                self.plan,
                self.name,
            )
        )
        self.cr.execute(
            SQL(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM %s",
                self.table,
                self.name,
            )
        )
        return self

    def relate(self, table, column):
        """Copy the rows of a relation table that belong to the samples."""
        others = [
            SQL.identifier("s", name) for name in columns_of(self.cr, table) if name != column
        ]
        names = [SQL.identifier(name) for name in columns_of(self.cr, table) if name != column]
        self.cr.execute(
            SQL(
                "INSERT INTO %s (%s, %s) SELECT plan.id, %s FROM %s plan"
                " JOIN %s s ON %s = plan.sample",
                SQL.identifier(table),
                SQL.identifier(column),
                SQL(", ").join(names),
                SQL(", ").join(others),
                self.plan,
                SQL.identifier(table),
                SQL.identifier("s", column),
            )
        )
        return self

    # === COMPARING THEM ===

    def differences(self):
        """Return in words what differs from rows that Odoo made; empty when nothing does."""
        some = self._pick()
        found = []
        for sample, fresh in self.samples.items():
            found += self._differences(sample, fresh, some)
        return found + self._dangling([row_id for ids in some.values() for row_id in ids])

    def _pick(self):
        """Return ids of some copies: ``{sample: [ids]}``."""
        self.cr.execute(SQL("SELECT count(*) FROM %s", self.plan))
        step = max(self.cr.fetchone()[0] // COMPARED, 1)
        self.cr.execute(
            SQL(
                "SELECT sample, array_agg(id) FROM %s WHERE abs(hashint8(n)::bigint) %% %s = 0"
                " GROUP BY sample",
                *(self.plan, step),
            )
        )
        return dict(self.cr.fetchall())

    def _differences(self, sample, fresh, some):
        copied, made = self._read(some.get(sample)), self._read(fresh)
        if not copied or not made:
            return []
        return [
            f"{self.table}.{name}: {words}"
            for name in columns_of(self.cr, self.table)
            if (words := compare([row[name] for row in made], [row[name] for row in copied]))
        ]

    def _read(self, ids):
        self.cr.execute(SQL("SELECT * FROM %s WHERE id = ANY(%s)", self.name, ids or []))
        return self.cr.dictfetchall()

    def _dangling(self, ids):
        """Return in words which references of these rows lead to rows that are not there."""
        self.cr.execute(
            """
            SELECT a.attname, c.confrelid::regclass::text
              FROM pg_constraint c JOIN pg_attribute a
                ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND c.conrelid = %s::regclass
            """,
            [self.table],
        )
        found = []
        for column, other in self.cr.fetchall():
            column = SQL.identifier(column)
            self.cr.execute(
                SQL(
                    "SELECT count(*) FROM %s t LEFT JOIN %s o ON o.id = t.%s"
                    " WHERE t.id = ANY(%s) AND t.%s IS NOT NULL AND o.id IS NULL",
                    *(self.name, SQL.identifier(other), column, ids, column),
                )
            )
            if missing := self.cr.fetchone()[0]:
                words = f"{missing} rows that {other} does not have"
                found.append(f"{self.table}.{column.code}: {words}".replace('"', ""))
        return found


def name_each(values):
    """SQL of values and their names, behind other ones."""
    return SQL("").join(
        SQL(", %s AS %s", value, SQL.identifier(name)) for name, value in values.items()
    )


def columns_of(cr, table):
    """Return the names of a table's columns that can be written."""
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    )
    return [name for (name,) in cr.fetchall()]


@contextlib.contextmanager
def bare(cr, *tables):
    """Take indexes and triggers off tables while much is written to them.

    Indexes that are sorted once are made in a tenth of the time. Unique ones stay: they are what
    says that the rows are right.
    """
    cr.execute(
        """
        SELECT i.relname, pg_get_indexdef(i.oid), obj_description(i.oid, 'pg_class')
          FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
          JOIN pg_class t ON t.oid = x.indrelid
         WHERE t.relname = ANY(%s) AND NOT x.indisunique
        """,
        [list(tables)],
    )
    indexes = cr.fetchall()
    # Triggers of foreign keys would look up each of millions of values: `differences` does.
    cr.execute("SET LOCAL session_replication_role = replica")
    cr.execute("SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '256MB'")
    for name, _definition, _comment in indexes:
        cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
    yield
    for name, definition, comment in indexes:
        cr.execute(definition)
        # Odoo keeps there what an index was made of.
        cr.execute(SQL("COMMENT ON INDEX %s IS %s", SQL.identifier(name), comment))
    cr.execute("SET LOCAL session_replication_role = origin")
