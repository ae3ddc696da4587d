import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Command

CLIENT_GROUP = "order_status_flags_feed.group_feed_client"
# Written by the feed only, which acts on them by more rights than its managers have.
KEY_FIELDS = ("key_maker_id", "key_told_end", "key_activity_id")
OWN_FIELDS = ("client_user_id", *KEY_FIELDS)

# Flags that clerks of these systems use for the two statuses that every shop needs; by the
# xml id of the flag that is proposed for them.
IN_PROGRESS = "order_status_flags.flag_in_progress"
REJECTED = "order_status_flags.flag_rejected"
POLISH_FLAGS = {
    "W trakcie realizacji": IN_PROGRESS,
    "W realizacji": IN_PROGRESS,
    "Odrzucone": REJECTED,
    "Anulowane": REJECTED,
}
USUAL_FLAGS = {
    "subiekt_gt": POLISH_FLAGS,
    "subiekt_nexo_pro": POLISH_FLAGS,
    "navireo": POLISH_FLAGS,
    "other": {"In progress": IN_PROGRESS, "Rejected": REJECTED},
}


class OrderFlagFeed(models.Model):
    """An ERP outside Odoo in which orders get flags, and documents such as invoices.

    A small program beside that ERP pushes every change of a flag; the mapping says which
    of our flags each of theirs means. Example: a clerk in Subiekt GT puts "W trakcie
    realizacji" on an order; the order here gets the flag "In progress", with it the
    status, and the customer an e-mail, just as if it had been set in Odoo.
    """

    _name = "order.flag.feed"
    _description = "Flag Feed"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True, help="An archived feed takes no more changes.")
    system = fields.Selection(
        selection=[
            ("subiekt_gt", "Subiekt GT"),
            ("subiekt_nexo_pro", "Subiekt nexo PRO"),
            ("navireo", "Navireo"),
            ("other", "Another ERP"),
        ],
        required=True,
        default="other",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        help="The feed reaches orders of this company only.",
    )
    order_ref_field = fields.Selection(
        selection=[
            ("name", "Number of the order in Odoo"),
            ("client_order_ref", "Customer reference"),
            ("external_ref", "Number of the order in the ERP"),
        ],
        string="Orders are found by",
        required=True,
        default="name",
        help="What the ERP sends as the order of a change.",
    )
    mapping_ids = fields.One2many(
        comodel_name="order.flag.feed.mapping", inverse_name="feed_id", string="Flags"
    )
    log_ids = fields.One2many(comodel_name="order.flag.feed.log", inverse_name="feed_id")
    last_push = fields.Datetime(string="Last push", readonly=True, copy=False)
    client_user_id = fields.Many2one(
        comodel_name="res.users",
        string="Client user",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The user whose key the client uses. It can do nothing but the calls of the feed.",
    )
    failed_count = fields.Integer(compute="_compute_failed_count")
    unknown_flag_count = fields.Integer(compute="_compute_unknown_flag_count")

    # === COMPUTE METHODS === #

    def _compute_failed_count(self):
        counts = self.env["order.flag.feed.log"]._count_by_feed(self, [("is_open", "=", True)])
        for feed in self:
            feed.failed_count = counts.get(feed.id, 0)

    def _compute_unknown_flag_count(self):
        counts = dict(
            self.env["order.flag.feed.unknown.flag"]._read_group(
                [("feed_id", "in", self.ids)], ["feed_id"], ["__count"]
            )
        )
        for feed in self:
            feed.unknown_flag_count = counts.get(feed, 0)

    @api.onchange("system")
    def _onchange_system(self):
        """Propose the flags that the chosen system's users usually have."""
        # What somebody has typed or saved is worth more than a proposal.
        if self.mapping_ids.filtered("external_flag")._origin:
            return
        self.mapping_ids = [Command.clear()] + [
            Command.create({"external_flag": name, "flag_id": flag.id})
            for name, flag in self._get_usual_flags()
        ]

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        """Override of `base` to take neither the client user nor its key from a default."""
        return super().default_get([name for name in fields if name not in OWN_FIELDS])

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_client_untouched(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_client_untouched(vals)
        # The client goes along, and acts there by no rights but the feed's.
        self.env["res.company"].browse(vals.get("company_id") or ()).check_access("read")
        res = super().write(vals)
        # The client may act where its feed is, and nowhere else.
        if "company_id" in vals:
            self._move_client_users()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_documents(self):
        """Customers find their invoices by them."""
        # sudo: documents of orders that the user does not read count, too
        documents = self.env["sale.order.erp.document"].sudo()
        if documents.search_count([("feed_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "Customers still find documents of this feed on their orders. Archive the feed"
                    " instead: it then takes no more changes, and the documents stay."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_close_clients(self):
        """A key must not outlive its feed."""
        self._close_clients()

    # === ACTION METHODS === #

    def action_open_key_wizard(self):
        """Open the dialog that makes the client user and its key, or renews the key."""
        return self._open_wizard("order.flag.feed.key", self.env._("Key for the client"))

    def action_open_import(self):
        """Open the dialog that imports the rows of a push from a CSV file."""
        return self._open_wizard("order.flag.feed.import", self.env._("Import changes"))

    def action_revoke_key(self):
        """Make every key of the client useless at once.

        :return: True
        :raise AccessError: without write access to the feed
        """
        self.check_access("write")
        self._close_clients()
        return True

    def action_view_log(self):
        """Open the log of this feed."""
        return self._open_records("order_flag_feed_log_action", {})

    def action_view_failed(self):
        """Open the rows of this feed that did not reach their order."""
        return self._open_records(
            "order_flag_feed_log_action", {"search_default_open": 1, "search_default_group": 0}
        )

    def action_view_unknown_flags(self):
        """Open the flags that arrived and are not mapped."""
        return self._open_records("order_flag_feed_unknown_flag_action", {})

    def _open_records(self, action, context):
        self.ensure_one()
        values = self.env["ir.actions.act_window"]._for_xml_id(f"order_status_flags_feed.{action}")
        values["domain"] = [("feed_id", "=", self.id)]
        values["context"] = {"default_feed_id": self.id, **context}
        return values

    def _open_wizard(self, model, name):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_feed_id": self.id},
        }

    # === BUSINESS METHODS === #

    def _get_usual_flags(self):
        """Return ``[(external name, our flag)]`` that this feed's system usually has."""
        self.ensure_one()
        found = []
        for name, xml_id in USUAL_FLAGS.get(self.system, {}).items():
            # Who deleted or archived our flags has flags of their own.
            flag = self.env.ref(xml_id, raise_if_not_found=False)
            if flag and flag.active:
                found.append((name, flag))
        return found

    def _get_feed_of_caller(self):
        """Return this feed (sudo) for a caller from outside, or refuse.

        :raise AccessError: for whoever is not in the group of feed clients, for the client of
            another feed, and for feeds of a company that is not the caller's
        :raise MissingError: when there is no such feed
        :raise UserError: when not exactly one feed is named, or it is archived
        """
        user = self.env.user
        if not self.env.su and not user.has_group(CLIENT_GROUP):
            raise AccessError(
                self.env._("Only clients of a flag feed may push changes or read them.")
            )
        # Before `exists`, which would ask the database for whatever came as an id.
        if len(self._ids) != 1 or type(self._ids[0]) is not int:
            raise UserError(self.env._('Name exactly one feed, like "ids": [1].'))
        # sudo: a client reads no records at all; what it may do is checked here. Those that it is
        # the client of are looked up along with the one that it names.
        feeds = self.sudo().with_context(active_test=False)
        feeds = feeds.search(["|", ("id", "in", self.ids), ("client_user_id", "=", user.id)])
        feed = feeds.filtered(lambda feed: feed.id == self.id)
        if not feed:
            raise MissingError(
                self.env._("There is no flag feed with the id %(id)s.", id=self._ids[0])
            )
        # sudo: a client does not read its own user
        if not self.env.su and feed.company_id not in user.sudo().company_ids:
            raise AccessError(self.env._("This flag feed belongs to another company."))
        # The key of one feed opens no other one that has a key. Who is the client of none was let
        # in by hand.
        own = feeds.filtered(lambda feed: feed.client_user_id == user)
        if not self.env.su and own and feed.client_user_id and feed not in own:
            raise AccessError(self.env._("This key is that of another flag feed."))
        feed._check_switched_on()
        return feed._in_own_context()

    def _check_switched_on(self):
        if not self.active:
            raise UserError(self.env._("The flag feed “%(feed)s” is switched off.", feed=self.name))

    def _in_own_context(self):
        """Return the feed (sudo) with a context that the caller has no say in.

        Two keys are the caller's: the language of the messages, and that nobody is mailed.
        """
        kept = {
            key: self.env.context[key]
            for key in ("lang", "order_status_no_notify")
            if key in self.env.context
        }
        feed = self.sudo()  # sudo: a feed acts by its own rules, see `_get_feed_of_caller`
        # The rest of the caller's context is dropped on purpose.
        feed = feed.with_env(feed.env(context=kept))
        return feed.with_company(feed.company_id)

    def _get_push_url(self):
        """Return the address that a client pushes to."""
        return f"{self.get_base_url()}/json/2/order.flag.feed/push"

    # === CLIENT USER === #

    def _check_client_untouched(self, vals):
        """Refuse to make anybody's account the client: its key would be that person's key.

        Nor is any activity made the reminder of the key: it is deleted with it, whosever it is.

        :raise AccessError: for all but the feed itself
        """
        if self.env.su:
            return
        if vals.get("client_user_id"):
            raise AccessError(
                self.env._("The user of the client is made by the button of the feed only.")
            )
        if any(vals.get(name) for name in KEY_FIELDS):
            raise AccessError(
                self.env._("Who made the key and who was reminded of it is noted by the feed only.")
            )

    def _get_client_users(self):
        """Return the client users (sudo), only those that are nothing but clients."""
        # sudo: see `_ensure_client_user`
        users = self.sudo().with_context(active_test=False).client_user_id
        return users.filtered(lambda user: user._is_feed_client_only())

    def _make_client_key(self, expiration):
        """Make the client user if there is none, and a key that replaces its earlier ones.

        :param datetime.datetime expiration: naive UTC
        :return: the key, which is stored nowhere in readable form
        """
        self.ensure_one()
        self.check_access("write")
        # First: a key that leaked must not outlive the one that replaces it.
        self._close_clients()
        user = self._ensure_client_user()
        # sudo: core lets only internal users make keys, for at most the days that their
        # groups allow; this user must not be an internal one
        keys = self.env["res.users.apikeys"].with_user(user).sudo()
        key = keys._generate("rpc", self.name, expiration)
        self.sudo().key_maker_id = self.env.user  # sudo: noted by the feed only
        self.invalidate_recordset(["key_expiration", "key_alert"])
        return key

    def _ensure_client_user(self):
        # sudo: who manages feeds need not manage users; this one calls its feed
        feed = self.sudo()
        if user := feed._get_client_users():
            user.active = True
        else:
            feed.client_user_id = (
                feed.env["res.users"]
                .with_context(no_reset_password=True)
                .create(feed._prepare_client_user_values())
            )
        return feed.client_user_id

    def _prepare_client_user_values(self):
        return {
            "name": self.env._("Feed %(feed)s", feed=self.name),
            # Not to be guessed, although no password would fit it.
            "login": f"flag-feed-{self.id}-{secrets.token_hex(4)}",
            # Set, not added: without it, new users are internal ones.
            "group_ids": [Command.set(self.env.ref(CLIENT_GROUP).ids)],
            "company_id": self.company_id.id,
            "company_ids": [Command.set(self.company_id.ids)],
        }

    def _close_clients(self):
        """Remove the keys of the clients, and switch the users off."""
        users = self._get_client_users()
        # sudo: keys are closed to all but their owner; the feed's managers close its clients
        self.env["res.users.apikeys"].sudo().search([("user_id", "in", users.ids)])._remove()
        users.active = False
        self._forget_key_reminder()
        self.invalidate_recordset(["key_expiration", "key_alert"])

    def _move_client_users(self):
        for feed in self.sudo():  # sudo: see `_ensure_client_user`
            feed._get_client_users().write(
                {
                    "company_id": feed.company_id.id,
                    "company_ids": [Command.set(feed.company_id.ids)],
                }
            )
