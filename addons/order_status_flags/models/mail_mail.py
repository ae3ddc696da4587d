from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Override of `mail` to tell the order status history what became of its e-mails.

        Before super: it removes delivered mails.
        """
        # sudo: the mail queue runs for people who do not read orders
        rows = (
            self.env["sale.order.status.history"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids), ("mail_state", "=", "pending")])
        )
        if rows and not failure_type:
            rows._on_mail_sent()
        elif rows:
            reason = failure_reason or rows.mail_mail_id[:1].failure_reason
            temporary = rows._is_temporary_mail_failure(failure_type, reason)
            res = super()._postprocess_sent_message(
                success_pids, success_emails, failure_reason, failure_type
            )
            rows._on_mail_failed(reason, temporary)
            return res
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )
