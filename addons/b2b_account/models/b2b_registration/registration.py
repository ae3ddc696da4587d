from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.mail_delivery_retry.language import get_active_lang
from odoo.addons.order_status_flags.net_address import get_sender
from odoo.addons.order_status_flags.typed_text import clean_text

from ...email_address import read_email
from ...vat_number import clean_vat

MAX_AN_HOUR, SPAN = 5, timedelta(hours=1)
AGAIN = timedelta(minutes=1)
NAME_SIZE = 200
NOTE_SIZE = 2000
# Written by the form or by the buttons, and by nobody else.
OWN_FIELDS = frozenset({"agreement_id", "consent", "contact_id", "reject_reason", "state"})
# Corrected by the clerk until it is decided.
CLOSED_FIELDS = frozenset({"company_name", "contact_name", "email", "partner_id", "phone", "vat"})
# The key to these fields. An object and no flag, so that no RPC call can bring it along.
REGISTERING = object()


class B2bRegistration(models.Model):
    """A company that asks to become a customer; a clerk accepts or rejects it.

    Whatever is registered gives no right to anybody: no login, no partner, no answer that tells
    whether the company or the address is known. All of that is the clerk's decision.
    """

    _name = "b2b.registration"
    _description = "Registration of a B2B Customer"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "company_name"

    company_name = fields.Char(string="Company name", required=True)
    vat = fields.Char(string="VAT number", required=True, index=True)
    contact_name = fields.Char(string="Contact", required=True)
    email = fields.Char(string="E-mail", required=True)
    phone = fields.Char()
    note = fields.Text()
    consent = fields.Boolean(help="Agreed to be written to about offers.")
    lang = fields.Char(string="Language", readonly=True)
    state = fields.Selection(
        selection=[("new", "New"), ("accepted", "Accepted"), ("rejected", "Rejected")],
        default="new",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", string="Seller", required=True, default=lambda self: self.env.company
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `mail` to tell a person of each registration.

        :raise UserError: when somebody makes one that is decided already
        """
        registrations = super().create(vals_list)
        # Asked after the creation: values may come as defaults from the context, too.
        registrations._check_undecided()
        for registration in registrations:
            registration._tell_clerk()
        return registrations

    def write(self, vals):
        """Override of `mail` to keep what was decided, and what the applicant has agreed to.

        :raise UserError: when somebody writes it past the buttons
        """
        if not self._is_trusted():
            # Whoever may not write hears that first.
            self.check_access("write")
            self._check_kept(vals)
        return super().write(vals)

    def _is_trusted(self):
        """Return whether the form or a button writes.

        :rtype: bool
        """
        return self.env.su or self.env.context.get("b2b_registering") is REGISTERING

    def _check_undecided(self):
        if self._is_trusted():
            return
        names = OWN_FIELDS - {"state"}
        if any(one.state != "new" or any(one[name] for name in names) for one in self):
            raise UserError(self._get_kept_refusal())

    def _check_kept(self, vals):
        for registration in self:
            closed = OWN_FIELDS if registration.state == "new" else OWN_FIELDS | CLOSED_FIELDS
            for name in closed & vals.keys():
                field = self._fields[name]
                before, after = (
                    field.convert_to_cache(value, registration)
                    for value in (registration[name], vals[name])
                )
                if before != after:
                    raise UserError(self._get_kept_refusal())

    @api.model
    def _get_kept_refusal(self):
        return self.env._(
            "Registrations are accepted and rejected by their buttons, and stay as they were"
            " decided."
        )

    # === THE FORM === #

    @api.model
    def _prepare_registration(self, form):
        """Read the form.

        :param dict form: texts `company`, `vat`, `contact`, `email`, `phone`, `note`, `consent`
        :return: values, and messages about fields that are missing or wrong
        :rtype: tuple[dict, list[str]]
        """
        # sudo: visitors do not read the seller's company
        country = self.env.company.sudo().country_id.code or ""
        values = {
            "company_name": clean_text(form.get("company"), one_line=True)[:NAME_SIZE],
            "vat": clean_vat(form.get("vat"), country),
            "contact_name": clean_text(form.get("contact"), one_line=True)[:NAME_SIZE],
            "email": read_email(form.get("email")),
            "phone": clean_text(form.get("phone"), one_line=True)[:50],
            "note": clean_text(form.get("note"))[:NOTE_SIZE],
            "consent": bool(form.get("consent")),
        }
        return values, self._get_registration_problems(form, values)

    def _get_registration_problems(self, form, values):
        problems = []
        if not values["company_name"]:
            problems.append(self.env._("Please enter the name of your company."))
        if not clean_text(form.get("vat")):
            problems.append(self.env._("Please enter your VAT number."))
        elif not values["vat"]:
            problems.append(
                self.env._(
                    "This cannot be a VAT number. Please check it; a foreign one begins with the"
                    " letters of its country."
                )
            )
        if not values["contact_name"]:
            problems.append(self.env._("Please enter your name."))
        if not values["email"]:
            problems.append(self.env._("Please enter your e-mail address."))
        return problems

    @api.model
    def _keep_registration(self, values, address):
        """Keep a registration, unless there were too many from the same address.

        The caller answers the same in both cases.

        :param dict values: of `_prepare_registration`, without problems
        :param str address: of the net, whence it comes
        :return: the registration in sudo mode, an equal one of a moment ago; empty above the limit
        """
        limit = self.env["order.status.limit"]
        if not limit._take("b2b_registration", get_sender(address), MAX_AN_HOUR, SPAN):
            return self.sudo().browse()  # sudo: empty, in the mode of the full ones
        values = {**values, "company_id": self.env.company.id, "lang": self.env.lang}
        # sudo: visitors have no right on registrations
        registrations = self.sudo()
        return registrations._find_same(values) or registrations.create(values)

    def _find_same(self, values):
        """Return what the same form has made a moment ago: its button was pressed twice."""
        same = Domain.AND(Domain(name, "=", value or False) for name, value in values.items())
        moment_ago = self.env.cr.now() - AGAIN
        return self.search(
            same & Domain("state", "=", "new") & Domain("create_date", ">", moment_ago), limit=1
        )

    # === WHO IS TOLD === #

    def _tell_clerk(self):
        """Plan an activity for who decides about new customers, in that person's language."""
        self.ensure_one()
        user = self._get_clerk()
        if user:
            # No visitor waits for a mail server until the clerk is told.
            told = self.with_context(
                lang=get_active_lang(self.env, user.lang), mail_notify_force_send=False
            )
            told.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=told.env._("New registration: %(company)s", company=self.company_name),
            )
            self.env["mail.mail"]._trigger_queue()

    def _get_clerk(self):
        """Hook: return who decides about new customers: by default a manager of sales.

        :rtype: res.users
        """
        # sudo: who may decide is asked for visitors
        group = self.env.ref("sales_team.group_sale_manager").sudo()
        users = group.all_user_ids.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids
        )
        human = users.filtered(lambda user: user.id != self.env.ref("base.user_root").id)
        return (human or users).sorted("id")[:1]

    def _check_open(self):
        if any(one.state != "new" for one in self):
            raise UserError(self.env._("This registration has been decided already."))
