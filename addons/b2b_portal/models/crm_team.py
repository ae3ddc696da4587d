from odoo import models
from odoo.fields import Domain


class CrmTeam(models.Model):
    _inherit = "crm.team"

    def _compute_sale_order_count(self):  # pylint: disable=missing-return
        """Override of `sale` to count no B2B carts and templates."""
        super()._compute_sale_order_count()
        Order = self.env["sale.order"]
        drafts = dict(
            Order._read_group(
                Order._get_b2b_draft_domain() & Domain("team_id", "in", self.ids),
                ["team_id"],
                ["__count"],
            )
        )
        for team in self:
            team.sale_order_count -= drafts.get(team, 0)
