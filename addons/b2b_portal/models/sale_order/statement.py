from dataclasses import replace

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from odoo.addons.b2b_pricelist.formatting import format_quantity, format_unit_price

from ...statement import AMOUNTS, StatedLine, Statement


class SaleOrder(models.Model):
    """Statements: what a page says of a cart or template, and what differs from it later."""

    _inherit = "sale.order"

    # === STATEMENTS === #

    def _get_b2b_statement(self, today=None):
        """Return what a page states of the cart or template now.

        :param dict today: of `_get_b2b_today`
        :rtype: Statement
        """
        self.ensure_one()
        today = today or self._get_b2b_today()
        return Statement(
            lines=[
                self._state_b2b_line(
                    entry["line"], entry["line"].product_uom_qty, float(entry["net"])
                )
                for entry in today["lines"]
            ],
            currency=today["currency"].name,
            **self._state_b2b_terms(today),
        )

    def _state_b2b_terms(self, today):
        """Return what a page states below the lines; that of a template states one amount."""
        if not self._states_b2b_checkout():
            return {"amounts": {"untaxed": today["untaxed"]}}
        return {
            "amounts": {name: today[name] for name in AMOUNTS},
            "terms": today["terms"].name or "",
            **self._state_b2b_address(),
        }

    def _states_b2b_checkout(self):
        """Hook: whether a page states all that is ordered, not one amount alone.

        :rtype: bool
        """
        return self.b2b_qualifier == "cart"

    def _get_b2b_stored_statement(self):
        """Return what the last POST stored: what counts as seen when no page was.

        The addresses are today's: who sends an address without a page names it himself.

        :rtype: Statement
        """
        prices = self._get_b2b_stored_prices()
        lines = self.order_line.browse(prices)
        return Statement(
            lines=[self._state_b2b_line(line, *prices[line.id]) for line in lines],
            **self._state_b2b_stored_totals(),
            **self._state_b2b_address(),
        )

    def _state_b2b_stored_totals(self):
        return {
            "amounts": {
                "untaxed": self.amount_untaxed,
                "tax": self.amount_tax,
                "total": self.amount_total,
            },
            "currency": self.currency_id.name,
            "terms": self.payment_term_id.name or "",
        }

    def _state_b2b_line(self, line, quantity, price):
        return StatedLine(
            line.id, line.product_id.display_name, quantity, line.product_uom_id.name, price
        )

    def _state_b2b_address(self):
        addresses = self._get_b2b_addresses()
        # Asked apart where the list does not have it: an address of another type.
        shipping = addresses & self.partner_shipping_id or self._get_b2b_shipping()
        return {
            "address": shipping.id or 0,
            "addresses": {
                address.id: self._get_b2b_address_label(address) for address in addresses | shipping
            },
        }

    def _get_b2b_shipping_label(self):
        """Return the delivery address in words, as the list of addresses says it.

        :rtype: str
        """
        shipping = self._get_b2b_shipping()
        return self._get_b2b_address_label(shipping) if shipping else self.partner_shipping_id.name

    @api.model
    def _get_b2b_address_label(self, address):
        parts = [
            address.name or address.display_name,
            address.street,
            " ".join(filter(None, [address.zip, address.city])),
        ]
        return ", ".join(filter(None, parts))

    # === DIFFERENCES === #

    def _get_b2b_stated(self):
        """Return what this cart states now, made anew unless the checkout has just made it.

        :rtype: Statement
        """
        stated = self.env.context.get("b2b_stated")
        return stated if isinstance(stated, Statement) else self._get_b2b_statement()

    def _get_b2b_changes(self, seen, today, now=None):
        """Tell what differs today from what the buyer has seen, one by one.

        Another address than the page's is what the buyer himself chose. The amounts that it
        brings are not, and neither is an address that reads otherwise than on the page.

        :param Statement seen: of the page
        :param dict today: of `_get_b2b_today`
        :param Statement now: of `today`, from a caller that needs it anyway
        :return: messages; none when all is as it was
        :rtype: list[str]
        """
        now = now or self._get_b2b_statement(today)
        changes = [
            *self._get_b2b_line_changes(seen, now, today),
            *self._get_b2b_term_changes(seen, now),
            *self._get_b2b_amount_changes(seen, now),
        ]
        if changes and seen.address and seen.address != now.address:
            # What the buyer chose explains what it changes.
            changes.insert(
                0,
                self._describe_b2b_change(
                    self.env._("Delivery address"),
                    seen.addresses.get(seen.address),
                    now.addresses.get(now.address),
                ),
            )
        return changes

    def _check_b2b_as_stated(self, seen):
        """Refuse an order that is stored otherwise than it was stated.

        Today's prices are computed apart from the order, and another addon may change what is
        stored: this is the last look.

        :param Statement seen: of the page
        :raise UserError: naming each difference
        """
        stored = Statement(**self._state_b2b_stored_totals())
        changes = [
            *self._get_b2b_term_changes(replace(seen, address=0, addresses={}), stored),
            *self._get_b2b_amount_changes(seen, stored),
        ]
        if changes:
            raise UserError("\n".join(changes))

    def _get_b2b_line_changes(self, seen, now, today):
        before = {line.id: line for line in seen.lines}
        after = {line.id: line for line in now.lines}
        changed = self._get_b2b_changed_ids(before, after, today)
        currencies = self._get_b2b_stated_currencies(seen, now)
        changes = [
            self._describe_b2b_line_change(before.get(line_id), after[line_id], *currencies)
            for line_id in after
            if line_id in changed
        ]
        changes += [
            self.env._(
                "%(product)s is gone: %(line)s before.",
                product=line.name,
                line=self._describe_b2b_line(line, currencies[0]),
            )
            for line in seen.lines
            if line.id not in after
        ]
        if not changes and list(before) != list(after):
            changes.append(self.env._("The lines are in another order."))
        return changes

    def _get_b2b_changed_ids(self, before, after, today):
        """Return the ids of lines that are new, or read otherwise than before.

        :param dict before: `{line id: StatedLine}`
        :param dict after: likewise, of today
        :param dict today: of `_get_b2b_today`
        :rtype: set
        """
        expected = {line.id: (line.quantity, line.price) for line in before.values()}
        priced = {change["line"].id for change in self._get_b2b_price_changes(expected, today)}
        return priced | {
            line_id
            for line_id in before.keys() & after.keys()
            if (before[line_id].name, before[line_id].unit)
            != (after[line_id].name, after[line_id].unit)
        }

    def _get_b2b_term_changes(self, seen, now):
        texts = [
            (self.env._("Currency"), seen.currency, now.currency),
            (self.env._("Payment terms"), seen.terms, now.terms),
            (
                self.env._("Delivery address"),
                seen.addresses.get(now.address),
                now.addresses.get(now.address),
            ),
        ]
        return [
            self._describe_b2b_change(name, old, new)
            for name, old, new in texts
            if (old or "") != (new or "")
        ]

    def _get_b2b_amount_changes(self, seen, now):
        names = {
            "untaxed": self.env._("Untaxed amount"),
            "tax": self.env._("Taxes"),
            "total": self.env._("Total"),
        }
        old, new = self._get_b2b_stated_currencies(seen, now)
        return [
            self._describe_b2b_change(
                names[name],
                self._format_b2b_price(seen.amounts.get(name), old),
                self._format_b2b_price(amount, new),
            )
            for name, amount in now.amounts.items()
            if name not in seen.amounts
            or seen.currency != now.currency
            or float_compare(seen.amounts[name], amount, precision_digits=6)
        ]

    # === WORDS === #

    def _describe_b2b_change(self, name, old, new):
        return self.env._(
            "%(name)s: %(old)s before, %(new)s now.", name=name, old=old or "–", new=new or "–"
        )

    def _describe_b2b_line_change(self, before, after, old_currency, new_currency):
        new = self._describe_b2b_line(after, new_currency)
        if before:
            old = self._describe_b2b_line(before, old_currency)
            return self._describe_b2b_change(after.name, old, new)
        return self.env._("%(product)s is new: %(line)s.", product=after.name, line=new)

    def _describe_b2b_line(self, line, currency):
        return self.env._(
            "%(quantity)s %(unit)s at %(price)s",
            quantity=format_quantity(self.env, line.quantity),
            unit=line.unit,
            price=self._format_b2b_price(line.price, currency),
        )

    def _get_b2b_stated_currencies(self, *statements):
        """Return the currency of each statement; that of the order where it is unknown.

        :return: one currency for each
        :rtype: list
        """
        own = self.currency_id
        names = {statement.currency for statement in statements} - {own.name, ""}
        others = self.env["res.currency"].with_context(active_test=False)
        if names:
            others = others.search([("name", "in", list(names))])
        by_name = {currency.name: currency for currency in others}
        return [by_name.get(statement.currency, own) for statement in statements]

    def _format_b2b_price(self, amount, currency):
        return "" if amount is None else format_unit_price(self.env, amount, currency)
