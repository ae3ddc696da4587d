from odoo import models
from odoo.tools.mail import email_normalize_all

from ..const import Accepted


def in_one_line(text):
    """Return a text, or each of a list, that becomes a header of an e-mail without line breaks."""
    if isinstance(text, list | tuple):
        return [in_one_line(part) for part in text]
    return " ".join(text.split()) if isinstance(text, str) else text


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(self, email_from, email_to, subject, body, **kwargs):
        """Override of `base` to put names and subjects into one line.

        A line break in a name that somebody imported or typed into a form ends an e-mail with an
        error: a header has none.
        """
        for name in kwargs.keys() & {"reply_to", "email_cc"}:
            kwargs[name] = in_one_line(kwargs[name])
        return super()._build_email__(
            in_one_line(email_from), in_one_line(email_to), in_one_line(subject), body, **kwargs
        )

    def _alter_message__(self, message, smtp_from, smtp_to_list):
        """Override of `base` to put the sender into one line, which Odoo writes once more here."""
        return super()._alter_message__(message, in_one_line(smtp_from), smtp_to_list)

    def send_email(self, message, *args, **kwargs):
        """Override of `base` to tell the mail queue which addresses the server has accepted."""
        res = super().send_email(message, *args, **kwargs)
        accepted = self.env.context.get("mail_delivery_accepted")
        if res and isinstance(accepted, Accepted):
            accepted += email_normalize_all(str(message["To"] or ""))
        return res
