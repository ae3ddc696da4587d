from odoo.http import request

from odoo.addons.b2b_portal.controllers.checkout import B2BCheckoutPortal


class B2BApprovalCheckoutPortal(B2BCheckoutPortal):
    """The checkout: the cost centre, and what becomes of an order that needs an approval."""

    def _get_b2b_form_fields(self):
        """Override of `b2b_portal` to read the cost centre."""
        return (*super()._get_b2b_form_fields(), "cost_center_id")

    def _b2b_values(self, agreement, page_name, **values):
        """Override of `b2b_portal` to offer the cost centres at checkout."""
        values = super()._b2b_values(agreement, page_name, **values)
        if page_name == "b2b_checkout" and values["cart"]:
            # sudo: buyers choose among the cost centres of their own company
            customer = values["cart"].sudo().b2b_customer_id
            values["b2b_cost_centers"] = request.env["b2b.cost.center"]._get_of_customer(customer)
            values["b2b_cost_center_required"] = customer.b2b_cost_center_required
            values["b2b_cost_center_id"] = values["cart"]._get_b2b_cost_center().id
        return values

    def _render_b2b_checkout(self, agreement, cart, form=None, problems=None, changes=()):
        """Override of `b2b_portal` to keep the chosen cost centre when the page comes again.

        And to say what the order would do to budgets, while it can still be left.
        """
        response = super()._render_b2b_checkout(agreement, cart, form, problems, changes)
        values = response.qcontext
        if values.get("b2b_cost_centers"):
            outlook = cart._get_b2b_budget_outlook(values["today"]["untaxed"])
            values["b2b_budget_outlook"] = outlook
        if form and form.get("cost_center_id") is not None:
            chosen = self._read_id(form["cost_center_id"])
            response.qcontext["b2b_cost_center_id"] = chosen
        return response

    def _place_b2b_cart(self, agreement, cart, values, form, seen):
        """Override of `b2b_portal` to warn of budgets that are exceeded now."""
        response = super()._place_b2b_cart(agreement, cart, values, form, seen)
        # The page of a request says so itself.
        if cart.b2b_qualifier not in ("cart", "approval"):
            # sudo: buyers read no budgets; they learn that of their own order
            self._add_b2b_messages(
                ("warning", text) for text in cart.sudo()._get_b2b_budget_warnings()
            )
        return response
