from odoo import api, models
from odoo.tools import html2plaintext
from odoo.tools.mail import unfold_references


# What comes back to the e-mails of the status history, whose messages Odoo has removed. A comment:
# Odoo keeps a docstring here as the description of every model with messages.
class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Override of `mail` to lead answers to a status e-mail to its order.

        Odoo knows an answer by the message that it answers. So one that answers an e-mail of
        the history is made to answer a message of the order that is still there, too.
        """
        known = message_dict.get("references") or message_dict.get("in_reply_to") or ""
        if known and not message_dict.get("is_bounce"):
            # sudo: the mail gateway acts for people who read no orders
            history = self.env["sale.order.status.history"].sudo()
            rows = history._find_by_references(ref.strip() for ref in unfold_references(known))
            if messages := rows.order_id.message_ids:
                message_dict["references"] = f"{messages.sorted('id')[-1].message_id} {known}"
        return super().message_route(message, message_dict, model, thread_id, custom_values)

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Override of `mail` to note in the history that an e-mail came back."""
        res = super()._routing_handle_bounce(email_message, message_dict)
        references = message_dict["bounced_msg_ids"] or ()
        if references and self._is_final_bounce(email_message):
            # sudo: the mail gateway acts for people who read no orders
            rows = self.env["sale.order.status.history"].sudo()._find_by_references(references)
            partners = message_dict["bounced_partner"]
            rows.filtered(
                lambda row: (
                    row.mail_state == "sent"
                    # One that was sent again since may have reached the customer.
                    and row.mail_references.split()[-1] in references
                    # Followers get e-mails of such a kind, too.
                    and not (row.mail_kind and partners and row.order_partner_id not in partners)
                )
            )._on_mail_bounced(html2plaintext(message_dict.get("body") or "").strip())
        return res

    @api.model
    def _is_final_bounce(self, email_message):
        """Whether a report is of a failure, not of a delay or a success (RFC 3464, `Action`)."""
        actions = [
            part["Action"].strip().lower()
            for report in email_message.walk()
            if report.get_content_type() == "message/delivery-status"
            for part in report.get_payload()
            if part["Action"]
        ]
        return not actions or "failed" in actions
