import logging

from odoo import models
from odoo.exceptions import UserError

from ..context_keys import FOR_CUSTOMER

_logger = logging.getLogger(__name__)


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _generate_template_attachments(self, res_ids, render_fields, render_results=None):
        """Override of `mail` to let the order that is attached carry the order status link.

        The mail goes to the customer, whoever causes it: a visitor's payment, for example.
        One that is sent automatically (context key ``order_status_pdf_optional``) comes without
        its PDF rather than not at all: the order must not wait for it.
        """
        template = self
        if self.model == "sale.order":
            template = self.with_context(order_status_link=FOR_CUSTOMER)
        if not self.env.context.get("order_status_pdf_optional"):
            return super(MailTemplate, template)._generate_template_attachments(
                res_ids, render_fields, render_results=render_results
            )
        try:
            # A savepoint, since this goes on after a failure.
            with self.env.cr.savepoint():
                return super(MailTemplate, template)._generate_template_attachments(
                    res_ids, render_fields, render_results=render_results
                )
        except (OSError, UserError) as error:
            self._log_missing_pdf(res_ids, error)
        without = [name for name in render_fields if name != "report_template_ids"]
        return super(MailTemplate, template)._generate_template_attachments(
            res_ids, without, render_results=render_results
        )

    def _log_missing_pdf(self, res_ids, error):
        """Tell in the documents that an automatic e-mail goes out without its PDF.

        :param Exception error: why the PDF cannot be made
        """
        _logger.warning("E-mail template %s: no PDF for %s", self.name, res_ids, exc_info=True)
        text = self.env._(
            "This document was e-mailed without its PDF, which could not be made: %(reason)s",
            reason=str(error),
        )
        documents = self.env[self.model].browse(res_ids)
        documents._message_log_batch(bodies=dict.fromkeys(documents.ids, text))
