from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.mail_delivery_retry.language import get_active_lang


class SaleOrder(models.Model):
    """Orders that customers place outside the B2B checkout: public shop, quotations of the seller.

    The policy is the same as at the checkout. What is paid at once takes no credit, and is neither
    held nor noted; only where orders above the limit are refused, it is refused before it is paid.
    """

    _inherit = "sale.order"

    # === WHOM IT CONCERNS === #

    def _is_b2b_credit_asked(self):
        """Whether the credit policy holds for an order that was not made by the B2B checkout.

        For customers who have, or had, an agreement with the seller; the others are retail.

        :rtype: bool
        """
        self.ensure_one()
        order = self.sudo()  # customers read neither the limit nor agreements of others
        if not order._has_b2b_credit_policy():
            return False
        signed = (
            Domain("partner_id", "=", order.b2b_customer_id.id)
            & Domain("state", "in", ("signed", "terminated"))
            & Domain("company_id", "parent_of", order.company_id.id)
        )
        return bool(order.env["b2b.agreement"].search_count(signed, limit=1))

    def _has_b2b_credit_policy(self):
        """Whether any of these orders (sudo) is of a customer with a limit, or of a company that
        looks at overdue invoices: asked once, as most are of none.

        :rtype: bool
        """
        return any(
            company.b2b_overdue_days
            or any(self.b2b_customer_id.with_company(company).mapped("credit_limit"))
            for company in self.company_id
        )

    def _get_b2b_amount_due(self):
        """Return what of the order is not paid, with taxes.

        :rtype: float
        """
        order = self.sudo()  # customers do not read all transactions
        return max(order.currency_id.round(order.amount_total - order.amount_paid), 0.0)

    # === WHAT THE CUSTOMER IS TOLD === #

    def _get_b2b_web_problems(self):
        """Override of `b2b_portal` to refuse a cart of the public shop above the credit limit."""
        return self._add_b2b_credit_refusal(super()._get_b2b_web_problems())

    def _get_b2b_web_notices(self):
        """Override of `b2b_portal` to say what becomes of a cart above the credit limit."""
        return super()._get_b2b_web_notices() + self._get_b2b_offer_notice()

    def _find_b2b_acceptance_problems(self, partner):
        """Override of `b2b_account` to let nobody accept a quotation above the credit limit."""
        return self._add_b2b_credit_refusal(super()._find_b2b_acceptance_problems(partner))

    def _get_b2b_acceptance_notices(self, partner):
        """Override of `b2b_account` to say what becomes of a quotation above the credit limit."""
        return super()._get_b2b_acceptance_notices(partner) + self._get_b2b_offer_notice()

    def _add_b2b_credit_refusal(self, problems):
        # sudo: customers do not read the seller's settings
        is_refused = self.sudo().company_id.b2b_credit_policy == "block"
        due = self._get_b2b_amount_due()
        if not is_refused or not due or not self._is_b2b_credit_asked():
            return problems
        words = self._get_b2b_credit_words(due)
        return [*problems, *(one for one in words if one not in problems)]

    def _get_b2b_offer_notice(self):
        due = self._get_b2b_amount_due()
        return self._get_b2b_credit_notice(due) if due and self._is_b2b_credit_asked() else []

    # === WHAT BECOMES OF IT === #

    def _can_be_edited_on_portal(self):
        """Override of `sale` to keep what is looked at for its credit, and released, as it is.

        A release has no amount of its own: it is one of what the customer has accepted.
        """
        order = self.sudo()  # customers do not read what is held
        if order.b2b_credit_hold or order.b2b_credit_released_on:
            return False
        return super()._can_be_edited_on_portal()

    def _validate_order(self):
        """Override of `sale`: what a customer accepts above the credit waits for a salesperson.

        :raise UserError: when the policy is to refuse it
        """
        self._check_b2b_offer()
        held = self._hold_b2b_offers()
        held._check_b2b_acceptance()  # these do not come to where the others are asked
        accepted = self - held
        return super(SaleOrder, accepted)._validate_order() if accepted else None

    def _check_b2b_offer(self):
        """Refuse what a customer accepts above the credit, one after the other.

        :raise UserError: when the policy is to refuse it
        """
        for order in self.sudo():  # one, as customers accept them; they read no settings
            due = order._get_b2b_amount_due()
            policy = order.company_id.b2b_credit_policy
            if policy != "block" or not due or not order._is_b2b_credit_asked():
                continue
            order._take_b2b_credit_turn()
            if order._get_b2b_credit_excess(due, order.currency_id):
                # Without amounts: who accepts it is not known here.
                raise UserError(order._get_b2b_plain_excess())

    def _hold_b2b_offers(self):
        """Hold those of these that exceed the credit, unless the policy is only to tell it.

        What would have been refused before its payment is held when the payment is there.

        :return: who is held, also since before
        :rtype: sale.order
        """
        held = self.browse()
        for order in self.sudo():  # few; customers read neither settings nor their standing
            if order._is_b2b_credit_held() or order._hold_b2b_offer():
                held |= order
        return self & held

    def _hold_b2b_offer(self):
        """Hold an order (sudo) when it exceeds the credit, see `_hold_b2b_offers`.

        :return: whether it is held
        :rtype: bool
        """
        due = self._get_b2b_amount_due()
        if (
            not due
            or self.state not in ("draft", "sent")  # a salesperson has confirmed it already
            or self.b2b_qualifier
            or self.b2b_credit_released_on
            or self.company_id.b2b_credit_policy == "inform"
            or not self._is_b2b_credit_asked()
        ):
            return False
        self._take_b2b_credit_turn()
        seller = self._in_seller_language()
        excess = seller._get_b2b_credit_excess(due, self.currency_id)
        if excess:
            if self.state == "draft":  # accepted, so it is no draft any more
                self.with_context(tracking_disable=True).action_quotation_sent()
            seller._hold_b2b_credit(excess)  # tells by an event, which a draft has not
            self._note_b2b_acceptance()
        return bool(excess)

    @api.model
    def _get_b2b_accepted_sql(self):
        """Override of `b2b_account` to add what is held, or released and still to be confirmed."""
        return SQL(
            """
            (
                %s
                OR sale.state = 'sent'
                AND (sale.b2b_credit_hold OR sale.b2b_credit_released_on IS NOT NULL)
            )
            """,
            super()._get_b2b_accepted_sql(),
        )

    def _in_seller_language(self):
        """Return this order in the language of who releases it: of what its log says.

        :rtype: sale.order
        """
        # Of one who has left it may be switched off since.
        env = self.with_company(self.company_id).env
        return self.with_context(lang=get_active_lang(env, self.user_id.lang))
