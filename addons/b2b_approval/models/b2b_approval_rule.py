from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.b2b_agreement.naming import may_name


class B2bApprovalRule(models.Model):
    """When an order of a customer needs an approval, and whose.

    All rules that fit apply. Example: "above 1,000 the head of department, then the director" is
    one rule with two steps; "every new address: the warehouse" is another one, whose step is
    decided side by side with the step of the same sequence.
    """

    _name = "b2b.approval.rule"
    _description = "B2B approval: rule"
    _order = "sequence, id"

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        domain=[("parent_id", "=", False)],
    )
    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    condition = fields.Selection(
        selection=[
            ("always", "Every order"),
            ("amount", "Amount above"),
            ("member_limit", "Order limit of the buyer exceeded"),
            ("budget", "Budget exceeded"),
            ("category", "Articles of a category"),
            ("address", "Delivery address not used before"),
        ],
        required=True,
        default="always",
    )
    amount = fields.Monetary(help="Untaxed, in the currency of the selling company.")
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    category_ids = fields.Many2many(comodel_name="product.category", string="Categories")
    cost_center_id = fields.Many2one(
        comodel_name="b2b.cost.center",
        string="Cost centre",
        ondelete="cascade",
        help="Only for orders of this cost centre; empty = of every one.",
    )
    step_ids = fields.One2many(
        comodel_name="b2b.approval.step", inverse_name="rule_id", string="Steps", copy=True
    )

    # === COMPUTE METHODS === #

    @api.depends_context("company")
    def _compute_currency_id(self):
        self.currency_id = self.env.company.currency_id

    @api.constrains("cost_center_id", "partner_id")
    def _check_cost_center(self):
        for rule in self:
            center = rule.cost_center_id
            if center and center.partner_id != rule.partner_id:
                if not may_name(center, rule.partner_id):
                    raise ValidationError(
                        self.env._("A rule is about a cost centre of its own customer.")
                    )
                raise ValidationError(
                    self.env._(
                        "%(center)s is no cost centre of %(company)s.",
                        center=center.display_name,
                        company=rule.partner_id.display_name,
                    )
                )

    @api.constrains("partner_id")
    def _check_steps(self):
        """Whoever decides is a colleague, also when the rule becomes another customer's."""
        self.step_ids._check_members()

    # === WHICH RULES FIT === #

    @api.model
    def _get_of_customer(self, customer):
        """Return the rules of a customer, in sudo mode.

        :param res.partner customer: the company
        :rtype: b2b.approval.rule
        """
        # sudo: buyers do not read the rules that their orders follow
        return self.sudo().search([("partner_id", "=", customer.id)])

    def _fits(self, facts):
        """Whether an order needs the approval of this rule.

        :param facts: `OrderFacts` of the order
        :rtype: bool
        """
        self.ensure_one()
        if self.cost_center_id and self.cost_center_id != facts.cost_center:
            return False
        return getattr(self, f"_fits_{self.condition}")(facts)

    def _fits_always(self, facts):
        return True

    def _fits_amount(self, facts):
        return facts.currency.compare_amounts(facts.amount, self.amount) > 0

    def _fits_member_limit(self, facts):
        return facts.is_above_limit

    def _fits_budget(self, facts):
        return bool(facts.exceeded_budgets)

    def _fits_category(self, facts):
        paths = facts.products.categ_id.mapped("parent_path")
        wanted = set(self.category_ids.ids)
        return any(int(one) in wanted for path in paths for one in path.split("/") if one)

    def _fits_address(self, facts):
        return facts.is_new_address

    def _get_new_address_domain(self, order, address_id):
        """Return the orders that went to an address before.

        :param sale.order order: the one that is about to be placed
        :param int address_id: of the contact
        :rtype: Domain
        """
        return (
            Domain("b2b_customer_id", "=", order.b2b_customer_id.id)
            & Domain("partner_shipping_id", "=", address_id)
            & Domain("id", "!=", order.id)
            & (
                Domain("state", "=", "sale")
                | (Domain("state", "=", "sent") & Domain("document_type", "!=", "sale"))
            )
            & ~order._get_b2b_draft_domain()
        )
