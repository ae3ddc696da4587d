from odoo import fields, models
from odoo.tools import email_normalize_all


class ResPartner(models.Model):
    _inherit = "res.partner"

    b2b_approve_own = fields.Boolean(
        string="Approvers decide on their own orders",
        groups="sales_team.group_sale_salesman",
        help="Off: whoever ordered is not asked, somebody else decides.",
    )
    b2b_cost_center_required = fields.Boolean(
        string="Cost centre required",
        groups="sales_team.group_sale_salesman",
        help="No order in the B2B portal without a cost centre.",
    )
    b2b_approval_rule_ids = fields.One2many(
        comodel_name="b2b.approval.rule",
        inverse_name="partner_id",
        string="Approval rules",
        groups="sales_team.group_sale_salesman",
    )
    b2b_cost_center_ids = fields.One2many(
        comodel_name="b2b.cost.center",
        inverse_name="partner_id",
        string="Cost centres",
        groups="sales_team.group_sale_salesman",
    )

    def write(self, vals):
        """Override of `base`: whoever has to decide is asked again at a new address.

        The link that went to the one before decides nothing any more: it may be a stranger's.
        """
        if "email" not in vals:
            return super().write(vals)
        before = {partner: partner._get_mailboxes() for partner in self}
        res = super().write(vals)
        moved = self.filtered(lambda partner: partner._get_mailboxes() not in ("", before[partner]))
        if moved:
            self.env["b2b.approval.notice"]._ask_at_new_address(moved)
        return res

    def _get_mailboxes(self):
        """Return where e-mails to this contact go, however the addresses are written.

        :rtype: str
        """
        self.ensure_one()
        return " ".join(sorted(email_normalize_all(self.email or "")))
