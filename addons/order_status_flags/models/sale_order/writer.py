import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError

from ...status_change import StatusChange
from ...status_plan import StatusPlan
from ...status_write import STATUS_WRITE, StatusWrite, all_under_way, part_notes
from .promise import PROMISE_FIELDS

# How long a change waits for another transaction that holds the order, in seconds.
LOCK_WAIT = 3.0
LOCK_POLL = 0.1

# Fields that reach the database through the one writer only; `write` and `create` hand
# them over to it.
WRITER_FIELDS = ("order_status_id", "order_flag_id", "order_flag_note")

# Fields that follow from a status change or from placing an order, never written directly.
DERIVED_FIELDS = (
    "was_placed",
    "order_status_date",
    "customer_status_id",
    "order_tracking_token",
    "cancellation_requested_on",
    "cancellation_request_reason",
    "was_rejection_mailed",
)


class SaleOrder(models.Model):
    """Order status: the one writer.

    Every change of status or flag, whoever asks for it, is a list of ``StatusChange`` that
    goes this way:

    1. lock the orders,
    2. a ``StatusPlan`` sorts: to apply / already there / refused with the reason,
    3. ``_apply_status_changes`` writes one history row per change, and the orders.

    Nothing else writes these fields: ``write`` and ``create`` hand them over. The writer itself
    writes by ``write``, like everybody, so that overrides and automation rules hear of every
    change; a ``StatusWrite`` in the context lets its values in.
    """

    _inherit = "sale.order"

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        """Override of `base` to let no default, of the context or the user's own, go past the
        writer."""
        guarded = {*WRITER_FIELDS, *DERIVED_FIELDS, *PROMISE_FIELDS}
        return super().default_get([name for name in fields if name not in guarded])

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `sale` to hand statuses and flags over to the writer.

        :raise UserError: when the new order cannot have them
        """
        writer_vals = [
            {name: vals[name] for name in WRITER_FIELDS if name in vals} for vals in vals_list
        ]
        orders = super().create([self._prepare_guarded_values(vals) for vals in vals_list])
        explicit = orders.browse(
            order.id
            for order, vals in zip(orders, writer_vals, strict=True)
            if vals.get("order_status_id")
        )
        placed = orders.filtered(lambda order: order.state != "draft")
        if placed:
            placed._react_to_state_change(dict.fromkeys(placed.ids, ("draft", False)), explicit)
        for order, vals in zip(orders, writer_vals, strict=True):
            if any(vals.values()):
                order._write_status_and_flag(vals, told=())
        return orders

    def write(self, vals):
        """Override of `sale` to hand statuses and flags over to the writer.

        :raise UserError: when an order cannot have them
        """
        others = self._let_in_status_write(vals)
        if vals and not others:
            return True
        vals = others
        writer_vals = {name: vals[name] for name in WRITER_FIELDS if name in vals}
        if writer_vals:
            vals = {name: value for name, value in vals.items() if name not in writer_vals}
        vals = self._drop_present_values(vals, DERIVED_FIELDS)
        self._check_no_derived_fields(vals)
        if vals.keys() & {"state", "document_type"}:
            # Odoo changes the state by `write` on every path (buttons, payment, wizards,
            # portal, import): no narrower hook sees them all.
            before = {order.id: (order.state, order.was_placed) for order in self}
            super().write(vals)
            self._react_to_state_change(before)
        else:
            super().write(vals)
        if writer_vals:
            self._write_status_and_flag(writer_vals, told=writer_vals.keys())
        return True

    def _prepare_guarded_values(self, vals):
        """Return the values of a new order without those that are the writer's."""
        self._check_no_derived_fields(name for name in vals if vals[name])
        guarded = {*WRITER_FIELDS, *DERIVED_FIELDS}
        return {name: value for name, value in vals.items() if name not in guarded}

    def _drop_present_values(self, vals, names):
        """Return the values without those of these fields that are there already, which is no
        change: an import brings back what was exported."""
        guarded = vals.keys() & set(names)
        if guarded:
            self.check_access("write")  # first: another refusal would tell what is there
        # sudo: some are not the user's to read; nothing is told by leaving them as they are
        orders = self.sudo()
        present = {
            name
            for name in guarded
            if all(
                orders._fields[name].convert_to_cache(vals[name], order)
                == orders._fields[name].convert_to_cache(order[name], order)
                for order in orders
            )
        }
        return {name: value for name, value in vals.items() if name not in present}

    def _check_no_derived_fields(self, names):
        if not set(DERIVED_FIELDS).isdisjoint(names):
            raise UserError(
                self.env._(
                    "The date of the order status, the tracking link and the customer's request"
                    " cannot be written: they follow from what happens to the order."
                )
            )

    def _write_status_and_flag(self, vals, told):
        """Hand the values of a plain write, list edit, import or create to the writer.

        :param dict vals: of the fields that are the writer's
        :param told: see ``_apply_status_changes``
        """
        wish = {}
        if "order_status_id" in vals:
            wish["status"] = self._browse_codebook("sale.order.status", vals["order_status_id"])
        if "order_flag_id" in vals:
            wish["flag"] = self._browse_codebook("sale.order.flag", vals["order_flag_id"])
        if "order_flag_note" in vals:
            wish["flag_note"] = self._clean_note(vals["order_flag_note"])
        source = "manual" if wish.keys() <= {"status"} else "flag"
        changes = [StatusChange(order, **wish) for order in self]
        self._change_status(changes, source=source, told=told)

    # === STATUS WRITER === #

    def _change_status(self, changes, source, notify=True, force=False, told=None):
        """Apply all these changes or raise for the first that is refused.

        :param list[StatusChange] changes: of any orders; ``self`` gives the environment
        :param str source: ``source`` of the history rows
        :param bool notify: False = the customers get no e-mail
        :param bool force: override "May be followed by" and allow clearing
        :param told: see ``_apply_status_changes``
        :raise UserError: naming the orders that cannot be changed and why
        """
        self.browse({change.order.id for change in changes})._lock_for_status_change()
        plan = self._plan_status_changes(changes, force=force)
        if plan.refused:
            reasons = dict.fromkeys(change.message for change in plan.refused)
            raise UserError("\n".join(list(reasons)[:10]))
        self._apply_status_changes(changes, source, notify=notify, force=force, told=told)

    def _lock_for_status_change(self):
        """Lock the order rows: one change of an order at a time, history rows in their order.

        ``FOR NO KEY UPDATE``, so that records that refer to the order can still be created.
        An order that was changed and committed since this transaction began raises a
        serialization failure here, and Odoo runs the request again on fresh data.

        :raise UserError: when another transaction holds an order for over ``LOCK_WAIT``
        """
        deadline = time.monotonic() + LOCK_WAIT
        while True:
            try:
                self.lock_for_update(allow_referencing=True)
                return self._land_status_writes()
            except LockError as error:
                if len(self.exists()) < len(self):
                    raise UserError(self.env._("This order no longer exists.")) from error
                if time.monotonic() > deadline:
                    raise UserError(
                        self.env._(
                            "Somebody else is changing the order at this moment. Nothing was"
                            " changed; please try again."
                        )
                    ) from error
                time.sleep(LOCK_POLL)

    @api.model
    def _plan_status_changes(self, changes, **options):
        """Return the plan of these changes, which fills them in. Nothing is written.

        :param list[StatusChange] changes: of any orders
        :param options: of the ``StatusPlan``
        :rtype: StatusPlan
        """
        plan = StatusPlan(self, **options)
        for change in changes:
            plan.add(change)
        return plan

    def _apply_status_changes(
        self, changes, source, notify=True, force=False, partner=None, told=None
    ):
        """Write the planned changes: one history row per change, and the orders.

        :param list[StatusChange] changes: planned; only those to ``apply`` are written
        :param str source: ``source`` of the history rows
        :param bool notify: False = rows that would be mailed are ``suppressed``
        :param bool force: recorded in the rows
        :param res.partner partner: the customer who did it, if one did
        :param told: names of the fields that a ``write`` under way brings, and which other
            addons hear of by it; empty while orders are created; None = nothing is under way
        :return: the orders that were changed
        """
        changes = [change for change in changes if change.outcome == "apply"]
        orders = self.browse(dict.fromkeys(change.order.id for change in changes))
        if not orders:
            return orders
        # sudo: access was checked by the callers, and events act whatever the user's rights
        orders_sudo = orders.sudo()
        notify = notify and not self.env.context.get("order_status_no_notify")
        values, rows = orders_sudo._prepare_status_values(changes, notify)
        for row in rows:
            row.update(
                source=source,
                is_forced=force,
                user_id=self.env.uid,
                partner_id=partner.id if partner else False,
            )
        orders_sudo._supersede_pending_mails(changes)
        # The rows come first: an automation rule that runs while the orders are written finds
        # its change in the history, and a status that it sets itself gets a row behind.
        # sudo: nobody may create history rows; this is the only place that does
        row_ids = self.env["sale.order.status.history"].sudo()._create_rows(rows)
        for change, row_id in zip(changes, row_ids, strict=True):
            change.history_id, change.source = row_id, source
        orders_sudo._write_status_values(values, told)
        orders._follow_rejections(changes)
        orders._after_status_changes(changes)
        self._cancel_flagged_orders(changes, notify)
        return orders

    def _after_status_changes(self, changes):
        """React to changes of status and flag that were applied, on the orders they are of.

        Hook, empty: called once per call of the writer, after the history rows are there and
        the orders are written; not called when nothing was applied. The rights are those of
        whoever caused the changes. When an automation rule sets another status in between,
        the call for that one comes first: ``history_id`` tells the order of the changes. Where
        a customer or a flag cancels, Odoo's own step comes after this one: the status tells it,
        and ``state`` not yet.

        :param list[StatusChange] changes: the applied ones, in their order
        """

    def _after_outside_documents(self):
        """React to documents that another system has made, or changed, of these orders.

        Hook, empty: called once for the orders of a delivery of documents, after documents and
        statuses are written; not for orders that the other system has cancelled by them.
        """

    def _write_status_values(self, values, told):
        """Write what was decided for these orders (sudo), through ``write`` of every addon.

        :param dict values: ``{order id: {field: value}}``
        :param told: see ``_apply_status_changes``
        """
        values = {order_id: vals for order_id, vals in values.items() if vals}
        if told:
            values = self._write_told_values(values, told)
        # Odoo's automation rules, which replace `write`, run once for a change.
        is_whole = told is not None or hasattr(type(self).write, "origin")
        writes = [StatusWrite(part) for part in ([values] if is_whole else part_notes(values))]
        with all_under_way(writes, self.env.cr):
            for write in writes:
                orders = self.with_context(**{STATUS_WRITE: write})
                if told is not None:
                    orders = orders._as_part_of_write()
                orders._write_groups(write)

    def _write_groups(self, write):
        for vals, order_ids in write.groups:
            # A rule may have changed one of them already, see `_land_status_writes`.
            waiting = [order_id for order_id in order_ids if order_id in write.waiting]
            self.browse(waiting)._write_status_fields(vals)

    def _write_told_values(self, values, told):
        """Write the fields that a plain ``write`` brings, and return what else is to write.

        The other addons hear of them by that ``write``, and shall not hear of them twice.
        """
        brought, rest = {}, {}
        for order_id, vals in values.items():
            brought[order_id] = {name: vals[name] for name in vals if name in told}
            rest[order_id] = {name: vals[name] for name in vals if name not in told}
        for vals, order_ids in StatusWrite(brought).groups:
            if vals:
                self.browse(order_ids)._write_quietly(vals)
        return {order_id: vals for order_id, vals in rest.items() if vals}

    def _as_part_of_write(self):
        """Return these orders for what is written inside another ``write`` or ``create``.

        With this key, `base_automation` remembers which rules have run inside, and runs none
        of them once more when the outer call ends.
        """
        if "__action_done" not in self.env.context:
            return self
        return self.with_context(__action_feedback=True)

    def _write_status_fields(self, vals):
        """Write fields that are the writer's own, through ``write`` of every addon.

        :param dict vals: the same for all these orders
        """
        if not self:
            return
        orders, write = self, self.env.context.get(STATUS_WRITE)
        if not isinstance(write, StatusWrite) or not write.lets_in(self._ids, vals):
            write = StatusWrite(dict.fromkeys(self._ids, vals))
            orders = self.with_context(**{STATUS_WRITE: write})
        with write.under_way(self.env.cr):
            orders.write(vals)
            # An override that passes not all of it on does not part orders and history.
            self._land(write)

    def _let_in_status_write(self, vals):
        """Write the writer's own values if a ``write`` brings them; return the others."""
        write = self.env.context.get(STATUS_WRITE)
        if not isinstance(write, StatusWrite) or not write.lets_in(self._ids, vals):
            return vals
        own = set()
        for values, order_ids in write.take(self._ids):
            self.browse(order_ids)._write_quietly(values)
            own.update(values)
        return {name: value for name, value in vals.items() if name not in own}

    def _land_status_writes(self):
        """Write what an outer call of the writer has decided for these orders, and not yet
        written: their rows are in the history already."""
        for write in self.env.cr.cache.get(STATUS_WRITE, ()):
            self.sudo()._land(write)  # sudo: it was decided, see `_apply_status_changes`

    def _land(self, write):
        for vals, order_ids in write.take(self._ids):
            self.browse(order_ids)._write_quietly(vals)

    def _write_quietly(self, vals):
        """Write past our own ``write``; the other addons' have been passed, or are under way."""
        # No tracking: the history keeps every change, and twice would cost twice.
        quiet = super(SaleOrder, self.with_context(tracking_disable=True))
        result = quiet.write(vals)  # pylint: disable=super-method-mismatch
        if "order_status_id" in vals and "__action_done" in self.env.context:
            # Now, as a part of this write: what is computed later is one more change to
            # automation rules, and they would run twice. Without rules it is computed later, of
            # all orders at once.
            self._as_part_of_write()._recompute_recordset(["promise_state"])
        return result

    # === VALUES === #

    def _prepare_status_values(self, changes, notify):
        """Return what changes on each of these orders (sudo), and one history row per change.

        :return: ``({order id: values}, [row values])``
        """
        now = fields.Datetime.now()
        values, rows, pending_rows = {}, [], {}
        orders = {order.id: order for order in self}
        for change in changes:
            order = orders[change.order.id]
            written = values.setdefault(order.id, {})
            since = written.get("order_status_date", order.order_status_date)
            row = self._prepare_history_row(change, order, now, since, notify)
            if change.overtakes_mails:
                # Two statuses in one call: only the last one is told.
                overtaken = pending_rows.pop(order.id, None)
                if overtaken:
                    overtaken["mail_state"] = "superseded"
                if row["mail_state"] == "pending":
                    pending_rows[order.id] = row
            rows.append(row)
            written.update(self._prepare_order_values(change, now))
            if row["mail_state"] == "pending" and change.new_status.category == "rejected":
                written["was_rejection_mailed"] = True
            if change.new_flag_note != order.order_flag_note or "order_flag_note" in written:
                written["order_flag_note"] = change.new_flag_note or False
        return values, rows

    def _prepare_order_values(self, change, now):
        """Return the fields of status and flag that a change writes, only those it changes."""
        values = {}
        if change.enters_status:
            values["order_status_id"] = change.new_status.id
            values["order_status_date"] = (change.since or now) if change.new_status else False
            if not change.new_status or change.new_status.is_public:
                values["customer_status_id"] = change.new_status.id
        if change.new_flag != change.previous_flag:
            values["order_flag_id"] = change.new_flag.id
        return values

    def _prepare_history_row(self, change, order, now, since, notify):
        entered = change.enters_status
        return {
            "order_id": order.id,
            "previous_status_id": change.previous_status.id,
            "status_id": change.new_status.id,
            "flag_id": change.new_flag.id,
            "previous_flag_note": change.previous_flag_note,
            "undone_id": change.undoes and change.undoes.id,
            "date": now,
            # A note that stands beside the flag all the time is no reason of this change.
            "note": change.note or (change.moves_flag and change.new_flag_note),
            "duration": (now - since).total_seconds() / 3600 if entered and since else 0.0,
            "mail_state": self._get_mail_state(change, notify),
            "mail_due": change.mail_due
            or now + timedelta(minutes=order.company_id.order_status_mail_delay),
        }

    def _cancel_flagged_orders(self, changes, notify):
        """Cancel in Odoo the orders that got a flag which says so."""
        # sudo: an order that is cancelled already needs nothing, whoever asks
        cancelling = [c for c in changes if c.cancels_order and c.order.sudo().state != "cancel"]
        for has_status in (True, False):
            alike = [c for c in cancelling if bool(c.new_flag.status_id) == has_status]
            orders = self.browse(change.order.id for change in alike)
            if orders:
                # The user's own rights: the same checks as the seller's Cancel button.
                orders = orders._keep_rejected_by(alike[0].new_flag)
                orders.with_context(order_status_no_notify=not notify).action_cancel()
