import re
import uuid

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty

from ...naming import may_name
from .seal import SEAL


class B2bAgreement(models.Model):
    """Sending: what must be right before that, and what a later change undoes."""

    _inherit = "b2b.agreement"

    signing_hint = fields.Char(
        compute="_compute_signing_hint",
        groups="base.group_user",
        help="What is missing before the customer can read and sign the agreement.",
    )
    is_portal_access_missing = fields.Boolean(
        compute="_compute_signing_hint", groups="base.group_user"
    )

    @api.depends(
        *("state", "partner_id.email", "body", "date_start", "date_end", "company_id"),
        *("pricelist_id.active", "template_id"),
    )
    def _compute_signing_hint(self):
        open_ones = self.filtered(lambda agreement: agreement.state in ("draft", "sent"))
        with_login = open_ones.partner_id & open_ones._get_portal_users().mapped(
            "partner_id.commercial_partner_id"
        ).sudo(False)
        signed = open_ones._get_signed_ones()
        for agreement in self:
            is_open = agreement in open_ones and bool(agreement.partner_id)
            agreement.is_portal_access_missing = is_open and agreement.partner_id not in with_login
            agreement.signing_hint = is_open and agreement._get_signing_hint(signed)

    def _get_signing_hint(self, signed):
        """Return what keeps the customer from signing, in the seller's words.

        :param b2b.agreement signed: of `_get_signed_ones`
        """
        customer = self.partner_id.display_name
        # The text of a new agreement is written when it is saved.
        if self._origin and (obstacle := self._get_sending_obstacle()):
            return obstacle
        if clash := signed.filtered(self._overlaps)[:1]:
            # Signing is refused, and the customer can do nothing about it.
            return self.env._(
                "%(refusal)s It has to end before this one can be signed.",
                refusal=self._get_overlap_refusal(clash),
            )
        if self.is_portal_access_missing:
            return self.env._(
                "Nobody of %(customer)s can log in to the portal yet, so nobody can sign.",
                customer=customer,
            )
        if not self._get_customer_recipients():
            return self.env._(
                "%(customer)s has no e-mail address, so nobody is told of the agreement.",
                customer=customer,
            )
        if self.template_id and not self._has_text_of_template():
            return self.env._(
                "The text has been edited, so it does not follow the terms. Read it before you"
                " send it."
            )
        return False

    def action_grant_portal_access(self):
        """Open Odoo's dialog that gives the customer's contacts access to the portal.

        :return: window action
        :rtype: dict
        :raise AccessError: for users who may not manage contacts
        """
        self.ensure_one()
        # Not `default_partner_ids`, which would leave out the contacts of the company.
        Wizard = self.env["portal.wizard"].with_context(active_ids=self.partner_id.ids)
        return Wizard.action_open_wizard()

    def action_send(self):
        """Send agreements to their customers to be read and signed.

        :return: True
        :raise UserError: when one is signed or terminated, or not ready to be read
        """
        for agreement in self:
            if agreement.state not in ("draft", "sent"):
                raise UserError(
                    self.env._("%(agreement)s is not a draft.", agreement=agreement.name)
                )
        self._check_sendable()
        self.write({"state": "sent"})
        for agreement in self:
            agreement._notify_customer("b2b_agreement.mail_template_agreement_send")
        return True

    def _check_sendable(self):
        """Refuse to send what nobody should read or sign.

        :raise UserError: naming the agreement, with the reason
        """
        for agreement in self:
            if obstacle := agreement._get_sending_obstacle():
                raise UserError(
                    self.env._(
                        "%(agreement)s cannot be sent. %(reason)s",
                        agreement=agreement.name,
                        reason=obstacle,
                    )
                )

    def _get_sending_obstacle(self):
        """Return why the agreement cannot be sent.

        :return: the reason in the seller's words, False when it can be sent
        """
        self.ensure_one()
        if is_html_empty(self.body):
            return self.env._("It has no text. Write one, or choose a text template.")
        # Words may stand in the midst of tags, as the editor leaves them.
        words = re.sub(r"<[^>]*>", "", str(self.body))
        if "{{" in words or "}}" in words:
            left = re.search(r"\{\{.{0,40}|.{0,40}\}\}", words, re.DOTALL)[0]
            return self.env._("A placeholder is left in its text: %(words)s", words=left)
        if self._is_over():
            return self.env._("It has ended already; correct its last day.")
        # sudo: a list may be of another company
        pricelist = self.sudo().pricelist_id
        if pricelist and not pricelist.active:
            if not may_name(pricelist):
                return self.env._("Its pricelist is archived.")
            return self.env._(
                "Its pricelist %(pricelist)s is archived.", pricelist=pricelist.display_name
            )
        return False

    # === CHANGES AFTER SENDING === #

    def _get_sent_statements(self, vals):
        """Return what customers were sent, before values are written.

        :param dict vals: values about to be written
        :return: `{b2b.agreement record: hash}` of those that a user changes
        :rtype: dict
        """
        if self._is_trusted() or not self.STATED_FIELDS & vals.keys():
            return {}
        sent = self.filtered(lambda agreement: agreement.state == "sent")
        return {agreement: agreement._get_statement_hash() for agreement in sent}

    def _take_back_changed(self, statements):
        """Make drafts of what says something else than what the customer was sent.

        :param dict statements: see `_get_sent_statements`
        """
        for agreement, statement in statements.items():
            if agreement.state == "sent" and agreement._get_statement_hash() != statement:
                agreement.with_context(b2b_agreement_seal=SEAL).state = "draft"
                agreement._message_log(
                    body=self.env._(
                        "Changed after it was sent, so it is a draft again and cannot be signed."
                        " Send it anew."
                    )
                )

    # === MAILS === #

    def _renew_links(self):
        """End the links by which e-mails open the messages without a login.

        For whoever was sent them and is no contact any more. Who logs in needs none.
        """
        # sudo: the token is nobody's to write
        for agreement in self.sudo().filtered("access_token"):
            agreement.access_token = str(uuid.uuid4())

    def _notify_customer(self, template_xmlid):
        """Mail the customer through a template, in the customer's language, and log it.

        :param str template_xmlid: mail template of this model
        """
        self.ensure_one()
        template = self.env.ref(template_xmlid, raise_if_not_found=False)
        recipients = template and (
            self._get_template_recipients(template) or self._get_customer_recipients()
        )
        if not template or not template.active or not recipients:
            return
        # By the queue: it tries again when the mail server is away, and nobody waits for it.
        self.with_context(mail_notify_force_send=False).message_post_with_source(
            template,
            subtype_xmlid="mail.mt_comment",
            email_layout_xmlid="mail.mail_notification_layout_with_responsible_signature",
            partner_ids=recipients.ids,
        )
        self.env["mail.mail"]._trigger_queue()

    def _get_template_recipients(self, template):
        """Return whom the template itself addresses, empty when it leaves that to us.

        :param template: `mail.template` record of this model
        :return: `res.partner` records
        """
        self.ensure_one()
        if template.use_default_to:
            return self.env["res.partner"]
        # sudo: the template names contacts that the salesperson may not read
        found = template.sudo()._generate_template_recipients(
            self.ids, {"partner_to", "email_to", "email_cc"}, find_or_create_partners=True
        )
        return self.env["res.partner"].browse(found[self.id].get("partner_ids"))

    def _get_customer_recipients(self):
        """Return whom mails about the agreement go to.

        :return: the company when it has an address, else its portal contacts that have one
        """
        self.ensure_one()
        partner = self.partner_id
        if partner.email:
            return partner
        return self._get_portal_users().partner_id.filtered("email").sudo(False)

    def _get_portal_users(self):
        """Return who can log in for the customers of these agreements.

        :return: `res.users` records in sudo mode
        """
        # Whether a contact has a login is not readable for salespeople.
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("partner_id.commercial_partner_id", "in", self.partner_id.ids),
                    ("share", "=", True),
                ]
            )
        )
