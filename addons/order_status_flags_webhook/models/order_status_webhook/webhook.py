from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import str2bool

from ...address_guard import BadUrl, check_literal, parse_url

ALLOW_PRIVATE = "order_status_flags_webhook.allow_private"
# An endpoint that is restarted is nobody's business.
TELL_AFTER = timedelta(hours=1)
IN_ORDER = {
    "failures": 0,
    "resting_until": False,
    "failing_since": False,
    "is_failing_told": False,
}
# What decides who hears what, and is kept in memory.
LISTENING = {"active", "company_id", "document_type", "status_ids", "is_internal"}


class OrderStatusWebhook(models.Model):
    """An address of another system that is told of every change of an order's status.

    By Standard Webhooks 1.0.0: each message has an id and is signed, and whoever receives it
    answers 2xx. Example: the warehouse's software learns that an order is "Ready for pickup"
    a second after the clerk has said so.
    """

    _name = "order.status.webhook"
    _description = "Order Status Webhook"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(
        default=True, tracking=True, help="Off: nothing is sent, and no change is kept for later."
    )
    url = fields.Char(
        string="Address",
        required=True,
        tracking=True,
        help="Where the messages go, by POST. An address in a private network is refused.",
    )
    is_plain_http = fields.Boolean(compute="_compute_is_plain_http")
    company_id = fields.Many2one(
        comodel_name="res.company",
        # Without it, the webhook would hear of everybody's.
        ondelete="cascade",
        default=lambda self: self.env.company,
        help="Only orders of this company and its branches. Empty: of every company.",
    )
    document_type = fields.Selection(
        selection="_selection_document_type",
        help="Only orders of this kind. Empty: of every kind.",
    )
    status_ids = fields.Many2many(
        comodel_name="sale.order.status",
        relation="order_status_webhook_status_rel",
        column1="webhook_id",
        column2="status_id",
        string="Statuses",
        context={"active_test": False},
        help="Only changes to one of these. Empty: every change.",
    )
    is_internal = fields.Boolean(
        string="Internal",
        tracking=True,
        help="On: it also hears of flags, and of statuses that customers are not shown. Off: it"
        " hears what the customer sees.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        ondelete="set null",
        help="Is told when a message cannot be delivered, or the address is gone for good.",
    )
    delivery_ids = fields.One2many(
        comodel_name="order.status.webhook.delivery", inverse_name="webhook_id"
    )
    failed_count = fields.Integer(compute="_compute_counts")
    pending_count = fields.Integer(compute="_compute_counts")
    failures = fields.Integer(
        readonly=True, copy=False, help="How many attempts have failed since the last success."
    )
    resting_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="An address that does not answer is left alone until then.",
    )
    failing_since = fields.Datetime(
        string="Nothing delivered since",
        readonly=True,
        copy=False,
        help="The first of the attempts that have failed since the last success.",
    )
    is_failing_told = fields.Boolean(string="That was told", readonly=True, copy=False)

    # === COMPUTE METHODS === #

    @api.depends("url")
    def _compute_is_plain_http(self):
        for webhook in self:
            webhook.is_plain_http = (webhook.url or "").lower().startswith("http:")

    def _compute_counts(self):
        counts = {
            (webhook.id, state): count
            for webhook, state, count in self.env["order.status.webhook.delivery"]._read_group(
                [("webhook_id", "in", self.ids), ("state", "in", ("failed", "pending"))],
                ["webhook_id", "state"],
                ["__count"],
            )
        }
        for webhook in self:
            webhook.failed_count = counts.get((webhook.id, "failed"), 0)
            webhook.pending_count = counts.get((webhook.id, "pending"), 0)

    @api.model
    def _selection_document_type(self):
        return self.env["sale.order"]._selection_document_type()

    # === CONSTRAINT METHODS === #

    @api.constrains("url")
    def _check_url(self):
        for webhook in self:
            try:
                target = parse_url(webhook.url)
                if not self._allows_private():
                    check_literal(target)
            except BadUrl as error:
                raise ValidationError(self._describe_bad_url(error.args[0])) from error

    @api.model
    def _check_text(self, url):
        """Refuse what the database would refuse with an error of its own, before it is written."""
        if "\x00" in (url or ""):
            raise ValidationError(self._describe_bad_url(BadUrl.CHARACTERS))

    @api.model
    def _describe_bad_url(self, code):
        """Return in words why a URL is refused.

        :param str code: one of those of ``BadUrl``
        """
        return {
            BadUrl.SCHEME: self.env._("The address must begin with https:// or http://."),
            BadUrl.USER: self.env._(
                "The address must hold no user name and no password. The signature tells the"
                " receiver who is calling."
            ),
            BadUrl.CHARACTERS: self.env._("The address holds characters that no address has."),
            BadUrl.PRIVATE: self.env._(
                "The address belongs to this machine or to a private network. No webhook goes"
                " there."
            ),
        }.get(code) or self.env._("The address names no host, or a wrong port.")

    @api.model
    def _allows_private(self):
        """Whether the administrator of the server has opened private networks to webhooks."""
        # sudo: a system parameter, whoever saves or sends
        value = self.env["ir.config_parameter"].sudo().get_param(ALLOW_PRIVATE)
        return bool(value) and str2bool(value, default=True)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_text(vals.get("url"))
        webhooks = super().create(vals_list)
        # Signed from the first message on, though nobody knows this secret.
        webhooks._replace_secrets()
        self.env.registry.clear_cache()
        return webhooks

    def write(self, vals):
        self._check_text(vals.get("url"))
        res = super().write(vals)
        if not LISTENING.isdisjoint(vals):
            self.env.registry.clear_cache()
        if vals.get("active") or vals.get("url"):
            for webhook in self.filtered("is_failing_told"):
                # What comes next is told anew.
                webhook._close_failing_activity()
            self.write(IN_ORDER)
            self.env["order.status.webhook.delivery"]._trigger_cron()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    # === ACTION METHODS === #

    def action_view_deliveries(self):
        """Open the list of what was sent to this address.

        :return: the window
        :raise AccessError: for whoever may not set up webhooks
        """
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_status_flags_webhook.order_status_webhook_delivery_action"
        )
        return {**action, "domain": [("webhook_id", "=", self.id)], "context": {}}

    def action_test(self):
        """Send a message of type ``webhook.test`` now, and say what was answered.

        It is tried once, and listed among the deliveries.

        :return: the notification with the answer
        :raise AccessError: for whoever may not set up webhooks
        """
        self.ensure_one()
        self.check_access("write")
        delivery = self.env["order.status.webhook.delivery"]._send_test(self)
        is_sent = delivery.state == "sent"
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Delivered") if is_sent else self.env._("Not delivered"),
                "message": delivery.answer or "",
                "type": "success" if is_sent else "danger",
                "sticky": not is_sent,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # === WHAT ENDPOINTS ANSWER === #

    def _on_success(self):
        """The endpoint answered 2xx; when it did not answer at all before, or took nothing for an
        hour, what was put off is sent at once. After mere errors it is not: they may be about a
        message, and not about all."""
        if self.resting_until or self.is_failing_told:
            self.env["order.status.webhook.delivery"]._hasten(self)
        if self.is_failing_told:
            self._tell_in_order()
        if self.failures:
            self.write(IN_ORDER)

    def _on_failure(self, now, rest=None):
        """The endpoint did not take a message.

        :param datetime now: of the attempt
        :param datetime rest: until when it is left alone, None when it is not
        """
        since = self.failing_since or now
        self.write(
            {"failures": self.failures + 1, "failing_since": since, "resting_until": rest or False}
        )
        if not self.is_failing_told and now - since >= TELL_AFTER:
            self.is_failing_told = True
            self._tell_failing()

    def _on_gone(self):
        """The endpoint answered 410: it wants no more messages, ever."""
        self.active = False
        waiting = self.delivery_ids.search(
            [("webhook_id", "=", self.id), ("state", "=", "pending")]
        )
        webhook = self._speak_to_responsible()
        waiting._give_up(webhook.env._("The address is gone for good (410)."))
        webhook._tell_responsible(
            webhook.env._("The address is gone"),
            webhook.env._(
                "%(name)s answered “410 Gone”, which means: send nothing more. The webhook was"
                " switched off.",
                name=self.name,
            ),
        )

    # === TELLING WHO LOOKS AFTER IT === #

    def _tell_failing(self):
        """Nothing was delivered for an hour; nothing is lost yet."""
        webhook = self._speak_to_responsible()
        webhook._tell_responsible(
            webhook._get_failing_summary(),
            webhook.env._(
                "%(name)s has taken no message since %(since)s (UTC). They wait, and are tried"
                " again for three days. Its deliveries say what was answered.",
                name=self.name,
                since=self.failing_since.strftime("%Y-%m-%d %H:%M"),
            ),
        )

    def _tell_in_order(self):
        """What was told by ``_tell_failing`` is over."""
        self._close_failing_activity()
        webhook = self._speak_to_responsible()
        webhook.message_post(body=webhook.env._("Messages are delivered again."))

    def _close_failing_activity(self):
        webhook = self._speak_to_responsible()
        summary = webhook._get_failing_summary()
        webhook.activity_ids.filtered(lambda activity: activity.summary == summary).unlink()

    @api.model
    def _get_failing_summary(self):
        return self.env._("Nothing is delivered")

    def _tell_failed(self):
        """A message was given up after three days."""
        webhook = self._speak_to_responsible()
        webhook._tell_responsible(
            webhook.env._("Messages could not be delivered"),
            webhook.env._(
                "%(name)s did not take a message for three days. Look at its deliveries and send"
                " them again once it works.",
                name=self.name,
            ),
        )

    def _tell_responsible(self, summary, note):
        """Tell whoever looks after the webhook, once until the activity is done."""
        if self.activity_ids.filtered(lambda activity: activity.summary == summary):
            return
        self.message_post(body=note)
        self.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=summary,
            note=note,
            user_id=self._get_responsible().id,
        )

    def _get_responsible(self):
        """Return who looks after this webhook: an administrator in any case, who sees it."""
        user = self.user_id
        is_fitting = user.active and user.has_group("base.group_system")
        is_fitting = is_fitting and self.company_id <= user.company_ids
        return user if is_fitting else self.env.ref("base.user_admin")

    def _speak_to_responsible(self):
        """Return this webhook in the language of whoever looks after it."""
        return self.with_context(lang=self._get_responsible().lang)
