from odoo import models

from ..attempt import try_pdf


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _generate_template_attachments(self, res_ids, render_fields, render_results=None):
        """Override of `mail` to send without their PDF those e-mails that must not wait for it.

        Whoever sends automatically says so by the context key ``mail_pdf_optional=True``. An
        e-mail that a person writes fails with the reason, as in plain Odoo.
        """
        generate = super()._generate_template_attachments
        if not self.env.context.get("mail_pdf_optional"):
            return generate(res_ids, render_fields, render_results=render_results)
        documents = self.env[self.model].browse(res_ids)
        results, error = try_pdf(
            documents, lambda: generate(res_ids, render_fields, render_results=render_results)
        )
        if not error:
            return results
        if hasattr(documents, "_log_missing_pdf"):
            documents._log_missing_pdf(error)
        without = [name for name in render_fields if name != "report_template_ids"]
        return generate(res_ids, without, render_results=render_results)
