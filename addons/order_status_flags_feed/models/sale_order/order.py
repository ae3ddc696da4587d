from odoo import fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    external_ref = fields.Char(
        string="Number in the ERP",
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
        help="The number that this order has in the ERP outside Odoo.",
    )
    erp_document_ids = fields.One2many(
        comodel_name="sale.order.erp.document",
        inverse_name="order_id",
        string="Documents in the ERP",
        readonly=True,
        groups="sales_team.group_sale_salesman",
    )
    # A feed can look orders up by it, thousands at a time.
    client_order_ref = fields.Char(index="btree_not_null")

    def _prepare_history_row(self, change, order, now, since, notify):
        """Override of `order_status_flags` to keep which feed a change came from."""
        row = super()._prepare_history_row(change, order, now, since, notify)
        feed = self.env.context.get("order_flag_feed")
        # A record, which no RPC call can bring along in its context.
        row["feed_id"] = feed.id if isinstance(feed, models.BaseModel) else False
        return row
