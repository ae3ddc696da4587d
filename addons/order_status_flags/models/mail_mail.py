from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        """Override of `mail_delivery_retry` to add orders: customers wait for their e-mails."""
        return super()._get_retried_models() | {"sale.order"}

    # === CRUD METHODS === #

    def unlink(self):
        """Override of `mail` to note that somebody deleted e-mails that were still to be sent."""
        self._get_history_rows("pending")._on_mail_deleted()
        return super().unlink()

    # === ACTION METHODS === #

    def mark_outgoing(self):
        """Override of `mail` to have the history wait for e-mails that somebody tries again."""
        tried_again = self.filtered(lambda mail: mail.state in ("exception", "cancel"))
        rows = tried_again._get_history_rows("failed", "superseded")
        res = super().mark_outgoing()
        rows._on_mail_requeued()
        return res

    def cancel(self):
        """Override of `mail` to note that somebody cancelled e-mails that were to be sent."""
        res = super().cancel()
        self._get_history_rows("pending")._on_mail_cancelled()
        return res

    # === WHAT CAME OF IT === #

    def _on_delivered(self):
        """Override of `mail_delivery_retry` to note in the history that its e-mails left."""
        self._get_history_rows("pending", "failed", "superseded")._on_mail_sent()
        return super()._on_delivered()

    def _on_delivery_failed(self, reason, temporary, success_pids, success_emails):
        """Override of `mail_delivery_retry` to let the history decide about its own e-mails."""
        rows = self._get_history_rows("pending")
        others = self - rows.mail_mail_id
        rows._on_mail_failed(reason, temporary, success_pids, success_emails)
        return super(MailMail, others)._on_delivery_failed(
            reason, temporary, success_pids, success_emails
        )

    def _get_history_rows(self, *mail_states):
        """Return the rows of the history that these e-mails are of.

        :param str mail_states: only rows in one of these
        """
        # sudo: the mail queue runs for people who do not read orders
        history = self.env["sale.order.status.history"].sudo()
        return history.search([("mail_mail_id", "in", self.ids), ("mail_state", "in", mail_states)])
