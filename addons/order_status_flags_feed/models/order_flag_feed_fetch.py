from odoo import fields, models


class OrderFlagFeedFetch(models.Model):
    """Which version of an order an ERP has fetched last, and when.

    One record per feed and order, written by the feed only. The columns ``told_position`` and
    ``told_touch`` hold the note by which it was told: whoever asks from before it has lost the
    answer.
    """

    _name = "order.flag.feed.fetch"
    _description = "Order Fetched by an ERP"
    _order = "date desc, id desc"
    _rec_name = "order_id"
    _log_access = False

    feed_id = fields.Many2one(
        comodel_name="order.flag.feed",
        string="ERP",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    # Salespeople read this, and no feeds.
    feed_name = fields.Char(string="Feed", related="feed_id.name")
    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="order_id.company_id")
    version = fields.Integer(readonly=True)
    date = fields.Datetime(string="Fetched on", readonly=True)

    _order_uniq = models.Constraint("UNIQUE(feed_id, order_id)", "An order is noted once per feed.")

    def init(self):
        """Add the columns of the note, whose numbers are larger than those of the ORM."""
        self.env.cr.execute(
            """
            ALTER TABLE order_flag_feed_fetch
             ADD COLUMN IF NOT EXISTS told_position bigint NOT NULL DEFAULT 0,
             ADD COLUMN IF NOT EXISTS told_touch bigint NOT NULL DEFAULT 0
            """
        )
