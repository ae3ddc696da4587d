from odoo import models

TEMPLATES = ("send", "reminder", "reminder_seller")


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _get_use(self):
        """Override of `mail_delivery_retry` to keep the templates of agreements."""
        if use := super()._get_use():
            return use
        used = [self._get_agreement_template(name) for name in TEMPLATES]
        return self in used and self.env._("e-mails about agreements are sent by it")

    def _get_agreement_template(self, name):
        """Return the template of an e-mail about agreements; empty when it sends nothing.

        :param str name: last part of its XML id
        """
        xmlid = f"b2b_agreement.mail_template_agreement_{name}"
        return self.env.ref(xmlid, raise_if_not_found=False) or self.browse()
