from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _sees_invoices(self):
        """Hook: whether a contact sees invoices and receipts on the pages of orders.

        Asked for whoever is logged in, about documents of which orders know. Addons with rights
        for colleagues of a customer override it.

        :rtype: bool
        """
        self.ensure_one()
        return True
