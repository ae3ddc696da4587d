from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.b2b_portal.models.sale_order.guards import PLACING

from ...context_keys import APPROVED, DECIDING
from ...order_facts import AskedStep, OrderFacts

# Where a limit or a budget asks for which no rule speaks.
OPEN_SEQUENCE = 10


class SaleOrder(models.Model):
    """Approvals: what the checkout makes of a cart to which a rule fits.

    The qualifier `approval` is beside those of `b2b_portal`: no order yet, guarded like a cart,
    seen by its buyer and, on the page of the request, by whoever decides.
    """

    _inherit = "sale.order"

    b2b_qualifier = fields.Selection(
        selection_add=[("approval", "Waiting for approval")],
        ondelete={"approval": lambda orders: orders._keep_b2b_requests()},
    )

    # === GUARDS === #

    def _keep_b2b_requests(self):
        """Make templates of requests, when nothing knows any more what a request is."""
        for order in self:  # each has a name of its own
            order.with_context(b2b_placing=PLACING).write(
                {"b2b_qualifier": "template", "b2b_template_name": order.name}
            )

    def _prepare_b2b_create_values(self, vals, defaults):
        """Override of `b2b_portal`: requests are made by the checkout only.

        :raise UserError: for a request
        """
        vals = super()._prepare_b2b_create_values(vals, defaults)
        if vals.get("b2b_qualifier") == "approval":
            raise UserError(self.env._("A request for approval is made by checking out a cart."))
        return vals

    def copy_data(self, default=None):
        """Override of `sale` to copy no requests.

        :raise UserError: for a request
        """
        if any(order.b2b_qualifier == "approval" for order in self):
            raise UserError(self.env._("A request for approval cannot be copied."))
        return super().copy_data(default)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_b2b_request(self):
        if any(order.b2b_qualifier == "approval" for order in self):
            raise UserError(self.env._("A request for approval is kept, with what was decided."))

    # === CHECKOUT === #

    def _get_b2b_limit_problems(self, untaxed):
        """Override of `b2b_account`: above the limit, an approval is asked for."""
        return []

    def _is_b2b_placeable(self):
        """Override of `b2b_portal` to place what was approved."""
        if self.env.context.get("b2b_approved") is APPROVED:
            return self.b2b_qualifier == "approval"
        return super()._is_b2b_placeable()

    def _finish_b2b_checkout(self, values):
        """Override of `b2b_portal` to make a request of a cart to which a rule fits.

        :raise UserError: when a budget refuses the order, or nobody could decide
        """
        order = self.sudo()  # rules, budgets and members are not for buyers to read
        facts = order._get_b2b_facts(values)
        is_approved = self.env.context.get("b2b_approved") is APPROVED
        steps = [] if is_approved else order._get_b2b_asked_steps(facts)
        if not is_approved:
            values = {**values, **order._prepare_b2b_budget_values()}
        if not steps:
            return super()._finish_b2b_checkout(values)
        return order._request_b2b_approval(values, steps)

    def _prepare_b2b_budget_values(self):
        """Return the day whose budget counts, and its rate."""
        day = self.env["b2b.agreement"]._get_today(self.company_id)
        return {"b2b_budget_date": day, "b2b_budget_rate": self._get_b2b_budget_rate(day)}

    def _get_b2b_facts(self, values):
        """Return what the rules look at.

        :param dict values: of `_prepare_b2b_checkout_values`
        :rtype: OrderFacts
        :raise UserError: when a budget refuses the order
        """
        amount = self._convert_b2b_amount(self.amount_untaxed)
        # sudo: buyers read no cost centres; the budgets' answer is for their own order
        center = self.env["b2b.cost.center"].sudo().browse(values.get("cost_center_id") or ())
        exceeded = self._get_b2b_exceeded_budgets(center)
        if blocked := self._get_b2b_budget_policies(exceeded, "block"):
            raise UserError("\n".join(one._describe_excess(by) for one, by in blocked.items()))
        currency = self.company_id.currency_id
        limit = self.partner_id._get_b2b_member().order_limit
        return OrderFacts(
            amount=amount,
            currency=currency,
            cost_center=center,
            products=self._get_b2b_wanted_products(),
            is_above_limit=bool(limit) and currency.compare_amounts(amount, limit) > 0,
            is_new_address=self._is_b2b_new_address(values),
            exceeded_budgets=self._get_b2b_budget_policies(exceeded, "approval"),
        )

    def _get_b2b_exceeded_budgets(self, center):
        """Return the budgets that this order exceeds, see `b2b.budget._get_exceeded`.

        :param b2b.cost.center center: may be empty
        :rtype: dict
        """
        day = self.b2b_budget_date or self.env["b2b.agreement"]._get_today(self.company_id)
        budgets = self.env["b2b.budget"]._get_of_day(center, self.company_id, day)
        if not budgets:
            return {}
        # What was reserved at the rate of the request is spent at that rate.
        amount = self.amount_untaxed * (self.b2b_budget_rate or self._get_b2b_budget_rate(day))
        return budgets._get_exceeded(self, self.company_id.currency_id.round(amount))

    def _get_b2b_wanted_products(self):
        """Return the articles that are ordered: an option that nobody chose has no quantity.

        :rtype: product.product
        """
        return self.order_line.filtered("product_uom_qty").product_id

    def _is_b2b_new_address(self, values):
        Rule = self.env["b2b.approval.rule"]
        address_id = values.get("partner_shipping_id") or self.partner_shipping_id.id
        return not self.search_count(Rule._get_new_address_domain(self, address_id), limit=1)

    def _get_b2b_asked_steps(self, facts):
        """Return who has to be asked, in order; nobody is asked the same twice.

        :param OrderFacts facts: of `_get_b2b_facts`
        :rtype: list[AskedStep]
        """
        rules = self.env["b2b.approval.rule"]._get_of_customer(self.b2b_customer_id)
        fitting = rules.filtered(lambda rule: rule._fits(facts))
        # sudo: empty, in the mode of the full ones
        anybody = self.env["b2b.approval.step"].sudo()
        asked = []
        for rule in fitting:
            if not rule.step_ids:
                asked.append(AskedStep(OPEN_SEQUENCE, anybody, rule.name))
            asked += [AskedStep(step.sequence, step, rule.name) for step in rule.step_ids]
        said = set(fitting.mapped("condition"))
        if facts.is_above_limit and "member_limit" not in said:
            asked.append(AskedStep(OPEN_SEQUENCE, anybody, self.env._("Above the order limit")))
        if facts.exceeded_budgets and "budget" not in said:
            words = [one._describe_excess(by) for one, by in facts.exceeded_budgets.items()]
            asked.append(AskedStep(OPEN_SEQUENCE, anybody, " ".join(words)))
        joined = {}
        for one in sorted(asked, key=lambda step: step.sequence):
            joined.setdefault(one.key, one)
        return list(joined.values())

    def _request_b2b_approval(self, values, steps):
        """Make the cart a request, and ask who has to decide first.

        :param dict values: of `_prepare_b2b_checkout_values`
        :param list steps: `AskedStep`
        :raise UserError: when nobody could decide
        """
        self._check_b2b_deciders(steps)
        self.with_context(b2b_placing=PLACING, tracking_disable=True).write(
            {
                **values,
                "b2b_qualifier": "approval",
                "date_order": fields.Datetime.now(),
                "name": self.env._("Request"),
            }
        )
        self.modified(["amount_total"])  # as in `_finish_b2b_checkout`
        self.env["b2b.approval"].with_context(b2b_deciding=DECIDING)._request(self, steps)

    def _check_b2b_deciders(self, steps):
        """Refuse a request on which nobody could decide.

        :raise UserError: naming the step
        """
        Task = self.env["b2b.approval.task"]
        # Asked for all of them at once, and in memory below.
        self.env["b2b.member"].union(*(one.step.member_ids for one in steps)).mapped("has_login")
        for asked in steps:
            members = asked.step.member_ids
            if not Task._resolve(self, self.partner_id, members, not asked.step):
                raise UserError(
                    self.env._(
                        "This order needs an approval (%(reason)s), and nobody of %(company)s can"
                        " give it. Please ask %(names)s.",
                        reason=asked.reason,
                        company=self.b2b_customer_id.name,
                        names=self.env["b2b.member"]._get_b2b_whom_to_ask(self.partner_id),
                    )
                )

    # === LINKS === #

    def _get_b2b_approval(self):
        """Return the request of this order, in sudo mode.

        :rtype: b2b.approval
        """
        # sudo: buyers read no requests; theirs are shown on pages
        return self.env["b2b.approval"].sudo().search([("order_id", "in", self.ids)], limit=1)

    def _get_b2b_placed_url(self):
        """Override of `b2b_portal` to lead to the request."""
        if self.b2b_qualifier == "approval":
            return f"/my/b2b/approvals/{self._get_b2b_approval().id}?message=requested"
        return super()._get_b2b_placed_url()

    @api.model
    def _get_b2b_placed_domain(self):
        """Override of `b2b_portal`: a cart that waits is checked out."""
        return super()._get_b2b_placed_domain() | Domain("b2b_qualifier", "=", "approval")

    def _compute_access_url(self):  # pylint: disable=missing-return
        """Override of `b2b_portal` to lead to the page of the request."""
        super()._compute_access_url()
        for order in self:
            if order.b2b_qualifier == "approval":
                order.access_url = f"/my/b2b/approvals/{order._get_b2b_approval().id}"
