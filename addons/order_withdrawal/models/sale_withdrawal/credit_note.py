from collections import defaultdict

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import float_is_zero

from .amounts import BILLS


class SaleWithdrawal(models.Model):
    """Withdrawal: the draft credit note, of what was invoiced and is withdrawn.

    Amounts come from the invoice, by Odoo's own reversal, and only quantities are lowered: prices,
    taxes, currency and discounts of a line are what the customer was charged.
    """

    _inherit = "sale.withdrawal"

    credit_note_ids = fields.One2many(
        comodel_name="account.move",
        inverse_name="order_withdrawal_id",
        string="Credit notes",
        copy=False,
    )

    def action_create_credit_note(self):
        """Make draft credit notes of what was invoiced and is withdrawn, one per invoice.

        The delivery charge is refunded when nothing of the order is kept, and once: with the last
        part where a customer withdraws in parts; what was taken off it goes along. A discount on
        the whole order is shared: each article gets its part.

        :return: action that opens them
        :raise UserError: when nothing is left to be credited
        :raise AccessError: without write access to the statement and its order
        """
        self.ensure_one()
        self._check_clerk()
        self._check_matched()
        if self.state == "declined":
            raise UserError(self.env._("It was declined; accept it first."))
        self.order_id._lock_for_status_change()  # two clicks credit once
        self._take_turn()
        # sudo: drafts only; whoever posts them has the rights of accounting
        statement = self.sudo()
        statement._vouch()
        made = statement._make_credit_notes()
        if not made:
            raise UserError(
                self.env._(
                    "Nothing is left to be credited: no posted invoice has these articles, or"
                    " credit notes for them are there already."
                )
            )
        return self._open_credit_notes(made)

    def _open_credit_notes(self, moves):
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit notes"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", moves.ids)],
        }
        if len(moves) == 1:
            action |= {"view_mode": "form", "res_id": moves.id}
        return action

    def _make_credit_notes(self):
        invoices = self._get_bills().sorted("id")
        left = {
            line: quantity - self._get_credited_here(line)
            for line, quantity in self._get_wanted_quantities(invoices).items()
        }
        for article, kept in self._get_kept_quantities().items():
            left[article] = min(left[article], self._sum_up_billed(invoices, article) - kept)
        made = self.env["account.move"]
        covered = self._is_order_covered()
        for invoice in invoices:
            made |= self._credit_invoice(invoice, left, covered)
        return made

    def _get_wanted_quantities(self, invoices):
        """Return the quantity that is to be credited of each article, with what is credited.

        Of the whole order that is all that was invoiced, whatever the order was lowered to since.

        :return: ``{sale.order.line: quantity}`` in the unit of the line
        """
        if self.line_ids:
            return self._get_withdrawn_quantities()
        quantities = defaultdict(float)
        for invoice in invoices:
            for line in self._get_own_lines(invoice).filtered(self._is_article):
                quantities[line.sale_line_ids[:1]] += self._measure_quantity(line)
        return quantities

    def _sum_up_billed(self, invoices, article):
        """Return how much of an article is invoiced and not credited, in the order's unit."""
        lines = invoices.invoice_line_ids.filtered(
            lambda line: line.sale_line_ids[:1] == article and self._is_article(line)
        )
        return sum(
            self._measure_quantity(line) - self._get_given_back(line, self._measure_quantity)
            for line in lines
        )

    def _credit_invoice(self, invoice, left, covered):
        """Return the draft credit note of what is left to be credited of one invoice, or none.

        :param dict left: ``{sale.order.line: quantity}``, lowered by what is credited
        :param bool covered: whether the customer keeps nothing of the order
        """
        wanted = self._plan_credit(invoice, left, covered)
        if not wanted:
            return invoice.browse()
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "reason": self.env._("Withdrawal %(number)s", number=self.name),
                    "journal_id": invoice.journal_id.id,
                }
            )
        )
        reversal.refund_moves()
        credit_note = reversal.new_move_ids
        self._lower_lines(invoice, credit_note, wanted)
        credit_note.order_withdrawal_id = self
        return credit_note

    # === WHAT IS CREDITED === #

    def _plan_credit(self, invoice, left, covered):
        """Return how much of each line of an invoice is credited.

        :return: ``{account.move.line: (quantity, price_unit)}``; empty when there is nothing
        """
        plan = {}
        lines = self._get_own_lines(invoice)
        for line in lines:
            article = line.sale_line_ids[:1]
            open_quantity = line.quantity - self._get_credited(line)
            wanted = min(
                left.get(article, 0), self._to_invoice_unit(line, open_quantity, back=True)
            )
            quantity = self._to_invoice_unit(line, wanted)
            if article in left and line.product_uom_id.compare(quantity, 0) > 0:
                plan[line] = (quantity, line.price_unit)
                left[article] -= wanted
        if covered:
            plan |= self._plan_charges(lines)
        if plan:
            plan |= self._plan_discounts(lines, plan)
        return plan

    def _get_own_lines(self, invoice):
        """Return the lines of an invoice that bill this order; it may bill several.

        With the order's lines of rewards, which `sale_loyalty` deletes when it is cancelled, their
        lines of the invoice have lost what says whose they are. They are of the order that the line
        above them bills: Odoo writes one order after the other.
        """
        lines = invoice.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        in_turn = lines.sorted(lambda line: (line.sequence, line.id))
        orders = in_turn.sale_line_ids.order_id[:1] or self.order_id
        own = set()
        for line in in_turn:
            orders = line.sale_line_ids.order_id or orders
            if self.order_id in orders:
                own.add(line.id)
        return lines.filtered(lambda line: line.id in own)

    def _to_invoice_unit(self, line, quantity, back=False):
        """Return a quantity of the order's unit in the invoice's, or the other way round."""
        units = line.sale_line_ids[:1].product_uom_id, line.product_uom_id
        source, target = units[::-1] if back else units
        return source._compute_quantity(quantity, target, round=False) if all(units) else quantity

    def _plan_charges(self, lines):
        """Return what the delivery cost, and the down payments, as far as they are not credited.

        With the delivery goes what was taken off it.
        """
        plan = {}
        # A down payment has no unit.
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        for line in lines:
            article = line.sale_line_ids[:1]
            if not article or not (article._is_of_delivery() or article.is_downpayment):
                continue
            # Once: by whichever credit note it was given back.
            quantity = line.quantity - self._get_credited(line)
            if not float_is_zero(quantity, precision_digits=digits):
                plan[line] = (quantity, line.price_unit)
        return plan

    def _plan_discounts(self, lines, plan):
        """Return the part of discounts on the order that the credited articles have had.

        By the value of the articles. Who gives everything back gives back what is left of it, so
        that no cent is lost in rounding.
        """
        goods = lines.filtered(self._is_article)
        if not goods:
            return {}
        discounts = lines.filtered(self._is_discount)
        taxed = discounts.grouped("tax_ids").keys()
        found = {}
        for line in discounts:
            sharing = self._get_discounted_goods(line, goods)
            # Odoo gives a discount in a line for each rate of tax: that of the articles of this
            # rate.
            by_taxes = sharing.grouped("tax_ids")
            is_by_taxes = by_taxes.keys() <= taxed
            if is_by_taxes:
                sharing = by_taxes.get(line.tax_ids, sharing)
            sharing |= self._get_discounted_charges(lines, line, is_by_taxes)
            amount = line.currency_id.round(self._share_discount(line, sharing, plan))
            if not line.currency_id.is_zero(amount):
                found[line] = (1.0, amount)
        return found

    def _get_discounted_goods(self, discount, goods):
        """Return those of the goods of an invoice that a discount was taken off: all, or some.

        All, too, where none of those that had it is on this invoice.
        """
        article = discount.sale_line_ids[:1]
        articles = article and article._get_discounted_articles()
        return articles and goods.filtered(lambda line: line.sale_line_ids & articles) or goods

    def _get_discounted_charges(self, lines, discount, is_by_taxes):
        """Return what the delivery cost, where a discount was on it as well.

        Odoo gives a discount on the whole order on all lines that are there at that moment.
        """
        article = discount.sale_line_ids[:1]
        if not article or not article._is_global_discount():
            return lines.browse()
        return lines.filtered(
            lambda line: (
                (charge := line.sale_line_ids[:1])
                and charge._is_of_delivery()
                and charge.id < article.id
                and (not is_by_taxes or line.tax_ids == discount.tax_ids)
            )
        )

    def _share_discount(self, discount, goods, plan):
        """Return what of a discount goes back with those articles that had it and are credited."""
        whole = discount.price_unit * discount.quantity
        if all(
            line.product_uom_id.compare(
                plan.get(line, (0, 0))[0] + self._get_credited(line), line.quantity
            )
            >= 0
            for line in goods
        ):
            return whole - self._get_given_back(discount, self._measure_amount)
        total = sum(goods.mapped("price_subtotal"))
        part = sum(
            line.price_subtotal * plan[line][0] / line.quantity for line in goods if line in plan
        )
        return whole * part / total if total else 0

    def _is_article(self, line):
        """Whether a line of an invoice is something that can be withdrawn from."""
        article = line.sale_line_ids[:1]
        return bool(article) and article._is_withdrawable() and not self._is_taken_off(line)

    def _is_discount(self, line):
        article = line.sale_line_ids[:1]
        return (
            self._is_taken_off(line)
            and not self._is_taken_back(line)
            and not (article and (article.is_downpayment or article._is_of_delivery()))
        )

    def _is_taken_off(self, line):
        return line.currency_id.compare_amounts(line.price_subtotal, 0) < 0

    def _is_taken_back(self, line):
        """Whether a line of an invoice gives an article back that another one has billed.

        Odoo writes such a line where the order was lowered, and other goods are invoiced with it.
        """
        article = line.sale_line_ids[:1]
        is_bill = line.move_id.move_type in BILLS
        return is_bill and line.quantity < 0 and bool(article) and article._is_withdrawable()

    # === WHAT WAS CREDITED BEFORE === #

    def _get_credited(self, line):
        """Return the quantity of a line of an invoice that credit notes give back already."""
        return self._to_invoice_unit(line, self._get_given_back(line, self._measure_quantity))

    def _measure_quantity(self, line):
        return self._to_invoice_unit(line, line.quantity, back=True)

    def _measure_amount(self, line):
        return line.price_unit * line.quantity

    def _get_given_back(self, line, measure):
        """Return what credit notes, drafts included, give back of a line of an invoice.

        Those that reverse the invoice, and those that name the article alone; a later invoice may
        take it back, too. An article may stand on several lines and invoices: they take it up in
        turn, so that nothing counts twice.

        :param measure: method that returns quantity or amount of a line
        """
        # A down payment is taken off the last invoice by a line of the other sign.
        sign = -1 if measure(line) < 0 else 1
        known = line.sale_line_ids.invoice_lines or self._get_twins(line)
        known = known.filtered(lambda other: other.parent_state != "cancel")
        taken_back = known.filtered(self._is_taken_back)
        known = (known - taken_back).filtered(lambda other: measure(other) * sign > 0)
        known = known.sorted(lambda other: (other.move_id.id, other.id))
        notes = known.filtered(lambda other: other.move_id.move_type == "out_refund")
        billed = (known - notes).filtered(lambda other: other.parent_state == "posted")
        left = {other: measure(other) * sign for other in billed}
        by_invoice = notes.grouped(lambda note: note.move_id.reversed_entry_id)
        for invoice, lines in billed.grouped("move_id").items():
            given = sum(map(measure, by_invoice.get(invoice, ()))) * sign
            self._use_up(left, lines, given)
        loose = by_invoice.get(billed.move_id[:0], ())
        given = sum(map(measure, loose)) - sum(map(measure, taken_back))
        self._use_up(left, billed, given * sign)
        return measure(line) - left.get(line, measure(line) * sign) * sign

    def _get_twins(self, line):
        """Return a line of an invoice that names no article, with those that give it back."""
        moves = line.move_id | line.move_id.reversal_move_ids
        return line.union(*map(self._get_own_lines, moves)).filtered(
            lambda other: (
                not other.sale_line_ids
                and (other.product_id, other.name) == (line.product_id, line.name)
                and other.tax_ids == line.tax_ids
            )
        )

    def _use_up(self, left, lines, given):
        """Take what is given back off these lines, in turn.

        :param dict left: ``{account.move.line: what is left of it}``, lowered
        """
        for line in lines:
            taken = min(left[line], given)
            left[line] -= taken
            given -= taken

    def _get_credited_here(self, article):
        """Return how much of an article this withdrawal has had credited, in the order's unit."""
        lines = self.credit_note_ids.filtered(lambda move: move.state != "cancel").invoice_line_ids
        return sum(
            line.product_uom_id._compute_quantity(
                line.quantity, article.product_uom_id, round=False
            )
            for line in lines
            if line.sale_line_ids[:1] == article
        )

    # === LOWERING === #

    def _lower_lines(self, invoice, credit_note, wanted):
        """Leave in a full reversal what is wanted of it.

        :param dict wanted: see ``_plan_credit``
        """
        # A copy keeps the order of its lines; the article tells which is which.
        originals = list(invoice.invoice_line_ids)
        copies = list(credit_note.invoice_line_ids)
        commands = []
        for original, copied in zip(originals, copies, strict=True):
            if original not in wanted:
                commands.append(Command.delete(copied.id))
                continue
            quantity, price_unit = wanted[original]
            if (quantity, price_unit) != (copied.quantity, copied.price_unit):
                commands.append(
                    Command.update(copied.id, {"quantity": quantity, "price_unit": price_unit})
                )
        if commands:
            credit_note.write({"invoice_line_ids": commands})
