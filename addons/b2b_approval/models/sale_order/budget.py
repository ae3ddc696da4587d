from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.b2b_agreement.naming import may_name

# The day whose budget pays for an order.
DAY = "COALESCE(b2b_budget_date, date_order::date)"


class SaleOrder(models.Model):
    """Cost centres: chosen at checkout, and what an order takes from a budget."""

    _inherit = "sale.order"

    cost_center_id = fields.Many2one(
        comodel_name="b2b.cost.center",
        string="Cost centre of the customer",
        copy=False,
        ondelete="restrict",
        domain="[('partner_id', '=', b2b_customer_id)]",
    )
    b2b_budget_date = fields.Date(
        string="Budget of the day",
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="The day of the request: it chooses the budget.",
    )
    b2b_budget_rate = fields.Float(
        string="Rate of the budget",
        digits=0,
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="Of that day: currency of the selling company for one of the order's.",
    )

    # As `_get_used_sql` of budgets asks: an old cost centre has many orders, a period few of them.
    _b2b_cost_center_day_idx = models.Index(
        f"(cost_center_id, ({DAY})) WHERE cost_center_id IS NOT NULL"
    )

    @api.onchange("partner_id")
    def _onchange_partner_cost_center(self):
        """A quotation for another customer is not booked on the cost centre of the first one."""
        if self.cost_center_id.partner_id != self.partner_id.commercial_partner_id:
            self.cost_center_id = False

    @api.constrains("cost_center_id", "b2b_customer_id")
    def _check_cost_center(self):
        """Refuse a cost centre of another customer: its budget would pay, and its name be read."""
        # sudo: buyers read no cost centres
        for order in self.sudo().filtered("cost_center_id"):
            if order.cost_center_id.partner_id != order.b2b_customer_id:
                if not may_name(order.cost_center_id, order.b2b_customer_id):
                    raise ValidationError(
                        self.env._("Please choose a cost centre of your own company.")
                    )
                raise ValidationError(
                    self.env._(
                        "%(center)s is no cost centre of %(company)s.",
                        center=order.cost_center_id.display_name,
                        company=order.b2b_customer_id.display_name,
                    )
                )

    # === CHECKOUT === #

    def _prepare_b2b_checkout_values(self, agreement, form):
        """Override of `b2b_portal` to read the cost centre; without the field, the buyer's own."""
        values, problems = super()._prepare_b2b_checkout_values(agreement, form)
        order = self.sudo()  # buyers read neither cost centres nor what their company requires
        centers = self.env["b2b.cost.center"]._get_of_customer(order.b2b_customer_id)
        text = form.get("cost_center_id")
        center = order._get_b2b_cost_center() if text is None else centers.browse()
        if text:
            # A request keeps what it was asked for, also when it is taken out of use meanwhile.
            asked = order.cost_center_id if order.b2b_qualifier == "approval" else centers.browse()
            centers |= asked.filtered(lambda one: one.partner_id == order.b2b_customer_id)
            center = centers.filtered(lambda one: str(one.id) == str(text).strip())
            if not center:
                problems.append(self.env._("Please choose a cost centre of your own company."))
        elif not center and centers and order.b2b_customer_id.b2b_cost_center_required:
            problems.append(self.env._("Please choose a cost centre."))
        values["cost_center_id"] = center.id
        return values, problems

    def _get_b2b_cost_center(self):
        """Return the cost centre that is proposed at checkout, in sudo mode.

        :rtype: b2b.cost.center
        """
        self.ensure_one()
        order = self.sudo()  # as above
        center = order.cost_center_id or order.partner_id._get_b2b_member().cost_center_id
        return center.filtered(lambda one: one.active and one.partner_id == order.b2b_customer_id)

    def _get_b2b_budget_rate(self, day):
        """Return what the seller's currency is for one of the order's.

        :param date day: of the request
        :rtype: float
        """
        company, currency = self.company_id, self._get_b2b_amount_currency()
        return currency._get_conversion_rate(currency, company.currency_id, company, day)

    def _renew_b2b_terms(self):  # pylint: disable=missing-return
        """Override of `b2b_portal`: the rate of a request is one of its currency."""
        before = self.currency_id
        super()._renew_b2b_terms()
        order = self.sudo()  # buyers read no budgets; nothing else is written
        if order.b2b_budget_rate and self.currency_id != before:
            order.b2b_budget_rate = order._get_b2b_budget_rate(order.b2b_budget_date)

    @api.model
    def _get_b2b_budget_policies(self, exceeded, policy):
        return {budget: by for budget, by in exceeded.items() if budget.policy == policy}

    def _get_b2b_budget_freed(self, untaxed):
        """Return what a budget gets back when this request comes to another amount.

        :param float untaxed: the other amount, in the currency of the order
        :return: in the currency of the budgets
        :rtype: float
        """
        # No rate where no cost centre was chosen: there is no budget, either.
        currency, rate = self.company_id.currency_id, self.b2b_budget_rate
        return currency.round(self.amount_untaxed * rate) - currency.round(untaxed * rate)

    def _get_b2b_budget_warnings(self, freed=0.0):
        """Return which budgets are exceeded now that this order is there, in words.

        :param float freed: of `_get_b2b_budget_freed`, when less is asked about
        :rtype: list[str]
        """
        budgets = self.env["b2b.budget"]._get_of_day(
            self.cost_center_id, self.company_id, self.b2b_budget_date
        )
        return [
            budget._describe_excess(-left)
            for budget in budgets
            if budget.currency_id.compare_amounts(left := budget.left + freed, 0.0) < 0
        ]

    def _get_b2b_budget_outlook(self, untaxed):
        """Return what this cart would do to budgets, before it is ordered, by cost centre.

        :param float untaxed: what it costs today, in the currency of the agreement's list
        :return: messages, of all cost centres of the customer that can be chosen
        :rtype: list[str]
        """
        ends = {
            "warn": self.env._("You can order all the same."),
            "approval": self.env._("The order needs an approval."),
            "block": self.env._("The order would be refused."),
        }
        return [
            f"{budget.with_env(self.env)._describe_excess(by)} {ends[budget.policy]}"
            for budget, by in self._find_b2b_exceeded_by_choice(untaxed).items()
        ]

    def _find_b2b_exceeded_by_choice(self, untaxed):
        """Return the budgets that this cart may exceed, as a cost centre is chosen.

        :param float untaxed: as for `_get_b2b_budget_outlook`
        :return: `{b2b.budget: by how much}`, in sudo mode
        :rtype: dict
        """
        self.ensure_one()
        order = self.sudo()  # buyers read neither cost centres nor budgets
        centers = order.env["b2b.cost.center"]._get_of_customer(order.b2b_customer_id)
        day = order.env["b2b.agreement"]._get_today(order.company_id)
        budgets = order.env["b2b.budget"]._get_of_day(centers, order.company_id, day)
        amount = order.company_id.currency_id.round(order._convert_b2b_amount(untaxed))
        return budgets._find_exceeded(order, amount)

    def _may_b2b_checkout_refuse(self):
        """Override of `b2b_account`: a budget may, of a cost centre that can be chosen."""
        if super()._may_b2b_checkout_refuse():
            return True
        if self.b2b_qualifier != "cart":
            return False
        exceeded = self._find_b2b_exceeded_by_choice(self._get_b2b_today()["untaxed"])
        return bool(self._get_b2b_budget_policies(exceeded, "block"))

    def action_confirm(self):
        """Override of `sale` to keep the day whose budget pays for an order of the seller.

        The day is one where the seller is: the time of the order says it in UTC.
        """
        res = super().action_confirm()
        # sudo: whoever confirms may not read the cost centre
        for order in self.sudo().filtered("cost_center_id"):
            if order.state == "sale" and not order.b2b_budget_date:
                order.write(order._prepare_b2b_budget_values())
        return res

    # === DOCUMENTS === #

    def _prepare_invoice(self):
        """Override of `sale` to book the invoice on the cost centre of the order."""
        values = super()._prepare_invoice()
        # False without one: the values are sorted by it.
        return {**values, "cost_center_id": self.cost_center_id.id}

    def _get_invoice_grouping_keys(self):
        """Override of `sale` to make an invoice for each cost centre."""
        return [*super()._get_invoice_grouping_keys(), "cost_center_id"]
