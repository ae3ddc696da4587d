import re

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

MAX_CHANGES = 1000
CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})", re.ASCII)


class OrderFlagFeed(models.Model):
    """The way out: changes made here, for the ERP to follow."""

    _inherit = "order.flag.feed"

    def changes(self, cursor=False, limit=MAX_CHANGES):
        """Return the changes of status and flag that were made here, in order.

        Cancellations by customers are among them, the feed's own pushes are not. Ask again
        with the ``cursor`` that was returned to go on from there; it never passes a change
        that is still being written, so none is lost.

        :param str cursor: from the call before; empty = from the beginning
        :param int limit: how many changes at most, up to 1,000
        :return: ``{"changes": [{"id", "order", "external_ref", "status", "flag", "note",
            "date", "source"}], "cursor": text}``; status and flag by name ("" for none), the
            flag as the ERP spells it where it is mapped; date as ISO 8601 in UTC
        :raise AccessError: for users who are no feed clients, or of another company
        :raise MissingError: when there is no such feed
        :raise UserError: when the cursor or the limit is none
        """
        feed = self._get_feed_of_caller()
        after = feed._read_cursor(cursor)
        limit = feed._read_limit(limit)
        border, newest = feed._get_settled_border()
        feed._check_cursor_is_ours(after, newest)
        rows = feed._fetch_changes(after, border, limit)
        # A full page may end in the middle of a transaction: go on behind its last row.
        if len(rows) == limit:
            after = rows[-1][:2]
        else:
            # All that lies below the border was seen, also where nothing was for this feed.
            after = max(after, (border[0], 0), *(row[:2] for row in rows))
        return {
            "changes": feed._prepare_changes([row[1] for row in rows]),
            "cursor": "{}.{}".format(*after),
        }

    def _read_cursor(self, cursor):
        if not cursor and cursor in (False, None, ""):
            return (0, 0)
        found = isinstance(cursor, str) and CURSOR.fullmatch(cursor)
        if not found:
            raise UserError(
                self.env._("“%(cursor)s” is no cursor of this feed.", cursor=str(cursor)[:100])
            )
        return int(found[1]), int(found[2])

    def _check_cursor_is_ours(self, after, newest):
        # Silence would look like "nothing new" for as long as it takes to catch up.
        if after > (newest, 0):
            raise UserError(
                self.env._(
                    "This cursor is from another database, or from one that was set back since."
                    " Please begin without a cursor."
                )
            )

    def _read_limit(self, limit):
        if type(limit) is not int or limit < 1:
            raise UserError(
                self.env._("The limit must be a number from 1 to %(cap)s.", cap=MAX_CHANGES)
            )
        return min(limit, MAX_CHANGES)

    @api.model
    def _get_settled_border(self):
        """Return ``((position, with own rows), newest position)``: rows below are complete.

        The border is the oldest transaction that is still open. Those of other databases
        on the same server share the numbers, but write nothing here: the ones that are
        seen to be elsewhere do not count. When the oldest one is the calling transaction
        itself, nothing older can follow and its own rows may be shown to it.
        """
        offset = self.env["sale.order.status.history"]._get_position_offset()
        self.env.cr.execute(
            """
            WITH present AS (
                SELECT pg_current_snapshot() AS snapshot,
                       pg_current_xact_id_if_assigned()::text::bigint AS own
            ), elsewhere AS (
                SELECT backend_xid::text::bigint AS number
                  FROM pg_stat_activity
                 WHERE datname != current_database() AND backend_xid IS NOT NULL
            ), newest AS (
                SELECT own, pg_snapshot_xmax(snapshot)::text::bigint AS number FROM present
            ), oldest AS (
                SELECT MIN(open::text::bigint) AS number
                  FROM present, pg_snapshot_xip(snapshot) AS open
                 WHERE open::text::bigint %% 4294967296 NOT IN (SELECT number FROM elsewhere)
            )
            SELECT LEAST(oldest.number, newest.own, newest.number), newest.own,
                   -- The own number is given after the snapshot was taken.
                   GREATEST(newest.number, newest.own + 1)
              FROM oldest, newest
            """,
            [],
        )
        oldest, own, newest = self.env.cr.fetchone()
        return (oldest + offset, oldest == own), newest + offset

    def _fetch_changes(self, after, border, limit):
        """Return ``[(position, history id)]`` of the next changes for this feed."""
        # Read by SQL, past what is still in the cache.
        self.env["sale.order.status.history"].flush_model()
        self.env["sale.order"].flush_model(["company_id"])
        position, with_own = border
        return self.env.execute_query(
            SQL(
                """
                SELECT row.feed_position, row.id
                  FROM sale_order_status_history row
                  JOIN sale_order so ON so.id = row.order_id
                 WHERE (row.feed_position, row.id) > (%(position)s, %(row_id)s)
                   AND row.feed_position < %(border)s
                   AND so.company_id = %(company)s
                   AND row.source != 'install'
                   AND (row.mail_kind IS NULL
                        OR row.status_id IS DISTINCT FROM row.previous_status_id)
                   AND NOT (row.source = 'feed' AND row.feed_id IS NOT DISTINCT FROM %(feed)s)
              ORDER BY row.feed_position, row.id
                 LIMIT %(limit)s
                """,
                position=after[0],
                row_id=after[1],
                border=position + bool(with_own),
                company=self.company_id.id,
                feed=self.id,
                limit=limit,
            )
        )

    def _prepare_changes(self, row_ids):
        spelling = {}
        # Several of their flags may mean one of ours: the first one stands for it.
        for mapping in self.mapping_ids:
            spelling.setdefault(mapping.flag_id, mapping.external_flag)
        return [
            {
                "id": row.id,
                "order": row.order_id.name,
                "external_ref": row.order_id.external_ref or "",
                "status": row.status_id.name or "",
                "flag": spelling.get(row.flag_id, row.flag_id.name or ""),
                "note": row.note or "",
                "date": row.date.isoformat() + "Z",
                "source": row.source,
            }
            for row in self.env["sale.order.status.history"].browse(row_ids)
        ]
