from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain


class SaleOrder(models.Model):
    """Order status: what the customer's own pages ask the order."""

    _inherit = "sale.order"

    @api.depends("was_placed")
    def _compute_type_name(self):
        """Override of `sale` to call no order that was placed a quotation, whatever its state."""
        res = super()._compute_type_name()
        for order in self.filtered(lambda order: order.state in ("sent", "cancel")):
            if order.was_placed:
                order.type_name = order.env._("Sales Order")
        return res

    @api.model
    def _get_portal_placed_domain(self):
        """Return the domain of placed and cancelled orders, as the customer's list shows them.

        :rtype: Domain
        """
        return Domain("was_placed", "=", True)

    @api.model
    def _get_portal_status_filters(self):
        """Return what customers can filter their orders by: public statuses, by their name.

        Statuses of the same name (for two document types, for example) are one choice, and
        the id of each of them stands for it.

        :return: ``{status id: (name, ids of all statuses of that name)}``, in codebook order
        """
        statuses = self._get_public_statuses()
        names = {id_: name for id_, (name, _badge, active) in statuses.items() if active}
        alike = defaultdict(list)
        for status_id, name in names.items():
            alike[name].append(status_id)
        return {status_id: (name, alike[name]) for status_id, name in names.items()}

    @api.model
    def _get_public_statuses(self):
        """Return what the customer reads of the codebook, see ``sale.order.status``."""
        # sudo: customers do not read the companies above a branch
        company_ids = tuple(sorted(self.env.companies.sudo().parent_ids.ids))
        return self.env["sale.order.status"]._get_public_statuses(company_ids)

    def _get_customer_badges(self):
        """Return the badges for a list of these orders, each status rendered once.

        :rtype: dict[int, Markup] by id of the order
        """
        known = self._get_public_statuses()
        badges = {}
        # sudo: customers have no access to the codebook, only to the status they are shown
        for status, orders in self.sudo().grouped("customer_status_id").items():
            # One of a company that is not chosen at the moment is not among the known.
            badge = known[status.id][1] if status.id in known else status._get_customer_badge()
            badges.update(dict.fromkeys(orders.ids, badge))
        return badges

    def _is_customer_side(self, partner):
        """Whether the contact belongs to the customer of this order and may see it.

        As Odoo's portal rule has it: the order's customer is the contact's company or one
        below it.

        :param res.partner partner: a contact, of any company
        """
        self.ensure_one()
        # sudo: asked for portal users, who do not read all contacts
        ancestor = self.partner_id.sudo()
        commercial = partner.sudo().commercial_partner_id
        while ancestor and ancestor != commercial:
            ancestor = ancestor.parent_id
        return bool(ancestor)

    def _may_be_cancelled_by(self, user):
        """Whether this user acts as the customer of the order; what is possible is another
        question, see ``_get_customer_cancellation``.

        Salespeople who look at the customer's page cancel in the back office.

        :param res.users user: logged in
        """
        self.ensure_one()
        if not self.with_user(user).has_access("read"):
            return False
        return user._is_portal() or self._is_customer_side(user.partner_id)

    def _get_customer_page_values(self):
        """Return what the customer's pages show about the status, empty for a quotation.

        :rtype: dict with ``order_status`` (sale.order.status, sudo, may be empty),
            ``order_status_steps`` (see ``_get_customer_timeline``), ``order_cancellation``
            (``'allowed'``, ``'on_request'``, ``'closed'``), ``order_cancellation_reason``,
            ``order_cancellation_requested_on`` and ``order_cancellation_reason_required``
        """
        self.ensure_one()
        if not self.was_placed:
            return {}
        # sudo: customers do not read the internal fields; these values are for them
        order = self.sudo()
        qualifier, reason = order._get_customer_cancellation()
        return {
            "order_status_placed": True,
            "order_status": order.customer_status_id,
            "order_status_steps": order._get_customer_timeline(),
            "order_cancellation": qualifier,
            "order_cancellation_reason": reason,
            "order_cancellation_requested_on": order.cancellation_requested_on,
            "order_cancellation_reason_required": (
                order.company_id.order_status_cancel_reason_required
            ),
        }

    def _get_tracking_page_values(self):
        """Return what the public tracking page shows: the status, the delivery and what was
        ordered, without prices.

        :return: ``_get_customer_page_values`` and ``order`` (sudo), ``delivery`` (dict with
            ``expected_date`` and ``carriers``) and ``lines`` (sale.order.line, sudo)
        """
        self.ensure_one()
        order = self.sudo()  # the link is the right to see just this
        delivery = order._get_customer_delivery_info()
        return {
            **order._get_customer_page_values(),
            "order": order,
            "delivery": {
                # Nothing is expected any more once all is shipped (False) or cancelled.
                "expected_date": order.state != "cancel"
                and delivery.get("expected_date", order.commitment_date),
                "carriers": delivery.get("carriers") or [],
            },
            "lines": order.order_line.filtered(lambda line: line._is_on_tracking_page()),
        }
