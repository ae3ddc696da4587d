from functools import partial

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..attempt import try_pdf


class MailTemplate(models.Model):
    _inherit = "mail.template"

    # === WHO USES IT === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for template in self:
            # sudo: what uses it counts, whether whoever deletes it may read that or not
            if use := template.sudo()._get_use():
                raise UserError(
                    self.env._(
                        "The e-mail template “%(template)s” is in use, so it cannot be deleted:"
                        " %(use)s. Archive it, and no such e-mail is sent any more.",
                        template=template.name,
                        use=use,
                    )
                )

    def _get_use(self):
        """Return what sends e-mails by this template, in words, or False.

        A hook: a template in use cannot be deleted, since its e-mails would end in silence.
        """
        self.ensure_one()
        return False

    # === RENDERING === #

    def _generate_template(self, res_ids, render_fields, *args, **kwargs):
        """Override of `mail` to send as the company what a salesperson who has left would send.

        Nobody reads that mailbox, and answers would end in it.
        """
        results = super()._generate_template(res_ids, render_fields, *args, **kwargs)
        if "email_from" in render_fields and (
            self.model in self.env["mail.mail"]._get_retried_models()
        ):
            # sudo: whoever causes the e-mail may not read users
            for document in self.env[self.model].sudo().browse(res_ids):
                values = results[document.id]
                gone = document._get_seller() - document._get_seller_at_work()
                if gone and email_normalize(values.get("email_from")) == gone.email_normalized:
                    values["email_from"] = document.company_id.email_formatted
        return results

    def _generate_template_attachments(self, res_ids, render_fields, render_results=None):
        """Override of `mail` to send without their PDF those e-mails that must not wait for it.

        Whoever sends automatically says so by the context key ``mail_pdf_optional=True``. An
        e-mail that a person writes fails with the reason, as in plain Odoo.
        """
        generate = super()._generate_template_attachments
        optional = self.env.context.get("mail_pdf_optional")
        if not (optional and self.report_template_ids and "report_template_ids" in render_fields):
            return generate(res_ids, render_fields, render_results=render_results)
        results = {} if render_results is None else render_results
        without = [name for name in render_fields if name != "report_template_ids"]

        def make(document, names):
            # Of a copy: what fails half way leaves nothing behind.
            values = {document.id: {**results.get(document.id, {})}}
            return generate(document.ids, names, render_results=values)

        # Odoo makes them one by one, too: one that cannot be made is missing in one e-mail.
        for document in self.env[self.model].browse(res_ids):
            made, error = try_pdf(document, partial(make, document, render_fields))
            if error and hasattr(document, "_log_missing_pdf"):
                document._log_missing_pdf(error)
            results.update(make(document, without) if error else made)
        return results
