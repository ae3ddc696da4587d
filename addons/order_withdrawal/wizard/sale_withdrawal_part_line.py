from odoo import fields, models


class SaleWithdrawalPartLine(models.TransientModel):
    """How much of an article is meant."""

    _name = "sale.withdrawal.part.line"
    _description = "Article of a Withdrawal to be entered"

    part_id = fields.Many2one(
        comodel_name="sale.withdrawal.part", required=True, ondelete="cascade"
    )
    order_line_id = fields.Many2one(
        comodel_name="sale.order.line", required=True, ondelete="cascade"
    )
    # Not as superuser: what the user may read.
    product_id = fields.Many2one(
        related="order_line_id.product_id", string="Article", related_sudo=False
    )
    ordered_quantity = fields.Float(
        related="order_line_id.product_uom_qty", string="Ordered", related_sudo=False
    )
    product_uom_id = fields.Many2one(related="order_line_id.product_uom_id", related_sudo=False)
    quantity = fields.Float(string="Withdrawn", digits="Product Unit")
