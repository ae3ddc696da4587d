from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize

from odoo.addons.b2b_agreement.naming import may_name

# Where everybody has an address: the domain says nothing about the company.
PUBLIC_DOMAINS = frozenset(
    {
        "gmail.com",
        "gmx.at",
        "gmx.com",
        "gmx.de",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "interia.pl",
        "live.com",
        "o2.pl",
        "onet.pl",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "seznam.cz",
        "siol.net",
        "t-online.de",
        "web.de",
        "wp.pl",
        "yahoo.com",
    }
)


class B2bRegistration(models.Model):
    """Access: nobody gets into the portal of another company by knowing its VAT number.

    A VAT number is printed on each invoice. Whoever registers with that of a customer becomes a
    contact of it when the clerk accepts; a login of it he gets when the seller had his address of
    the customer before, or when the clerk has asked the customer and says whom.
    """

    _inherit = "b2b.registration"

    checked_with_id = fields.Many2one(
        "res.partner",
        string="Confirmed by",
        copy=False,
        tracking=True,
        domain="[('commercial_partner_id', '=', partner_id), ('id', '!=', contact_id)]",
        help="The person of the customer who said that the applicant is a colleague. Ask by an"
        " address or number that you had before the registration.",
    )
    access_danger = fields.Text(
        string="Danger",
        compute="_compute_access_danger",
        help="Why the applicant gets no access before somebody of the customer confirms it.",
    )
    has_login = fields.Boolean(
        string="Has a login", compute="_compute_has_login", compute_sudo=True
    )
    is_invited = fields.Boolean(
        string="Has not logged in yet", compute="_compute_has_login", compute_sudo=True
    )

    # === COMPUTE METHODS === #

    @api.depends("contact_id.user_ids.active", "contact_id.user_ids.login_date")
    def _compute_has_login(self):
        for registration in self:
            contact = registration.contact_id
            registration.has_login = bool(contact.user_ids)
            registration.is_invited = bool(contact) and contact._is_b2b_invited()

    @api.depends("partner_id", "email", "state", "checked_with_id", "contact_id.user_ids.active")
    def _compute_access_danger(self):
        # A registration at a time: the clerk opens one.
        for registration in self:
            registration.access_danger = registration._get_access_danger()

    @api.constrains("checked_with_id", "partner_id", "contact_id")
    def _check_checked_with(self):
        for registration in self.filtered("checked_with_id"):
            person = registration.checked_with_id
            customer = registration.partner_id
            strangers = registration.contact_id | registration._get_unconfirmed_contacts()
            if person.commercial_partner_id != customer or person in strangers:
                registration._refuse_checked_with()

    @api.constrains("checked_with_id")
    def _check_checked_with_made(self):
        """Refuse who was made in the portal, when named: what was named before is accepted."""
        for registration in self.filtered("checked_with_id"):
            # sudo: who made a contact, whoever decides
            if registration._find_made_contacts(registration.checked_with_id.sudo()):
                registration._refuse_checked_with()

    def _refuse_checked_with(self):
        person = self.checked_with_id
        if not may_name(person):
            raise ValidationError(
                self.env._(
                    "Choose somebody of the customer to confirm this registration, and not"
                    " the applicant."
                )
            )
        raise ValidationError(
            self.env._(
                "%(person)s cannot confirm this registration. Choose somebody of the"
                " customer, and not the applicant.",
                person=person.display_name,
            )
        )

    # === WHO IS KNOWN === #

    def _get_unconfirmed_contacts(self):
        """Return the contacts that registrations brought and nobody of the customer knows, in sudo.

        Whoever has a login was let in by somebody: a clerk, or the customer itself.

        :rtype: res.partner
        """
        # sudo: the registrations of the customer, also those at another company
        registrations = self.sudo().search(
            [("contact_id.commercial_partner_id", "=", self.partner_id.id)]
        )
        confirmed = registrations.filtered("checked_with_id").contact_id
        return (registrations.contact_id - confirmed).filtered(lambda one: not one.user_ids)

    def _get_customer_addresses(self):
        """Return the e-mail addresses that the seller had of the customer before.

        :rtype: set
        """
        strangers = self.contact_id | self._get_unconfirmed_contacts()
        # sudo: the contacts of the customer, whoever decides
        partners = (
            self.env["res.partner"]
            .sudo()
            .search_fetch(
                Domain("commercial_partner_id", "=", self.partner_id.id)
                & Domain("email_normalized", "!=", False)
                & Domain("id", "not in", strangers.ids),
                ["email", "email_normalized", "create_uid"],
            )
        )
        known = partners - self._find_typed_contacts(partners)
        return set(known.mapped("email_normalized"))

    def _find_typed_contacts(self, partners):
        """Return those whose e-mail address colleagues typed in the portal, as far as is known.

        They make addresses of the company there, and change any without a login. The customer
        itself is what it is, and whoever has a login was let in.

        :param res.partner partners: of the customer, in sudo mode
        :rtype: res.partner
        """
        others = partners.filtered(lambda one: one != self.partner_id and not one.user_ids)
        made = self._find_made_contacts(others)
        return made | self._find_changed_contacts(others - made)

    def _find_made_contacts(self, partners):
        """Return those without a login whom colleagues made in the portal."""
        others = partners.filtered(lambda one: one != self.partner_id and not one.user_ids)
        return others.filtered("create_uid.share")

    def _find_changed_contacts(self, partners):
        """Return those whose e-mail address of today was written by a customer, by their log."""
        field = self.env["ir.model.fields"]._get("res.partner", "email")
        # sudo: the log of contacts, whoever decides
        changes = self.env["mail.tracking.value"].sudo()
        changes = changes.search(
            Domain("field_id", "=", field.id)
            & Domain("mail_message_id.model", "=", "res.partner")
            & Domain("mail_message_id.res_id", "in", partners.ids),
            order="id",
        )
        last = {change.mail_message_id.res_id: change for change in changes}
        return partners.filtered(
            lambda one: (
                one.id in last
                and last[one.id].create_uid.share
                and email_normalize(last[one.id].new_value_char or "") == one.email_normalized
            )
        )

    def _is_applicant_known(self):
        """Whether the address that registered is one of the customer's already.

        :rtype: bool
        """
        self.ensure_one()
        return email_normalize(self.email or "") in self._get_customer_addresses()

    def _get_access_danger(self):
        """Return what the clerk has to know before he lets a stranger in; False without danger.

        :rtype: str
        """
        self.ensure_one()
        customer = self.partner_id
        if not customer or self.state == "rejected" or self.has_login or self.checked_with_id:
            return False
        known = self._get_customer_addresses()
        email = email_normalize(self.email or "") or self.email or ""
        if email in known:
            return False
        domain = email.rpartition("@")[2]
        if domain not in PUBLIC_DOMAINS and any(one.endswith(f"@{domain}") for one in known):
            compared = self.env._("%(domain)s is a domain of this customer.", domain=domain)
        else:
            compared = self.env._("%(domain)s is no domain of this customer.", domain=domain)
        return self.env._(
            "%(customer)s is a customer already, and %(email)s is none of its addresses, those"
            " aside that its people typed in the portal."
            " %(compared)s Whoever gets access sees its orders and prices, and orders in its name."
            " Accepting gives no access: ask somebody of the customer first, and enter who"
            " confirmed it.",
            customer=customer.display_name,
            email=self.email,
            compared=compared,
        )

    # === ACTIONS === #

    def action_give_access(self):
        """Give the applicant a login of a customer that was there before, once it is confirmed.

        :return: True
        :raise AccessError: for who is no salesperson
        :raise UserError: when the registration is not accepted, or nobody confirmed it
        """
        self._check_clerk()
        for registration in self:  # a person's decision each, with its own refusal
            registration._check_access_confirmed()
            registration._check_login()
            registration._give_access()
        return True

    def action_invite_again(self):
        """Mail the invitation once more, and nothing else: the first one may be lost.

        :return: True
        :raise AccessError: for who is no salesperson
        :raise UserError: when the person has logged in, or has no login
        """
        self._check_clerk()
        for registration in self:  # a person each, with a refusal of its own
            registration._check_access_confirmed()
            members = self.env["b2b.member"].with_company(registration.company_id)
            members._invite_b2b_again(registration.contact_id)
        return True

    def _check_access_confirmed(self):
        if self.state != "accepted":
            raise UserError(self.env._("Accept the registration first."))
        if not self.checked_with_id and self._get_access_danger():
            raise UserError(
                self.env._(
                    "Ask somebody of %(customer)s whether %(applicant)s is a colleague, and enter"
                    " who confirmed it.",
                    customer=self.partner_id.display_name,
                    applicant=self.contact_name,
                )
            )

    def _give_access(self):
        """Give the contact a login and write to the applicant; a login that is there stays."""
        if not self.has_login:
            # A new login belongs to the seller who was asked, not to where the clerk works now.
            members = self.env["b2b.member"].with_company(self.company_id)
            members._send_b2b_invitation(self.contact_id)
        if person := self.checked_with_id:
            self.partner_id._post_b2b_note(
                self.env._(
                    "%(applicant)s (%(email)s) got access. Confirmed by %(person)s.",
                    applicant=self.contact_id.name,
                    email=self.email,
                    person=person.display_name,
                )
            )
        self._mail_applicant()

    def _hold_access(self):
        """Note that the contact has no login yet."""
        self.message_post(
            body=self.env._(
                "Accepted without access: nobody of %(customer)s has confirmed the applicant.",
                customer=self.partner_id.display_name,
            ),
            message_type="notification",
            subtype_xmlid="mail.mt_note",
        )
