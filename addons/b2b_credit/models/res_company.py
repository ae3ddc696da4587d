from odoo import fields, models
from odoo.tools import SQL


class ResCompany(models.Model):
    _inherit = "res.company"

    b2b_credit_policy = fields.Selection(
        selection=[
            ("inform", "The buyer is told"),
            ("approval", "The order waits for a salesperson"),
            ("block", "The order is refused"),
        ],
        string="Orders above the credit limit",
        default="inform",
        required=True,
        # How much is tolerated is no business of customers, who may read their supplier.
        groups="base.group_user",
        help="What happens when a customer with an agreement places an order that exceeds the"
        " credit limit: in the B2B shop, in the public shop, or by accepting a quotation.",
    )
    b2b_overdue_days = fields.Integer(
        string="Overdue counts as exceeded after",
        groups="base.group_user",
        help="An invoice overdue for more days than this counts as an exceeded limit; 0 = never.",
    )

    _b2b_overdue_days_not_negative = models.Constraint(
        "CHECK (b2b_overdue_days IS NULL OR b2b_overdue_days >= 0)",
        "The days overdue cannot be negative.",
    )

    def _get_b2b_branches_sql(self):
        """Return the SQL of the ids of all companies that belong together with this one.

        Archived ones too: what is owed to them is owed.

        :rtype: SQL
        """
        self.ensure_one()
        root = self.sudo().root_id  # sudo: which belong together, whoever asks
        return SQL("(SELECT id FROM res_company WHERE parent_path LIKE %s)", f"{root.parent_path}%")
