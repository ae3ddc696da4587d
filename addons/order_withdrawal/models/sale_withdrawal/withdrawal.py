from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import clean_context

from odoo.addons.mail_delivery_retry.language import get_active_lang
from odoo.addons.order_status_flags.typed_text import clean_text

from ...context_keys import WITHDRAWAL_WRITE
from ...declaration import get_hash

# A statement of an earlier year is a slip of the hand.
FIRST_YEAR = 1990
# Where it is tomorrow first: the day of a postmark has no time zone.
FIRST_TOMORROW = timedelta(hours=14)
# What people may change of a statement: who looks after it, and their own notes. Everything else
# is what was declared, or follows from the buttons.
OPEN_FIELDS = {"user_id", "note", "message_main_attachment_id"}
OPEN_PREFIXES = ("message_", "activity_", "website_message_", "rating_")


class SaleWithdrawal(models.Model):
    """One statement of withdrawal, as it was received.

    The record comes first: ``_record`` inserts it in a transaction of its own, and nothing that
    fails later takes it away. What follows from it (``processing.py``) is done after that, again
    and again until it is done. A statement is never refused; it is marked instead.
    """

    _name = "sale.withdrawal"
    _description = "Withdrawal from Contract"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "received_at desc, id desc"
    _primary_email = "email"

    name = fields.Char(string="Number", required=True, readonly=True, copy=False, default="/")
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    order_id = fields.Many2one(
        comodel_name="sale.order",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="Empty: nobody knows yet which order is meant.",
    )
    order_reference = fields.Char(
        string="Contract, as declared", help="The number, or in words, as the customer wrote it."
    )
    partner_name = fields.Char(string="Name, as declared")
    email = fields.Char(string="E-mail, as declared")
    reason = fields.Text(string="Reason, as declared")
    statement = fields.Text(
        copy=False, help="What was declared, word for word, as the customer read and confirmed it."
    )
    statement_hash = fields.Char(
        string="Fingerprint (SHA-256)",
        readonly=True,
        copy=False,
        help="Of the statement in UTF-8: two texts with the same fingerprint are the same text.",
    )
    received_at = fields.Datetime(
        string="Received on", required=True, default=fields.Datetime.now, copy=False, index=True
    )
    sent_on = fields.Date(
        string="Sent on",
        copy=False,
        help="Of a letter or e-mail that you enter: the day of the postmark, or of the e-mail. What"
        " is sent before the period ends is in time, whenever it arrives.",
    )
    is_verified = fields.Boolean(
        string="Verified",
        readonly=True,
        copy=False,
        help="Declared by the order's link, after logging in, or with a number and an e-mail that"
        " fit together; or entered for an order by a salesperson.",
    )
    is_matched = fields.Boolean(
        string="Matched by hand",
        readonly=True,
        copy=False,
        help="A salesperson has said which order is meant.",
    )
    source = fields.Selection(
        selection=[
            ("tracking", "Order status link"),
            ("portal", "Customer portal"),
            ("form", "Public form"),
            ("staff", "Entered by hand"),
        ],
        required=True,
        readonly=True,
        default="staff",
        copy=False,
    )
    line_ids = fields.One2many(
        comodel_name="sale.withdrawal.line",
        inverse_name="withdrawal_id",
        string="Declared quantities",
        copy=False,
        help="Empty: the whole order.",
    )
    state = fields.Selection(
        selection=[
            ("received", "Received"),
            ("accepted", "Accepted"),
            ("declined", "Declined"),
            ("done", "Done"),
        ],
        required=True,
        readonly=True,
        default="received",
        copy=False,
        index=True,
        tracking=True,
    )
    decline_reason = fields.Text(readonly=True, copy=False)
    mail_ids = fields.One2many(
        comodel_name="sale.withdrawal.mail", inverse_name="withdrawal_id", copy=False
    )
    mail_state = fields.Selection(
        selection=[
            ("none", "No e-mail"),
            ("pending", "Waiting"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("superseded", "Overtaken"),
            ("suppressed", "Held back"),
        ],
        string="E-mail",
        compute="_compute_mail_state",
        compute_sudo=True,
        precompute=True,
        store=True,
        help="What became of the acknowledgement. Held back: somebody whose statement fits no"
        " order gets one e-mail a day; the button sends it all the same.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Responsible",
        domain="[('share', '=', False)]",
        copy=False,
    )
    note = fields.Text(string="Notes", copy=False, help="For colleagues only.")

    # What is kept of how it came in. `claimed_order_id` is no relation: inserting a statement waits
    # for no lock of an order, and nothing that happens to the order can stop it.
    claimed_order_id = fields.Integer(readonly=True, copy=False)
    declared_lines = fields.Char(readonly=True, copy=False)
    lang = fields.Char(string="Language of the statement", readonly=True, copy=False)
    tz = fields.Char(string="Time zone of the page", readonly=True, copy=False)
    submission_key = fields.Char(readonly=True, copy=False)
    origin_key = fields.Char(readonly=True, copy=False)
    step = fields.Selection(
        selection=[
            ("recorded", "Recorded"),
            ("acknowledged", "Acknowledged"),
            ("complete", "Complete"),
        ],
        readonly=True,
        copy=False,
        default="recorded",
        help="How far the case of this statement has come.",
    )
    was_goes_on_told = fields.Boolean(
        readonly=True,
        copy=False,
        help="A person was told that another system goes on with the order.",
    )
    is_anonymised = fields.Boolean(readonly=True, copy=False)

    _submission_key_uniq = models.UniqueIndex(
        "(submission_key) WHERE submission_key IS NOT NULL",
        "This form has been sent already.",
    )
    _open_step_idx = models.Index("(id) WHERE step <> 'complete'")
    _open_idx = models.Index("(order_id) WHERE state IN ('received', 'accepted')")

    # === COMPUTE METHODS === #

    @api.depends("mail_ids.mail_state", "mail_ids.kind", "mail_ids.is_mail_handled")
    def _compute_mail_state(self):
        """The most pressing state of its acknowledgements; sent comes before held back.

        Those that somebody has looked after count where there are no others.
        """
        for withdrawal in self:
            mails = withdrawal.mail_ids.filtered(lambda mail: mail.kind == "received")
            mails = mails.filtered(lambda mail: not mail.is_mail_handled) or mails
            states = set(mails.mapped("mail_state"))
            withdrawal.mail_state = next(
                (state for state in ("failed", "pending", "sent", "suppressed") if state in states),
                "none",
            )

    @api.depends("name", "partner_name")
    def _compute_display_name(self):
        for withdrawal in self:
            withdrawal.display_name = " ".join(
                filter(None, (withdrawal.name, withdrawal.partner_name))
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Enter statements that came by letter or phone; those of the pages come by ``_record``.

        Values that nobody enters are left out, those that the context would bring too.

        :raise UserError: when the name is missing, or the day of receipt is to come
        """
        if self._is_own_write():
            return super().create(vals_list)
        vals_list = [self._prepare_staff_values(vals) for vals in vals_list]
        entering = self.with_env(self.env(context=clean_context(self.env.context)))._own()
        withdrawals = super(SaleWithdrawal, entering).create(vals_list).with_env(self.env)
        withdrawals._state_what_was_entered()
        withdrawals._process_entered()
        return withdrawals

    def write(self, vals):
        """Keep what was declared: nobody changes it, in whatever mode.

        :raise UserError: for any field but notes and the person in charge
        """
        closed = [
            name for name in vals if name not in OPEN_FIELDS and not name.startswith(OPEN_PREFIXES)
        ]
        if closed and not self._is_own_write():
            raise UserError(
                self.env._(
                    "What a customer declared, and what followed from it, cannot be changed"
                    " afterwards. Use the buttons, or enter a new statement."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A statement of withdrawal cannot be deleted."))

    # === WHO WRITES === #

    def _is_own_write(self):
        return self.env.context.get("order_withdrawal_write") is WITHDRAWAL_WRITE

    def _own(self):
        """Return these records with the key that lets our own values in."""
        return self.with_context(order_withdrawal_write=WITHDRAWAL_WRITE)

    def _set(self, **values):
        """Write values that follow from a statement, or from a button whose rights were checked."""
        # sudo: salespeople write none of these fields themselves
        return self.sudo()._own().write(values)

    # === ENTERED BY HAND === #

    @api.model
    def _prepare_staff_values(self, vals):
        """Return the values of a statement that a salesperson enters."""
        names = ("company_id", "order_id", "order_reference", "partner_name", "email", "reason")
        vals = self._clean_entered(vals)
        entered = {name: vals[name] for name in names if name in vals}
        entered |= {name: vals[name] for name in ("note", "user_id", "line_ids") if name in vals}
        order = self.env["sale.order"].browse(vals.get("order_id") or [])
        if order:
            order.check_access("write")
            # sudo: the order may be written; its customer need not be readable
            partner = order.sudo().partner_id
            entered["company_id"] = order.company_id.id
            entered.setdefault("order_reference", order.name)
            entered["partner_name"] = entered.get("partner_name") or partner.name
            entered["email"] = entered.get("email") or partner.email
        if not entered.get("partner_name"):
            raise UserError(self.env._("Please enter whose statement it is."))
        moment, sent_on = self._check_entered_days(vals)
        company = self.env["res.company"].browse(entered.get("company_id") or self.env.company.id)
        return {
            **entered,
            "name": self._get_next_number(company),
            "source": "staff",
            "is_verified": bool(order),
            "is_matched": bool(order),
            "received_at": moment,
            "sent_on": sent_on,
            "statement": vals.get("statement") or False,
            # sudo: see above; the company's is what is read where the customer has none
            "lang": get_active_lang(
                self.sudo().with_company(company).env, order.sudo().partner_id.lang
            ),
            "tz": bool(order)
            and order.sudo()._get_customer_page_tz(self.env.ref("base.public_user")),
        }

    @api.model
    def _check_entered_days(self, vals):
        """Return when an entered statement was received and sent, the second False if unknown.

        :raise UserError: when neither can be
        """
        moment = fields.Datetime.to_datetime(vals.get("received_at")) or fields.Datetime.now()
        sent_on = fields.Date.to_date(vals.get("sent_on")) or False
        if moment > fields.Datetime.now():
            raise UserError(self.env._("A statement cannot be received in the future."))
        if sent_on and sent_on > (moment + FIRST_TOMORROW).date():
            raise UserError(self.env._("A statement cannot be sent after it was received."))
        year = min(moment.year, (sent_on or moment).year)
        if year < FIRST_YEAR:
            raise UserError(
                self.env._(
                    "Please check when the statement was received: the year is %(year)s.",
                    year=year,
                )
            )
        return moment, sent_on

    @api.model
    def _clean_entered(self, vals):
        """Return the values with their texts cleaned as those of the pages are."""
        one_line = {"order_reference", "partner_name", "email"}
        texts = vals.keys() & {*one_line, "reason", "statement"}
        cleaned = {name: clean_text(vals[name], one_line=name in one_line) for name in texts}
        return {**vals, **{name: text or False for name, text in cleaned.items()}}

    def _state_what_was_entered(self):
        """Word the statement from what was entered, where no wording was, and seal it."""
        for withdrawal in self:
            statement = withdrawal.statement or withdrawal._word_entered_statement()
            withdrawal._set(statement=statement, statement_hash=get_hash(statement))

    @api.model
    def _get_next_number(self, company):
        # sudo: a visitor's statement gets a number, too
        sequences = self.env["ir.sequence"].sudo().with_company(company)
        # The user's time zone as Odoo keeps it in memory: user and contact are not read for it.
        zone = self.env.context.get("tz") or self.env["res.users"].context_get().get("tz")
        sequences = sequences.with_context(tz=zone or "UTC")
        return sequences.next_by_code("sale.withdrawal") or "/"
