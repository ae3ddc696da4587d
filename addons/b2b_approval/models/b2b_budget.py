from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.b2b_agreement.naming import may_name

# Of an order: what it takes from a budget follows from these, and from its request.
USING_FIELDS = (
    *("state", "b2b_qualifier", "amount_untaxed", "date_order"),
    *("b2b_budget_date", "b2b_budget_rate"),
    *("order_line.invoice_lines.parent_state", "order_line.invoice_lines.price_subtotal"),
)


class B2bBudget(models.Model):
    """What may be ordered on a cost centre within a period, at one selling company.

    The day of the request chooses the period. An order is reserved while it waits for an approval,
    as is a quotation that the customer accepted and the seller looks at; it is spent once it is
    placed, and released when it is declined, withdrawn, expired or cancelled; credit notes give
    back what they credit.
    """

    _name = "b2b.budget"
    _description = "Budget of a cost centre"
    _order = "date_start desc, id desc"
    _rec_name = "cost_center_id"

    cost_center_id = fields.Many2one(
        comodel_name="b2b.cost.center",
        string="Cost centre",
        required=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(related="cost_center_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        string="Selling company",
        required=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_start = fields.Date(required=True)
    date_end = fields.Date(required=True)
    amount = fields.Monetary(required=True, help="Untaxed.")
    policy = fields.Selection(
        selection=[
            ("warn", "Warn"),
            ("approval", "Ask for an approval"),
            ("block", "Refuse the order"),
        ],
        string="When exceeded",
        required=True,
        default="warn",
    )
    reserved = fields.Monetary(
        compute="_compute_use", help="Waits for an approval, or for the seller."
    )
    spent = fields.Monetary(compute="_compute_use", help="Ordered, less what was credited.")
    left = fields.Monetary(compute="_compute_use")
    lock_count = fields.Integer(
        copy=False, readonly=True, help="Counts the checkouts that have asked for what is left."
    )

    _dates_in_order = models.Constraint(
        "CHECK (date_start <= date_end)", "A budget cannot end before it begins."
    )
    _amount_positive = models.Constraint("CHECK (amount >= 0)", "A budget cannot be negative.")

    # === COMPUTE METHODS === #

    # Nothing is stored: these only tell that what was read a moment ago may differ by now.
    @api.depends(
        *("amount", "date_start", "date_end", "cost_center_id", "company_id"),
        *(f"cost_center_id.order_ids.{name}" for name in USING_FIELDS),
    )
    def _compute_use(self):
        uses = self._get_uses()
        for budget in self:
            reserved, spent = uses.get(budget._origin.id, (0.0, 0.0))
            budget.reserved = budget.currency_id.round(reserved)
            budget.spent = budget.currency_id.round(spent)
            budget.left = budget.amount - budget.reserved - budget.spent

    @api.constrains("cost_center_id", "company_id")
    def _check_seller(self):
        for budget in self:
            seller = budget.partner_id.company_id
            if seller and seller not in budget.company_id.parent_ids:
                if not may_name(budget.partner_id, budget.company_id):
                    raise ValidationError(
                        self.env._("The customer does not buy from the selling company.")
                    )
                raise ValidationError(
                    self.env._(
                        "%(customer)s does not buy from %(company)s.",
                        customer=budget.partner_id.display_name,
                        company=budget.company_id.display_name,
                    )
                )

    # === USE === #

    def _get_uses(self, without=None):
        """Return what is reserved and spent of each budget, in one query.

        :param sale.order without: not counting this order
        :return: `{budget id: (reserved, spent)}`, untaxed, in the currency of the budget
        :rtype: dict
        """
        ids = self._origin.ids
        if not ids:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT budget.id,
                       COALESCE(SUM(used.amount) FILTER (WHERE used.is_reserved), 0),
                       COALESCE(SUM(used.amount) FILTER (WHERE NOT used.is_reserved), 0)
                  FROM b2b_budget budget
                  JOIN LATERAL (%(used)s) used ON TRUE
                 WHERE budget.id IN %(ids)s
              GROUP BY budget.id
                """,
                used=self._get_used_sql(without),
                ids=tuple(ids),
            )
        )
        return {budget_id: (float(reserved), float(spent)) for budget_id, reserved, spent in rows}

    @api.model
    def _get_used_sql(self, without=None):
        """Return the orders that use a budget, one row each; credit notes are taken off.

        All of an order counts at its own rate, so that a whole credit note gives all of it back;
        an invoice in another currency counts as it was posted. A credit note gives back no more
        than the order took, and nothing of what was invoiced again. Down payments are left out:
        one that is credited is to be paid with the order.
        """
        return SQL(
            """
            SELECT sale.b2b_qualifier = 'approval' AND sale.state = 'draft'
                   OR sale.b2b_qualifier IS NULL AND sale.state != 'sale' AS is_reserved,
                   ROUND(GREATEST(0, taken.amount - GREATEST(0, COALESCE(booked.credited, 0)
                       - GREATEST(0, COALESCE(booked.invoiced, 0) - taken.amount)
                   )), own.decimal_places) AS amount
              FROM sale_order sale
              JOIN res_company seller ON seller.id = sale.company_id
              JOIN res_currency own ON own.id = seller.currency_id
        CROSS JOIN LATERAL (
                    SELECT COALESCE(
                               NULLIF(sale.b2b_budget_rate, 0),
                               1 / COALESCE(NULLIF(sale.currency_rate, 0), 1)
                           )::numeric AS rate
                   ) day
        CROSS JOIN LATERAL (
                    SELECT ROUND(sale.amount_untaxed * day.rate, own.decimal_places) AS amount
                   ) taken
         LEFT JOIN b2b_approval approval ON approval.order_id = sale.id
         LEFT JOIN LATERAL (
                    SELECT SUM(item.amount) FILTER (
                               WHERE item.move_type = 'out_refund'
                           ) AS credited,
                           SUM(item.amount) FILTER (
                               WHERE item.move_type IN ('out_invoice', 'out_receipt')
                           ) AS invoiced
                      FROM (
                            SELECT move.move_type,
                                   CASE WHEN move.currency_id = sale.currency_id
                                        THEN line.price_subtotal * day.rate
                                        WHEN move.move_type = 'out_refund' THEN line.balance
                                        ELSE -line.balance END AS amount
                              FROM account_move_line line
                              JOIN account_move move ON move.id = line.move_id
                             WHERE move.state = 'posted'
                               AND line.id IN (
                                    SELECT rel.invoice_line_id
                                      FROM sale_order_line_invoice_rel rel
                                      JOIN sale_order_line ordered ON ordered.id = rel.order_line_id
                                     WHERE ordered.order_id = sale.id
                                       AND NOT COALESCE(ordered.is_downpayment, FALSE)
                               )
                           ) item
                   ) booked ON TRUE
             WHERE sale.cost_center_id = budget.cost_center_id
               AND sale.company_id = budget.company_id
               -- the very expression of the index of orders
               AND COALESCE(sale.b2b_budget_date, sale.date_order::date)
                   BETWEEN budget.date_start AND budget.date_end
               AND sale.id != %(without)s
               AND (
                    sale.state = 'sale'
                    OR sale.b2b_qualifier = 'order' AND sale.state = 'sent'
                    OR sale.b2b_qualifier = 'approval' AND approval.state = 'pending'
                    OR %(accepted)s
               )
            """,
            without=without.id if without else 0,
            accepted=self.env["sale.order"]._get_b2b_accepted_sql(),
        )

    @api.model
    def _get_of_day(self, center, company, day):
        """Return the budgets of a cost centre on a day, in sudo mode.

        :param b2b.cost.center center: one or several, may be empty
        :param res.company company: the selling one
        :param date day: of the request
        :rtype: b2b.budget
        """
        # sudo: buyers do not read budgets; what is left is told to them in words
        budgets = self.sudo()
        if not center:
            return budgets
        return budgets.search(
            Domain("cost_center_id", "in", center.ids)
            & Domain("company_id", "=", company.id)
            & Domain("date_start", "<=", day)
            & Domain("date_end", ">=", day),
            order="id",
        )

    def _lock_for_order(self):
        """Let one checkout at a time ask for what is left.

        A change of the rows, and no mere lock: whoever waited for another checkout must not add
        up what was there before it. Odoo runs that request again, on fresh data.
        """
        if self:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE b2b_budget SET lock_count = COALESCE(lock_count, 0) + 1
                     WHERE id IN (
                        SELECT id FROM b2b_budget WHERE id IN %s ORDER BY id FOR UPDATE
                     )
                    """,
                    tuple(self.ids),
                )
            )

    def _get_exceeded(self, order, amount):
        """Return the budgets that an order would exceed; exactly met is within.

        :param sale.order order: counted with this amount, not with what it has stored
        :param float amount: untaxed, in the currency of the budgets
        :return: `{b2b.budget: by how much}`
        :rtype: dict
        """
        self._lock_for_order()
        return self._find_exceeded(order, amount)

    def _find_exceeded(self, order, amount):
        """Return the same for a page, which locks nothing: it may differ a moment later."""
        uses = self._get_uses(without=order)
        over = {
            budget: sum(uses.get(budget.id, (0.0, 0.0))) + amount - budget.amount for budget in self
        }
        return {
            budget: excess
            for budget, excess in over.items()
            if budget.currency_id.compare_amounts(excess, 0.0) > 0
        }

    def _describe_excess(self, excess):
        """Return in words that an order exceeds a budget.

        :param float excess: by how much
        :rtype: str
        """
        self.ensure_one()
        return self.env._(
            "The budget of %(center)s is exceeded by %(amount)s.",
            center=self.cost_center_id.display_name,
            amount=self.currency_id.format(excess),
        )
