from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        """Override of `mail_delivery_retry` to add approvals: an order waits for them."""
        return super()._get_retried_models() | {"b2b.approval"}
