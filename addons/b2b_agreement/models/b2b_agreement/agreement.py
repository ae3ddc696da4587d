from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class B2bAgreement(models.Model):
    """Cooperation agreement with a business customer.

    It opens the B2B shop and gives the customer a pricelist and terms, while it is *in force*:
    signed, and today lies within its dates (both included) in the time zone of the company. No
    scheduled action opens or closes anything; whoever asks, asks for today.

    Example: signed, from 1 March to 31 March, company in Warsaw: in force from 23:00 UTC of
    28 February to 22:00 UTC of 31 March.
    """

    _name = "b2b.agreement"
    _description = "B2B Agreement"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_start desc, id desc"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    # Terms that the template puts into the text.
    TEXT_TERMS = frozenset(
        {
            "company_id",
            "date_end",
            "date_start",
            "minimum_order_amount",
            "partner_id",
            "payment_term_id",
            "pricelist_id",
        }
    )

    name = fields.Char(
        string="Number", required=True, readonly=True, copy=False, default="", index="trigram"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="['|', ('parent_id', '=', False), ('is_company', '=', True)]",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Salesperson",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        tracking=True,
        groups="base.group_user",
        domain="[('share', '=', False)]",
    )
    pricelist_id = fields.Many2one(
        comodel_name="product.pricelist",
        check_company=True,
        index="btree_not_null",
        tracking=True,
        ondelete="restrict",
        domain="['|', ('company_id', '=', False), ('company_id', 'parent_of', company_id)]",
        help="Prices of the customer while the agreement is in force. Empty: the customer's usual"
        " pricelist.",
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_currency_id", compute_sudo=True
    )
    payment_term_id = fields.Many2one(
        comodel_name="account.payment.term", check_company=True, tracking=True
    )
    minimum_order_amount = fields.Monetary(
        tracking=True,
        help="Untaxed amount that an order of the B2B shop must reach. 0: no minimum.",
    )
    po_number_required = fields.Boolean(
        string="PO number required",
        tracking=True,
        help="Orders of the B2B shop need the customer's own order number.",
    )
    date_start = fields.Date(
        string="Valid from",
        required=True,
        tracking=True,
        default=lambda self: self._get_today(self.env.company),
    )
    date_end = fields.Date(
        string="Valid until", tracking=True, help="Last day, included. Empty: open-ended."
    )
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("sent", "Sent"),
            ("signed", "Signed"),
            ("terminated", "Terminated"),
        ],
        required=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    is_in_force = fields.Boolean(
        string="In force",
        compute="_compute_is_in_force",
        search="_search_is_in_force",
        help="Signed, and valid today in the time zone of the company.",
    )
    terminated_on = fields.Datetime(readonly=True, copy=False)

    template_id = fields.Many2one(
        comodel_name="b2b.agreement.template",
        string="Text template",
        compute="_compute_template_id",
        store=True,
        readonly=False,
        check_company=True,
        groups="base.group_user",
    )
    body = fields.Html(string="Text", sanitize_attributes=True)
    signature = fields.Image(copy=False, attachment=True, max_width=1024, max_height=1024)
    signed_by = fields.Char(copy=False, help="Name of the person who signed.")
    signed_on = fields.Datetime(copy=False)
    signed_partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Signed as",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Portal contact who was logged in at the signature.",
    )
    signed_body_hash = fields.Char(
        string="Hash of the signed text",
        readonly=True,
        copy=False,
        help="SHA-256 of the text as it was signed.",
    )
    is_body_intact = fields.Boolean(
        compute="_compute_is_body_intact",
        help="Text, terms, parties, signature and PDF are those that were signed.",
    )
    pdf_attachment_id = fields.Many2one(
        comodel_name="ir.attachment", readonly=True, copy=False, groups="base.group_user"
    )

    renewed_from_id = fields.Many2one(
        comodel_name="b2b.agreement",
        string="Renewal of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
    )
    renewal_ids = fields.One2many(
        comodel_name="b2b.agreement",
        inverse_name="renewed_from_id",
        string="Renewals",
        groups="base.group_user",
    )
    reminded_days = fields.Integer(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Days before the end of the last reminder sent; 0: none.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id")
    def _compute_user_id(self):
        for agreement in self:
            agreement.user_id = agreement.partner_id.user_id or agreement.user_id or self.env.user

    @api.depends("company_id")
    def _compute_template_id(self):
        """An agreement without a text starts from the first template of its company."""
        for agreement in self:
            template = agreement.template_id
            if not agreement.body and not template:
                template = template.search(
                    template._check_company_domain(agreement.company_id), limit=1
                )
            agreement.template_id = template

    @api.depends("pricelist_id.currency_id", "company_id.currency_id")
    def _compute_currency_id(self):
        for agreement in self:
            agreement.currency_id = (
                agreement.pricelist_id.currency_id or agreement.company_id.currency_id
            )

    @api.depends("state", "date_start", "date_end", "company_id.partner_id.tz")
    def _compute_is_in_force(self):
        for agreement in self:
            agreement.is_in_force = agreement._is_in_force()

    @api.model
    def _search_is_in_force(self, operator, value):
        """Search agreements by whether they are in force today, each in its company's time zone.

        :rtype: Domain
        """
        if operator != "in":
            return NotImplemented
        # Agreements of a company count by that company's calendar, readable or not.
        companies = self.sudo()._read_group([], ["company_id"])
        in_force = Domain.OR(self._get_in_force_domain(company) for (company,) in companies)
        if set(value) == {True, False}:
            return Domain.TRUE
        return in_force if True in value else ~in_force

    @api.depends(
        "body",
        "currency_id",
        "date_end",
        "date_start",
        "minimum_order_amount",
        "partner_id",
        "payment_term_id",
        "pdf_attachment_id",
        "po_number_required",
        "pricelist_id",
        "signed_body_hash",
        "signed_hash",
    )
    def _compute_is_body_intact(self):
        for agreement in self:
            agreement.is_body_intact = not agreement.signed_body_hash or agreement._is_intact()

    def _compute_access_url(self):
        """Override of `portal` to lead to the agreement's page."""
        result = super()._compute_access_url()
        for agreement in self:
            agreement.access_url = f"/my/agreements/{agreement.id}"
        return result

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create agreements, numbered; those that trusted code creates as signed are sealed.

        :raise UserError: when a user creates one that is signed
        """
        for vals in vals_list:
            company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
            if not vals.get("name"):
                # Each salesperson may number an agreement.
                vals["name"] = (
                    self.env["ir.sequence"].sudo().with_company(company).next_by_code(self._name)
                )
            for name in ("signed_body_hash", "signed_hash", "signed_statement"):
                vals.pop(name, None)
        agreements = super().create(vals_list)
        agreements._fill_body_from_template()
        if not self._is_trusted():
            agreements._check_made_by_user()
        agreements._seal_signed()
        return agreements

    def write(self, vals):
        """Override to protect what was signed, and to keep text and terms in step.

        A text that nobody has edited is written anew when a term changes. What the customer was
        sent and has changed since is a draft again, until it is sent anew.

        :raise UserError: when text, terms, parties or signature of a signed or terminated
            agreement would change, its state would go back, or a user would sign for the customer
        """
        # Whoever may not write hears that first; the reasons below tell what is in the record.
        self.check_access("write")
        if self._brings_first_pdf(vals):
            return self._keep_first_pdf(vals["pdf_attachment_id"])
        self._check_signed_fields(vals)
        unsigned = self.filtered(lambda agreement: agreement.state in ("draft", "sent"))
        to_render = self.browse()
        if self.TEXT_TERMS & vals.keys() and "body" not in vals:
            to_render = unsigned.filtered(lambda agreement: agreement._has_text_of_template())
        sent = self._get_sent_statements(vals)
        res = super().write(self._prepare_write_values(vals))
        if "partner_id" in vals:
            self._renew_links()
        for agreement in to_render:
            agreement.body = agreement._render_body()
        self._take_back_changed(sent)
        if vals.get("state") == "sent" and not self._is_trusted():
            unsigned._check_sendable()
        unsigned._seal_signed()
        return res

    def _prepare_write_values(self, vals):
        """Return values to write, with what follows from them.

        :param dict vals: values about to be written
        :rtype: dict
        """
        vals = dict(vals)
        if "date_end" in vals:
            vals["reminded_days"] = 0
        if vals.get("state") == "terminated":
            vals.setdefault("terminated_on", fields.Datetime.now())
        return vals

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed(self):
        if any(agreement.state in ("signed", "terminated") for agreement in self):
            raise UserError(self.env._("A signed agreement is kept. You can terminate it."))
