import hashlib
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.b2b_account import rights
from odoo.addons.b2b_pricelist.formatting import (
    format_input_quantity,
    format_percentage,
    format_quantity,
    format_unit_price,
)

from ...context_keys import DECIDING
from ...exceptions import NotPlacedError


class B2bApproval(models.Model):
    """What pages show of requests, and to whom."""

    _inherit = "b2b.approval"

    @api.model
    def _get_visible_domain(self, partner):
        """Return the requests that a contact sees: his own, those he is asked about, or all.

        :param res.partner partner: a contact, in sudo mode
        :rtype: Domain
        """
        customer = partner.commercial_partner_id
        # Of an order that was given to another customer, neither one sees the request: one reads
        # what the other's colleagues said, the other one what is ordered by now.
        company = Domain("customer_id", "=", customer.id)
        company &= Domain("order_id.b2b_customer_id", "=", customer.id)
        if partner._b2b_may(rights.ADMINISTRATE):
            return company
        mine = Domain("requested_by_id", "=", partner.id) | self._get_asked_domain(partner)
        return company & (mine | self._get_waiting_domain(partner))

    @api.model
    def _get_asked_domain(self, partner):
        """Return the requests about which a contact is or was asked.

        :param res.partner partner: a contact, in sudo mode
        :rtype: Domain
        """
        member = partner._get_b2b_member().filtered("active")
        domain = Domain("decision_ids.member_id", "in", member.ids)
        if named := self._get_represented(member).filtered("may_approve"):
            domain |= Domain("asked_member_ids", "in", named.ids) | Domain("is_for_any", "=", True)
        return domain

    @api.model
    def _get_represented(self, member):
        """Return as whom a colleague decides today: himself, and those he stands in for.

        :param b2b.member member: may be empty
        :rtype: b2b.member
        """
        day = self.env["b2b.agreement"]._get_today(self.env.company)
        return member | member._get_stood_in_for(day).filtered("has_login")

    @api.model
    def _get_waiting_domain(self, partner):
        """Return the requests that wait for a contact, or for somebody whom he stands in for.

        What `b2b.approval.task._get_deciders` says of one step, as a search.

        :param res.partner partner: a contact, in sudo mode
        :rtype: Domain
        """
        customer = partner.commercial_partner_id
        represented = self._get_represented(partner._get_b2b_member().filtered("active"))
        is_left = self._get_left_domain(customer)

        def asked_as(members):
            named = members.filtered("may_approve")
            tasks = Domain("member_ids", "in", named.ids)
            if named:
                tasks |= Domain("is_for_any", "=", True)
            return tasks | is_left if members.filtered("is_administrator") else tasks

        domain = Domain("customer_id", "=", customer.id) & Domain("state", "=", "pending")
        domain &= Domain("expires_on", ">", fields.Datetime.now())
        tasks = asked_as(represented)
        if not customer.b2b_approve_own:
            domain &= Domain("requested_by_id", "!=", partner.id)
            requester = "approval_id.requested_by_id"
            tasks &= Domain(requester, "not in", represented.partner_id.ids)
            for member in represented:  # on whose own orders nobody decides in his place
                own = Domain(requester, "=", member.partner_id.id)
                tasks |= own & asked_as(represented - member)
        return domain & Domain("task_ids", "any", Domain("is_open", "=", True) & tasks)

    @api.model
    def _get_left_domain(self, customer):
        """Return the steps on which nobody is left to decide but the administrators.

        :param res.partner customer: in sudo mode
        :return: of `b2b.approval.task`
        :rtype: Domain
        """
        usable = self.env["b2b.member"]._search_b2b_approvers(customer)

        def left_to(members):
            named = Domain("is_for_any", "=", False) & ~Domain("member_ids", "in", members.ids)
            return named if members else named | Domain("is_for_any", "=", True)

        if customer.b2b_approve_own:
            return left_to(usable)
        requester = "approval_id.requested_by_id"
        domain = Domain(requester, "not in", usable.partner_id.ids) & left_to(usable)
        for member in usable:  # whose own orders somebody else decides on
            own = Domain(requester, "=", member.partner_id.id)
            domain |= own & left_to(usable - member)
        return domain

    def _may_decide(self, member):
        """Whether a colleague can decide on this request now.

        :param b2b.member member: may be empty
        :rtype: bool
        """
        self.ensure_one()
        if not member or self.state != "pending" or self.expires_on <= fields.Datetime.now():
            return False
        return any(member in task._get_deciders() for task in self._get_current_tasks())

    def _get_deciding_names(self):
        """Return who is asked now, by name.

        :rtype: list[str]
        """
        if self.state != "pending":
            return []
        return self._get_current_deciders().partner_id.mapped("name")

    def _describe_state(self):
        """Return in words what became of a request, and by whom.

        :rtype: str
        """
        self.ensure_one()
        name = self.decision_ids[-1:].partner_id.name or ""
        if self.state == "approved":
            return self.env._("%(colleague)s has approved this request.", colleague=name)
        if self.state == "declined":
            return self.env._("%(colleague)s has declined this request.", colleague=name)
        if self.state == "withdrawn":
            return self.env._("%(colleague)s has withdrawn this request.", colleague=name)
        if self.state == "expired" or self.expires_on <= fields.Datetime.now():
            return self.env._("This request has expired.")
        return self.env._("This request waits for an approval.")

    def _get_budgets(self):
        """Return the budgets of the request, this order already counted.

        :rtype: b2b.budget
        """
        order = self.order_id
        return self.env["b2b.budget"]._get_of_day(
            order.cost_center_id, self.company_id, order.b2b_budget_date
        )

    def _get_page_url(self):
        """Return the address of the request's own page.

        :rtype: str
        """
        self.ensure_one()
        return f"{self.order_id.get_base_url()}/my/b2b/approvals/{self.id}"

    def _prepare_page_values(self, member, lowered=None):
        """Return what a decision needs, for the page of the request and that of the link.

        :param b2b.member member: who looks at it, may be empty
        :param dict lowered: `{line: quantity}` that an approver asks about; nothing is written
        :return: lines with their prices, what changed, budgets, who is asked
        :rtype: dict
        """
        self.ensure_one()
        order = self.order_id.with_company(self.company_id)
        is_waiting = self.state == "pending"
        may_decide = self._may_decide(member)
        today = order._get_b2b_shown(is_waiting)
        changes = order._get_b2b_request_changes(self, today) if is_waiting else []
        page_key = self._get_page_key(changes)
        freed = 0.0  # what the budget had of this order, and would get back
        if lowered and may_decide:
            before, today = today, order._get_b2b_today(lowered)
            changes = changes + order._get_b2b_price_rises(
                order._get_b2b_net_prices(before), order._get_b2b_net_prices(today, lowered)
            )
            freed = order._get_b2b_budget_freed(today["untaxed"])
        return {
            "approval": self,
            "order": order,
            "today": today,
            "may_decide": may_decide,
            "changes": changes,
            "page_key": page_key,
            "shown_quantities": self._get_shown_quantities(
                {line.id: quantity for line, quantity in (lowered or {}).items()}
            ),
            # Of what was decided, orders that came later are no history.
            "history": order._get_b2b_price_history(today) if is_waiting else None,
            "own_codes": order.order_line.product_id._get_b2b_customer_codes(self.customer_id),
            "budgets": self._get_budgets(),
            "budget_freed": freed,
            "budget_warnings": order._get_b2b_budget_warnings(freed) if is_waiting else [],
            "asked": self._get_deciding_names(),
            "request_date": order._get_b2b_request_date(),
            "format_price": partial(format_unit_price, self.env),
            "format_quantity": partial(format_quantity, self.env),
            "format_input_quantity": partial(format_input_quantity, self.env),
            "format_percentage": partial(format_percentage, self.env),
        }

    def _get_shown_quantities(self, lowered):
        """Return the quantities whose amounts a page shows, as its form carries them.

        :param dict lowered: `{line id: quantity}`, those that an approver has typed
        :rtype: str
        """
        lines = self.order_id.order_line.filtered("product_id")
        quantities = {line.id: lowered.get(line.id, line.product_uom_qty) for line in lines}
        return " ".join(f"{line}:{quantity:.6f}" for line, quantity in quantities.items())

    def _get_page_key(self, changes=None):
        """Return what stands for all that a page shows of what is decided on.

        :param list changes: of `_get_b2b_request_changes`; today's by default
        :rtype: str
        """
        self.ensure_one()
        order = self.order_id
        if changes is None:
            changes = self._get_changes_today() if self.state == "pending" else []
        stated = (
            self.statement,
            order.client_order_ref,
            order.b2b_note,
            order.commitment_date,
            order.cost_center_id.id,
            *changes,
        )
        return hashlib.sha256(repr(stated).encode()).hexdigest()

    def _get_changes_today(self):
        return self.order_id.with_company(self.company_id)._get_b2b_request_changes(self)

    def _get_page_refusal(self):
        """Return that the page shows something else by now, and what differs from the request."""
        head = self.env._("Something changed since you opened the page. Please look at it again.")
        return "\n".join([head, *self._get_changes_today()])

    def _keep_problem(self, error):
        """Keep why an approved request could not be placed: it stays pending, with the reason.

        Nothing of what concerns the approver alone: what he left out, or that it is not his turn.

        :param UserError error: of the try
        """
        if isinstance(error, NotPlacedError):
            # sudo: whoever decides writes no requests himself
            self.sudo().with_context(b2b_deciding=DECIDING).problem = str(error)[:1000]
