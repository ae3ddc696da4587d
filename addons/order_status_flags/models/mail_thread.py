from odoo import api, models
from odoo.fields import Domain
from odoo.tools import html2plaintext
from odoo.tools.mail import unfold_references

from odoo.addons.mail_delivery_retry.references import find_bounced, find_by_references


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
            answered = [reference.strip() for reference in unfold_references(known)]
            rows = find_by_references(history, answered)
            if last := self._find_last_message(rows.order_id):
                message_dict["references"] = f"{last.message_id} {known}"
        return super().message_route(message, message_dict, model, thread_id, custom_values)

    @api.model
    def _find_last_message(self, orders):
        """Return the last message of orders (sudo), of those in ``message_ids``; may be empty."""
        messages = orders._fields["message_ids"].get_comodel_domain(orders)
        of_orders = messages & Domain("res_id", "in", orders.ids)
        return orders.env["mail.message"].search_fetch(
            of_orders, ["message_id"], order="id desc", limit=1
        )

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Override of `mail` to note in the history that an e-mail came back."""
        res = super()._routing_handle_bounce(email_message, message_dict)
        references = message_dict["bounced_msg_ids"] or ()
        if references and self._is_final_bounce(email_message):
            # sudo: the mail gateway acts for people who read no orders
            rows = find_bounced(self.env["sale.order.status.history"].sudo(), references)
            partners = message_dict["bounced_partner"]
            rows.filtered(
                # Followers get e-mails of such a kind, too.
                lambda row: (
                    not (row.mail_kind and partners and row.order_partner_id not in partners)
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
