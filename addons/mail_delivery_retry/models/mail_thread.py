from odoo import models

from ..language import get_active_lang


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _get_seller(self):
        """Return the salesperson of this document, empty where it has none."""
        return self.user_id if "user_id" in self else self.env["res.users"]

    def _get_seller_at_work(self):
        """Return the salesperson of this document, empty when that person has left."""
        return self._get_seller().filtered(lambda user: user.active and not user.share)

    def _log_missing_pdf(self, error):
        """Tell in these documents that an automatic e-mail goes out without its PDF.

        :param Exception error: why the PDF cannot be made, see `try_pdf`
        """
        for document in self:
            seller = document._get_seller()
            document = document.with_context(
                lang=get_active_lang(self.env, seller.lang or self.env.lang)
            )
            document._message_log(
                body=document.env._(
                    "This document was e-mailed without its PDF, which could not be made:"
                    " %(reason)s",
                    reason=str(error),
                )
            )

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Override of `mail` to mail contacts that are named but archived, where it matters.

        Contacts of guests are archived by clean-ups, while their orders go on.
        """
        recipients = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        if len(self) == 1 and self._name in self.env["mail.mail"]._get_retried_models():
            recipients += self._get_archived_recipients(message, msg_vals or {}, recipients)
        return recipients

    def _notify_get_classified_recipients_iterator(self, message, recipients_data, **kwargs):
        """Override of `mail` to fall back on the company's language for one switched off since."""
        if lang := kwargs.get("force_email_lang"):
            # sudo: who posts may work for another company
            company = "company_id" in self and self[:1].sudo().company_id
            env = self.with_company(company).env if company else self.env
            kwargs["force_email_lang"] = get_active_lang(env, lang)
        return super()._notify_get_classified_recipients_iterator(
            message, recipients_data, **kwargs
        )

    def _get_archived_recipients(self, message, msg_vals, recipients):
        # sudo: the message may be posted by somebody who may not read contacts
        if "partner_ids" in msg_vals:
            named = self.env["res.partner"].sudo().browse(msg_vals["partner_ids"])
        else:
            named = message.sudo().with_context(active_test=False).partner_ids
        reached = {data["id"] for data in recipients}
        archived = named.filtered(
            lambda partner: not partner.active and partner.email and partner.id not in reached
        )
        if not archived:
            return []
        # sudo: followers are no matter of whoever writes the message, as in Odoo's own
        found = (
            self.env["mail.followers"]
            .sudo()
            ._get_recipient_data(self, "user_notification", False, archived.ids)
        )
        return [{**data, "active": True} for data in found[self.id].values() if data["share"]]
