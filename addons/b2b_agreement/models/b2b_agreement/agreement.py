import hashlib
import re
from datetime import datetime, timedelta

import pytz
from dateutil.relativedelta import relativedelta
from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# The key to signed fields. An object and no flag, so that no RPC call can bring it along.
SEAL = object()
# Fields that say who has which pricelist.
PRICELIST_FIELDS = (
    "company_id",
    "date_end",
    "date_start",
    "partner_id",
    "pricelist_id",
    "state",
)


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
    # Fields that the signature vouches for.
    SIGNED_FIELDS = frozenset(
        {
            "body",
            "company_id",
            "partner_id",
            "signature",
            "signed_body_hash",
            "signed_by",
            "signed_on",
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
        groups="base.group_user",
        domain="[('share', '=', False)]",
    )
    pricelist_id = fields.Many2one(
        comodel_name="product.pricelist",
        check_company=True,
        index="btree_not_null",
        tracking=True,
        ondelete="restrict",
        domain="[('is_b2b', '=', True), ('company_id', 'in', (False, company_id))]",
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
        help="The text is the one that was signed.",
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
                    [("company_id", "in", (False, agreement.company_id.id))], limit=1
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

    @api.depends("body", "signed_body_hash")
    def _compute_is_body_intact(self):
        for agreement in self:
            agreement.is_body_intact = (
                not agreement.signed_body_hash
                or agreement.signed_body_hash == agreement._get_body_hash()
            )

    def _compute_access_url(self):
        """Override of `portal` to lead to the agreement's page."""
        result = super()._compute_access_url()
        for agreement in self:
            agreement.access_url = f"/my/agreements/{agreement.id}"
        return result

    # === CONSTRAINT METHODS === #

    @api.constrains("partner_id")
    def _check_partner_id(self):
        """An agreement is made with a company, not with one of its contacts.

        :raises ValidationError: when the customer is a contact or address
        """
        for agreement in self:
            if agreement.partner_id != agreement.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(company)s. Make the agreement with the"
                        " company.",
                        contact=agreement.partner_id.display_name,
                        company=agreement.partner_id.commercial_partner_id.display_name,
                    )
                )

    @api.constrains("date_start", "date_end")
    def _check_dates(self):
        """The end is not before the start.

        :raises ValidationError: when it is
        """
        for agreement in self:
            if agreement.date_end and agreement.date_end < agreement.date_start:
                raise ValidationError(
                    self.env._(
                        "The agreement %(name)s ends before it starts.", name=agreement.display_name
                    )
                )

    @api.constrains("minimum_order_amount")
    def _check_minimum_order_amount(self):
        """The minimum is an amount.

        :raises ValidationError: when it is negative or not a number
        """
        if any(not agreement.minimum_order_amount >= 0 for agreement in self):
            raise ValidationError(self.env._("The minimum order amount cannot be negative."))

    @api.constrains("state", "partner_id", "company_id", "date_start", "date_end")
    def _check_overlap(self):
        """One signed agreement per customer and company on each day.

        :raises ValidationError: naming the other agreement
        """
        signed = self.filtered(lambda agreement: agreement.state == "signed")
        if not signed:
            return
        # Two customers' contacts signing at once would not see each other's row. A no-op update of
        # the customer makes the later transaction fail and be run again, then it sees the first.
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE res_partner SET write_date = write_date WHERE id IN %s",
                tuple(sorted(signed.partner_id.ids)),
            )
        )
        # Signed agreements of another company or salesperson count too.
        others = self.sudo().search(
            [("state", "=", "signed"), ("partner_id", "in", signed.partner_id.ids)]
        )
        for agreement in signed:
            if clash := others.filtered(agreement._overlaps)[:1]:
                raise ValidationError(
                    self.env._(
                        "%(customer)s has another signed agreement in that time:"
                        " %(agreement)s (%(dates)s).",
                        customer=agreement.partner_id.display_name,
                        agreement=clash.name,
                        dates=clash._format_dates(),
                    )
                )

    def _overlaps(self, other):
        """Return whether two agreements of a customer and company share a day.

        :rtype: bool
        """
        return (
            self.id != other.id
            and self.partner_id.id == other.partner_id.id
            and self.company_id.id == other.company_id.id
            and self.date_start <= (other.date_end or datetime.max.date())
            and other.date_start <= (self.date_end or datetime.max.date())
        )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create agreements, numbered; those created as signed get the hash of their text."""
        for vals in vals_list:
            company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
            if not vals.get("name"):
                # Each salesperson may number an agreement.
                vals["name"] = (
                    self.env["ir.sequence"].sudo().with_company(company).next_by_code(self._name)
                )
            vals.pop("signed_body_hash", None)
        agreements = super().create(vals_list)
        agreements._fill_body_from_template()
        agreements.filtered(lambda agreement: agreement.state == "signed")._seal()
        self._forget_pricelists()
        return agreements

    def write(self, vals):
        """Override to protect what was signed, and to keep the text of drafts in step.

        The text of a draft that nobody has edited is written anew when a term changes.

        :raises UserError: when the text, the parties or the signature of a signed or terminated
            agreement would change, or its state would go back
        """
        self._check_signed_fields(vals)
        to_sign = self.browse()
        if vals.get("state") == "signed":
            to_sign = self.filtered(lambda agreement: agreement.state != "signed")
        to_render = self.browse()
        if self.TEXT_TERMS & vals.keys() and "body" not in vals:
            drafts = self.filtered(lambda agreement: agreement.state == "draft")
            to_render = drafts.filtered(lambda agreement: agreement._has_text_of_template())
        if "date_end" in vals:
            vals = {**vals, "reminded_days": 0}
        res = super().write(vals)
        for agreement in to_render:
            agreement.body = agreement._render_body()
        to_sign._seal()
        if set(PRICELIST_FIELDS) & vals.keys():
            self._forget_pricelists()
        return res

    @api.model
    def _forget_pricelists(self):
        """Let everything that depends on who has which pricelist be found out anew."""
        # Record rules and the shop's lists are cached by pricelist.
        self.env.registry.clear_cache()
        # Not by `depends` on that field: uninstalling would then take along what Odoo knows of
        # the field that users inherit from it.
        for name in ("res.partner", "res.users"):
            self.env[name].invalidate_model(["property_product_pricelist"])

    def _check_signed_fields(self, vals):
        """Refuse to alter what was signed.

        :param dict vals: values about to be written
        :raises UserError: see `write`
        """
        closed = self.filtered(lambda agreement: agreement.state in ("signed", "terminated"))
        if not closed or self.env.context.get("b2b_agreement_seal") is SEAL:
            return
        if self.SIGNED_FIELDS & vals.keys():
            raise UserError(
                self.env._(
                    "%(agreement)s is signed: its text, parties and signature cannot be changed."
                    " Renew it, or make a new agreement.",
                    agreement=closed[0].name,
                )
            )
        allowed = {"signed": ("signed", "terminated"), "terminated": ("terminated",)}
        if "state" in vals and any(vals["state"] not in allowed[rec.state] for rec in closed):
            raise UserError(
                self.env._(
                    "%(agreement)s is signed or terminated, its state cannot go back.",
                    agreement=closed[0].name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed(self):
        if any(agreement.state in ("signed", "terminated") for agreement in self):
            raise UserError(self.env._("A signed agreement is kept. You can terminate it."))

    # === TEXT === #

    @api.onchange("template_id")
    def _onchange_template_id(self):
        # A new agreement has no customer and no number yet; its text is written on saving.
        if self.template_id and self._origin:
            self.body = self._render_body()

    def _fill_body_from_template(self):
        """Write the text of agreements that were made from a template only."""
        for agreement in self:
            if not agreement.body and agreement.template_id and agreement.state == "draft":
                agreement.body = agreement._render_body()

    def _has_text_of_template(self):
        """Return whether the text is still what the template gave, as no one has edited it.

        :rtype: bool
        """
        self.ensure_one()
        if not self.template_id or not self.body:
            return False
        # As the field keeps it: a non-breaking space in an amount becomes an entity, for example.
        rendered = self._fields["body"].convert_to_cache(self._render_body(), self)
        return str(self.body) == str(rendered)

    def action_render_body(self):
        """Write the text anew from the template, with the terms as they are now.

        :return: True
        :raises UserError: when the agreement is signed or has no template
        """
        for agreement in self:
            if not agreement.template_id:
                raise UserError(self.env._("Choose a text template first."))
            agreement.body = agreement._render_body()
        return True

    def _render_body(self):
        """Return the template's text with the terms of this agreement, in the customer's language.

        :rtype: Markup
        """
        self.ensure_one()
        agreement = self.with_context(lang=self.partner_id.lang or self.env.lang)
        terms = agreement._get_body_terms()
        text = agreement.template_id.body or ""
        return Markup(
            PLACEHOLDER.sub(
                lambda match: str(escape(terms.get(match[1], match[0]))),
                str(text),
            )
        )

    def _get_body_terms(self):
        """Return the words that an agreement text may use.

        :return: `{placeholder: text}`
        :rtype: dict
        """
        self.ensure_one()
        return {
            "number": self.name or "",
            "customer": self.partner_id.display_name or "",
            "company": self.company_id.display_name,
            "date_start": format_date(self.env, self.date_start),
            "date_end": format_date(self.env, self.date_end) or self.env._("open-ended"),
            "pricelist": self.pricelist_id.name or self.env._("usual prices"),
            "currency": self.currency_id.name or "",
            "payment_terms": self.payment_term_id.name or self.env._("immediate payment"),
            "minimum_order": format_amount(self.env, self.minimum_order_amount, self.currency_id),
        }

    def _get_body_hash(self):
        """Return the SHA-256 of the stored text.

        :return: 64 hexadecimal digits
        :rtype: str
        """
        self.ensure_one()
        return hashlib.sha256(str(self.body or "").encode()).hexdigest()

    # === IN FORCE === #

    @api.model
    def _get_today(self, company):
        """Return today's date where a company is.

        :param company: `res.company` record
        :return: date in the time zone of the company's partner, else of UTC
        :rtype: date
        """
        # Customers cannot read the partner of the company.
        tz = pytz.timezone(company.sudo().partner_id.tz or "UTC")
        return pytz.utc.localize(fields.Datetime.now()).astimezone(tz).date()

    @api.model
    def _get_in_force_domain(self, company):
        """Return the agreements in force today in a company.

        The domain holds a date: use it at once, never store it in a rule or cache.

        :param company: `res.company` record
        :rtype: Domain
        """
        today = self._get_today(company)
        return (
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "signed")
            & Domain("date_start", "<=", today)
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", today))
        )

    def _is_in_force(self):
        """Return whether the agreement is signed and valid today.

        :rtype: bool
        """
        self.ensure_one()
        if self.state != "signed" or not self.date_start:
            return False
        return self.date_start <= self._get_today(self.company_id) and not self._is_over()

    def _is_over(self):
        """Return whether the last day has passed.

        :rtype: bool
        """
        self.ensure_one()
        return bool(self.date_end) and self.date_end < self._get_today(self.company_id)

    def _format_dates(self):
        """Return the dates as the reader writes them.

        :rtype: str
        """
        self.ensure_one()
        end = format_date(self.env, self.date_end) if self.date_end else self.env._("open-ended")
        return f"{format_date(self.env, self.date_start)} – {end}"

    @api.model
    def _get_portal_agreements(self):
        """Return what the current portal user sees of the own company's agreements.

        :return: `b2b.agreement` records as the user, the newest first
        """
        user = self.env.user
        return self.search(
            [
                ("partner_id", "=", user.partner_id.commercial_partner_id.id),
                ("state", "in", ("sent", "signed", "terminated")),
            ]
        )

    def _get_closed_reason(self):
        """Return why the agreement does not open the B2B shop.

        :return: `not_signed`, `terminated`, `not_started` or `ended`; `none` when it is in force
        :rtype: str
        """
        self.ensure_one()
        if self.state == "terminated":
            return "terminated"
        if self._is_over():
            return "ended"
        if self.state != "signed":
            return "not_signed"
        return "none" if self._is_in_force() else "not_started"

    # === TERMINATION AND RENEWAL === #

    def action_terminate(self):
        """End agreements at once: the shop and the prices close with the next click.

        :return: True
        :raises UserError: when one is neither sent nor signed
        """
        for agreement in self:
            if agreement.state not in ("sent", "signed"):
                raise UserError(
                    self.env._(
                        "Only a sent or signed agreement can be terminated, %(agreement)s is not.",
                        agreement=agreement.name,
                    )
                )
        self.write({"state": "terminated", "terminated_on": fields.Datetime.now()})
        return True

    def action_draft(self):
        """Take back agreements that were sent and not signed.

        :return: True
        :raises UserError: when one is signed or terminated
        """
        self.write({"state": "draft"})
        return True

    def action_renew(self):
        """Prepare drafts that start the day after these agreements end, on the same terms.

        A renewal that exists already is left as it is.

        :return: True
        :raises UserError: when one is open-ended or not signed
        """
        for agreement in self:
            agreement._check_renewable()
            if not agreement.renewal_ids.filtered(lambda renewal: renewal.state != "terminated"):
                renewal = agreement.copy(agreement._prepare_renewal_values())
                if agreement._has_text_of_template():
                    # A text that nobody edited would name the old number and dates.
                    renewal.body = renewal._render_body()
        return True

    def _check_renewable(self):
        """Refuse to renew what has no end.

        :raises UserError: when the agreement is open-ended or not signed
        """
        self.ensure_one()
        if not self.date_end:
            raise UserError(
                self.env._(
                    "%(agreement)s is open-ended, there is nothing to renew.", agreement=self.name
                )
            )
        if self.state != "signed":
            raise UserError(
                self.env._(
                    "%(agreement)s is not signed, so it cannot be renewed.", agreement=self.name
                )
            )

    def _prepare_renewal_values(self):
        """Return the values in which a renewal differs from this agreement.

        :rtype: dict
        :raises UserError: when its dates would lie beyond the calendar
        """
        self.ensure_one()
        try:
            start = self.date_end + timedelta(days=1)
            # Calendar arithmetic: a year from 1 January renews to 31 December, leap year or not.
            length = relativedelta(start, self.date_start)
            end = start + length - timedelta(days=1)
        except (OverflowError, ValueError) as error:  # beyond the year 9999
            raise UserError(
                self.env._(
                    "%(agreement)s ends too late to be renewed. Correct its last day, or leave it"
                    " empty.",
                    agreement=self.name,
                )
            ) from error
        return {"date_start": start, "date_end": end, "renewed_from_id": self.id}

    def action_view_renewals(self):
        """Open the renewals of the agreement.

        :return: window action
        :rtype: dict
        """
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id("b2b_portal.b2b_agreement_action"),
            "domain": [("renewed_from_id", "=", self.id)],
        }
