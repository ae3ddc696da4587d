from dataclasses import dataclass

from odoo import api, models, tools
from odoo.fields import Domain


@dataclass(frozen=True)
class Listener:
    """What a webhook wants to hear, kept in memory: asked at each change of a status.

    :ivar int id: of the webhook
    :ivar int company_id: 0 = orders of every company
    :ivar str document_type: empty = of every kind
    :ivar frozenset status_ids: empty = every status
    :ivar bool is_internal: also flags, and what customers are not shown
    """

    id: int
    company_id: int
    document_type: str
    status_ids: frozenset
    is_internal: bool


class OrderStatusWebhook(models.Model):
    """Which webhook hears which change."""

    _inherit = "order.status.webhook"

    @api.model
    @tools.ormcache()
    def _get_listeners(self):
        """Return what all active webhooks want to hear: ``(Listener, ...)``."""
        # sudo: what is told to other systems does not depend on who changes an order
        webhooks = self.sudo().with_context(active_test=True).search(Domain.TRUE)
        return tuple(
            Listener(
                webhook.id,
                webhook.company_id.id or 0,
                webhook.document_type or "",
                frozenset(webhook.status_ids.ids),
                webhook.is_internal,
            )
            for webhook in webhooks
        )

    @api.model
    def _get_listening(self, changes):
        """Return which webhook is to be told of which change.

        :param list[StatusChange] changes: applied ones
        :return: ``[(webhook id, StatusChange)]``, each webhook's in the order of the changes
        """
        listeners = self._get_listeners()
        told = {}
        if any(listener.is_internal for listener in listeners):
            told[True] = [c for c in changes if c.enters_status or c.new_flag != c.previous_flag]
        if any(not listener.is_internal for listener in listeners):
            told[False] = self._filter_customer_moves(changes)
        return [
            (listener.id, change)
            for listener in listeners
            for change in self._filter_wanted(listener, told[listener.is_internal])
        ]

    @api.model
    def _filter_wanted(self, listener, changes):
        """Return the changes that a listener wants to hear; of the orders is read what it asks."""
        if listener.status_ids:
            changes = [c for c in changes if c.new_status.id in listener.status_ids]
        # sudo: what is told does not depend on the rights of who changed the order
        orders = self.env["sale.order"].sudo().browse(change.order.id for change in changes)
        wanted = orders
        if listener.document_type:
            wanted = wanted.filtered(lambda order: order.document_type == listener.document_type)
        if listener.company_id:
            wanted = self._filter_company(listener.company_id, wanted)
        if wanted == orders:
            return changes
        wanted_ids = set(wanted.ids)
        return [change for change in changes if change.order.id in wanted_ids]

    @api.model
    def _filter_company(self, company_id, orders):
        """Return the orders of a company and its branches."""
        companies = orders.company_id
        own = companies.filtered(lambda company: company_id in company.parent_ids.ids)
        # Nearly always all or none: thousands of orders are of one company.
        if own in (companies, companies.browse()):
            return orders if own else orders.browse()
        return orders.filtered(lambda order: order.company_id in own)

    @api.model
    def _filter_customer_moves(self, changes):
        """Return the changes that the customer sees: not to a hidden status, nor from one back to
        what was shown all the time."""
        shown = [c for c in changes if c.enters_status and _is_shown(c.new_status)]
        behind_hidden = [c.history_id for c in shown if not _is_shown(c.previous_status)]
        before = self.env["order.status.webhook.delivery"]._find_shown_before(behind_hidden)
        return [
            change
            for change in shown
            if before.get(change.history_id, change.previous_status.id) != change.new_status.id
        ]


def _is_shown(status):
    """Whether customers are shown this status; none at all is shown as none."""
    return not status or status.is_public
