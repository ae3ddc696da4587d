from odoo import models
from odoo.exceptions import UserError

from odoo.addons.b2b_account import rights


class SaleOrder(models.Model):
    """Checkout: what the seller's policy makes of an order above the credit limit."""

    _inherit = "sale.order"

    def _get_b2b_checkout_problems(self, agreement, untaxed):
        """Override of `b2b_portal` to say on cart and checkout that the order is refused."""
        problems = super()._get_b2b_checkout_problems(agreement, untaxed)
        # sudo: buyers do not read the seller's settings
        if self.sudo().company_id.b2b_credit_policy == "block" and self.order_line:
            problems += self._get_b2b_credit_words()
        return problems

    def _finish_b2b_checkout(self, values):  # pylint: disable=missing-return
        """Override of `b2b_portal` to refuse or hold an order above the credit limit.

        :raise UserError: when the policy is to refuse it
        """
        # sudo: buyers read neither the seller's settings nor how their company stands
        order = self.sudo()
        policy = order.company_id.b2b_credit_policy
        if policy == "inform":
            super()._finish_b2b_checkout(values)
            return
        order._take_b2b_credit_turn()
        seller = order._in_seller_language()
        excess = seller._get_b2b_credit_excess(order.amount_total, order.currency_id)
        if excess and policy == "block":
            raise UserError("\n".join(self._get_b2b_credit_words(order.amount_total)))
        super()._finish_b2b_checkout(values)
        # What waits for an approval is no order yet: it comes here again.
        if excess and order.b2b_qualifier == "order":
            seller._hold_b2b_credit(excess)

    def _take_b2b_credit_turn(self):
        """Let no other checkout of the customer be checked until this one is done."""
        customer = self.b2b_customer_id.with_company(self.company_id)
        if customer.credit_limit or self.company_id.b2b_overdue_days:
            self.env["b2b.credit.check"]._take_turn(customer, self.company_id)

    def _get_b2b_credit_excess(self, total, currency):
        """Return why an order exceeds the customer's credit, or ''.

        Exactly met is within, and what was overdue for exactly the days of the setting, too.

        :param float total: of the order, with taxes
        :param res.currency currency: of the total
        :return: for the seller and for buyers who see finance
        :rtype: str
        """
        self.ensure_one()
        # sudo: buyers read neither the seller's settings nor how their company stands
        company = self.sudo().company_id
        customer = self.sudo().b2b_customer_id.with_company(company)
        if not customer.credit_limit and not company.b2b_overdue_days:
            return ""
        standing = customer._get_b2b_standing(company)
        today = self.env["b2b.agreement"]._get_today(company)
        amount = currency._convert(total, company.currency_id, company, today)
        if self.was_placed:  # it is counted there already, as far as nobody has invoiced it
            counted = customer._get_b2b_ordered(company, today, order=self)
            standing.ordered -= min(amount, counted)
        return "\n".join(
            [
                *self._get_b2b_limit_words(standing, amount, company),
                *self._get_b2b_overdue_words(standing, company),
            ]
        )

    def _get_b2b_limit_words(self, standing, amount, company):
        currency = company.currency_id
        if not standing.limit or (
            currency.compare_amounts(standing.used + amount, standing.limit) <= 0
        ):
            return []
        return [
            self.env._(
                "The order comes to %(amount)s with taxes. Of the credit limit of %(limit)s,"
                " %(used)s is used; %(headroom)s is left.",
                amount=currency.format(amount),
                limit=currency.format(standing.limit),
                used=currency.format(standing.used),
                headroom=currency.format(standing.headroom),
            )
        ]

    def _get_b2b_overdue_words(self, standing, company):
        days = company.b2b_overdue_days
        if not days or standing.days <= days:
            return []
        return [
            self.env._(
                "%(overdue)s is overdue; days since the oldest due date: %(days)s.",
                overdue=company.currency_id.format(standing.overdue),
                days=standing.days,
            )
        ]

    def _get_b2b_credit_words(self, total=None):
        """Return what the buyer is told of an order above the credit; nothing within it.

        :param float total: with taxes, in the currency of the order; today's by default
        :return: messages; without amounts for a buyer who sees no finance
        :rtype: list[str]
        """
        self.ensure_one()
        # sudo: buyers read neither the seller's settings nor how their company stands
        company = self.sudo().company_id
        customer = self.sudo().b2b_customer_id.with_company(company)
        if not customer.credit_limit and not company.b2b_overdue_days:
            return []
        currency = self.currency_id
        if total is None:
            today = self._get_b2b_today()
            total, currency = today["total"], today["currency"]
        excess = self._get_b2b_credit_excess(total, currency)
        if not excess:
            return []
        if self._tells_b2b_amounts():
            head = self.env._("This order exceeds your credit.")
            return [f"{head} {excess}".replace("\n", " ")]
        return [self._get_b2b_plain_excess()]

    def _get_b2b_plain_excess(self):
        """Return that the order exceeds the credit, for whoever may not know the amounts."""
        # sudo: buyers do not read the seller's settings
        if self.sudo().company_id.b2b_credit_policy == "block":
            return self.env._(
                "This order exceeds the credit of your company. Please ask a colleague who sees"
                " invoices."
            )
        return self.env._("This order exceeds the credit of your company.")

    def _tells_b2b_amounts(self):
        """Whether the words about the credit may have amounts in them.

        Whoever acts has to see finance, and whose order it is, too. A bearer of a link is nobody,
        and what keeps a request from being placed is read by all who are asked about it.

        :rtype: bool
        """
        user = self.env.user
        if user._is_public() or self.b2b_qualifier not in (False, "cart"):
            return False
        # sudo: buyers do not read all contacts
        readers = self.sudo().partner_id
        if user.share:
            readers |= user.partner_id.sudo()  # as above
        return all(reader._b2b_may(rights.SEE_FINANCE) for reader in readers)

    def _get_b2b_credit_notice(self, total=None):
        """Return what the checkout tells of an order that is placed all the same.

        :param float total: as for `_get_b2b_credit_words`
        :return: messages
        :rtype: list[str]
        """
        # sudo: buyers do not read the seller's settings
        policy = self.sudo().company_id.b2b_credit_policy
        words = self._get_b2b_credit_words(total) if policy != "block" else []
        if not words or self._may_b2b_checkout_refuse():
            return words
        if policy == "approval":
            promise = self.env._("You can place it; we look at it before we confirm and deliver.")
        else:
            promise = self.env._("You can place it all the same.")
        return [*words, promise]
