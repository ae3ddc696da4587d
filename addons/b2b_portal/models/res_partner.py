from odoo import api, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _get_sale_order_domain_count(self):
        """Override of `sale` to count no B2B carts and templates."""
        return Domain(super()._get_sale_order_domain_count()) & ~(
            self.env["sale.order"]._get_b2b_draft_domain()
        )

    def _leave_b2b_customer(self, former):  # pylint: disable=missing-return
        """Override of `b2b_agreement`: the orders stay with the customer, their links end.

        Whoever moves has the links of the e-mails; colleagues find the new ones in the portal.
        """
        super()._leave_b2b_customer(former)
        self.env["sale.order"]._part_b2b_contact(self, former)
