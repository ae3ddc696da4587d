from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import float_compare


class SaleOrder(models.Model):
    """Templates of buyers: what they order again and again."""

    _inherit = "sale.order"

    @api.model
    def _get_b2b_templates(self, agreement):
        """Return the templates that the current user may use: own and shared ones.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :return: records in the user's rights, by name
        """
        return self.search(
            [
                ("b2b_qualifier", "=", "template"),
                ("company_id", "=", agreement._get_selling_company().id),
                ("b2b_customer_id", "=", agreement.partner_id.id),
            ],
            order="b2b_template_name, id",
        )

    @api.model
    def _create_b2b_template(self, agreement, name, order=None):
        """Make a template of the current user, empty or with the lines of a cart or order.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :param str name: as typed
        :param sale.order order: the user may read it
        :return: the template, in sudo mode
        """
        # sudo: portal users have no create access to orders; all values are ours
        template = (
            self.sudo()
            .with_company(agreement._get_selling_company())
            .with_context(tracking_disable=True)
            .create(
                {
                    **self._prepare_b2b_draft_values(agreement),
                    "b2b_qualifier": "template",
                    "b2b_template_name": name,
                }
            )
        )
        if order:
            # sudo: the caller checked the order itself
            template._add_b2b_template_lines(order.sudo()._get_b2b_wanted())
        return template

    def _get_b2b_wanted(self):
        """Return the articles of an order as `PriceLine`."""
        lines = self.order_line.filtered(
            lambda line: (
                line.product_id
                and not line.display_type
                and not line.is_downpayment
                and line.product_id.type != "combo"
                and not line.combo_item_id
                and not line._is_delivery()
            )
        )
        return [line._get_price_line() for line in lines]

    def _add_b2b_template_lines(self, wanted):
        """Add articles to the template, and remember today's prices as the last ones.

        :param list wanted: `PriceLine`
        """
        self.ensure_one()
        lines = self._add_b2b_lines(wanted)
        self._remember_b2b_prices(self._get_b2b_nets_today(self._get_b2b_prices_today(lines)))
        return lines

    def _move_b2b_line(self, line_id, step):
        """Move a line up (-1) or down (1) among the lines.

        :param line_id: id of a line; another id does nothing
        :param int step: by how many places
        """
        lines = list(self.order_line.sorted("sequence"))
        index = next((i for i, line in enumerate(lines) if line.id == line_id), None)
        if index is None or not 0 <= index + step < len(lines):
            return
        lines.insert(index + step, lines.pop(index))
        for sequence, line in enumerate(lines, start=10):
            if line.sequence != sequence:
                line.sequence = sequence

    def _get_b2b_nets_today(self, prices):
        """Return today's untaxed price of one unit of lines.

        :param dict prices: `{line: Price}`
        :return: `{line: untaxed price}`
        :rtype: dict
        """
        return {line: price.net for line, price in prices.items()}

    def _get_b2b_prices_today(self, lines):
        """Return `{line: Price}` of today, see `_get_b2b_line_prices`."""
        prices = self._get_b2b_line_prices([line._get_price_line() for line in lines])
        return dict(zip(lines, prices, strict=True))

    def _remember_b2b_prices(self, nets):
        """Keep untaxed prices of lines, to tell next time what changed.

        :param dict nets: of `_get_b2b_nets_today`
        """
        for line, net in nets.items():
            if float_compare(line.b2b_last_price, net, precision_digits=6):
                line.b2b_last_price = net

    def _order_b2b_template(self, agreement, quantities=None):
        """Put the template into the cart of the current user, at today's prices.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :param dict quantities: `{line id: quantity}`; lines that are not in it are not ordered;
            None = all, in the quantities of the template
        :return: dict with `added` (lines of the cart), `changed` (dicts `name`, `old`, `new`
            untaxed), `refused` (messages)
        :rtype: dict
        :raise UserError: when no line has a quantity
        """
        self.ensure_one()
        ordered = {
            line: quantity
            for line in self.order_line.filtered("product_id")
            if (quantity := self._get_b2b_ordered_quantity(line, quantities)) > 0
        }
        if not ordered:
            raise UserError(self.env._("Enter a quantity for at least one article."))
        products = self.order_line.browse([line.id for line in ordered]).product_id
        sold = products.filtered_domain(products._get_b2b_shop_domain(self.company_id))
        result = {"added": self.order_line.browse(), "changed": [], "refused": []}
        wanted = self.order_line.browse()
        for line in ordered:
            if line.product_id in sold:
                wanted += line
            else:
                result["refused"].append(
                    self.env._(
                        "%(product)s can no longer be ordered.",
                        product=line.product_id.display_name,
                    )
                )
        if wanted:
            prices = self._get_b2b_prices_today(wanted)
            nets = self._get_b2b_nets_today(prices)
            result["changed"] = self._get_b2b_last_changes(nets)
            cart = self._get_b2b_cart(agreement, create=True)
            cart._lock_b2b_cart()
            same_terms = cart.fiscal_position_id == self.fiscal_position_id
            result["added"] = cart._add_b2b_lines(
                [line._get_price_line()._replace(quantity=ordered[line]) for line in wanted],
                {price.line: price for price in prices.values() if same_terms},
            )
            self._remember_b2b_prices(nets)
        return result

    def _get_b2b_last_changes(self, nets):
        """Return what costs something else than the last time.

        :param dict nets: of `_get_b2b_nets_today`
        :return: dicts `name`, `old`, `new` (untaxed)
        :rtype: list[dict]
        """
        return [
            {"name": line.product_id.display_name, "old": line.b2b_last_price, "new": net}
            for line, net in nets.items()
            if line.b2b_last_price and float_compare(line.b2b_last_price, net, precision_digits=6)
        ]

    def _get_b2b_ordered_quantity(self, line, quantities):
        if quantities is None:
            return line.product_uom_qty
        return quantities.get(line.id, 0.0)
