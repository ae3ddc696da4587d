from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _get_default_mail_partner_ids(self, move, mail_template, mail_lang):
        """Override of `account` to propose no colleague who sees no invoices, but his company.

        Whoever orders is often whom Odoo would invoice. Addresses without a login stay: they are
        where the customer wants its invoices.
        """
        partners = super()._get_default_mail_partner_ids(move, mail_template, mail_lang)
        # sudo: accountants do not read logins
        closed = partners.sudo().filtered(
            lambda one: (
                one.user_ids and one != one.commercial_partner_id and not one._sees_invoices()
            )
        )
        companies = closed.commercial_partner_id.filtered("email")
        return partners - closed | companies.sudo(partners.env.su)
