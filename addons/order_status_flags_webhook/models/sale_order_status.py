from odoo import api, models
from odoo.exceptions import UserError


class SaleOrderStatus(models.Model):
    _inherit = "sale.order.status"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_only_heard(self):
        # sudo: webhooks are the administrators'; those that are off count, they can be switched on
        webhooks = self.env["order.status.webhook"].sudo().with_context(active_test=False)
        opened = webhooks.search([("status_ids", "in", self.ids)]).filtered(
            lambda webhook: webhook.status_ids <= self
        )
        if opened:
            raise UserError(
                self.env._(
                    "A webhook hears of “%(status)s” and of nothing else: without it, it would hear"
                    " of every change. An administrator has to choose other statuses there, or to"
                    " delete the webhook, first.",
                    status=(opened[0].status_ids & self)[0].name,
                )
            )
