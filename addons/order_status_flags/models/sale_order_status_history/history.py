from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.mail_delivery_retry.references import REFERENCES_INDEX

from ...bulk import get_insert

# Fields that the mail worker may write; everything else is written once.
MAIL_FIELDS = {
    *("mail_state", "mail_kind", "mail_error", "mail_mail_id", "mail_due", "mail_attempts"),
    *("mail_references", "mail_told_date", "is_mail_handled", "is_resend"),
}
RESENDABLE = ("failed", "suppressed", "sent")


class SaleOrderStatusHistory(models.Model):
    """One row per change of an order's status or flag, and the outbox of its e-mail.

    Rows are written by ``sale.order._apply_status_changes`` only, under the order's lock,
    and never altered or deleted afterwards, the mail fields aside. A row whose status has
    an e-mail template begins as ``pending``; the scheduled action renders pending rows in
    batches into Odoo's mail queue, and a row stays pending until a mail server has
    accepted (``sent``) or finally refused (``failed``) its e-mail.
    """

    _name = "sale.order.status.history"
    _description = "Order Status History"
    _order = "id desc"
    _rec_name = "status_id"
    # `user_id` and `date` say who and when; a second pair would only cost.
    _log_access = False

    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, index=True, ondelete="cascade", readonly=True
    )
    previous_status_id = fields.Many2one(
        comodel_name="sale.order.status", ondelete="restrict", readonly=True
    )
    status_id = fields.Many2one(
        comodel_name="sale.order.status",
        ondelete="restrict",
        index="btree_not_null",
        readonly=True,
    )
    flag_id = fields.Many2one(comodel_name="sale.order.flag", ondelete="restrict", readonly=True)
    previous_flag_note = fields.Char(string="Flag note before", readonly=True)
    undone_id = fields.Many2one(
        comodel_name="sale.order.status.history",
        string="Undoes",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
        help="The change that whoever made it took back a moment later.",
    )
    undoing_ids = fields.One2many(
        comodel_name="sale.order.status.history",
        inverse_name="undone_id",
        string="Undone by",
        readonly=True,
    )
    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(comodel_name="res.users", string="Changed by", readonly=True)
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer who did it", readonly=True
    )
    source = fields.Selection(
        selection=[
            ("manual", "By hand"),
            ("flag", "Flag"),
            ("event", "Automatic"),
            ("customer", "Customer"),
            ("install", "Installation"),
        ],
        required=True,
        readonly=True,
    )
    is_forced = fields.Boolean(string="Forced", readonly=True)
    note = fields.Char(readonly=True)
    duration = fields.Float(
        string="Hours in previous status",
        readonly=True,
        aggregator="avg",
        help="How long the order was in the previous status, in hours.",
    )
    mail_state = fields.Selection(
        selection=[
            ("none", "No e-mail"),
            ("pending", "Waiting"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("superseded", "Overtaken"),
            ("suppressed", "Not wanted"),
        ],
        string="E-mail",
        required=True,
        default="none",
        readonly=True,
        help="Overtaken: a newer status came before the e-mail left. Not wanted: sent without"
        " e-mail on purpose, or the status is not shown to customers.",
    )
    mail_kind = fields.Selection(
        selection=[("delay", "Delay"), ("link", "Link asked for")],
        string="Kind of e-mail",
        readonly=True,
        help="Empty: the e-mail tells the status. Any other one goes out whatever the status has"
        " become since.",
    )
    mail_error = fields.Char(string="E-mail error", readonly=True)
    mail_mail_id = fields.Many2one(
        comodel_name="mail.mail",
        string="E-mail in the queue",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
    )
    mail_due = fields.Datetime(
        readonly=True,
        help="Not mailed before this moment. Empty: handed over to Odoo's mail queue.",
    )
    mail_attempts = fields.Integer(readonly=True)
    mail_references = fields.Char(
        string="Message-Ids",
        readonly=True,
        help="Of the e-mails that left, the last one last: by them answers and bounces are known.",
    )
    mail_told_date = fields.Date(
        string="Date told",
        readonly=True,
        help="The new date that the e-mail about a delay names, empty where it names none.",
    )
    is_mail_handled = fields.Boolean(
        string="Handled", readonly=True, help="Somebody has looked after the failed e-mail."
    )
    can_resend = fields.Boolean(compute="_compute_can_resend", compute_sudo=True)
    is_resend = fields.Boolean(readonly=True, help="Somebody asked to send this e-mail again.")
    company_id = fields.Many2one(related="order_id.company_id")
    order_partner_id = fields.Many2one(related="order_id.partner_id", string="Customer")
    previous_status_color = fields.Integer(
        related="previous_status_id.color", string="Previous status color"
    )
    status_color = fields.Integer(related="status_id.color", string="Status color")
    flag_color = fields.Integer(related="flag_id.color", string="Flag color")

    _pending_idx = models.Index("(order_id) WHERE mail_state = 'pending'")
    _references_idx = models.Index(REFERENCES_INDEX)
    _failed_idx = models.Index("(order_id) WHERE mail_state = 'failed'")
    _timeline_idx = models.Index("(order_id, id DESC)")

    # === CRUD METHODS === #

    def write(self, vals):
        if not vals.keys() <= MAIL_FIELDS:
            raise UserError(self.env._("The status history cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The status history cannot be deleted."))

    @api.model
    def _create_rows(self, vals_list):
        """Write the rows of one status change, and wake the mail worker if one is to be mailed.

        One INSERT: a clerk flags a thousand orders at once, and ``create`` alone would cost
        more than everything else. Addons with columns of their own give them a default in
        the database.

        :param list[dict] vals_list: in the order in which the changes happened, all with the
            same keys
        :return: the ids of the rows, in the same order
        :rtype: list[int]
        """
        if not vals_list:
            return []
        vals_list = [{"mail_attempts": 0, "is_resend": False, **vals} for vals in vals_list]
        created = self.env.execute_query(get_insert(self, vals_list))
        self.env["sale.order"].invalidate_model(["status_history_ids"], flush=False)
        # One trigger per moment: each company has its own time to hold mails back.
        for due in {vals["mail_due"] for vals in vals_list if vals["mail_state"] == "pending"}:
            self._trigger_mail_cron(due)
        return [row_id for (row_id,) in created]

    @api.model
    def _trigger_mail_cron(self, at=None):
        # sudo: salespeople cannot read scheduled actions
        cron = self.env.ref("order_status_flags.ir_cron_status_mail").sudo()
        cron.fetch(["active"])  # all that Odoo asks of it
        cron._trigger(at if at and at > fields.Datetime.now() else None)

    # === ACTION METHODS === #

    def action_resend_mail(self):
        """Send the e-mails of these changes once more.

        :return: True
        :raise UserError: when a row is not failed, suppressed or sent, or its status has no
            template or is internal
        :raise AccessError: without write access to the orders
        """
        self.check_access("read")
        self.order_id.check_access("write")
        rows = self.sudo()  # the mail fields are written for people who only read the history
        for row in rows:
            if refusal := row._get_resend_refusal():
                raise UserError(refusal)
        rows._withdraw_failed_mails()
        rows.write(
            {
                "mail_state": "pending",
                "mail_error": False,
                "mail_mail_id": False,
                "mail_attempts": 0,
                "mail_due": fields.Datetime.now(),
                "is_mail_handled": False,
                "is_resend": True,
            }
        )
        self._trigger_mail_cron()
        return True

    def _withdraw_failed_mails(self):
        """Cancel what the mail queue still holds of these e-mails: one of them is enough."""
        mails = self.mail_mail_id.filtered(lambda mail: mail.state in ("outgoing", "exception"))
        if len(mails.try_lock_for_update(allow_referencing=True)) < len(mails):
            raise UserError(self.env._("The e-mail is leaving at this moment."))
        mails.write({"state": "cancel"})

    @api.depends("mail_state", "mail_kind", "status_id.is_public", "status_id.mail_template_id")
    def _compute_can_resend(self):
        for row in self:
            row.can_resend = not row._get_resend_refusal()

    def _get_resend_refusal(self):
        """Return why the e-mail of this change cannot be sent again, or False."""
        status = self.status_id
        if self.mail_state not in RESENDABLE:
            return self.env._(
                "Only an e-mail that was sent, failed or was not wanted can be sent again."
            )
        if self.mail_kind:
            return not self._get_mail_template() and self.env._("There is no such e-mail any more.")
        if not self._get_mail_template():
            return self.env._(
                "The status “%(status)s” has no e-mail template.", status=status.name or ""
            )
        if not status.is_public:
            return self.env._(
                "The status “%(status)s” is internal: customers get no e-mail about it.",
                status=status.name,
            )
        return False
