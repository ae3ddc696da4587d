from odoo import fields, models
from odoo.exceptions import UserError


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    b2b_price_policy = fields.Selection(
        related="company_id.b2b_price_policy", readonly=False, required=True
    )

    def set_values(self):
        """Override of `product`: pricelists stay on while signed agreements need them.

        :raise UserError: when the pricelist feature would be switched off under an agreement
        """
        if not self.group_product_pricelist and self._has_b2b_pricelist_in_use():
            raise UserError(
                self.env._(
                    "Pricelists cannot be switched off: signed B2B agreements depend on them."
                )
            )
        return super().set_values()

    def _has_b2b_pricelist_in_use(self):
        """Return whether a signed agreement that is not over names a pricelist.

        :rtype: bool
        """
        # Agreements of every company count, the feature is one for all.
        agreements = (
            self.env["b2b.agreement"]
            .sudo()
            .search([("state", "=", "signed"), ("pricelist_id", "!=", False)])
        )
        return any(not agreement._is_over() for agreement in agreements)
