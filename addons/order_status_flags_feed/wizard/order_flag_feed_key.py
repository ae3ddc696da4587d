from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

LONGEST_DAYS = 731


class OrderFlagFeedKey(models.TransientModel):
    """Makes the client user of a feed and its key, or replaces the key."""

    _name = "order.flag.feed.key"
    _description = "Key for the Client of a Feed"

    feed_id = fields.Many2one(comodel_name="order.flag.feed", required=True, ondelete="cascade")
    replaces_key = fields.Boolean(compute="_compute_replaces_key")
    duration = fields.Selection(
        selection=[
            ("30", "1 month"),
            ("90", "3 months"),
            ("180", "6 months"),
            ("365", "1 year"),
            ("0", "Until a date"),
        ],
        string="Valid for",
        required=True,
        default="365",
    )
    date_end = fields.Date(
        string="Valid until",
        compute="_compute_date_end",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )

    @api.depends("feed_id")
    def _compute_replaces_key(self):
        for wizard in self:
            wizard.replaces_key = bool(wizard.feed_id.key_expiration)

    @api.depends("duration")
    def _compute_date_end(self):
        today = fields.Date.context_today(self)
        for wizard in self:
            days = int(wizard.duration or 0)
            if days or not wizard.date_end:
                wizard.date_end = today + timedelta(days=days or 365)

    def action_make_key(self):
        """Make the key and show it, once.

        :return: the dialog with the key
        :raise UserError: for a date in the past, or more than two years ahead
        :raise AccessError: without write access to the feed
        """
        self.ensure_one()
        today = fields.Date.context_today(self)
        if not today <= self.date_end <= today + timedelta(days=LONGEST_DAYS):
            raise UserError(
                self.env._("A key is valid until today at least, and for two years at most.")
            )
        # The whole last day counts.
        expiration = fields.Datetime.to_datetime(self.date_end) + timedelta(days=1)
        key = self.feed_id._make_client_key(expiration)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Key for the client"),
            "res_model": "order.flag.feed.key.show",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": key, "default_url": self.feed_id._get_push_url()},
        }
