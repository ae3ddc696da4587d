from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.b2b_agreement.naming import may_name


class B2bApprovalStep(models.Model):
    """One step of a rule: any one of its members decides it; steps are taken in their order."""

    _name = "b2b.approval.step"
    _description = "B2B approval: step of a rule"
    _order = "sequence, id"

    rule_id = fields.Many2one(
        comodel_name="b2b.approval.rule", required=True, index=True, ondelete="cascade"
    )
    company_partner_id = fields.Many2one(related="rule_id.partner_id")
    sequence = fields.Integer(default=10, required=True)
    member_ids = fields.Many2many(
        comodel_name="b2b.member",
        string="Who decides",
        help="Any one of them. Whoever is put here may approve from then on.",
    )

    @api.depends("member_ids", "sequence")
    def _compute_display_name(self):
        for step in self:
            names = ", ".join(step.member_ids.mapped("display_name"))
            step.display_name = f"{step.sequence}: {names}"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base`: whoever decides a step may approve."""
        steps = super().create(vals_list)
        steps._let_members_approve()
        return steps

    def write(self, vals):
        """Override of `base`: whoever decides a step may approve."""
        res = super().write(vals)
        if "member_ids" in vals:
            self._let_members_approve()
        return res

    def _let_members_approve(self):
        """Give members the right to approve; taken away later, they are asked no more."""
        self.member_ids.filtered(lambda member: not member.may_approve).may_approve = True

    @api.constrains("member_ids", "rule_id")
    def _check_members(self):
        for step in self:
            strangers = step.member_ids.filtered(
                lambda member, step=step: member.company_partner_id != step.rule_id.partner_id
            )
            if strangers:
                if not may_name(strangers[0], step.rule_id.partner_id):
                    raise ValidationError(
                        self.env._("Only colleagues of the rule's customer decide on its orders.")
                    )
                raise ValidationError(
                    self.env._(
                        "%(colleague)s is no colleague of %(company)s.",
                        colleague=strangers[0].display_name,
                        company=step.rule_id.partner_id.display_name,
                    )
                )
