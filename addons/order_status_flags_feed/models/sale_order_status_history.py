import logging

import psycopg2

from odoo import fields, models
from odoo.tools import SQL, sql

_logger = logging.getLogger(__name__)

OFFSET_PARAMETER = "order_status_flags_feed.position_offset"
# What is read by position: changes of statuses, and of orders.
POSITIONED = ("sale_order_status_history", "sale_order_erp_touch")
# Cursors run on with every transaction of a server, past the newest row: more than any server
# counts between two of them.
MOVE = 10**12


class SaleOrderStatusHistory(models.Model):
    """Where each row stands in the order in which changes became visible to others.

    Ids are given when a row is written, not when its transaction ends: who reads on from
    the highest id loses the rows of transactions that end later. The column
    ``feed_position`` holds the number of the row's transaction instead. All transactions
    below the oldest one that is still open have ended, so rows below it are complete, and
    every row to come lies above.

    The mail fields of a row are updated later, hence a column of its own: the system
    column ``xmin`` would then name the updating transaction.
    """

    _inherit = "sale.order.status.history"

    source = fields.Selection(
        selection_add=[("feed", "Other ERP"), ("install",)],
        ondelete={"feed": lambda rows: rows._forget_feed()},
    )
    feed_id = fields.Many2one(
        comodel_name="order.flag.feed",
        ondelete="set null",
        readonly=True,
        groups="order_status_flags.group_status_manager",
    )

    def _forget_feed(self):
        """Call changes by a feed what they were when the addon goes: of a flag, or by an event.

        Past ``write``, which rightly alters no history. Events enter a status, and leave the
        flag as it was in the row before.
        """
        if not self:
            return
        self.env.cr.execute(
            """
            UPDATE sale_order_status_history row
               SET source = CASE WHEN row.status_id IS DISTINCT FROM row.previous_status_id
                                  AND row.flag_id IS NOT DISTINCT FROM (
                                      SELECT before.flag_id
                                        FROM sale_order_status_history before
                                       WHERE before.order_id = row.order_id
                                         AND before.id < row.id
                                    ORDER BY before.id DESC
                                       LIMIT 1)
                                 THEN 'event' ELSE 'flag' END
             WHERE row.id = ANY(%s)
            """,
            [list(self.ids)],
        )
        self.invalidate_recordset(["source"])

    def init(self):
        """Add the column with its default, which the ORM cannot express."""
        # Rows that are there keep 0 = before everything; a constant needs no table rewrite.
        self.env.cr.execute(
            "ALTER TABLE sale_order_status_history"
            " ADD COLUMN IF NOT EXISTS feed_position bigint NOT NULL DEFAULT 0"
        )
        # Those of the installation, which no feed is told of, are as many as there are orders.
        self.env.cr.execute(
            "DROP INDEX IF EXISTS sale_order_status_history_feed_position_idx;"
            "CREATE INDEX IF NOT EXISTS sale_order_status_history_feed_told_idx"
            " ON sale_order_status_history (feed_position, id) WHERE source != 'install'"
        )
        self._set_position_offset(self._get_position_offset())

    def _register_hook(self):
        """Override of `base` to notice that the database was moved to another server."""
        super()._register_hook()
        try:
            with self.env.cr.savepoint():
                self._follow_new_cluster()
        except psycopg2.OperationalError:
            # Another process that starts at the same moment does it.
            _logger.info("The positions of the change feed are being adjusted elsewhere.")

    def _follow_new_cluster(self):
        """Go on above the highest position when this server counts transactions anew.

        A dump restored on another PostgreSQL server brings positions that lie in that
        server's future: nothing would be settled until it has caught up. And clients bring
        cursors that lie above all rows of the dump: what is written from now on lies above those,
        too, so that they go on without a gap.
        """
        self.env.cr.execute(
            """
            SELECT GREATEST(
                       (SELECT MAX(feed_position) FROM sale_order_status_history
                         WHERE source != 'install'),
                       (SELECT MAX(feed_position) FROM sale_order_erp_touch),
                       0
                   ),
                   pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                   pg_current_xact_id_if_assigned()::text::bigint
            """
        )
        highest, next_number, own = self.env.cr.fetchone()
        if highest >= max(next_number, (own or 0) + 1) + self._get_position_offset():
            self._set_position_offset(highest + MOVE)

    def _get_position_offset(self):
        # sudo: a technical parameter, read whoever starts the registry or reads the changes
        value = self.env["ir.config_parameter"].sudo().get_param(OFFSET_PARAMETER)
        return int(value or 0)

    def _set_position_offset(self, offset):
        # sudo: see `_get_position_offset`
        self.env["ir.config_parameter"].sudo().set_param(OFFSET_PARAMETER, str(offset))
        # A default of the column, not a value of the insert: the engine, which writes the rows,
        # knows nothing of feeds.
        for table in POSITIONED:
            if not sql.column_exists(self.env.cr, table, "feed_position"):
                continue  # while the addon is installed
            self.env.cr.execute(
                SQL(
                    "ALTER TABLE %s ALTER COLUMN feed_position"
                    " SET DEFAULT pg_current_xact_id()::text::bigint + %s",
                    SQL.identifier(table),
                    SQL(str(int(offset))),
                )
            )
