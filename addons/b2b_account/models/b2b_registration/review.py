from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize

from odoo.addons.b2b_agreement.naming import may_name
from odoo.addons.order_status_flags.typed_text import clean_text

from ...vat_number import VAT_NUMBER, clean_vat
from .registration import REGISTERING


class B2bRegistration(models.Model):
    """Review: what the clerk sees of a registration, and what becomes of it."""

    _inherit = "b2b.registration"

    duplicate_partner_ids = fields.Many2many(
        "res.partner",
        string="Possible duplicates",
        compute="_compute_duplicate_partner_ids",
        context={"active_test": False},
        help="Customers with the same VAT number, e-mail address or name, archived ones too.",
    )
    known_user_id = fields.Many2one(
        "res.users",
        string="Login with this e-mail",
        compute="_compute_known_user_id",
        compute_sudo=True,
        help="Nobody gets into this login by registering with its address.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        copy=False,
        domain="[('parent_id', '=', False)]",
        help="The customer that the contact is added to; empty: a new one is made.",
    )
    contact_id = fields.Many2one("res.partner", string="Contact made", readonly=True, copy=False)
    agreement_id = fields.Many2one("b2b.agreement", readonly=True, copy=False)
    agreement_state = fields.Selection(related="agreement_id.state", string="Agreement state")
    reject_reason = fields.Char(string="Rejected because", readonly=True, copy=False)

    # === COMPUTE METHODS === #

    @api.depends("vat", "email", "company_name", "state")
    def _compute_duplicate_partner_ids(self):
        # A registration at a time: the clerk opens one.
        for registration in self:
            found = registration._search_duplicates() if registration.company_name else None
            registration.duplicate_partner_ids = found or False

    @api.depends("email", "state")
    def _compute_known_user_id(self):
        users = self.env["res.users"].with_context(active_test=False)
        for registration in self:
            email = self.env["b2b.member"]._escape_b2b_like(registration.email or "")
            known = users.search([("login", "=ilike", email)], limit=1) if email else users
            registration.known_user_id = known

    @api.depends("vat")
    def _compute_partner_id(self):
        """The customer with this VAT number is proposed; the clerk decides."""
        for registration in self:
            if registration.vat and not registration.partner_id:
                registration.partner_id = registration._search_by_vat().filtered("active")[:1]

    def _search_by_vat(self):
        """Return the customers with this VAT number, however it is spelt, archived ones too.

        :rtype: res.partner
        """
        self.ensure_one()
        # sudo: proposed when a visitor registers; only clerks read it
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        found = partners.search(
            Domain("id", "in", self._get_ids_of_number(self.vat[2:]))
            & Domain("parent_id", "=", False)
            & Domain("company_id", "in", [False, self.company_id.id]),
            limit=200,
        )
        return found.filtered(
            lambda one: clean_vat(one.vat, one.country_id.code or self.vat[:2]) == self.vat
        )

    def _get_ids_of_number(self, number):
        """Return the ids of the contacts whose VAT number ends so, blanks and hyphens aside.

        :param str number: letters and digits
        """
        self.env["res.partner"].flush_model(["vat"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM res_partner
                 WHERE %(number)s ILIKE %(end)s
                """,
                number=SQL(VAT_NUMBER),
                end=f"%{number}",
            )
        )
        return [partner_id for (partner_id,) in rows]

    def _search_duplicates(self):
        self.ensure_one()
        # Who was archived for not paying may come again, with a new name.
        partners = self.env["res.partner"].with_context(active_test=False)
        alike = partners.search(
            Domain("email_normalized", "=", self._get_address())
            | Domain("name", "=ilike", self._like()),
            order="active DESC, complete_name, id",
            limit=20,
        )
        return self._search_by_vat().with_env(self.env) | alike.commercial_partner_id

    def _like(self):
        return self.env["b2b.member"]._escape_b2b_like(self.company_name or "")

    # === ACTIONS === #

    def action_accept(self):
        """Make the applicant a customer: partner, contact, login, draft agreement, e-mail.

        A stranger gets no login of a customer that is there already, before somebody of that
        customer confirmed it: see `action_give_access`.

        :return: True
        :raise AccessError: for who is no salesperson
        :raise UserError: when it was decided already, when there is no pricelist for new
            customers, or when the e-mail address is the login of somebody else
        """
        self._check_clerk()
        self._check_open()
        for registration in self:  # a person's decision each, with its own refusal
            registration._accept()
        return True

    def action_reject(self, reason=False):
        """Reject registrations; the applicants are not told.

        :param str reason: for the log
        :return: True
        :raise UserError: when one was decided already
        """
        self._check_clerk()
        self._check_open()
        self.with_context(b2b_registering=REGISTERING).write(
            {"state": "rejected", "reject_reason": clean_text(reason, one_line=True)[:500]}
        )
        self.activity_unlink(["mail.mail_activity_data_todo"])
        return True

    def action_send_agreement(self):
        """Send the draft agreement to the new customer.

        :return: True
        """
        self.ensure_one()
        return self.agreement_id.action_send()

    def _check_clerk(self):
        """Lock registrations for a decision of a salesperson.

        :raise AccessError: for everybody else
        """
        if not self.env.user.has_group("sales_team.group_sale_salesman"):
            raise AccessError(self.env._("Only salespeople decide about registrations."))
        self.check_access("write")
        self.lock_for_update()
        # Written, not only locked: *Give access* changes nothing of the row, and a second click
        # that waited must run again on fresh data, or it makes a second login.
        self.env.cr.execute(
            "UPDATE b2b_registration SET state = state WHERE id = ANY(%s)", [self.ids]
        )
        self.invalidate_recordset(["state"])

    def _accept(self):
        self._check_login()
        is_new = not self.partner_id
        is_open = is_new or self._is_applicant_known() or bool(self.checked_with_id)
        company = self.partner_id or self._create_customer()
        contact = self._find_contact(company) or self._create_contact(company)
        self.with_context(b2b_registering=REGISTERING).write(
            {
                "state": "accepted",
                "partner_id": company.id,
                "contact_id": contact.id,
                "agreement_id": self._find_agreement(company).id
                or self._create_agreement(company).id,
            }
        )
        if is_new:
            # Who brought the company administrates it; a customer has its own people already.
            # sudo: whoever accepts decides about this, too
            self.env["b2b.member"].sudo().create(
                {"partner_id": contact.id, "is_administrator": True}
            )
        if is_open:
            self._give_access()
        else:
            self._hold_access()
        self.activity_feedback(["mail.mail_activity_data_todo"])

    def _check_login(self):
        """Refuse an address that is the login of somebody else: nobody is taken over.

        :raise UserError: naming whose it is, to a clerk who may read that contact
        """
        user = self.known_user_id
        if not user:
            return
        owner = user.partner_id.commercial_partner_id
        if user.share and user.active and self.partner_id and owner == self.partner_id:
            return
        if not may_name(user.partner_id | owner):
            raise UserError(
                self.env._(
                    "%(email)s is the login of somebody else. Ask the applicant for another"
                    " address.",
                    email=self.email,
                )
            )
        raise UserError(
            self.env._(
                "%(email)s is the login of %(user)s (%(company)s). Ask the applicant for another"
                " address, or choose that customer.",
                email=self.email,
                user=user.name,
                company=owner.name,
            )
        )

    # === WHAT IS MADE === #

    def _create_customer(self):
        country = self.env["res.country"].search([("code", "=", self._get_country_code())], limit=1)
        values = {
            "name": self.company_name,
            "is_company": True,
            "vat": self.vat,
            "email": self.email,
            "phone": self.phone,
            "country_id": country.id,
            "user_id": self.env.user.id,
            **self._prepare_lang(),
        }
        return self._create_partner(values)

    def _create_partner(self, values):
        # sudo: salespeople may lack the right to make contacts; they decide about this one
        return self.env["res.partner"].sudo().create(values).with_env(self.env)

    def _get_country_code(self):
        return {"EL": "GR", "XI": "GB", "UK": "GB"}.get(self.vat[:2], self.vat[:2])

    def _prepare_lang(self):
        langs = dict(self.env["res.lang"].get_installed())
        return {"lang": self.lang} if self.lang in langs else {}

    def _get_address(self):
        """Return the e-mail address as contacts have it, or what a clerk has made of it."""
        return email_normalize(self.email or "") or self.email

    def _find_contact(self, company):
        """Return the contact of the customer who has the login or the address already."""
        # A sole trader, or who bought in the web shop, logs in as the customer itself.
        owner = self.known_user_id.partner_id
        if owner.commercial_partner_id == company:
            return owner
        contacts = self.env["res.partner"].search(
            [
                ("email_normalized", "=", self._get_address()),
                ("commercial_partner_id", "=", company.id),
            ]
        )
        return (contacts - company).sorted(lambda one: (not one.user_ids, one.id))[:1]

    def _create_contact(self, company):
        values = {
            "name": self.contact_name,
            "email": self.email,
            "phone": self.phone,
            "parent_id": company.id,
            "type": "contact",
            **self._prepare_lang(),
        }
        return self._create_partner(values)

    def _find_agreement(self, company):
        """Return an agreement of the customer that holds, or may still be signed."""
        agreements = self.env["b2b.agreement"].search(
            [("partner_id", "=", company.id), ("company_id", "=", self.company_id.id)]
        )
        return agreements.filtered(lambda one: one._is_open())[:1]

    def _create_agreement(self, company):
        seller = self.company_id
        if not seller.b2b_registration_pricelist_id:
            raise UserError(
                self.env._(
                    "There is no pricelist for new customers. Please choose one in the settings of"
                    " Sales, block “B2B portal”."
                )
            )
        return self.env["b2b.agreement"].create(
            {
                "partner_id": company.id,
                "company_id": seller.id,
                "pricelist_id": seller.b2b_registration_pricelist_id.id,
            }
        )

    def _mail_applicant(self):
        """Queue the e-mail that says what comes next; `mail_delivery_retry` tries it again."""
        template = self.env.ref("b2b_account.mail_template_registration_accepted", False)
        if template and template.active:
            # sudo: the template is the company's, whoever accepts
            template.sudo().send_mail(self.id, force_send=False)
