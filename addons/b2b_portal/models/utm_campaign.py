from ast import literal_eval

from odoo import models
from odoo.fields import Domain


class UtmCampaign(models.Model):
    _inherit = "utm.campaign"

    def _compute_quotation_count(self):  # pylint: disable=missing-return
        """Override of `sale` to count no B2B carts and templates."""
        super()._compute_quotation_count()
        Order = self.env["sale.order"]
        drafts = dict(
            Order._read_group(
                Order._get_b2b_draft_domain() & Domain("campaign_id", "in", self.ids),
                ["campaign_id"],
                ["__count"],
            )
        )
        for campaign in self:
            campaign.quotation_count -= drafts.get(campaign, 0)

    def action_redirect_to_quotations(self):
        """Override of `sale` to list what is counted.

        :return: window action
        :rtype: dict
        """
        action = super().action_redirect_to_quotations()
        domain = action.get("domain") or []
        if isinstance(domain, str):
            domain = literal_eval(domain)
        drafts = self.env["sale.order"]._get_b2b_draft_domain()
        action["domain"] = list(Domain(domain) & ~drafts)
        return action
