import ast

from odoo import models
from odoo.fields import Domain


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _filter_withdrawable(self):
        """Return the articles that a customer withdraws from: no charges, no discounts."""
        return self.filtered(
            lambda line: line._is_on_tracking_page() and not line._is_beside_articles()
        )

    def _is_withdrawable(self):
        """Whether the line is such an article, whatever the order was lowered to since."""
        self.ensure_one()
        return self._is_article() and not self._is_beside_articles()

    def _is_beside_articles(self):
        """Whether the line is of the delivery, or a heading whose parts are lines of their own."""
        self.ensure_one()
        return self.product_type == "combo" or self._is_of_delivery()

    def _is_of_delivery(self):
        """Whether the line is what the delivery costs, or what was taken off that."""
        self.ensure_one()
        return self._is_delivery_charge() or self._is_shipping_reward()

    def _is_shipping_reward(self):
        """Whether the line is free shipping that the customer has earned."""
        # Odoo's addon of loyalty programs may be installed later than this one, or never.
        return "reward_id" in self._fields and self.reward_id.reward_type == "shipping"

    def _is_paid_by_card(self):
        """Whether the line is what the customer has paid by gift card or eWallet."""
        # As above.
        return "reward_id" in self._fields and self.reward_id.program_id.is_payment_program

    def _get_discounted_articles(self):
        """Return the lines that this discount was taken off; none: it was on the whole order.

        A loyalty program may name the products that it is on, or be on the cheapest one.
        """
        self.ensure_one()
        # As above.
        reward = "reward_id" in self._fields and self.reward_id
        if not reward or reward.discount_applicability not in ("specific", "cheapest"):
            return self.browse()
        lines = self.order_id.order_line.filtered(
            lambda line: not (line.reward_id or line.combo_item_id or line._is_of_delivery())
        )
        products = lines.product_id.filtered_domain(self._get_reward_domain(reward))
        lines = lines.filtered(lambda line: line.product_id in products)
        if reward.discount_applicability == "cheapest":
            lines = lines._get_cheapest()
        return lines | lines.linked_line_ids.filtered("combo_item_id")

    def _get_cheapest(self):
        """Return the cheapest of these lines, as `sale_loyalty` finds it, or none.

        A combo costs what its parts do: its heading has no price.
        """
        # An option that nobody chose has neither.
        lines = self.filtered(lambda line: line.product_uom_qty or line.invoice_lines)
        prices = {line: sum(line._get_lines_with_price().mapped("price_unit")) for line in lines}
        return lines.filtered(lambda line: prices[line] > 0).sorted(prices.get)[:1]

    def _get_reward_domain(self, reward):
        """Return the products that a reward is on, archived ones too, as `loyalty` finds them."""
        named = reward.with_context(active_test=False).discount_product_ids
        category, tag = reward.discount_product_category_id, reward.discount_product_tag_id
        found = [Domain("id", "in", named.ids)] if named else []
        if category:
            found.append(Domain("categ_id", "child_of", category.id))
        if tag:
            found.append(Domain("all_product_tag_ids", "in", tag.id))
        domain = Domain.OR(found) if found else Domain.TRUE
        return domain & Domain(ast.literal_eval(reward.discount_product_domain or "[]"))

    def _get_withdrawal_exception_text(self):
        """Return why the right of withdrawal does not hold for this article, for the customer."""
        self.ensure_one()
        # sudo: visitors read no products
        return self.sudo().product_id.product_tmpl_id._get_withdrawal_exception_text()
