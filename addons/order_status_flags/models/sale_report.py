from odoo import fields, models


class SaleReport(models.Model):
    _inherit = "sale.report"

    promised_date = fields.Date(string="First promised for", readonly=True)
    promise_state = fields.Selection(
        selection=lambda self: self.env["sale.order"]._fields["promise_state"].selection,
        string="Promise",
        readonly=True,
    )

    def _select_additional_fields(self):
        """Override of `sale` to tell how promises were kept, by product too."""
        return {
            **super()._select_additional_fields(),
            "promised_date": "s.promised_date",
            "promise_state": "s.promise_state",
        }

    def _group_by_sale(self):
        """Override of `sale` to keep the promises of each order."""
        return f"{super()._group_by_sale()}, s.promised_date, s.promise_state"
