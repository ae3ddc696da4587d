import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)


class SaleWithdrawal(models.Model):
    """Withdrawal: what is personal is forgotten when it is not needed any more."""

    _inherit = "sale.withdrawal"

    @api.model
    def _cron_anonymise(self, limit=500):
        """Take names, addresses and words out of statements older than their company keeps them.

        Number, dates, quantities, answers and the fingerprint stay: who still has the text can
        prove that it is the one.

        :param int limit: how many at once; a flood of them takes several
        """
        now = fields.Datetime.now()
        for company in self.env["res.company"].search([("withdrawal_retention_months", ">", 0)]):
            before = fields.Datetime.subtract(now, months=company.withdrawal_retention_months)
            domain = [
                ("company_id", "=", company.id),
                ("received_at", "<", before),
                ("is_anonymised", "=", False),
            ]
            while old := self.search(domain, limit=limit):
                old._anonymise()
                if not self.env["ir.cron"]._commit_progress(processed=len(old)):
                    return

    def _anonymise(self):
        """Empty what says who declared, and the papers that say it too."""
        for withdrawal in self:
            name = withdrawal.env._("Anonymised")
            withdrawal._set(
                partner_name=name,
                email=False,
                reason=False,
                order_reference=withdrawal.order_id.name or False,
                statement=withdrawal.env._("Anonymised on %(day)s.", day=fields.Date.today()),
                origin_key=False,
                submission_key=False,
                note=False,
                is_anonymised=True,
            )
        # Without an address, what failed cannot be mended any more.
        self.mail_ids.write(
            {"email": False, "limit_key": False, "mail_error": False, "is_mail_handled": True}
        )
        self.env["mail.mail"].search(
            [("model", "=", self._name), ("res_id", "in", self.ids)]
        ).unlink()
        self.message_ids.filtered(lambda message: not message.tracking_value_ids).unlink()
        self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        ).unlink()
        _logger.info("%s statements of withdrawal were anonymised", len(self))
