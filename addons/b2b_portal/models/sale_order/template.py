from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Of one customer: a list of more helps nobody, and each is an order in the database.
MAX_TEMPLATES = 500


class SaleOrder(models.Model):
    """Templates of buyers: what they order again and again."""

    _inherit = "sale.order"

    @api.model
    def _get_b2b_templates(self, agreement):
        """Return the templates that the current user may use: own and shared ones.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :return: records in the user's rights, by name
        """
        self.env["ir.rule"]._resolve_for_page("sale.order")
        return self.search(self._get_b2b_templates_domain(agreement), order="b2b_template_name, id")

    @api.model
    def _check_b2b_template_count(self, agreement):
        # sudo: those that colleagues keep for themselves count, too
        if self.sudo().search_count(self._get_b2b_templates_domain(agreement)) < MAX_TEMPLATES:
            return
        raise UserError(
            self.env._(
                "Your company has %(maximum)s templates, and no more are kept. Please delete some.",
                maximum=MAX_TEMPLATES,
            )
        )

    @api.model
    def _get_b2b_templates_domain(self, agreement):
        return Domain(
            [
                ("b2b_qualifier", "=", "template"),
                ("company_id", "=", agreement._get_selling_company().id),
                ("b2b_customer_id", "=", agreement.partner_id.id),
            ]
        )

    @api.model
    def _create_b2b_template(self, agreement, name, order=None):
        """Make a template of the current user, empty or with the lines of a cart or order.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :param str name: as typed
        :param sale.order order: the user may read it
        :return: the template, in sudo mode
        :raise UserError: when the user has as many as can be
        """
        self._check_b2b_template_count(agreement)
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

    def _count_b2b_lines(self):
        """Return how many lines each order has, without reading them; 0 for those without.

        :return: `{order id: count}`
        :rtype: dict
        """
        groups = self.env["sale.order.line"]._read_group(
            Domain("order_id", "in", self.ids), ["order_id"], ["__count"]
        )
        return {**dict.fromkeys(self.ids, 0), **{order.id: count for order, count in groups}}

    def _get_b2b_wanted(self):
        """Return the articles of an order that can be ordered again, as `PriceLine`."""
        return [
            line._get_price_line() for line, reason in self._get_b2b_again().items() if not reason
        ]

    def _get_b2b_left_out(self):
        """Tell what of an order cannot be ordered again from a template, line by line.

        :return: messages
        :rtype: list[str]
        """
        return [reason for reason in self._get_b2b_again().values() if reason]

    def _get_b2b_again(self):
        """Return why the articles of an order, as its page shows them, are left out of a template.

        :return: `{line: reason}`, '' for what can be ordered again; a section that hides its
            articles is left out as a whole, and a set by its own name
        :rtype: dict
        """
        self.ensure_one()
        shown = self._get_order_lines_to_report()
        articles = shown.filtered(lambda line: line._is_b2b_article())
        products = articles.product_id
        sold = products._filter_b2b_sold(self.company_id)
        return {
            **{
                line: line._get_b2b_left_out_reason(sold)
                for line in articles
                if not line.combo_item_id
            },
            **{
                section: self.env._(
                    "%(section)s was left out: its articles are not listed.", section=section.name
                )
                for section in shown
                if section.display_type and section.collapse_composition
            },
        }

    def _add_b2b_template_lines(self, wanted):
        """Add articles to the template, and remember today's prices as the last ones.

        :param list wanted: `PriceLine`
        """
        self.ensure_one()
        lines = self._add_b2b_lines(wanted)
        self._remember_b2b_prices(self._get_b2b_prices_today(lines))
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

    def _get_b2b_prices_today(self, lines):
        """Return `{line: Price}` of today, see `_get_b2b_line_prices`."""
        prices = self._get_b2b_line_prices([line._get_price_line() for line in lines])
        return dict(zip(lines, prices, strict=True))

    def _remember_b2b_prices(self, prices):
        """Keep untaxed prices of lines, to tell next time what changed.

        :param dict prices: of `_get_b2b_prices_today`
        """
        for line, price in prices.items():
            if line._has_b2b_last_price() and line._is_b2b_last_price(price.net, price.currency):
                continue
            line.write(
                {
                    "b2b_last_price": price.net,
                    "b2b_last_currency_id": price.currency.id,
                    "b2b_last_uom_id": line.product_uom_id.id,
                }
            )

    def _get_b2b_page_key(self, partner):
        """Return what a page sends along that orders the template: who, and the next number.

        :param res.partner partner: who looks at the page; colleagues order it side by side
        :rtype: str
        """
        last = (self.b2b_template_key or "").rpartition("-")[2]
        return f"{partner.id}-{(int(last) if last.isdecimal() else 0) + 1}"

    def _order_b2b_template(self, agreement, quantities=None):
        """Put the template into the cart of the current user, at today's prices.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :param dict quantities: `{line id: quantity}`; lines that are not in it are not ordered;
            None = all, in the quantities of the template
        :return: dict with `added` (lines of the cart), `changed` (see `_get_b2b_last_changes`),
            `refused` (messages)
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
        sold = products._filter_b2b_sold(self.company_id)
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
            result["changed"] = self._get_b2b_last_changes(prices)
            cart = self._get_b2b_cart(agreement, create=True)
            cart._lock_b2b_cart()
            same_terms = cart.fiscal_position_id == self.fiscal_position_id
            result["added"] = cart._add_b2b_lines(
                [line._get_price_line()._replace(quantity=ordered[line]) for line in wanted],
                {price.line: price for price in prices.values() if same_terms},
            )
            self._remember_b2b_prices(prices)
        return result

    def _get_b2b_last_changes(self, prices):
        """Return what costs something else than the last time.

        :param dict prices: of `_get_b2b_prices_today`
        :return: dicts `name`, `old`, `new` (untaxed), `old_currency`, `new_currency`
        :rtype: list[dict]
        """
        return [
            {
                "name": line.product_id.display_name,
                "old": line.b2b_last_price,
                "old_currency": line._get_b2b_last_currency(),
                "new": price.net,
                "new_currency": price.currency,
            }
            for line, price in prices.items()
            if not line._is_b2b_last_price(price.net, price.currency)
        ]

    def _get_b2b_ordered_quantity(self, line, quantities):
        if quantities is None:
            return line.product_uom_qty
        return quantities.get(line.id, 0.0)
