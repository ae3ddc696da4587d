from odoo import models


class BasePartnerMerge(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Override of `base` to merge no customers whose agreements do not go together.

        Odoo merges in SQL, past the checks of the agreements.

        :raise UserError: when two signed agreements of the customer would overlap, or it would be
            a contact of another company
        """
        partners = self.env["res.partner"].browse(partner_ids).exists()
        partners._check_b2b_merge()
        res = super()._merge(partner_ids, dst_partner, extra_checks)
        self.env.invalidate_all()
        # Record rules are cached with the contact of the user in them.
        self.env.registry.clear_cache()
        partners.exists()._check_b2b_party()
        return res
