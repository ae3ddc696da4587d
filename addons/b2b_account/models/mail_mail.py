from odoo import api, models

from ..context_keys import INVITATION


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def _get_retried_models(self):
        """Override of `mail_delivery_retry` to add registrations: applicants wait for an answer."""
        return super()._get_retried_models() | {"b2b.registration"}

    def _filter_retried(self):
        """Override of `mail_delivery_retry` to add what is mailed to a login that nobody has used.

        It is the invitation, without which nobody gets in; its link is good for some days.
        """
        mails = self.filtered(lambda mail: mail.model == "res.users")
        # sudo: whoever's action failed, clerks and customers read no logins
        users = self.env["res.users"].sudo().browse(mails.mapped("res_id")).exists()
        invited = users.filtered(lambda user: user.share and not user.login_date)
        kept = mails.filtered(lambda mail: mail.res_id in invited.ids)
        return super()._filter_retried() | kept

    def send(self, *args, **kwargs):
        """Override of `mail` to send the invitations of administrators and clerks once it is sure.

        Odoo sends them in between: everybody who administrates the company waits for the mail
        server, and a request that is run again mails them twice.
        """
        if self.env.context.get("b2b_invitation") is not INVITATION:
            return super().send(*args, **kwargs)
        return self.with_context(b2b_invitation=None).send_after_commit()

    @api.model
    def _search_b2b_invitations(self, users):
        """Return the invitations that have not left: they wait, or could not be delivered.

        :param res.users users: whose
        :return: in sudo mode
        :rtype: mail.mail
        """
        # sudo: neither administrators of a customer nor clerks read the mail queue
        return self.sudo().search(
            [
                ("model", "=", "res.users"),
                ("res_id", "in", users.ids),
                ("state", "in", ("outgoing", "exception")),
            ]
        )
