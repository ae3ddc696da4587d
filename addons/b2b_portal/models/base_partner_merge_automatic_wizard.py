from odoo import api, models
from odoo.fields import Domain


class BasePartnerMerge(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Override of `base` to make one cart of those that the merged buyer would have."""
        self._join_b2b_carts(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)

    def _join_b2b_carts(self, src_partners, dst_partner):
        merged = src_partners | dst_partner

        def get_key(cart):
            partners = cart.partner_id, cart.b2b_customer_id
            return (cart.company_id, *(dst_partner if p in merged else p for p in partners))

        # sudo: whoever merges contacts may not see their carts
        carts = self.env["sale.order"].sudo()
        carts = carts.search(
            Domain("b2b_qualifier", "=", "cart")
            & (Domain("partner_id", "in", merged.ids) | Domain("b2b_customer_id", "in", merged.ids))
        )
        for same in carts.grouped(get_key).values():
            if len(same) > 1:
                same._join_b2b_carts()
        self.env.flush_all()
