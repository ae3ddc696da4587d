from odoo import api, models
from odoo.tools import html2plaintext

from odoo.addons.mail_delivery_retry.references import find_bounced


# What comes back to the e-mails about withdrawals, whose messages Odoo has removed. A comment: Odoo
# keeps a docstring here as the description of every model with messages.
class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """Override of `mail` to note that an acknowledgement came back."""
        res = super()._routing_handle_bounce(email_message, message_dict)
        references = message_dict["bounced_msg_ids"] or ()
        if references and self._is_final_bounce(email_message):
            # sudo: the mail gateway acts for people who read no withdrawals
            rows = find_bounced(self.env["sale.withdrawal.mail"].sudo(), references)
            rows._on_mail_bounced(html2plaintext(message_dict.get("body") or "").strip())
        return res
