from odoo import models


class SaleOrder(models.Model):
    """Public shop: no way around approvals, since nobody is asked there."""

    _inherit = "sale.order"

    def _get_b2b_web_problems(self):
        """Override of `b2b_portal` to send to the B2B shop whoever needs an approval."""
        problems = super()._get_b2b_web_problems()
        # sudo: rules, cost centres and members are not for buyers to read
        return problems or self.sudo()._get_b2b_web_refusal()

    def _get_b2b_web_refusal(self):
        """Say that an order has to go through the checkout of the B2B shop.

        :return: the message; none when the company wants neither an approval nor a cost centre
        :rtype: list[str]
        """
        customer = self.b2b_customer_id
        centers = self.env["b2b.cost.center"]._get_of_customer(customer)
        if customer.b2b_cost_center_required and centers:
            return [
                self.env._(
                    "%(company)s books its orders on cost centres. Please order in the B2B shop,"
                    " at %(url)s.",
                    company=customer.name,
                    url="/my/b2b",
                )
            ]
        # The order is on no cost centre, so it takes nothing from a budget.
        steps = self._get_b2b_asked_steps(self._get_b2b_facts({}))
        if not steps:
            return []
        return [
            self.env._(
                "This order needs an approval of %(company)s (%(reasons)s). Please order in the"
                " B2B shop, at %(url)s: it is asked for there.",
                company=customer.name,
                reasons=", ".join(dict.fromkeys(asked.reason for asked in steps)),
                url="/my/b2b",
            )
        ]
