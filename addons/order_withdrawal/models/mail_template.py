from odoo import models

from .sale_withdrawal_mail import TEMPLATES


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _get_use(self):
        """Override of `mail_delivery_retry` to name the e-mails that the law asks for."""
        if use := super()._get_use():
            return use
        used = [self.env.ref(xmlid, raise_if_not_found=False) for xmlid in TEMPLATES.values()]
        return any(template in self for template in used if template) and self.env._(
            "it is an e-mail about withdrawals"
        )
