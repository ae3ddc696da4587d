from odoo import models

from ..erp_order import PERCENT_DIGITS, decimal_text


class AccountTax(models.Model):
    """What an ERP reads of the taxes of a line."""

    _inherit = "account.tax"

    def _get_erp_rates(self):
        """Return the rates in percent of the net amount, as texts; groups by their members.

        An amount a piece has no rate: it is in the line's tax.
        """
        return [
            decimal_text(tax._get_erp_rate(), PERCENT_DIGITS)
            for tax in self.flatten_taxes_hierarchy()
            if tax.amount_type in ("percent", "division")
        ]

    def _get_erp_rate(self):
        # "Percentage of the price, tax included" is a percentage of the gross amount.
        if self.amount_type == "division" and self.amount != 100:
            return 100 * self.amount / (100 - self.amount)
        return self.amount

    def _get_erp_price_key(self, line):
        """Return what else than the price decides the taxes of one unit of a line."""
        if all(tax.amount_type in ("percent", "division", "fixed", "group") for tax in self):
            return False
        return line.product_id, line.product_uom_id
