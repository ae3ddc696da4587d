from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _compute_payment_term_id(self):  # pylint: disable=missing-return
        """Override of `sale`: the payment terms of the agreement in force beat the partner's."""
        super()._compute_payment_term_id()
        for company, orders in self.grouped("company_id").items():
            agreements = orders.partner_id._find_b2b_agreements(company)
            for order in orders:
                agreement = agreements.get(order.partner_id.id)
                if agreement and agreement.payment_term_id:
                    order.payment_term_id = agreement.payment_term_id.id
