from odoo import api, fields, models


class BaseModuleUninstall(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "base.module.uninstall"

    b2b_warning = fields.Text(compute="_compute_b2b_warning")

    @api.depends("module_ids")
    def _compute_b2b_warning(self):
        """Tell how many carts and templates go with the addon."""
        Order = self.env["sale.order"]
        # sudo: the administrator of a database need not be a salesperson
        count = Order.sudo().search_count(Order._get_b2b_draft_domain())
        for wizard in self:
            removed = wizard._get_modules() | wizard.module_ids
            wizard.b2b_warning = (
                self.env._(
                    "%(count)s carts and order templates of B2B customers will be deleted, since"
                    " without B2B Portal they would become quotations. Pro-formas stay as sales"
                    " orders.",
                    count=count,
                )
                if count and "b2b_portal" in removed.mapped("name")
                else False
            )
