from odoo import api, models


class SaleOrderStatus(models.Model):
    """The codebook of statuses: events of one addon on statuses that another one ships."""

    _inherit = "sale.order.status"

    @api.model
    def _get_added_events(self):
        """Return which events belong on which statuses that ship with other addons.

        Hook: addons add theirs. Statuses and events that are not there are passed over.

        :return: ``[(xml id of the status, xml id of the event, codes of the events that the
            status ships with)]``
        :rtype: list[tuple[str, str, tuple]]
        """
        return []

    @api.model
    def _add_events_to_shipped_statuses(self):
        """Put the events of ``_get_added_events`` on statuses as they shipped.

        Called when one of the two addons is installed, in whichever order, and by scripts that
        update a database. Whoever has given a status other events, another type, a company, or
        has archived it, knows better: it is left alone, and so is an event that sets a status
        already.
        """
        # sudo: part of an installation, whoever starts it
        statuses = self.sudo().with_context(active_test=False)
        for status_name, event_name, shipped in statuses._get_added_events():
            status = self.env.ref(status_name, raise_if_not_found=False)
            event = self.env.ref(event_name, raise_if_not_found=False)
            if not status or not event or not status.sudo()._is_as_shipped(shipped):
                continue
            if not statuses.search_count([("event_ids", "in", event.ids)], limit=1):
                status.sudo().event_ids |= event

    def _is_as_shipped(self, codes):
        """Whether what sets this status is still what it shipped with.

        :param tuple codes: of the events that it ships with
        """
        self.ensure_one()
        return (
            self.active
            and not self.document_type
            and not self.company_id
            and set(codes) <= set(self.event_ids.mapped("code"))
        )
