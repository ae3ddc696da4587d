from odoo import models

KINDS = ("mail_template_approval_ask", "mail_template_approval_result")


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _get_use(self):
        """Override of `mail_delivery_retry` to keep the templates of approvals."""
        if use := super()._get_use():
            return use
        ours = [self.env.ref(f"b2b_approval.{kind}", raise_if_not_found=False) for kind in KINDS]
        return self in ours and self.env._("customers are told of approvals by it")
