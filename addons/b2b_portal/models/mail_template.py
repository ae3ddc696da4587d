from odoo import models


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _get_use(self):
        """Override of `mail_delivery_retry` to keep the template of the pro-forma."""
        if use := super()._get_use():
            return use
        proforma = self.env.ref("b2b_portal.mail_template_b2b_proforma", raise_if_not_found=False)
        return self == proforma and self.env._("buyers get the pro-forma of a new order by it")
