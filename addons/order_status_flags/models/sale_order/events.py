from odoo import api, models

from ...context_keys import KEEP_REJECTED
from ...status_change import StatusChange


class SaleOrder(models.Model):
    """Order status: what happens to an order, and the statuses that follow by themselves."""

    _inherit = "sale.order"

    def _react_to_state_change(self, before, explicit=None):
        """Let the events follow that a change of Odoo's state means.

        :param dict before: ``{order id: (state, whether it was placed)}`` before the change
        :param sale.order explicit: orders created with a status of their own, which no
            event has to give them
        """
        explicit = explicit or self.browse()
        # Read now: of two changes in one transaction, each counts.
        placed = {order.id: order.was_placed for order in self}
        changed = self.filtered(lambda order: before[order.id][0] != order.state)
        by_state = changed.grouped("state")
        # Not only what goes back to draft: a sent web order that is made a quotation, too.
        drafts = self.filtered(
            lambda order: (
                order.state == "draft"
                if before[order.id][0] != order.state
                else before[order.id][1] and not placed[order.id]
            )
        )
        cancelled = by_state.get("cancel", self.browse())
        drafts._clear_status_on_draft()
        drafts._forget_tracking_link()
        newly_placed = self.filtered(
            lambda order: order.state != "cancel" and placed[order.id] and not before[order.id][1]
        )
        newly_placed._mark_as_placed()
        by_state.get("sale", self.browse()).filtered(
            lambda order: before[order.id] == ("sent", True)
        )._start_promises()
        (newly_placed - explicit)._trigger_status_event("order_placed")
        (by_state.get("sale", self.browse()) - explicit)._trigger_status_event("order_confirmed")
        cancelled._trigger_status_event("order_cancelled")
        (cancelled | drafts)._close_cancellation_requests()
        cancelled._tell_held_money()
        changed.filtered(lambda order: before[order.id][0] == "cancel")._close_rejection()

    def _trigger_status_event(self, code):
        """Tell that something happened to these orders; the status mapped to it follows.

        An event never moves an order backwards and never out of a rejected status, see
        ``_get_contradictions`` for who is told then; one whose status does not apply is
        skipped in silence, so that no business step is ever blocked by it. Other addons call
        this with codes of their own ``sale.order.status.event`` records.

        :param str code: code of the event
        :return: the orders whose status changed
        """
        changes, statuses = [], {}
        # sudo: an event acts by the company's rules, not by the rights of who caused it
        for order in self.sudo():
            # Of orders that are alike, one is judged.
            present = order.order_status_id
            alike = order.was_placed, order.document_type, order.company_id, present
            if alike not in statuses:
                statuses[alike] = order._get_event_status(code)
            status = statuses[alike]
            if status and status != present:
                changes.append(StatusChange(order, status=status))
        self._tell_against_rejection(code)
        if not changes:
            return self.browse()
        self.browse(change.order.id for change in changes)._lock_for_status_change()
        any_path = code in self._get_unconditional_events()
        self._plan_status_changes(changes, check_groups=False, any_path=any_path)
        return self._apply_status_changes(changes, source="event")

    def _get_event_status(self, code, present=None):
        """Return the status this order (sudo) gets by the event, or an empty one.

        :param str code: code of the event
        :param sale.order.status present: the status that the order will have when the event
            happens, for plans; None = the one it has now
        """
        self.ensure_one()
        nothing = self.env["sale.order.status"]
        present = self.order_status_id if present is None else present
        if code in self._get_unconditional_events():
            applies = self._is_rejected_by_event(code, present)
        else:
            applies = self.was_placed and self._has_automatic_status()
        if not applies:
            return nothing
        status = nothing._get_for_event(code, self.document_type, self.company_id)
        if code in self._get_unconditional_events():
            return status
        return status if status and status._comes_after(present) else nothing

    def _get_cancelled_status(self, flag, present):
        """Return the status this order (sudo) gets when a flag cancels it, or an empty one.

        :param sale.order.flag flag: that cancels it
        :param sale.order.status present: the status that it has by then
        """
        return self._keep_rejected_by(flag)._get_event_status("order_cancelled", present)

    def _keep_rejected_by(self, flag):
        """Return these orders for being cancelled by a flag: its own rejected status is more
        telling than the event's and stays."""
        return self.with_context(order_status_keep_rejected=bool(flag.status_id) and KEEP_REJECTED)

    @api.model
    def _get_unconditional_events(self):
        """Return the codes of the events that apply whatever status an order has.

        Neither the order of the statuses nor "May be followed by" holds them up.

        Hook: addons add their own; one of these never changes a rejected status, except
        ``order_cancelled``.

        :rtype: set[str]
        """
        return {"order_cancelled"}

    def _is_rejected_by_event(self, code, present):
        """Whether an event of ``_get_unconditional_events`` applies to an order (sudo)."""
        keep = (
            code != "order_cancelled"
            or self.env.context.get("order_status_keep_rejected") is KEEP_REJECTED
        )
        if keep and present.category == "rejected":
            return False
        return bool(present) or (self.was_placed and self._has_automatic_status())

    def _has_automatic_status(self):
        """Whether events set the status of this order at all, by the company's settings."""
        self.ensure_one()
        # sudo: the setting counts whoever causes the event
        return self.document_type != "sale" or self.company_id.sudo().order_status_on_sales_orders

    def _clear_status_on_draft(self):
        """Empty status and flag, since a quotation is no order, and keep that in the history."""
        # sudo: an event, see `_trigger_status_event`
        orders = self.sudo().filtered(lambda order: order.order_status_id or order.order_flag_id)
        if not orders:
            return
        orders._lock_for_status_change()
        changes = [
            StatusChange(
                order,
                outcome="apply",
                previous_status=order.order_status_id,
                new_status=order.order_status_id.browse(),
                previous_flag=order.order_flag_id,
                new_flag=order.order_flag_id.browse(),
            )
            for order in orders
        ]
        self._apply_status_changes(changes, source="event", notify=False)

    def _follow_other_apps(self):
        """Look at the end of the transaction which events other apps have brought about.

        They count in the order's lines what they have invoiced or delivered, and call nothing
        that tells it. Not at once: the quantities are just being computed.
        """
        if not self:
            return
        precommit = self.env.cr.precommit
        order_ids = precommit.data.setdefault("order_status_flags.other_apps", set())
        if not order_ids:
            precommit.add(self.env["sale.order"].sudo()._tell_of_other_apps)  # sudo: an event
        order_ids.update(self.ids)

    @api.model
    def _tell_of_other_apps(self):
        order_ids = self.env.cr.precommit.data.pop("order_status_flags.other_apps", ())
        self.browse(order_ids).exists()._trigger_events_of_other_apps()
        # All was flushed before; this comes just before the commit.
        self.env.flush_all()

    def _trigger_events_of_other_apps(self):
        """Trigger the events that fit the quantities which other apps have changed.

        Hook: addons trigger theirs after these.
        """
        full = self.filtered(lambda order: order._is_invoiced_in_full())
        full._trigger_status_event("invoice_posted")

    def _touch_for_status(self):
        """Mark the orders as changed, so that a cancellation under way starts anew.

        Cancelling locks the order row and then looks for posted invoices and deliveries;
        without a change of the row, it would not see those committed a moment ago.
        """
        if self:
            self.env.cr.execute(
                "UPDATE sale_order SET write_date = (now() at time zone 'UTC') WHERE id IN %s",
                [tuple(sorted(self.ids))],
            )

    def _is_invoiced_in_full(self):
        """Whether posted invoices and receipts cover the ordered quantity of every line.

        Sections, notes, combo headings, down payments and lines of zero quantity aside.
        """
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: line._counts_as_invoiceable())
        return bool(lines) and all(line._is_invoiced_in_full() for line in lines)
