from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        return set()

    @api.model
    def _trigger_queue(self):
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
