from odoo import models
from odoo.exceptions import UserError

from ...order_facts import OrderFacts


class SaleOrder(models.Model):
    """Quotations of the seller: accepted by whoever may decide, if a rule wants a decision.

    A signature or a payment places the order, so it asks the rules of the checkout. Whoever needs
    an approval is told whose; that colleague accepts the quotation, which is his approval.
    """

    _inherit = "sale.order"

    def _get_b2b_acceptance_excess(self, partner):
        """Override of `b2b_account`: above the limit, an approval is asked for."""
        return []

    def _find_b2b_acceptance_problems(self, partner):
        """Override of `b2b_account` to ask the rules of the customer's company."""
        problems = super()._find_b2b_acceptance_problems(partner)
        if problems:
            return problems
        if self.document_type == "web":  # a cart of the public shop is not paid by its link either
            return self._get_b2b_web_problems()
        return self._get_b2b_budget_refusal() or self._get_b2b_quotation_refusal(partner)

    def _get_b2b_quotation_amount(self):
        """Return the amount of a quotation, untaxed, in the currency of the seller."""
        amount = self._convert_b2b_amount(self.amount_untaxed, self.currency_id)
        return self.company_id.currency_id.round(amount)

    def _get_b2b_quotation_budgets(self):
        """Return the budgets from which a quotation would take.

        :rtype: b2b.budget
        """
        today = self.env["b2b.agreement"]._get_today(self.company_id)
        return self.env["b2b.budget"]._get_of_day(self.cost_center_id, self.company_id, today)

    def _get_b2b_budget_refusal(self):
        """Say that a budget refuses a quotation.

        :rtype: list[str]
        """
        budgets = self._get_b2b_quotation_budgets()
        exceeded = budgets._find_exceeded(self, self._get_b2b_quotation_amount())
        blocked = self._get_b2b_budget_policies(exceeded, "block")
        return [budget._describe_excess(by) for budget, by in blocked.items()]

    def _get_b2b_quotation_facts(self, partner):
        """Return what the rules look at.

        :param res.partner partner: who accepts, in sudo mode
        :rtype: OrderFacts
        """
        amount, currency = self._get_b2b_quotation_amount(), self.company_id.currency_id
        limit = partner._get_b2b_member().order_limit
        exceeded = self._get_b2b_quotation_budgets()._find_exceeded(self, amount)
        return OrderFacts(
            amount=amount,
            currency=currency,
            cost_center=self.cost_center_id,
            products=self._get_b2b_wanted_products(),
            is_above_limit=bool(limit) and currency.compare_amounts(amount, limit) > 0,
            is_new_address=self._is_b2b_new_address({}),
            exceeded_budgets=self._get_b2b_budget_policies(exceeded, "approval"),
        )

    def _get_b2b_quotation_refusal(self, partner):
        """Say that a quotation needs an approval, and whose.

        :param res.partner partner: who would accept it, in sudo mode
        :return: the message; none when no rule fits, or he is the one to decide
        :rtype: list[str]
        """
        steps = self._get_b2b_asked_steps(self._get_b2b_quotation_facts(partner))
        if not steps:
            return []
        deciders = self._get_b2b_quotation_deciders(steps)
        if partner in deciders.partner_id:
            return []
        company = self.b2b_customer_id.name
        reasons = ", ".join(dict.fromkeys(asked.reason for asked in steps))
        if not deciders:
            return [
                self.env._(
                    "This quotation needs an approval of %(company)s (%(reasons)s), and nobody can"
                    " give it alone. Please order in the B2B shop, at %(url)s: it is asked for"
                    " there.",
                    company=company,
                    reasons=reasons,
                    url="/my/b2b",
                )
            ]
        return [
            self.env._(
                "This quotation needs an approval of %(company)s (%(reasons)s). Please ask"
                " %(names)s to accept it.",
                company=company,
                reasons=reasons,
                names=", ".join(deciders.partner_id.mapped("name")),
            )
        ]

    def _get_b2b_quotation_deciders(self, steps):
        """Return who may decide on all that is asked, and so accept the quotation.

        The quotation is the one of its contact, who decides on it himself only where the company
        lets approvers decide on their own orders.

        :param list steps: `AskedStep`
        :rtype: b2b.member
        """
        Task = self.env["b2b.approval.task"]
        # sudo: empty, in the mode of the full ones
        nobody = self.env["b2b.member"].sudo()
        found = [
            nobody.union(
                *Task._resolve(self, self.partner_id, asked.step.member_ids, not asked.step)
            )
            for asked in steps
        ]
        deciders = found[0]
        for members in found[1:]:
            deciders &= members
        return deciders

    def _validate_order(self):
        """Override of `sale` to let no two customers accept what one budget refuses.

        :raise UserError: when a budget refuses it by now
        """
        self._check_b2b_acceptance()
        return super()._validate_order()

    def _check_b2b_acceptance(self):  # pylint: disable=missing-return
        """Override of `b2b_account` to ask the budgets."""
        super()._check_b2b_acceptance()
        for order in self.sudo():  # one, as customers accept them; they read no budgets
            if budgets := order._get_b2b_quotation_budgets():
                budgets._lock_for_order()
                if problems := order._get_b2b_budget_refusal():
                    raise UserError("\n".join(problems))

    def _note_b2b_acceptance(self):  # pylint: disable=missing-return
        """Override of `b2b_account` to take what waits from the budget of the day."""
        super()._note_b2b_acceptance()
        for order in self.sudo().filtered("cost_center_id"):  # one; customers read no budgets
            order.write(order._prepare_b2b_budget_values())

    def _forget_b2b_acceptance(self):  # pylint: disable=missing-return
        """Override of `b2b_account`: the day of the next acceptance chooses the budget."""
        super()._forget_b2b_acceptance()
        dated = self.filtered("b2b_budget_date")
        dated.write({"b2b_budget_date": False, "b2b_budget_rate": False})
