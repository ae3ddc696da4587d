from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    b2b_last_price = fields.Float(
        string="Price at the last order",
        min_display_digits="Product Price",
        copy=False,
        help="Untaxed price when the template was last ordered, to tell what changed since.",
    )

    def _compute_pricelist_item_id(self):
        """Override of `sale` to find the rules of all lines of a B2B order at once.

        Odoo searches the rules anew for each line. The rule of a B2B line also depends on the
        policy of the order's company, whichever company the user works in.
        """
        b2b_lines = self.filtered(
            lambda line: line.product_id
            and not line.display_type
            and line.order_id.pricelist_id.sudo().is_b2b
        )
        super(SaleOrderLine, self - b2b_lines)._compute_pricelist_item_id()
        for order, lines in b2b_lines.grouped("order_id").items():
            pricelist = order.pricelist_id.with_company(order.company_id)
            results = pricelist._compute_b2b_price_rules(
                [
                    (line.product_id, line.product_uom_qty or 1.0, line.product_uom_id)
                    for line in lines
                ],
                currency=order.currency_id,
                date=order.date_order,
                compute_price=False,
            )
            for line, (_price, rule_id) in zip(lines, results, strict=True):
                line.pricelist_item_id = rule_id
