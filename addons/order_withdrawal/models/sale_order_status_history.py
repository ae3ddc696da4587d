import logging

import psycopg2

from odoo import api, models

_logger = logging.getLogger(__name__)


class SaleOrderStatusHistory(models.Model):
    _inherit = "sale.order.status.history"

    @api.model
    def _cron_send_status_mails(self, batch_size=50):
        """Override of `order_status_flags` to do what is undone of withdrawals, and mail them.

        One outbox, one scheduled action: what the law asks for is not worse off than a status.
        """
        res = super()._cron_send_status_mails(batch_size=batch_size)
        progress = self.env["ir.cron"]
        try:
            after = self.env["sale.withdrawal"]._process_pending()
            # Those that fail again and again never keep the others waiting.
            while progress._commit_progress() and after:
                after = self.env["sale.withdrawal"]._process_pending(after=after)
            self.env["sale.withdrawal.mail"]._take_up_stranded()
            while self.env["sale.withdrawal.mail"]._hand_over_due(batch_size):
                # One commit a batch: what was handed over is not made again.
                if not progress._commit_progress():
                    break
            progress._commit_progress()
        except psycopg2.OperationalError:
            # A statement changed under our hands: it is taken up in a moment.
            _logger.info("Withdrawals are taken up again in a moment", exc_info=True)
            self.env.cr.rollback()
            self.env.invalidate_all()
            self._trigger_mail_cron()
            progress._commit_progress()
        return res
