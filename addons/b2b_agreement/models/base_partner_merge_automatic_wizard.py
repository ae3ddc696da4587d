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
        # sudo: whose contacts they are, whoever merges
        before = {partner: partner.commercial_partner_id for partner in partners.sudo()}
        res = super()._merge(partner_ids, dst_partner, extra_checks)
        self.env.invalidate_all()
        # Record rules are cached with the contact of the user in them.
        self.env.registry.clear_cache()
        remaining = partners.exists()
        remaining._check_b2b_party()
        for former in remaining._get_b2b_left(before):
            # sudo: as when a contact moves
            remaining.sudo().with_context(active_test=False)._leave_b2b_customer(former)
        return res
