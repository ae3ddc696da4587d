from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.b2b_agreement.naming import may_name


class B2bMember(models.Model):
    """Approvers: who stands in for whom while away, and on what a colleague's orders are booked."""

    _inherit = "b2b.member"

    cost_center_id = fields.Many2one(
        comodel_name="b2b.cost.center",
        string="Cost centre",
        ondelete="restrict",
        help="Proposed at checkout.",
    )
    deputy_id = fields.Many2one(
        comodel_name="b2b.member",
        ondelete="set null",
        help="Decides in place of this colleague while he is away.",
    )
    stands_in_for_ids = fields.One2many(
        comodel_name="b2b.member", inverse_name="deputy_id", string="Stands in for"
    )
    away_from = fields.Date(help="First day.")
    away_until = fields.Date(help="Last day; empty = until further notice.")

    _away_in_order = models.Constraint(
        "CHECK (away_from <= away_until)", "An absence cannot end before it begins."
    )

    @api.constrains("deputy_id", "cost_center_id", "company_partner_id")
    def _check_same_company(self):
        for member in self:
            if member.deputy_id == member:
                raise ValidationError(self.env._("Nobody is his own deputy."))
            company = member.company_partner_id
            strangers = member.deputy_id.filtered(lambda one: one.company_partner_id != company)  # noqa: B023
            centers = member.cost_center_id.filtered(lambda one: one.partner_id != company)  # noqa: B023
            if stranger := strangers or centers:
                if not may_name(stranger, company):
                    raise ValidationError(
                        self.env._("Deputy and cost centre are those of the colleague's company.")
                    )
                raise ValidationError(
                    self.env._(
                        "%(name)s does not belong to %(company)s.",
                        name=stranger.display_name,
                        company=company.display_name,
                    )
                )

    def _get_b2b_noted_fields(self):
        """Override of `b2b_account` to note who stands in for whom, too."""
        own = ["cost_center_id", "deputy_id", "away_from", "away_until"]
        return super()._get_b2b_noted_fields() + own

    def _is_away(self, day):
        """Whether the colleague is away on a day.

        :param date day: today at the seller's
        :rtype: bool
        """
        self.ensure_one()
        if not (self.away_from or self.away_until):
            return False
        return (not self.away_from or self.away_from <= day) and (
            not self.away_until or day <= self.away_until
        )

    def _filter_deciding(self, requester, own_too):
        """Return who of these may decide on an order at all, by right and login.

        :param res.partner requester: whose order it is
        :param bool own_too: whether he may decide on it himself
        :rtype: b2b.member
        """
        return self.filtered(
            lambda member: (
                member.active and member.has_login and (own_too or member.partner_id != requester)
            )
        )

    def _get_stood_in_for(self, day):
        """Return for whom this colleague decides on a day.

        :param date day: today at the seller's
        :rtype: b2b.member
        """
        # sudo: deputies are found whoever asks; buyers read no records of rights
        others = self.sudo().stands_in_for_ids
        return others.filtered(lambda member: member._is_away(day))
