from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    withdrawal_enabled = fields.Boolean(related="company_id.withdrawal_enabled", readonly=False)
    withdrawal_days = fields.Integer(related="company_id.withdrawal_days", readonly=False)
    withdrawal_companies = fields.Selection(
        related="company_id.withdrawal_companies", readonly=False
    )
    withdrawal_on_sales_orders = fields.Boolean(
        related="company_id.withdrawal_on_sales_orders", readonly=False
    )
    withdrawal_retention_months = fields.Integer(
        related="company_id.withdrawal_retention_months", readonly=False
    )

    def action_check_withdrawal(self):
        """Open the check that tells what is missing for the withdrawal function.

        :return: action that opens it
        :raise AccessError: for who may not change the settings
        """
        self.check_access("write")
        check = self.env["sale.withdrawal.check"].create({"company_id": self.company_id.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Check of the withdrawal function"),
            "res_model": check._name,
            "res_id": check.id,
            "view_mode": "form",
            "target": "new",
        }
