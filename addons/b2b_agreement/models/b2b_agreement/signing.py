from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.mail_delivery_retry.attempt import try_pdf
from odoo.addons.mail_delivery_retry.language import get_active_lang

from ...signature import is_signature
from .seal import SEAL


class B2bAgreement(models.Model):
    """Signing: how an agreement comes into force, and who gets a copy."""

    _inherit = "b2b.agreement"

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
        if self._get_sending_obstacle():
            return self.env._("This agreement is not ready to be signed; please contact us.")
        return False

    def _sign(self, name, signature, partner):
        """Sign the agreement for its customer; the one way by which users come to a signed one.

        :param str name: name of the person who signs
        :param str signature: picture, base64; the portal demands one, code that calls this may not
            have one
        :param partner: `res.partner` record of the person
        :raise UserError: when it cannot be signed, the signature is no picture, or another signed
            agreement overlaps
        """
        self.ensure_one()
        # The text on the customer's screen, the state and the row must be the same until commit.
        self.lock_for_update(allow_referencing=True)
        if obstacle := self._get_signing_obstacle():
            raise UserError(obstacle)
        if signature and not is_signature(signature):
            raise UserError(self.env._("Signature is missing."))
        self.with_context(b2b_agreement_seal=SEAL).write(
            {
                "state": "signed",
                "signed_by": name,
                "signed_on": fields.Datetime.now(),
                "signed_partner_id": partner.id,
                "signature": signature,
            }
        )

    def _seal_signed(self):
        """Seal the agreements that are signed, and close what their signature settles."""
        signed = self.filtered(lambda agreement: agreement.state == "signed")
        signed._seal()
        signed._close_renewal_activities()

    def _keep_signed_pdf(self, author):
        """Keep the signed agreement as a PDF, and give both sides their copy.

        The signature stands without a PDF (no wkhtmltopdf, no room on the disk): the seller is
        told, and a scheduled action tries again.

        :param author: `res.partner` record of the person who signed
        """
        self.ensure_one()
        attachment = self._make_pdf_attachment()
        seller = self._get_seller_of_copy()
        # By the queue: the customer who signs does not wait for a mail server.
        self.with_context(mail_notify_force_send=False).message_post(
            author_id=author.id,
            body=self.env._("Agreement signed by %(name)s", name=self.signed_by),
            attachment_ids=attachment.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=(author | seller.partner_id).ids,
            # The author signed, and gets a copy all the same.
            notify_author=True,
        )
        self.env["mail.mail"]._trigger_queue()
        if not attachment:
            agreement = self.with_context(
                lang=get_active_lang(self.env, seller.lang or self.env.lang)
            )
            agreement._message_log(
                body=agreement.env._(
                    "The PDF of the signed agreement could not be made. The signature is valid"
                    " without it, and the PDF is made as soon as that is possible."
                )
            )

    def _get_seller_of_copy(self):
        """Return who of the seller is told of the signature, in sudo mode.

        The salesperson; of one who has left, or may not open the agreement any more, whoever is
        reminded of its end.

        :return: `res.users` record, empty for an agreement of nobody
        """
        # sudo: who the salesperson is, is hidden from customers; followers hear of it anyway
        agreement = self.sudo()
        return agreement.user_id and agreement._get_reminded_user()

    def _get_signer_of_copy(self):
        """Return to whom of the customer a copy goes that could not be made at the signature.

        The signer; of one who has left the customer since, whoever gets its e-mails.

        :return: `res.partner` records
        """
        signer = self.signed_partner_id
        is_there = signer.commercial_partner_id == self.partner_id
        return signer if is_there else self._get_customer_recipients()

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
                locked._make_missing_pdf()
            self.env["ir.cron"]._commit_progress()

    def _make_missing_pdf(self):
        """Make a PDF that could not be made at the signature, and send the copies then."""
        self.ensure_one()
        attachment = self._make_pdf_attachment()
        if not attachment or not self.signed_partner_id:
            return
        customer = self._get_signer_of_copy()
        agreement = self.with_context(
            lang=get_active_lang(self.with_company(self.company_id).env, customer[:1].lang),
            mail_notify_force_send=False,
        )
        agreement.message_notify(
            subject=agreement.env._("Agreement %(name)s: your copy", name=self.name),
            body=agreement.env._("The PDF of the signed agreement is attached."),
            attachment_ids=attachment.ids,
            partner_ids=(customer | self._get_seller_of_copy().partner_id).ids,
        )
        self.env["mail.mail"]._trigger_queue()

    def _get_print_lang(self):
        """Return the language of the PDF: the customer's, unless it was switched off since."""
        lang = self.partner_id.lang
        return lang and get_active_lang(self.with_company(self.company_id).env, lang)

    def _render_pdf(self):
        """Return the PDF of the agreement as it is now.

        :return: content, and its file extension
        :rtype: tuple
        :raise UserError: when wkhtmltopdf is missing
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

    def _get_pdf(self):
        """Return the PDF of the agreement, the kept one when there is one; stores nothing.

        :return: the file, empty when it could not be made
        :rtype: bytes
        """
        self.ensure_one()
        if self.state in ("signed", "terminated") and (kept := self._get_kept_pdf()):
            return kept
        pdf, _error = try_pdf(self, self._render_pdf)
        return pdf[0] if pdf else b""
