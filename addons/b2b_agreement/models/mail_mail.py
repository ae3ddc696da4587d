from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        """Override of `order_status_flags`: agreements to sign are waited for too."""
        return super()._get_retried_models() | {"b2b.agreement"}
