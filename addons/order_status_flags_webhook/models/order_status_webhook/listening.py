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

    def wants(self, heard):
        """Whether a change is to be told.

        :param Heard heard: what there is to know of it
        """
        return (
            self.document_type in ("", heard.document_type)
            and (not self.status_ids or heard.status_id in self.status_ids)
            and (not self.company_id or self.company_id in heard.company_ids)
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """What webhooks look at of one change."""

    history_id: int
    document_type: str
    company_ids: tuple  # the order's company and those above it
    status_id: int


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
        :return: ``[(webhook id, history row id)]``, each webhook's in the order of the changes
        """
        listeners = self._get_listeners()
        told = {}
        if any(listener.is_internal for listener in listeners):
            moves = [c for c in changes if c.enters_status or c.new_flag != c.previous_flag]
            told[True] = self._prepare_heard(moves)
        if any(not listener.is_internal for listener in listeners):
            told[False] = self._prepare_heard(self._filter_customer_moves(changes))
        return [
            (listener.id, heard.history_id)
            for listener in listeners
            for heard in told[listener.is_internal]
            if listener.wants(heard)
        ]

    @api.model
    def _prepare_heard(self, changes):
        companies = {}
        found = []
        for change in changes:
            # sudo: what is told does not depend on the rights of who changed the order
            order = change.order.sudo()
            company = order.company_id
            if company not in companies:
                companies[company] = tuple(company.parent_ids.ids)
            found.append(
                Heard(
                    change.history_id,
                    order.document_type,
                    companies[company],
                    change.new_status.id,
                )
            )
        return found

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
