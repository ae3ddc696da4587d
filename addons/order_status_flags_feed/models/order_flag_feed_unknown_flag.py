from odoo import fields, models
from odoo.tools import SQL


class OrderFlagFeedUnknownFlag(models.Model):
    """Flags that arrived and that no mapping knows, counted from the log."""

    _name = "order.flag.feed.unknown.flag"
    _description = "Unknown Flag of a Feed"
    _auto = False
    _order = "last_seen desc, id desc"
    _rec_name = "external_flag"
    # What has to be in the database before it is asked.
    _depends = {
        "order.flag.feed": ["company_id"],
        "order.flag.feed.log": ["feed_id", "external_flag", "result"],
        "order.flag.feed.mapping": ["feed_id", "external_flag"],
    }

    feed_id = fields.Many2one(comodel_name="order.flag.feed", readonly=True)
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    external_flag = fields.Char(string="Flag in the ERP", readonly=True)
    row_count = fields.Integer(string="Rows", readonly=True)
    last_seen = fields.Datetime(string="Last seen", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            -- The first of its rows: the last one is another with each try of the client.
            SELECT MIN(log.id) AS id, log.feed_id, feed.company_id, log.external_flag,
                   COUNT(*) AS row_count, MAX(log.create_date) AS last_seen
              FROM order_flag_feed_log log
              JOIN order_flag_feed feed ON feed.id = log.feed_id
             WHERE log.result = 'unknown_flag'
               AND NOT EXISTS (
                   SELECT 1 FROM order_flag_feed_mapping mapping
                    WHERE mapping.feed_id = log.feed_id
                      AND mapping.external_flag = TRIM(log.external_flag))
          GROUP BY log.feed_id, feed.company_id, log.external_flag
            """
        )

    def action_map(self):
        """Open the form in which this flag gets its meaning."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Map the flag"),
            "res_model": "order.flag.feed.mapping",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_feed_id": self.feed_id.id,
                "default_external_flag": self.external_flag,
            },
        }
