from odoo import api, models
from odoo.tools import SQL

from .. import rights


class SaleOrder(models.Model):
    """Rights: who may order, and up to which amount."""

    _inherit = "sale.order"

    def _get_b2b_buyer_problems(self, untaxed):
        """Override of `b2b_portal` to let order only who may, up to his limit."""
        problems = super()._get_b2b_buyer_problems(untaxed)
        buyer = self.sudo().partner_id  # buyers do not read all contacts
        if not buyer._b2b_may(rights.ORDER):
            return [*problems, self._get_b2b_order_refusal(buyer)]
        return problems + self._get_b2b_limit_problems(untaxed)

    def _get_b2b_limit_problems(self, untaxed):
        """Hook: return why the amount keeps the buyer from ordering.

        :param float untaxed: in the currency of the cart's list
        :return: messages; an override returns none where an approval is asked for instead
        :rtype: list[str]
        """
        # sudo: buyers read neither members nor the seller's company
        order = self.sudo()
        return order._get_b2b_limit_excess(order.partner_id, order._convert_b2b_amount(untaxed))

    def _get_b2b_limit_excess(self, buyer, amount):
        """Say that an amount is above the limit of a contact.

        :param res.partner buyer: the contact, in sudo mode
        :param float amount: untaxed, in the currency of the selling company
        :return: the message; none when it is within, exactly met too, or there is no limit
        :rtype: list[str]
        """
        limit = buyer._get_b2b_member().order_limit
        currency = self.company_id.currency_id
        if not limit or currency.compare_amounts(amount, limit) <= 0:
            return []
        return [
            self.env._(
                "This order comes to %(amount)s without taxes, above your limit of %(limit)s."
                " Please ask %(names)s.",
                amount=currency.format(amount),
                limit=currency.format(limit),
                names=self.env["b2b.member"]._get_b2b_whom_to_ask(buyer),
            )
        ]

    def _may_b2b_checkout_refuse(self):
        """Hook: return whether the checkout may refuse a cart in which it has found no problem.

        What is chosen there may be in its way; nobody is promised an order then.

        :rtype: bool
        """
        return False

    def _convert_b2b_amount(self, amount, currency=None):
        """Return an amount in the currency of the selling company, at today's rate.

        :param float amount: of this order
        :param res.currency currency: of the amount; see `_get_b2b_amount_currency`
        :rtype: float
        """
        company = self.company_id
        currency = currency or self._get_b2b_amount_currency()
        today = self.env["b2b.agreement"]._get_today(company)
        return currency._convert(amount, company.currency_id, company, today)

    def _get_b2b_amount_currency(self):
        """Return the currency of the order's amounts.

        A cart is priced anew by its list, which may have another currency by now.

        :rtype: res.currency
        """
        priced = self._get_b2b_pricelist() if self._is_b2b_draft() else self
        return priced.currency_id or self.company_id.currency_id

    def _get_b2b_order_refusal(self, buyer):
        """Return why a contact may not order, and whom to ask.

        :param res.partner buyer: in sudo mode
        :rtype: str
        """
        if self.env.user.partner_id != buyer:
            return self.env._(
                "%(buyer)s may not order for %(company)s.",
                buyer=buyer.name,
                company=buyer.commercial_partner_id.name,
            )
        return self.env._(
            "You may look around here, but not order for %(company)s. Please ask %(names)s.",
            company=buyer.commercial_partner_id.name,
            names=self.env["b2b.member"]._get_b2b_whom_to_ask(buyer),
        )

    # === QUOTATIONS === #

    def _get_b2b_acceptance_problems(self, partner):
        """Return why whoever opens a quotation may not accept or pay it.

        :param res.partner partner: who does it; a stranger who has the link stands for the contact
            of the order, empty as well
        :return: messages; none for what is placed already, whose payment places nothing
        :rtype: list[str]
        """
        self.ensure_one()
        order, partner = self.sudo(), partner.sudo()  # asked for customers
        if order.was_placed or order.state not in ("draft", "sent"):
            return []
        if not partner or not order._is_customer_side(partner):
            partner = order._get_b2b_party()
        return order._find_b2b_acceptance_problems(partner)

    def _find_b2b_acceptance_problems(self, partner):
        """Hook: return why a contact of the customer may not accept or pay the quotation.

        :param res.partner partner: in sudo mode, as the quotation is
        :return: messages
        :rtype: list[str]
        """
        if not partner._b2b_may(rights.ORDER):
            return [self._get_b2b_order_refusal(partner)]
        return self._get_b2b_acceptance_excess(partner)

    def _get_b2b_acceptance_excess(self, partner):
        """Hook: return why the amount keeps a contact from accepting the quotation.

        :param res.partner partner: in sudo mode, as the quotation is
        :return: messages; an override returns none where an approval is asked for instead
        :rtype: list[str]
        """
        amount = self._convert_b2b_amount(self.amount_untaxed, self.currency_id)
        return self._get_b2b_limit_excess(partner, amount)

    def _get_b2b_acceptance_notices(self, partner):
        """Hook: return what a contact is told of a quotation before he accepts it.

        :param res.partner partner: as for `_get_b2b_acceptance_problems`
        :return: messages
        :rtype: list[str]
        """
        return []

    # === ACCEPTED, AND NO ORDERS YET === #

    @api.model
    def _get_b2b_accepted_sql(self):
        """Hook: return which quotations are accepted and wait for somebody before they are orders.

        :return: a condition of rows `sale` of `sale_order`
        :rtype: SQL
        """
        return SQL("FALSE")

    def _check_b2b_acceptance(self):
        """Hook: refuse, one customer after the other, what cannot be accepted by now.

        For what is not confirmed at once; Odoo's `_validate_order` is there for the rest.

        :raise UserError: with the reason
        """

    def _note_b2b_acceptance(self):
        """Hook: keep what counts of the moment at which this order was accepted, and waits."""

    def _forget_b2b_acceptance(self):
        """Hook: give up what was kept of an acceptance of these quotations, as it is none now."""

    def _react_to_state_change(self, before, explicit=None):  # pylint: disable=missing-return
        """Override of `order_status_flags`: what is a draft again was accepted by nobody."""
        super()._react_to_state_change(before, explicit)
        self.filtered(
            lambda order: order.state == "draft" != before[order.id][0] and not order.b2b_qualifier
        )._forget_b2b_acceptance()

    def _forget_former_requests(self):  # pylint: disable=missing-return
        """Override of `order_status_flags`: the next customer has accepted no quotation."""
        super()._forget_former_requests()
        if not self.b2b_qualifier and not self.was_placed:
            self._forget_b2b_acceptance()
