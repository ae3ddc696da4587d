from odoo import fields, models


class SaleOrderStatusFinding(models.TransientModel):
    """One line of the check of the codebooks, which leads to what it is about."""

    _name = "sale.order.status.finding"
    _description = "Finding in the Order Statuses"
    _order = "id"
    _rec_name = "message"

    kind = fields.Selection(
        selection=[
            ("unreachable", "Cannot be reached"),
            ("dead_end", "Dead end"),
            ("idle_event", "Sets no status"),
            ("archived_target", "Archived target"),
            ("missing_translation", "Not translated"),
            ("mail_of_other", "E-mail about another status"),
        ],
        string="What",
        required=True,
        readonly=True,
    )
    # Texts, and no chars: a list shows these in as many lines as they need.
    message = fields.Text(readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", string="Record id", readonly=True)
    record_name = fields.Text(string="Where", readonly=True)

    def action_open_record(self):
        """Open what the finding is about.

        :return: its form
        """
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
            "target": "current",
        }
