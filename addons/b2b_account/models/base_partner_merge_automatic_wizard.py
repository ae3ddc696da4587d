from odoo import api, models


class BasePartnerMerge(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Override of `base` to leave the merged contact one record of rights: the remaining one's.

        The others are archived, since decisions may stand on them.
        """
        # sudo: whoever merges contacts may not read rights
        members = self.env["b2b.member"].sudo()
        members = members.search([("partner_id", "in", (src_partners | dst_partner).ids)])
        kept = members.filtered(lambda member: member.partner_id == dst_partner) or members[:1]
        (members - kept).active = False
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)
