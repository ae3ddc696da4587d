from odoo import models
from odoo.fields import Command

from odoo.addons.mail_delivery_retry.attempt import try_pdf
from odoo.addons.mail_delivery_retry.language import get_active_lang


class SaleOrder(models.Model):
    """Mail: the pro-forma of a new order, which the outbox of the status history sends."""

    _inherit = "sale.order"

    def _post_b2b_proforma(self, template):
        """Send the pro-forma to the buyer; without its PDF when that cannot be made.

        :param mail.template template: of the e-mail
        :return: the e-mail in the queue to whom the template addresses, the buyer first; empty
            when he reads it in Odoo instead
        :rtype: mail.mail
        """
        self.ensure_one()
        pdf, error = try_pdf(self, self._make_b2b_proforma_pdf)
        if error:
            self._log_missing_pdf(error)
        # By the queue: it tries again when the mail server is away.
        lang = self.partner_id.lang
        order = self.with_context(
            lang=lang and get_active_lang(self.with_company(self.company_id).env, lang),
            mail_notify_force_send=False,
            # The template says so where it is so.
            b2b_proforma_attached=bool(pdf),
        )
        message = order.message_post_with_source(
            template,
            attachment_ids=[Command.set(pdf.ids if pdf else [])],
            email_layout_xmlid="mail.mail_notification_layout_with_responsible_signature",
            subtype_xmlid="mail.mt_comment",
        )
        mails = self.env["mail.mail"].search([("mail_message_id", "in", message.ids)])
        # Followers get an e-mail of their own; whom the template addresses is the message's.
        named = message.with_context(active_test=False).partner_ids
        addressed = mails.filtered(lambda mail: mail.recipient_ids & named)
        return addressed.sorted(lambda mail: self.partner_id not in mail.recipient_ids)[:1]

    def _make_b2b_proforma_pdf(self):
        """Return the PDF of the pro-forma as an attachment."""
        content, _type = self.env["ir.actions.report"]._render_qweb_pdf(
            "sale.action_report_saleorder", self.ids
        )
        return self.env["ir.attachment"].create(
            {
                "name": f"{self._get_report_base_filename()}.pdf".replace("/", "_"),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
