from odoo import models

from ..context_keys import FOR_CUSTOMER


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _generate_template_attachments(self, res_ids, render_fields, render_results=None):
        """Override of `mail` to let the order that is attached carry the order status link.

        The mail goes to the customer, whoever causes it: a visitor's payment, for example.
        """
        template = self
        if self.model == "sale.order":
            template = self.with_context(order_status_link=FOR_CUSTOMER)
        return super(MailTemplate, template)._generate_template_attachments(
            res_ids, render_fields, render_results=render_results
        )
