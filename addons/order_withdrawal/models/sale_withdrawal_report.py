from odoo import fields, models, tools
from odoo.tools import SQL


class SaleWithdrawalReport(models.Model):
    """Withdrawn articles, one row each: for the pivot by product, reason and month."""

    _name = "sale.withdrawal.report"
    _description = "Withdrawn Articles"
    _auto = False
    _order = "received_at desc"
    _rec_name = "withdrawal_id"

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

    def init(self):
        """Make the view: declared quantities, or all articles where none are declared."""
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            SQL(
                """
                CREATE VIEW %s AS
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
                """,
                SQL.identifier(self._table),
            )
        )
