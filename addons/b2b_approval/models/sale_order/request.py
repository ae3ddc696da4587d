from dataclasses import replace

import pytz

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare, format_date

from odoo.addons.b2b_portal.statement import Statement
from odoo.addons.b2b_pricelist.formatting import format_quantity, format_unit_price

from ...context_keys import APPROVED


class SaleOrder(models.Model):
    """Requests: what a waiting order costs today, what changed, and how it is placed."""

    _inherit = "sale.order"

    def _states_b2b_checkout(self):
        """Override of `b2b_portal`: a request states what the checkout stated."""
        return self.b2b_qualifier == "approval" or super()._states_b2b_checkout()

    def _get_b2b_request_form(self):
        """Return the checkout form as the buyer filled it in.

        :rtype: dict
        """
        zone = pytz.timezone(self.company_id.partner_id.tz or "UTC")
        date = self.commitment_date
        return {
            "client_order_ref": self.client_order_ref or "",
            "b2b_note": self.b2b_note or "",
            "commitment_date": (
                pytz.utc.localize(date).astimezone(zone).date().isoformat() if date else ""
            ),
            "partner_shipping_id": str(self.partner_shipping_id.id),
            "cost_center_id": str(self.cost_center_id.id or ""),
        }

    def _lower_b2b_quantities(self, quantities):
        """Lower quantities of a request, or take lines out.

        :param dict quantities: `{line id: new quantity}`; ids of other lines are ignored
        :return: what became of what, in words
        :rtype: list[str]
        :raise UserError: when a quantity would rise or cannot be ordered, or what would be left is
            nothing or below the minimum order amount
        """
        lines = {line.id: line for line in self.order_line.filtered("product_id")}
        try:
            wanted = {
                lines[int(line_id)]: float(quantity)
                for line_id, quantity in (quantities or {}).items()
                if int(line_id) in lines
            }
        except (AttributeError, OverflowError, TypeError, ValueError) as error:
            raise UserError(self.env._("These quantities are no numbers.")) from error
        lowered = {line: q for line, q in wanted.items() if q != line.product_uom_qty}
        self._check_b2b_lowered(lowered)
        changes = [self._describe_b2b_lowering(line, q) for line, q in lowered.items()]
        if lowered and all(lowered.get(line) == 0 for line in lines.values()):
            raise UserError(self.env._("Nothing would be left. Decline the request instead."))
        if lowered:
            self._refresh_b2b_lines(lowered)
            self._check_b2b_minimum_left()
        return changes

    def _check_b2b_minimum_left(self):
        """Refuse to lower a request below the minimum of the agreement.

        Nobody may raise it again: the last approver could place no such order.

        :raise UserError: naming both amounts
        """
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        if not agreement:
            return
        currency, minimum = agreement._get_price_currency(), agreement._get_minimum_order()
        untaxed = self._get_b2b_today()["untaxed"]
        if currency.compare_amounts(untaxed, minimum) < 0:
            raise UserError(
                self.env._(
                    "The minimum order amount is %(minimum)s without taxes, and %(amount)s would be"
                    " left. Lower the request by less, or decline it.",
                    minimum=currency.format(minimum),
                    amount=currency.format(untaxed),
                )
            )

    def _check_b2b_lowered(self, lowered):
        """Refuse quantities that are none, are higher, or cannot be ordered.

        Nobody may raise them again: the last approver could place no such order.

        :param dict lowered: `{line: new quantity}`
        :raise UserError: naming what can be ordered
        """
        # Not a number is neither below nor above.
        if not all(0 <= q <= line.product_uom_qty for line, q in lowered.items()):
            raise UserError(self.env._("Quantities can be lowered, not raised."))
        problems = [
            line.product_id._get_b2b_quantity_problem(q, line.product_uom_id)
            for line, q in lowered.items()
            if q  # else the line is taken out
        ]
        if any(problems):
            raise UserError("\n".join(filter(None, problems)))

    def _get_b2b_price_rises(self, before, after):
        """Return which prices differ after quantities were lowered: a quantity break is lost.

        :param dict before: of `_get_b2b_net_prices`
        :param dict after: likewise
        :return: messages
        :rtype: list[str]
        """
        return [
            self.env._(
                "%(article)s: %(new)s for one instead of %(old)s, for the lower quantity",
                article=line.product_id.display_name,
                new=format_unit_price(self.env, price, self.currency_id),
                old=format_unit_price(self.env, before[line], self.currency_id),
            )
            for line, price in after.items()
            if line in before and float_compare(before[line], price, precision_digits=6)
        ]

    def _describe_b2b_lowering(self, line, quantity):
        name, unit = line.product_id.display_name, line.product_uom_id.name
        if not quantity:
            return self.env._("%(article)s: taken out", article=name)
        return self.env._(
            "%(article)s: %(quantity)s %(unit)s instead of %(before)s",
            article=name,
            quantity=format_quantity(self.env, quantity),
            unit=unit,
            before=format_quantity(self.env, line.product_uom_qty),
        )

    def _get_b2b_request_changes(self, approval, today=None):
        """Return what differs today from what was requested, in the reader's language.

        :param b2b.approval approval: of this order
        :param dict today: of `_get_b2b_today`, from a caller that has it
        :return: messages
        :rtype: list[str]
        """
        seen = Statement.load(approval.statement)
        # Names were kept as the buyer read them, and the approver may read another language.
        lines = {line.id: line for line in self.order_line}
        named = [
            replace(
                stated,
                name=lines[stated.id].product_id.display_name,
                unit=lines[stated.id].product_uom_id.name,
            )
            if stated.id in lines
            else stated
            for stated in seen.lines
        ]
        seen = replace(seen, lines=named, terms=approval.payment_term_id.name or "")
        changes = self._get_b2b_changes(seen, today or self._get_b2b_today())
        if self._is_b2b_request_late():
            changes.append(
                self.env._(
                    "The requested delivery date, %(date)s, has passed: it is ordered without one.",
                    date=format_date(self.env, self._get_b2b_request_date()),
                )
            )
        return changes

    def _is_b2b_request_late(self):
        """Whether the requested delivery date has passed while the request waited.

        :rtype: bool
        """
        date = self._get_b2b_request_date()
        return bool(date) and date < self.env["b2b.agreement"]._get_today(self.company_id)

    def _get_b2b_net_prices(self, today=None, lowered=None):
        """Return today's untaxed price of one unit of each line.

        :param dict today: of `_get_b2b_today`, from a caller that has it
        :param dict lowered: `{line: quantity}` that `today` was asked with
        :return: `{line: price}`, without lines that are taken out
        :rtype: dict
        """
        today, lowered = today or self._get_b2b_today(), lowered or {}
        return {
            entry["line"]: entry["net"]
            for entry in today["lines"]
            if lowered.get(entry["line"], 1.0)
        }

    def _place_b2b_approved(self):
        """Make an order of a request that everybody has approved, by the checks of the checkout.

        :raise UserError: with what keeps it from being ordered
        """
        if not self._is_customer_side(self.partner_id):
            raise UserError(
                self.env._(
                    "%(contact)s has left %(customer)s, so that nothing is ordered in that name."
                    " Please decline the request.",
                    contact=self.partner_id.name,
                    customer=self.b2b_customer_id.name,
                )
            )
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        if not agreement:
            raise UserError(self.env._("There is no agreement in force any more."))
        values, problems = self._prepare_b2b_checkout_values(
            agreement, self._get_b2b_request_form()
        )
        self._set_b2b_shipping(values["partner_shipping_id"])
        self._refresh_b2b_lines()
        today = self._get_b2b_today()
        problems = self._get_b2b_checkout_problems(agreement, today["untaxed"]) + problems
        if problems:
            # None of it can be changed on the page of a request.
            advice = self.env._(
                "Please decline the request: %(buyer)s can put it into the cart again.",
                buyer=self.partner_id.name,
            )
            raise UserError("\n".join([*problems, advice]))
        seen = self._get_b2b_statement(today)
        self.with_context(b2b_approved=APPROVED)._place_b2b_order(values)
        self._check_b2b_as_stated(seen)

    # === WHAT AN APPROVER SEES === #

    def _get_b2b_shown(self, is_waiting):
        """Return what the page of a request shows: it costs what it costs today while it waits.

        What was decided costs what is stored: what was ordered, or would have been.

        :param bool is_waiting: whether it waits
        :return: see `_get_b2b_today`
        :rtype: dict
        """
        if is_waiting:
            return self._get_b2b_today()
        return {
            "lines": [
                {
                    "line": line,
                    "net": self._get_b2b_export_price(line),
                    "subtotal": line.price_subtotal,
                }
                for line in self.order_line.filtered("product_id")
            ],
            "untaxed": self.amount_untaxed,
            "tax": self.amount_tax,
            "total": self.amount_total,
            "currency": self.currency_id,
        }

    def _get_b2b_price_history(self, today):
        """Return what the articles cost when this buyer ordered them the last time.

        :param dict today: of `_get_b2b_today`
        :return: `{line id: (untaxed price of one unit, difference in percent)}`; lines without
            an earlier order in the same unit and currency are left out
        :rtype: dict
        """
        Line = self.env["sale.order.line"]
        # The last of each: of an article that is ordered each day, not all of years.
        before = Line._read_group(
            [
                ("order_id.partner_id", "=", self.partner_id.id),
                ("order_id.b2b_customer_id", "=", self.b2b_customer_id.id),
                ("order_id", "!=", self.id),
                ("product_id", "in", self.order_line.product_id.ids),
                ("product_uom_qty", ">", 0),
                ("order_id.was_placed", "=", True),
                ("order_id.state", "!=", "cancel"),
            ],
            ["product_id", "product_uom_id", "currency_id"],
            ["id:max"],
        )
        lines = Line.browse([line_id for *_key, line_id in before])
        last = {tuple(key): line for (*key, _id), line in zip(before, lines, strict=True)}
        history = {}
        for entry in today["lines"]:
            line = entry["line"]
            earlier = last.get((line.product_id, line.product_uom_id, today["currency"]))
            # Not the amount by the quantity, which is rounded: it differs at each quantity.
            if earlier and (old := self._get_b2b_export_price(earlier)):
                history[line.id] = (old, 100 * (entry["net"] - old) / old)
        return history

    def _get_b2b_request_date(self):
        """Return the requested delivery date for a page, False without one."""
        text = self._get_b2b_request_form()["commitment_date"]
        return fields.Date.to_date(text) if text else False
