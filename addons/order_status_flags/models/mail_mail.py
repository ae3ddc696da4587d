from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        """Override of `mail_delivery_retry` to add orders: customers wait for their e-mails."""
        return super()._get_retried_models() | {"sale.order"}

    def _on_delivered(self):
        """Override of `mail_delivery_retry` to note in the history that its e-mails left."""
        self._get_history_rows()._on_mail_sent()
        return super()._on_delivered()

    def _on_delivery_failed(self, reason, temporary, success_pids, success_emails):
        """Override of `mail_delivery_retry` to let the history decide about its own e-mails."""
        rows = self._get_history_rows()
        others = self - rows.mail_mail_id
        rows._on_mail_failed(reason, temporary)
        return super(MailMail, others)._on_delivery_failed(
            reason, temporary, success_pids, success_emails
        )

    def _get_history_rows(self):
        """Return the rows of the history that wait for these e-mails to be delivered."""
        # sudo: the mail queue runs for people who do not read orders
        history = self.env["sale.order.status.history"].sudo()
        return history.search([("mail_mail_id", "in", self.ids), ("mail_state", "=", "pending")])
