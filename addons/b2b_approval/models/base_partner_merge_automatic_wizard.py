from itertools import count

from odoo import api, models


class BasePartnerMerge(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Override of `base`: cost centres of one code keep apart, with their orders and budgets.

        Odoo would delete all cost centres of a customer of whom a single code is in the way.
        """
        # sudo: whoever merges customers may not read their cost centres
        centers = self.env["b2b.cost.center"].sudo().with_context(active_test=False)
        centers = centers.search([("partner_id", "in", (src_partners | dst_partner).ids)])
        kept = centers.filtered(lambda center: center.partner_id == dst_partner)
        taken = set(centers.mapped("code"))
        known = set(kept.mapped("code"))
        for center in (centers - kept).sorted("id"):
            if center.code in known:
                center.code = next(
                    code for n in count(2) if (code := f"{center.code}-{n}") not in taken
                )
            taken.add(center.code)
            known.add(center.code)
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)
