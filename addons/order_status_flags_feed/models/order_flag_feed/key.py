import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date

from odoo.addons.mail_delivery_retry.attempt import may_be_told
from odoo.addons.mail_delivery_retry.language import get_active_lang

_logger = logging.getLogger(__name__)

# How long before its end somebody is asked to renew a key; of one that is valid for a shorter
# time, in the second half of it: nobody is reminded of the end of what has just begun.
ASK_BEFORE = timedelta(days=30)
ACTIVITY = "mail.mail_activity_data_todo"


class OrderFlagFeed(models.Model):
    """Until when the client's key is valid, and who is reminded to renew it.

    Nobody else would notice: from the end on every call is refused, by night as by day.
    """

    _inherit = "order.flag.feed"

    key_expiration = fields.Datetime(string="Key valid until", compute="_compute_key_expiration")
    key_alert = fields.Selection(
        selection=[("ending", "Ends soon"), ("ended", "Has ended")],
        string="State of the key",
        compute="_compute_key_expiration",
    )
    key_maker_id = fields.Many2one(
        comodel_name="res.users",
        string="Key made by",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    key_told_end = fields.Datetime(
        string="End of the key that was told",
        readonly=True,
        copy=False,
        help="Until when the key is valid of which somebody was reminded.",
    )
    key_activity_id = fields.Many2one(
        comodel_name="mail.activity",
        string="Reminder of the key",
        readonly=True,
        copy=False,
        ondelete="set null",
    )

    # === COMPUTE METHODS === #

    @api.depends("client_user_id", "key_told_end")
    def _compute_key_expiration(self):
        # sudo: keys are the user's own and the administrators' secret; only the dates are shown
        rows = (
            self.env["res.users.apikeys"]
            .sudo()
            ._read_group(
                [("user_id", "in", self.sudo().client_user_id.ids)],
                ["user_id"],
                ["expiration_date:max", "create_date:max"],
            )
        )
        found = {user: dates for user, *dates in rows}
        for feed in self:
            # Odoo deletes a key once it has ended: that it has is known from the reminder.
            told = feed.key_told_end
            end, made = found.get(feed.client_user_id, (told, told))
            feed.key_expiration = end
            feed.key_alert = feed._get_key_alert(end, made)

    @api.model
    def _get_key_alert(self, end, made):
        """Return whether a key has ended or is about to.

        :param datetime.datetime end: naive UTC, False for none or one that never ends
        :param datetime.datetime made: when it was made
        :return: a value of ``key_alert``
        """
        if not end:
            return False
        left = end - fields.Datetime.now()
        if left <= timedelta(0):
            return "ended"
        return "ending" if left <= min(ASK_BEFORE, (end - made) / 2) else False

    # === BUSINESS METHODS === #

    @api.model
    def _cron_remind_of_keys(self):
        """Ask somebody, once a key, to renew the keys that end within 30 days."""
        # sudo: of what was told, only the feed takes note, whoever runs the scheduled action
        feeds = self.sudo().search([("client_user_id", "!=", False)])
        for feed in feeds.filtered("key_alert"):
            if feed.key_told_end != feed.key_expiration:
                feed._try_to_remind_of_key()

    def _try_to_remind_of_key(self):
        """Remind of the key of this feed; one on which that fails does not stop the others.

        What failed, on a push at the same moment or a rule of others, is not noted as told: it is
        tried again the next day.
        """
        try:
            with self.env.cr.savepoint():
                self._remind_of_key()
        except Exception:  # also a clash, which `try_in_parts` would raise: all would wait for it
            _logger.warning("Nobody could be reminded of the key of %s", self, exc_info=True)

    def _remind_of_key(self):
        self.ensure_one()
        self.key_told_end = self.key_expiration
        user = self._get_key_user()
        if not user:
            return
        feed = self.with_context(lang=get_active_lang(self.env, user.lang))
        # The key ends with the last moment of that day.
        day = (self.key_expiration - timedelta(seconds=1)).date()
        summary = feed.env._(
            "The key of “%(feed)s” is valid until %(date)s: renew it",
            feed=self.name,
            date=format_date(feed.env, day),
        )
        # Of no record: feeds have no messages, and whoever renews the key sees the feed's form.
        self.key_activity_id = feed.env["mail.activity"].create(
            {
                "activity_type_id": self.env.ref(ACTIVITY).id,
                "summary": summary,
                "note": Markup('<a href="%s/odoo/flag-feeds/%s">%s</a>')
                % (self.get_base_url(), self.id, self.name),
                "date_deadline": day,
                "user_id": user.id,
                "automated": True,
            }
        )

    def _get_key_user(self):
        """Return who is asked to renew the key: whoever made it, else who made the feed or manages
        the statuses of its company.

        :rtype: res.users
        """
        # sudo: who is in a group is not for everybody to read
        managers = self.env.ref("order_status_flags.group_status_manager").sudo().all_user_ids
        makers = self.key_maker_id or self.client_user_id.create_uid
        users = (*makers, *self.create_uid, *managers.sorted("id"))
        return next((user for user in users if may_be_told(self, user)), self.env["res.users"])

    def _forget_key_reminder(self):
        """Take back what was said of a key that is there no more."""
        feeds = self.sudo()  # sudo: the activity may be another user's
        feeds.key_activity_id.unlink()
        feeds.key_told_end = False
