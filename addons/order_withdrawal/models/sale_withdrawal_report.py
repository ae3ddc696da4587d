from odoo import fields, models
from odoo.tools import SQL, drop_view_if_exists


class SaleWithdrawalReport(models.Model):
    """Withdrawn articles, one row each: for the pivot by product, reason and month.

    Articles are what customers withdraw from, see ``sale.order.line._filter_withdrawable``.
    """

    _name = "sale.withdrawal.report"
    _description = "Withdrawn Articles"
    _auto = False
    _order = "received_at desc"
    _rec_name = "withdrawal_id"
    _depends = {
        "sale.withdrawal": ["company_id", "order_id", "reason", "received_at", "state"],
        "sale.withdrawal.line": ["order_line_id", "quantity", "withdrawal_id"],
        "sale.order": ["user_id"],
        "sale.order.line": ["order_id", "price_subtotal", "product_id", "product_uom_qty"],
    }

    withdrawal_id = fields.Many2one(comodel_name="sale.withdrawal", readonly=True)
    order_id = fields.Many2one(comodel_name="sale.order", readonly=True)
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    user_id = fields.Many2one(comodel_name="res.users", string="Salesperson", readonly=True)
    product_id = fields.Many2one(comodel_name="product.product", readonly=True)
    received_at = fields.Datetime(string="Received on", readonly=True)
    reason = fields.Char(readonly=True)
    source = fields.Selection(related="withdrawal_id.source")
    state = fields.Selection(
        selection=[
            ("received", "Received"),
            ("accepted", "Accepted"),
            ("declined", "Declined"),
            ("done", "Done"),
        ],
        readonly=True,
    )
    quantity = fields.Float(digits="Product Unit", readonly=True)

    @property
    def _table_query(self):
        """Declared quantities, or all articles where none are declared."""
        # Odoo's addon of deliveries may be installed later than this one, or never.
        has_charges = "is_delivery" in self.env["sale.order.line"]._fields
        return SQL(
            """
            SELECT row_number() OVER (ORDER BY withdrawal.id, article.id) AS id,
                   withdrawal.id AS withdrawal_id,
                   withdrawal.order_id,
                   withdrawal.company_id,
                   sale.user_id,
                   article.product_id,
                   withdrawal.received_at,
                   LEFT(COALESCE(NULLIF(TRIM(withdrawal.reason), ''), '-'), 100) AS reason,
                   withdrawal.state,
                   COALESCE(declared.quantity, article.product_uom_qty) AS quantity
              FROM sale_withdrawal withdrawal
         LEFT JOIN sale_order sale ON sale.id = withdrawal.order_id
         LEFT JOIN sale_withdrawal_line declared ON declared.withdrawal_id = withdrawal.id
         LEFT JOIN sale_order_line article
                ON article.id = declared.order_line_id
                OR declared.id IS NULL
               AND article.order_id = withdrawal.order_id
               AND article.display_type IS NULL
               AND article.is_downpayment IS NOT TRUE
               AND article.product_uom_qty > 0
               AND article.price_subtotal >= 0
               AND %s
               AND NOT EXISTS (
                   SELECT FROM product_product product
                     JOIN product_template template ON template.id = product.product_tmpl_id
                    WHERE product.id = article.product_id AND template.type = 'combo'
                   )
            """,
            SQL("article.is_delivery IS NOT TRUE") if has_charges else SQL("TRUE"),
        )

    def init(self):
        """Drop the view of before: what it shows is asked for anew each time."""
        drop_view_if_exists(self.env.cr, self._table)
