from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        """Override of `mail_delivery_retry` to add withdrawals: the law asks for their e-mails."""
        return super()._get_retried_models() | {"sale.withdrawal"}

    def unlink(self):
        """Override of `mail` to note that somebody deleted e-mails that were still to be sent."""
        rows = self._get_withdrawal_rows("pending")
        rows._mark_failed(self.env._("The e-mail was deleted in the mail queue."))
        return super().unlink()

    def cancel(self):
        """Override of `mail` to note that somebody cancelled e-mails that were to be sent."""
        rows = self._get_withdrawal_rows("pending")
        res = super().cancel()
        rows._mark_failed(self.env._("The e-mail was cancelled in the mail queue."))
        return res

    def mark_outgoing(self):
        """Override of `mail` to wait for e-mails that somebody tries again."""
        rows = self._get_withdrawal_rows("failed")
        res = super().mark_outgoing()
        rows.write({"mail_state": "pending", "mail_error": False, "is_mail_handled": False})
        return res

    def _on_delivered(self):
        """Override of `mail_delivery_retry` to note that acknowledgements left."""
        self._get_withdrawal_rows("pending", "failed")._on_mail_sent()
        return super()._on_delivered()

    def _on_delivery_failed(self, reason, temporary, success_pids, success_emails):
        """Override of `mail_delivery_retry` to note it; that addon tries them again."""
        rows = self._get_withdrawal_rows("pending")
        rows._on_mail_failed(reason, temporary)
        return super()._on_delivery_failed(reason, temporary, success_pids, success_emails)

    def _get_withdrawal_rows(self, *mail_states):
        """Return the rows of the outbox of withdrawals that these e-mails are of."""
        # sudo: the mail queue runs for people who do not read withdrawals
        outbox = self.env["sale.withdrawal.mail"].sudo()
        if not self:
            return outbox
        return outbox.search([("mail_mail_id", "in", self.ids), ("mail_state", "in", mail_states)])
