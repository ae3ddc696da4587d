from odoo import api, fields, models
from odoo.fields import Domain


class SaleOrder(models.Model):
    """Withdrawal: what of it somebody has to look after, under *Needs attention*."""

    _inherit = "sale.order"

    status_attention = fields.Selection(
        selection_add=[
            ("withdrawal_overdue", "Refund overdue"),
            ("withdrawal_unmatched", "Withdrawal to be checked"),
            ("withdrawal_goes_on", "Goes on although withdrawn"),
        ]
    )

    @api.depends(
        "withdrawal_ids.state",
        "withdrawal_ids.refund_due",
        "withdrawal_ids.is_matched",
        "activity_ids.activity_type_id",
    )
    def _compute_status_attention(self):
        """Override of `order_status_flags` to follow what becomes of withdrawals."""
        return super()._compute_status_attention()

    def _get_attention_reasons(self):
        """Override of `order_status_flags` to add what withdrawals ask for, a search a reason."""
        reasons = super()._get_attention_reasons()
        here = Domain("id", "in", self.ids)
        # sudo: who reads an order may know that a refund of it is due
        orders = self.sudo()
        for reason, domain in self._get_withdrawal_attention_domains().items():
            reasons[reason] = set(orders.search(domain & here).ids) if self.ids else set()
        return reasons

    @api.model
    def _get_attention_domains(self):
        """Override of `order_status_flags` to find orders whose withdrawals ask for somebody."""
        return {**super()._get_attention_domains(), **self._get_withdrawal_attention_domains()}

    @api.model
    def _get_withdrawal_attention_domains(self):
        statements = self.env["sale.withdrawal"]
        activity_type = self.env.ref("order_withdrawal.mail_activity_type_goes_on")
        marked = Domain("res_model", "=", self._name) & Domain(
            "activity_type_id", "=", activity_type.id
        )
        # "any!": who reads an order may know that a refund of it is due
        return {
            "withdrawal_overdue": Domain(
                "withdrawal_ids", "any!", statements._get_overdue_domain()
            ),
            "withdrawal_unmatched": Domain(
                "withdrawal_ids", "any!", statements._get_unmatched_domain()
            ),
            "withdrawal_goes_on": Domain("activity_ids", "any!", marked),
        }
