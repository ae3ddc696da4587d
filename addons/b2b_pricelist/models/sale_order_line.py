from odoo import models
from odoo.tools import float_compare

from ..formatting import format_unit_price
from ..pricing import PriceLine


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _compute_pricelist_item_id(self):
        """Override of `sale` to find the rules of all lines of a B2B order at once.

        Odoo searches the rules anew for each line. The rule of a B2B line also depends on the
        policy of the order's company, whichever company the user works in.
        """
        # sudo: buyers may not read the list; that it is a B2B one only decides who computes
        b2b_lists = self.order_id.pricelist_id.sudo().filtered("is_b2b")
        if not b2b_lists:
            return super()._compute_pricelist_item_id()
        b2b_lines = self.filtered(
            lambda line: (
                line.product_id
                and not line.display_type
                and line.order_id.pricelist_id in b2b_lists
            )
        )
        result = super(SaleOrderLine, self - b2b_lines)._compute_pricelist_item_id()
        for order, lines in b2b_lines.grouped("order_id").items():
            pricer = order.pricelist_id._get_pricer(
                order.company_id, currency=order.currency_id, date=order.date_order
            )
            prices = pricer.prices(line._get_price_line() for line in lines)
            for line, price in zip(lines, prices, strict=True):
                line.pricelist_item_id = price.rule.id
        return result

    def _get_price_line(self):
        """Return what the line sells, to be priced.

        :rtype: PriceLine
        """
        self.ensure_one()
        return PriceLine(self.product_id, self.product_uom_qty, self.product_uom_id)

    # === WHY THIS PRICE === #

    def action_explain_b2b_price(self):
        """Tell the salesperson where the price of a line comes from.

        :return: client action that shows a notification
        :rtype: dict
        :raise AccessError: for users who may not read the order
        """
        self.ensure_one()
        self.check_access("read")
        rows = self._get_b2b_price_explanation()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Why this price: %(product)s", product=self.product_id.name),
                "message": "\n".join(f"{row['label']}: {row['text']}" for row in rows),
                "type": "info",
                "sticky": True,
            },
        }

    def _get_b2b_price_explanation(self):
        """Return where the price of the line comes from, and whether someone changed it.

        :return: dicts with `label` and `text`, as `Pricer.explain`
        :rtype: list
        """
        self.ensure_one()
        order = self.order_id
        pricer = order.pricelist_id._get_pricer(
            order.company_id,
            fiscal_position=order.fiscal_position_id,
            partner=order.partner_id,
            date=order.date_order,
        )
        [price] = pricer.prices([self._get_price_line()])
        [rows] = pricer.explain([price], price_label=self.env._("Price (untaxed)"))
        # Not `price_reduce_taxexcl`: the rounded amount by the quantity may be a cent off.
        stored = pricer.get_net(price.line, self.price_unit, self.discount, self.tax_ids)
        if float_compare(stored, price.net, precision_digits=pricer.digits):
            rows.append(
                {
                    "label": self.env._("On this line"),
                    "text": self.env._(
                        "%(price)s: entered by hand, or priced at another time",
                        price=format_unit_price(self.env, stored, order.currency_id),
                    ),
                }
            )
        return rows
