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
        if headers := kwargs.get("headers"):
            # Odoo writes names of recipients there, too.
            kwargs["headers"] = {name: in_one_line(value) for name, value in headers.items()}
        email_from = email_from or self._get_sender_of_strangers(kwargs.get("object_id"))
        return super()._build_email__(
            in_one_line(email_from), in_one_line(email_to), in_one_line(subject), body, **kwargs
        )

    def _get_sender_of_strangers(self, document):
        """Return who sends an e-mail that somebody without an address causes: the company.

        A visitor by a link, for example. Only for documents whose e-mails are waited for, and
        where no address is configured for it.

        :param str document: id and model, with a hyphen between
        """
        model = str(document or "").partition("-")[2]
        configured = (
            self.env.context.get("domain_notifications_email") or self._get_default_from_address()
        )
        if configured or model not in self.env["mail.mail"]._get_retried_models():
            return False
        return self.env.company.email_formatted

    def _alter_message__(self, message, smtp_from, smtp_to_list):
        """Override of `base` to put the sender into one line, which Odoo writes once more here."""
        return super()._alter_message__(message, in_one_line(smtp_from), smtp_to_list)

    def send_email(self, message, *args, **kwargs):
        """Override of `base` to tell the mail queue which addresses the server has accepted."""
        # Asked before: Odoo then puts those into the header who get a copy of their own.
        recipients = email_normalize_all(str(message["To"] or ""))
        res = super().send_email(message, *args, **kwargs)
        accepted = self.env.context.get("mail_delivery_accepted")
        if res and isinstance(accepted, Accepted):
            accepted += recipients
        return res
