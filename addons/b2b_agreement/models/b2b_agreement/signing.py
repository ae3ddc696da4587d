from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.mail_delivery_retry.attempt import try_pdf
from odoo.addons.mail_delivery_retry.language import get_active_lang

from .checks import SEAL


class B2bAgreement(models.Model):
    """Sending and signing: how an agreement comes into force, and what is kept of it."""

    _inherit = "b2b.agreement"

    signing_hint = fields.Char(
        compute="_compute_signing_hint",
        groups="base.group_user",
        help="What is missing before the customer can read and sign the agreement.",
    )
    is_portal_access_missing = fields.Boolean(
        compute="_compute_signing_hint", groups="base.group_user"
    )

    @api.depends("state", "partner_id.email", "body")
    def _compute_signing_hint(self):
        open_ones = self.filtered(lambda agreement: agreement.state in ("draft", "sent"))
        with_login = open_ones.partner_id & open_ones._get_portal_users().mapped(
            "partner_id.commercial_partner_id"
        ).sudo(False)
        for agreement in self:
            is_open = agreement in open_ones and bool(agreement.partner_id)
            agreement.is_portal_access_missing = is_open and agreement.partner_id not in with_login
            agreement.signing_hint = is_open and agreement._get_signing_hint()

    def _get_signing_hint(self):
        customer = self.partner_id.display_name
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
        return False

    def action_grant_portal_access(self):
        """Open Odoo's dialog that gives the customer's contacts access to the portal.

        :return: window action
        :rtype: dict
        :raises AccessError: for users who may not manage contacts
        """
        self.ensure_one()
        # Not `default_partner_ids`, which would leave out the contacts of the company.
        Wizard = self.env["portal.wizard"].with_context(active_ids=self.partner_id.ids)
        return Wizard.action_open_wizard()

    def action_send(self):
        """Send agreements to their customers to be read and signed.

        :return: True
        :raises UserError: when one is signed or terminated
        """
        for agreement in self:
            if agreement.state not in ("draft", "sent"):
                raise UserError(
                    self.env._("%(agreement)s is not a draft.", agreement=agreement.name)
                )
        self.write({"state": "sent"})
        for agreement in self:
            agreement._notify_customer("b2b_agreement.mail_template_agreement_send")
        return True

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

    def _get_signing_obstacle(self):
        """Return why the agreement cannot be signed.

        :return: the reason in the reader's words, False when it can be signed
        """
        self.ensure_one()
        if self.state == "signed":
            return self.env._("This agreement is signed already.")
        if self.state != "sent":
            return self.env._("This agreement is not open for signature.")
        if self._is_over():
            return self.env._("This agreement has ended; ask for a new one.")
        return False

    def _sign(self, name, signature, partner):
        """Sign the agreement for its customer.

        :param str name: name of the person who signs
        :param str signature: image, base64
        :param partner: `res.partner` record of the person
        :raises UserError: when it cannot be signed, or another signed agreement overlaps
        """
        self.ensure_one()
        # The text on the customer's screen, the state and the row must be the same until commit.
        self.lock_for_update(allow_referencing=True)
        if obstacle := self._get_signing_obstacle():
            raise UserError(obstacle)
        self.write(
            {
                "state": "signed",
                "signed_by": name,
                "signed_on": fields.Datetime.now(),
                "signed_partner_id": partner.id,
                "signature": signature,
            }
        )

    def _seal(self):
        """Record what was signed: the hash of the text as the database holds it."""
        if not self:
            return
        self.flush_recordset(["body"])
        # Read back, so that the hash is of the stored text to the letter.
        self.invalidate_recordset(["body"])
        for agreement in self.with_context(b2b_agreement_seal=SEAL):
            agreement.write(
                {
                    "signed_body_hash": agreement._get_body_hash(),
                    "signed_on": agreement.signed_on or fields.Datetime.now(),
                }
            )

    def _keep_signed_pdf(self, author):
        """Keep the signed agreement as a PDF and tell everyone who follows it.

        The signature stands without a PDF (no wkhtmltopdf, no room on the disk): the seller is
        told, and a scheduled action tries again.

        :param author: `res.partner` record of the person who signed
        """
        self.ensure_one()
        attachment = self._make_pdf_attachment()
        # By the queue: the customer who signs does not wait for a mail server.
        self.with_context(mail_notify_force_send=False).message_post(
            author_id=author.id,
            body=self.env._("Agreement signed by %(name)s", name=self.signed_by),
            attachment_ids=attachment.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.env["mail.mail"]._trigger_queue()
        if not attachment:
            # sudo: whose language the seller reads is not for customers to know
            seller = self.sudo().user_id
            agreement = self.with_context(
                lang=get_active_lang(self.env, seller.lang or self.env.lang)
            )
            agreement._message_log(
                body=agreement.env._(
                    "The PDF of the signed agreement could not be made. The signature is valid"
                    " without it, and the PDF is made as soon as that is possible."
                )
            )

    @api.model
    def _keep_missing_pdfs(self, limit=20):
        """Make the PDFs that could not be made when agreements were signed.

        :param int limit: so many in one run
        """
        missing = self.search(
            [("state", "=", "signed"), ("pdf_attachment_id", "=", False)], limit=limit
        )
        for agreement in missing:
            # Another worker may be at it; what it holds is left to it.
            if locked := agreement.try_lock_for_update(allow_referencing=True):
                locked._make_pdf_attachment()
            self.env["ir.cron"]._commit_progress()

    def _render_pdf(self):
        """Return the PDF of the agreement as it is now.

        :return: content, and its file extension
        :rtype: tuple
        :raises UserError: when wkhtmltopdf is missing
        """
        return self.env["ir.actions.report"]._render_qweb_pdf(
            "b2b_agreement.action_report_agreement", self.ids
        )

    def _make_pdf_attachment(self):
        """Return the PDF of the agreement, made once and kept.

        :return: `ir.attachment` record, empty when the PDF could not be made
        """
        self.ensure_one()
        if not self.pdf_attachment_id:
            try_pdf(self, self._store_pdf)
        return self.pdf_attachment_id

    def _store_pdf(self):
        content, kind = self._render_pdf()
        self.pdf_attachment_id = self.env["ir.attachment"].create(
            {
                "name": f"{self.name.replace('/', '-')}.{kind}",
                "raw": content,
                "res_model": self._name,
                "res_id": self.id,
            }
        )

    def _get_pdf(self):
        """Return the PDF of the agreement, the kept one when there is one; stores nothing.

        :return: the file, empty when it could not be made
        :rtype: bytes
        """
        self.ensure_one()
        if self.state in ("signed", "terminated") and self.pdf_attachment_id:
            return self.pdf_attachment_id.raw or b""
        pdf, _error = try_pdf(self, self._render_pdf)
        return pdf[0] if pdf else b""
