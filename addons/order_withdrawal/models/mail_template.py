from odoo import api, models
from odoo.exceptions import UserError

from .sale_withdrawal_mail import OPTIONAL, TEMPLATES


class MailTemplate(models.Model):
    _inherit = "mail.template"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_about_withdrawals(self):
        """Keep the e-mails that the law asks for: without its template, a plain text leaves.

        Not by `_get_use`, whose message says that no such e-mail is sent any more.
        """
        for kind, xmlid in TEMPLATES.items():
            template = self.env.ref(xmlid, raise_if_not_found=False)
            if template and template in self:
                raise UserError(self._explain_withdrawal_use(template, kind))

    def _explain_withdrawal_use(self, template, kind):
        if kind in OPTIONAL:
            return self.env._(
                "The e-mail template “%(template)s” cannot be deleted: customers get it about"
                " withdrawals. Archive it, and no such e-mail is sent any more.",
                template=template.name,
            )
        return self.env._(
            "The e-mail template “%(template)s” cannot be deleted: customers get it"
            " about withdrawals. Archive it, and a plain text is sent instead.",
            template=template.name,
        )
