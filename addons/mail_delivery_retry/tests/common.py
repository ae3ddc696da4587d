"""What the tests of all these addons share: queries, tables, and two transactions at once."""

from contextlib import contextmanager
from threading import Thread

import psycopg2
from lxml import html

from odoo import SUPERUSER_ID, Command, api
from odoo.sql_db import db_connect
from odoo.tests import get_db_name
from odoo.tools import mute_logger


def create_users(env, people):
    """Create users in one call, which takes half the time, and mail nobody an invitation.

    :param dict people: `{login: (groups, values)}`, groups as their external ids with commas
        between, values besides what Odoo's `new_test_user` gives a user
    :return: the users, in order
    """
    values = [
        {
            "login": login,
            "name": f"{login} ({groups})",
            "password": login.ljust(8, "x"),
            "email": f"{login[0]}.{login[0]}@example.com",
            "group_ids": [Command.set([env.ref(group).id for group in groups.split(",")])],
            **more,
        }
        for login, (groups, more) in people.items()
    ]
    return env["res.users"].with_context(no_reset_password=True).create(values).with_env(env)


class QueryCount:
    """Mixin: how many queries does it take, and does it take more at the larger size?"""

    @contextmanager
    def _count_queries(self, fresh=True):
        """Count the queries of what runs inside, and of what it left to write.

        :param bool fresh: whether it begins with nothing in the cache
        :return: list that holds the count in the end
        """
        self.env.flush_all()
        if fresh:
            self.env.invalidate_all()
        counts, before = [], self.env.cr.sql_log_count
        yield counts
        self.env.flush_all()
        counts.append(self.env.cr.sql_log_count - before)

    def assertNoMoreQueries(self, few, many, extra=0):
        """The larger size takes no more queries than the smaller one.

        :param int few: queries at the smaller size, measured with warm caches
        :param int many: queries at the larger size
        :param int extra: how many more there may be, for a reason
        """
        self.assertGreater(few, 0, "what takes none at all was not run")
        self.assertLessEqual(many, few + extra)


class WholeTables:
    """Mixin for tests of pages: no row of a table has a cell too few.

    QWeb leaves out a tag whose `t-out` is nothing, and what follows in the row moves to the left.
    """

    def assertTablesAreWhole(self, text):
        """Check that each row has as many cells as the head of its table.

        :param str text: HTML of a page
        """
        tables = html.fromstring(text).xpath("//table[thead]")
        self.assertTrue(tables)
        for table in tables:
            columns = self._count_cells(table.xpath(".//thead/tr")[-1])
            rows = table.xpath(".//tr[not(ancestor::thead)]")
            self.assertTrue(rows)
            for row in rows:
                self.assertEqual(self._count_cells(row), columns, html.tostring(row))

    @staticmethod
    def _count_cells(row):
        return sum(int(cell.get("colspan", 1)) for cell in row.xpath("./th | ./td"))


class Race:
    """Mixin: real transactions side by side.

    What they need is committed and seen by all, so the test removes it at the end. Mute
    ``odoo.sql_db`` where the database is to refuse something.
    """

    @contextmanager
    def _transaction(self, uid=SUPERUSER_ID, **context):
        """Open a transaction of its own; what is not committed in the end is rolled back on error.

        :return: its environment
        """
        # A connection of its own: cursors of the registry may be the test's own one.
        with db_connect(get_db_name()).cursor() as cr:
            yield api.Environment(cr, uid, {"tracking_disable": True, **context})

    def _retrying(self, call, env):
        """Do what `odoo.service.model.retrying` does, but for reloading the registry, whose
        lock the test runner holds.
        """
        try:
            call()
        except psycopg2.errors.SerializationFailure:
            env.cr.rollback()
            env.transaction.clear()
            call()
        env.cr.commit()

    def _run_against(self, holder, waiting, call):
        """Run a call that has to wait for another transaction, and then commit both.

        :param holder: environment of the transaction that is waited for
        :param waiting: environment of the call
        """
        thread = Thread(target=self._retrying, args=(call, waiting))
        with mute_logger("odoo.sql_db"):
            thread.start()
            thread.join(0.5)
            self.assertTrue(thread.is_alive(), "it waits")
            holder.cr.commit()
            thread.join(20)
        self.assertFalse(thread.is_alive(), "it came to an end")
