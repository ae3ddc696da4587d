from odoo import models

from ..context_keys import FOR_CUSTOMER
from .sale_order_status_history.kinds import TEMPLATES


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _get_use(self):
        """Override of `mail_delivery_retry` to name the statuses whose e-mail this is."""
        if use := super()._get_use():
            return use
        statuses = self.env["sale.order.status"].with_context(active_test=False)
        found = statuses.search([("mail_template_id", "in", self.ids)])
        if found:
            return self.env._(
                "it is the e-mail of the status %(statuses)s",
                statuses=", ".join(f"“{name}”" for name in found.mapped("name")),
            )
        rows = self.env["sale.order.status.history"]
        kinds = [kind for kind in TEMPLATES if rows._get_template_of_kind(kind) & self]
        return kinds and self.env._("customers get it about delays, or when they look for an order")

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
