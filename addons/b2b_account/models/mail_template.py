from odoo import models


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _get_use(self):
        """Override of `mail_delivery_retry` to keep the template of registrations."""
        if use := super()._get_use():
            return use
        own = self.env.ref("b2b_account.mail_template_registration_accepted", False)
        return self == own and self.env._("new customers are welcomed by it")
