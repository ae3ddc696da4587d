from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        """Override of `mail_delivery_retry` to add registrations: applicants wait for an answer."""
        return super()._get_retried_models() | {"b2b.registration"}
