from odoo import fields, models


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
