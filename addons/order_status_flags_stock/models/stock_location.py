from odoo import models

INTER_COMPANY = "stock.stock_location_inter_company"


class StockLocation(models.Model):
    _inherit = "stock.location"

    def _is_with_customer(self):
        """Whether goods that come here have left for the customer.

        He may be another company of this database, whose goods Odoo brings into a transit between
        companies. As `_is_outgoing` of `stock` says, which asks the database for each location.
        """
        self.ensure_one()
        if self.usage == "customer":
            return True
        transit_id = self.env["ir.model.data"]._xmlid_to_res_id(INTER_COMPANY)
        return str(transit_id) in (self.parent_path or "").split("/")
