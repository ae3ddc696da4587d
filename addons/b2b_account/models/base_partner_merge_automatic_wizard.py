from odoo import api, models


class BasePartnerMerge(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Override of `base` to leave the merged contact one record of rights: the remaining one's.

        The others are archived, since decisions may stand on them; so are those in a company to
        which the merged contact does not belong, which give no rights and would stand in the way.
        """
        # sudo: whoever merges contacts may not read rights
        members = self.env["b2b.member"].sudo()
        members = members.search([("partner_id", "in", (src_partners | dst_partner).ids)])
        companies = self._get_b2b_companies(src_partners, dst_partner)
        own = members.filtered(lambda member: member.company_partner_id in companies)
        kept = own.filtered(lambda member: member.partner_id == dst_partner) or own[:1]
        (members - kept).active = False
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)

    @api.model
    def _get_b2b_companies(self, src_partners, dst_partner):
        """Return the company of a merged contact, and those that become one with it.

        Odoo lets the merged contact be a company, or a contact of one, when any of them is.
        """
        merged = (src_partners | dst_partner).sudo()  # sudo: as above
        parents = [one.parent_id for one in (*merged - dst_partner, dst_partner) if one.parent_id]
        if parents and not any(merged.mapped("is_company")):
            return parents[-1].commercial_partner_id
        return merged
