from odoo import api, fields, models
from odoo.tools import SQL


class SaleOrder(models.Model):
    """Order status: what of a change is mailed to the customer."""

    _inherit = "sale.order"

    mailed_status_id = fields.Many2one(
        comodel_name="sale.order.status",
        string="Status told by the e-mail",
        compute="_compute_mailed_status_id",
        groups="base.group_user",
        help="For e-mail templates: the status that this e-mail tells the customer.",
    )

    @api.depends("order_status_id")
    @api.depends_context("order_status_mailed")
    def _compute_mailed_status_id(self):
        """The status of the history row that is being mailed, else the present one.

        The row matters when an older e-mail is sent once more. The context key holds
        pairs ``((order id, status id), ...)``.
        """
        mailed = dict(self.env.context.get("order_status_mailed") or ())
        for order in self:
            order.mailed_status_id = mailed.get(order.id) or order.order_status_id

    @api.model
    def _get_mail_state(self, change, notify):
        """Return the ``mail_state`` a change begins with."""
        if not change.enters_status or not change.new_status.mail_template_id:
            return "none"
        return "pending" if notify and change.new_status.is_public else "suppressed"

    def _supersede_pending_mails(self, changes):
        """Withdraw the e-mails not yet sent that a newer status of the order overtakes.

        Rows that the mail worker holds at this moment are skipped: their mail is leaving.
        """
        order_ids = tuple(
            {
                change.order.id
                for change in changes
                if change.enters_status and change.previous_status
            }
        )
        if not order_ids:
            return
        history = self.env["sale.order.status.history"]
        # The select is served by the partial index on pending rows.
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM sale_order_status_history"
                " WHERE mail_state = 'pending' AND mail_kind IS NULL AND order_id IN %s",
                order_ids,
                to_flush=history._fields["mail_state"],
            )
        )
        if rows:
            # sudo: the mail fields and the mail queue are nobody's to write
            history.browse(row[0] for row in rows).sudo()._supersede_mails()
