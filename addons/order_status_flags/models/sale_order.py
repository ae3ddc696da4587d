import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError, ValidationError
from odoo.fields import Domain

from .status_change import KEEP, StatusChange

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
)


class SaleOrder(models.Model):
    """Order status and flags: fields, the one writer, and the events of the order itself.

    Every change of status or flag, whoever asks for it, is a list of
    :class:`~.status_change.StatusChange` that goes through ``_change_status``:

    1. lock the orders,
    2. ``_plan_status_changes`` sorts: to apply / already there / refused with the reason,
    3. ``_apply_status_changes`` writes the orders and one history row per change.

    Nothing else writes these fields: ``write`` and ``create`` hand them over.
    """

    _inherit = "sale.order"

    document_type = fields.Selection(
        selection="_selection_document_type",
        compute="_compute_document_type",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
        index=True,
        required=True,
        help="Kind of order; statuses and flags can be limited to one.",
    )
    order_status_id = fields.Many2one(
        comodel_name="sale.order.status",
        string="Order status",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        group_expand="_group_expand_order_status_id",
        groups="base.group_user",
    )
    order_status_date = fields.Datetime(
        string="In this status since", copy=False, readonly=True, groups="base.group_user"
    )
    order_flag_id = fields.Many2one(
        comodel_name="sale.order.flag",
        string="Flag",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_user",
    )
    order_flag_note = fields.Char(string="Flag note", copy=False, groups="base.group_user")
    order_status_color = fields.Integer(
        related="order_status_id.color", string="Status color", groups="base.group_user"
    )
    order_flag_color = fields.Integer(
        related="order_flag_id.color", string="Flag color", groups="base.group_user"
    )
    status_history_ids = fields.One2many(
        comodel_name="sale.order.status.history",
        inverse_name="order_id",
        string="Status history",
        copy=False,
        groups="sales_team.group_sale_salesman",  # who may read the history itself
    )
    # Readable by the customer, unlike the fields above.
    customer_status_id = fields.Many2one(
        comodel_name="sale.order.status",
        string="Order status shown to the customer",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The last status that is shown to customers; internal ones are left out.",
    )
    was_placed = fields.Boolean(
        copy=False,
        readonly=True,
        help="The order was placed and not taken back to a quotation since.",
    )
    is_status_stuck = fields.Boolean(
        string="Stuck",
        compute="_compute_is_status_stuck",
        search="_search_is_status_stuck",
        groups="base.group_user",
        help="The order is longer in its status than the status allows.",
    )

    # === COMPUTE METHODS === #

    @api.model
    def _selection_document_type(self):
        """Return the kinds of orders; addons extend it with their own.

        :rtype: list[tuple[str, str]]
        """
        return [("web", self.env._("Web order")), ("sale", self.env._("Sales order"))]

    def _compute_document_type(self):
        """Hook: addons that bring another kind of order override it."""
        for order in self:
            order.document_type = order.document_type or "sale"

    @api.depends("order_status_id.max_days", "order_status_date")
    def _compute_is_status_stuck(self):
        now = fields.Datetime.now()
        for order in self:
            days = order.order_status_id.max_days
            order.is_status_stuck = bool(
                days
                and order.order_status_date
                and order.order_status_date < fields.Datetime.subtract(now, days=days)
            )

    def _search_is_status_stuck(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        statuses = (
            self.env["sale.order.status"]
            .with_context(active_test=False)
            .search([("max_days", ">", 0)])
        )
        stuck = Domain.OR(
            Domain("order_status_id", "=", status.id)
            & Domain("order_status_date", "<", fields.Datetime.subtract(now, days=status.max_days))
            for status in statuses
        )
        return (stuck if True in value else Domain.FALSE) | (
            ~stuck if False in value else Domain.FALSE
        )

    @api.model
    def _group_expand_order_status_id(self, statuses, domain):
        """Show every status as a column of the kanban view, used or not."""
        used_or_not = statuses | statuses.search(
            [("company_id", "in", [False, *self.env.companies.ids])]
        )
        return used_or_not.sorted(lambda status: (status.sequence, status.id))

    # === CONSTRAINT METHODS === #

    # Instead of `check_company`, which would look at every order once more on each change:
    # the writer checks what is set, this checks what is there when the order changes.
    @api.constrains("document_type", "company_id")
    def _check_status_fits(self):
        # sudo: an order may be changed by people who do not read the codebooks
        for order in self.sudo():
            for record in (order.order_status_id, order.order_flag_id):
                if record and not record._fits(order):
                    raise ValidationError(order._get_misfit_message(record))

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        """Override of `base`: no default, of the context or the user's own, goes past the
        writer."""
        guarded = {*WRITER_FIELDS, *DERIVED_FIELDS}
        return super().default_get([name for name in fields if name not in guarded])

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [dict(vals) for vals in vals_list]
        writer_vals = [
            {name: vals.pop(name) for name in WRITER_FIELDS if name in vals} for vals in vals_list
        ]
        for vals in vals_list:
            self._check_no_derived_fields(name for name in vals if vals[name])
        orders = super().create(vals_list)
        placed = orders.filtered(lambda order: order.state != "draft")
        if placed:
            explicit = orders.browse(
                order.id
                for order, vals in zip(orders, writer_vals, strict=True)
                if vals.get("order_status_id")
            )
            placed._react_to_state_change(dict.fromkeys(placed.ids, ("draft", False)), explicit)
        for order, vals in zip(orders, writer_vals, strict=True):
            if any(vals.values()):
                order._write_status_and_flag(vals)
        return orders

    def write(self, vals):
        writer_vals = {name: vals[name] for name in WRITER_FIELDS if name in vals}
        if writer_vals:
            vals = {name: value for name, value in vals.items() if name not in writer_vals}
        self._check_no_derived_fields(vals)
        if not vals.keys() & {"state", "document_type"}:
            res = super().write(vals)
        else:
            # Odoo changes the state by `write` on every path (buttons, payment, wizards,
            # portal, import): no narrower hook sees them all.
            before = {order.id: (order.state, order._is_order_placed()) for order in self}
            res = super().write(vals)
            self._react_to_state_change(before)
        if writer_vals:
            self._write_status_and_flag(writer_vals)
        return res

    def _check_no_derived_fields(self, names):
        if not set(DERIVED_FIELDS).isdisjoint(names):
            raise UserError(
                self.env._(
                    "The date of the order status, the tracking link and the customer's request"
                    " cannot be written: they follow from what happens to the order."
                )
            )

    def _write_status_and_flag(self, vals):
        """Hand the values of a plain write, list edit, import or create to the writer."""
        wish = {}
        if "order_status_id" in vals:
            wish["status"] = self._browse_codebook("sale.order.status", vals["order_status_id"])
        if "order_flag_id" in vals:
            wish["flag"] = self._browse_codebook("sale.order.flag", vals["order_flag_id"])
        if "order_flag_note" in vals:
            wish["flag_note"] = self._clean_note(vals["order_flag_note"])
        source = "manual" if wish.keys() <= {"status"} else "flag"
        self._change_status([StatusChange(order, **wish) for order in self], source=source)

    def _write_status_fields(self, vals):
        """Write fields that are the writer's own, past our `write`."""
        # No tracking: the history keeps every change, and twice would cost twice.
        quiet = super(SaleOrder, self.with_context(tracking_disable=True))
        return quiet.write(vals)  # pylint: disable=super-method-mismatch

    # === ACTION METHODS === #

    def set_order_status(self, status_id, note=False, notify=True, force=False):
        """Set the order status of all these orders, or of none of them.

        An order that has the status already is left as it is: no history row, no e-mail.

        :param int status_id: id of a ``sale.order.status``; False clears (needs ``force``)
        :param str note: kept in the history, internal
        :param bool notify: False = the customers get no e-mail about this change
        :param bool force: override "May be followed by" and allow clearing; for members of
            ``order_status_flags.group_status_manager``; recorded as forced
        :return: True
        :raise UserError: when one of the orders cannot have the status, with the reason
        :raise AccessError: without write access to the orders, or ``force`` without the group
        """
        self.check_access("write")
        if force:
            self._check_may_force()
        status = self._browse_codebook("sale.order.status", status_id)
        note = self._clean_note(note)
        self._change_status(
            [StatusChange(order, status=status, note=note) for order in self],
            source="manual",
            notify=notify,
            force=force,
        )
        return True

    def set_order_flag(self, flag_id, note=False, notify=True):
        """Set the flag of all these orders, or of none of them; its status follows.

        :param int flag_id: id of a ``sale.order.flag``; False clears the flag and its note
            and leaves the status
        :param str note: text beside the flag, internal; without one the flag's default note;
            when the flag is cleared it is kept in the history
        :param bool notify: False = the customers get no e-mail about this change
        :return: True
        :raise UserError: when one of the orders cannot carry the flag, with the reason
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        flag = self._browse_codebook("sale.order.flag", flag_id)
        note = self._clean_note(note)
        notes = {"flag_note": note or KEEP} if flag else {"note": note}
        self._change_status(
            [StatusChange(order, flag=flag, **notes) for order in self],
            source="flag",
            notify=notify,
        )
        return True

    # === STATUS WRITER === #

    def _change_status(self, changes, source, notify=True, force=False):
        """Apply all these changes or raise for the first that is refused.

        :param list[StatusChange] changes: of any orders; ``self`` gives the environment
        :param str source: ``source`` of the history rows
        :raise UserError: naming the orders that cannot be changed and why
        """
        self.browse({change.order.id for change in changes})._lock_for_status_change()
        self._plan_status_changes(changes, force=force)
        refused = {c.message: None for c in changes if c.outcome == "refused"}
        if refused:
            raise UserError("\n".join(list(refused)[:10]))
        self._apply_status_changes(changes, source=source, notify=notify, force=force)

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
                return self.lock_for_update(allow_referencing=True)
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

    def _plan_status_changes(
        self, changes, force=False, check_groups=True, any_path=False, planned=None
    ):
        """Sort the changes: to apply, already there, refused (with the reason). No writes.

        :param list[StatusChange] changes: filled in place; several changes of one order
            are planned one on top of the other
        :param bool force: override "May be followed by" and allow clearing
        :param bool check_groups: whether the user must belong to the groups of the flags
        :param bool any_path: ignore "May be followed by" only
        :param dict planned: memory of the caller between calls that plan one after the other
            what is applied later in one go; an empty dict to begin with
        :return: the same list
        """
        planned = {} if planned is None else planned
        accepted = set()
        for change in changes:
            # sudo: the present values are read whoever asks; the callers checked access
            order = change.order.sudo()
            status, flag, note = planned.get(order.id) or (
                order.order_status_id,
                order.order_flag_id,
                order.order_flag_note,
            )
            change.previous_status, change.previous_flag = status, flag
            # sudo: as `order`; whether the flag may be set is checked below
            change.new_flag = flag if change.flag is KEEP else change.flag.sudo()
            change.new_flag_note = self._get_planned_note(change, flag, note)
            change.new_status = self._get_planned_status(change, status)
            wanted = (change.new_status, change.new_flag, change.new_flag_note)
            change.message = ""
            if wanted == (status, flag, note):
                change.outcome = "unchanged"
                continue
            # Orders alike in what the rules look at are judged once.
            kind = (status, flag, *wanted[:2], bool(wanted[2]), *order._get_kind_for_refusal())
            if kind not in accepted:
                refusal = order._get_status_change_refusal(change, force, check_groups, any_path)
                if refusal:
                    change.outcome, change.message = "refused", refusal
                    continue
                accepted.add(kind)
            change.outcome = "apply"
            planned[order.id] = wanted
        return changes

    def _get_kind_for_refusal(self):
        """Return all of this order that ``_get_status_change_refusal`` looks at.

        Hook: addons whose refusals look at more add it.
        """
        return (
            self._is_order_placed(),
            self.state,
            self.document_type,
            self.company_id.id,
            self.locked,
        )

    def _get_planned_note(self, change, flag, note):
        if not change.new_flag:
            return change.flag_note if change.flag_note not in (KEEP, False) else False
        if change.flag_note not in (KEEP, False):
            return change.flag_note
        if change.new_flag != flag:
            return change.new_flag.default_note
        return note if change.flag_note is KEEP else False

    def _get_planned_status(self, change, status):
        if change.status is not KEEP:
            # sudo: judged by rules that look at other companies and archived ones too
            return change.status.sudo()
        if change.flag is not KEEP and change.new_flag.status_id:
            return change.new_flag.status_id
        return status

    def _get_status_change_refusal(self, change, force, check_groups, any_path):
        """Return why this order (sudo) cannot take the change, in the user's words, or False."""
        self.ensure_one()
        if not self._is_order_placed():
            return self.env._(
                "%(order)s is not an order yet: a quotation or cart has no order status and no"
                " flag. Confirm it first.",
                order=self.display_name,
            )
        if change.enters_status:
            refusal = self._get_status_refusal(change, force, any_path)
            if refusal:
                return refusal
        return self._get_flag_refusal(change, check_groups)

    def _get_status_refusal(self, change, force, any_path):
        status, previous = change.new_status, change.previous_status
        if self.state == "cancel" and status.category != "rejected":
            return self.env._(
                "%(order)s is cancelled: it can only have a status of category “Rejected”.",
                order=self.display_name,
            )
        if not status:
            return not force and self.env._(
                "The order status of %(order)s cannot be emptied.", order=self.display_name
            )
        if not status.active:
            return self.env._(
                "The status “%(status)s” is archived and can no longer be chosen"
                " (order %(order)s).",
                status=status.name,
                order=self.display_name,
            )
        if not status._fits(self):
            return self._get_misfit_message(status)
        following = previous.next_status_ids
        if following and status not in following and not (force or any_path):
            return self.env._(
                "%(order)s is “%(previous)s”, and “%(status)s” may not follow it."
                " Allowed are: %(allowed)s.",
                order=self.display_name,
                previous=previous.name,
                status=status.name,
                allowed=", ".join(following.mapped("name")),
            )
        return False

    def _get_flag_refusal(self, change, check_groups):
        flag, previous = change.new_flag, change.previous_flag
        if not flag and change.new_flag_note:
            return self.env._(
                "%(order)s has no flag: set a flag before you write a note.",
                order=self.display_name,
            )
        touched = change.flag is not KEEP or change.flag_note is not KEEP
        if not touched:
            return False
        if check_groups:
            # The real user's groups count, also where the caller works in sudo.
            user = self.env.user
            for moved in (flag, previous):
                if not moved._may_be_moved_by(user):
                    return self.env._(
                        "You are not among those who may set, replace or clear the flag"
                        " “%(flag)s” (order %(order)s).",
                        flag=moved.name,
                        order=self.display_name,
                    )
        if flag == previous:
            return False
        return self._get_new_flag_refusal(flag)

    def _get_new_flag_refusal(self, flag):
        if not flag:
            return False
        if not flag.active:
            return self.env._(
                "The flag “%(flag)s” is archived and can no longer be chosen (order %(order)s).",
                flag=flag.name,
                order=self.display_name,
            )
        if not flag._fits(self):
            return self._get_misfit_message(flag)
        if flag.cancel_order and self.state != "cancel" and self.locked:
            return self.env._(
                "The flag “%(flag)s” cancels the order, but %(order)s is locked."
                " Please unlock it first.",
                flag=flag.name,
                order=self.display_name,
            )
        return False

    def _get_misfit_message(self, record):
        """Tell why a status or flag is not one for this order."""
        if record.document_type not in (False, self.document_type):
            types = dict(self._selection_document_type())
            return self.env._(
                "“%(name)s” is only for documents of type “%(type)s”, and %(order)s is a"
                " “%(order_type)s”.",
                name=record.name,
                type=types.get(record.document_type, record.document_type),
                order=self.display_name,
                order_type=types.get(self.document_type, self.document_type),
            )
        return self.env._(
            "“%(name)s” belongs to another company than %(order)s.",
            name=record.name,
            order=self.display_name,
        )

    def _apply_status_changes(self, changes, source, notify=True, force=False, partner=None):
        """Write the planned changes: the orders, and one history row per change.

        :param list[StatusChange] changes: planned; only those to ``apply`` are written
        :param str source: ``source`` of the history rows
        :param bool notify: False = rows that would be mailed are ``suppressed``
        :param bool force: recorded in the rows
        :param res.partner partner: the customer who did it, if one did
        :return: the orders that were changed
        """
        changes = [change for change in changes if change.outcome == "apply"]
        orders = self.browse(dict.fromkeys(change.order.id for change in changes))
        if not orders:
            return orders
        # sudo: access was checked by the callers, and events act whatever the user's rights
        orders_sudo = orders.sudo()
        notify = notify and not self.env.context.get("order_status_no_notify")
        final_values, rows = orders_sudo._prepare_status_values(changes, notify)
        for row in rows:
            row.update(
                source=source,
                is_forced=force,
                user_id=self.env.uid,
                partner_id=partner.id if partner else False,
            )
        grouped = {}
        for order_id, values in final_values.items():
            grouped.setdefault(tuple(values.items()), []).append(order_id)
        for values, order_ids in grouped.items():
            orders_sudo.browse(order_ids)._write_status_fields(dict(values))
        orders_sudo._supersede_pending_mails(changes)
        # sudo: nobody may create history rows; this is the only place that does
        self.env["sale.order.status.history"].sudo()._create_rows(rows)
        self._cancel_flagged_orders(changes, notify)
        return orders

    def _prepare_status_values(self, changes, notify):
        """Return what to write on each order, and the values of one history row per change.

        :return: ``({order id: values}, [row values])``
        """
        now = fields.Datetime.now()
        final_values, rows, pending_rows = {}, [], {}
        for change in changes:
            # sudo: as in `_plan_status_changes`, where the change was checked
            order = change.order.sudo()
            values = final_values.setdefault(
                order.id,
                {
                    "order_status_date": order.order_status_date,
                    "customer_status_id": order.customer_status_id.id,
                },
            )
            row = self._prepare_history_row(change, order, now, values["order_status_date"], notify)
            if change.enters_status:
                # Two statuses in one call: only the last one is told.
                overtaken = pending_rows.pop(order.id, None)
                if overtaken:
                    overtaken["mail_state"] = "superseded"
                if row["mail_state"] == "pending":
                    pending_rows[order.id] = row
            rows.append(row)
            values.update(
                order_status_id=change.new_status.id,
                order_flag_id=change.new_flag.id,
                order_flag_note=change.new_flag_note,
            )
            if change.enters_status:
                values["order_status_date"] = now if change.new_status else False
                if not change.new_status or change.new_status.is_public:
                    values["customer_status_id"] = change.new_status.id
        return final_values, rows

    def _prepare_history_row(self, change, order, now, since, notify):
        entered = change.enters_status
        return {
            "order_id": order.id,
            "previous_status_id": change.previous_status.id,
            "status_id": change.new_status.id,
            "flag_id": change.new_flag.id,
            "date": now,
            "note": change.note or change.new_flag_note,
            "duration": (now - since).total_seconds() / 3600 if entered and since else 0.0,
            "mail_state": self._get_mail_state(change, notify),
            "mail_due": now + timedelta(minutes=order.company_id.order_status_mail_delay),
        }

    def _cancel_flagged_orders(self, changes, notify):
        """Cancel in Odoo the orders that got a flag which says so."""
        cancelling = [
            change
            for change in changes
            if change.new_flag.cancel_order
            and change.new_flag != change.previous_flag
            # sudo: an order that is cancelled already needs nothing, whoever asks
            and change.order.sudo().state != "cancel"
        ]
        for has_status in (True, False):
            orders = self.browse(
                change.order.id
                for change in cancelling
                if bool(change.new_flag.status_id) == has_status
            )
            if orders:
                # The user's own rights: the same checks as the seller's Cancel button. A
                # flag's own rejected status is more telling than the event's and stays.
                orders.with_context(
                    order_status_keep_rejected=has_status, order_status_no_notify=not notify
                ).action_cancel()

    @api.model
    def _browse_codebook(self, model, record_id):
        """Return the codebook record of an id that came from outside, empty for False.

        :raise UserError: when it is no id, or no such record is there
        """
        if not record_id:
            return self.env[model]
        if isinstance(record_id, models.BaseModel) and record_id._name == model:
            return record_id
        if isinstance(record_id, int) and not isinstance(record_id, bool):
            # sudo: which statuses exist is no secret to who may write an order
            record = self.env[model].sudo().browse(record_id).exists()
            if record:
                return record.sudo(self.env.su)
        raise UserError(
            self.env._("There is no such status.")
            if model == "sale.order.status"
            else self.env._("There is no such flag.")
        )

    @api.model
    def _clean_note(self, note):
        if note and not isinstance(note, str):
            raise UserError(self.env._("The note must be a text."))
        # Neither zero bytes nor half characters can be stored.
        note = (note or "").replace("\x00", "").encode(errors="ignore").decode().strip()
        if len(note) > 10_000:
            raise UserError(self.env._("The note is too long: at most 10,000 characters."))
        return note or False

    def _check_may_force(self):
        if not self._may_force_status():
            raise AccessError(
                self.env._("Only members of “Order status: Manager” may force a status.")
            )

    def _may_force_status(self):
        """Whether the user may override "May be followed by"."""
        return self.env.su or self.env.user.has_group("order_status_flags.group_status_manager")

    # === EVENTS === #

    def _is_order_placed(self):
        """Whether this is an order (and not a quotation, cart or template).

        A back-office order is placed when it is confirmed, any other document type as soon
        as it leaves the cart; a cancelled order stays one. Addons with carts of their own
        override it.
        """
        self.ensure_one()
        if self.state == "cancel":
            return self.was_placed
        return self.state == "sale" or (self.state == "sent" and self.document_type != "sale")

    @api.model
    def _get_numbered_domain(self):
        """Return the domain of what an order's number can mean.

        Hook: addons leave out what lies among the orders under a name that is no number.

        :rtype: Domain
        """
        return Domain.TRUE

    def _react_to_state_change(self, before, explicit=None):
        """Let the events follow that a change of Odoo's state means.

        :param dict before: ``{order id: (state, whether it was placed)}`` before the change
        :param sale.order explicit: orders created with a status of their own, which no
            event has to give them
        """
        explicit = explicit or self.browse()
        changed = self.filtered(lambda order: before[order.id][0] != order.state)
        by_state = changed.grouped("state")
        # Not only what goes back to draft: a sent web order that is made a quotation, too.
        drafts = self.filtered(
            lambda order: (
                order.state == "draft"
                if before[order.id][0] != order.state
                else before[order.id][1] and not order._is_order_placed()
            )
        )
        cancelled = by_state.get("cancel", self.browse())
        drafts._clear_status_on_draft()
        newly_placed = self.filtered(
            lambda order: (
                order.state != "cancel" and order._is_order_placed() and not before[order.id][1]
            )
        )
        newly_placed._mark_as_placed()
        (newly_placed - explicit)._trigger_status_event("order_placed")
        (by_state.get("sale", self.browse()) - explicit)._trigger_status_event("order_confirmed")
        cancelled._trigger_status_event("order_cancelled")
        (cancelled | drafts)._close_cancellation_requests()

    def _trigger_status_event(self, code):
        """Tell that something happened to these orders; the status mapped to it follows.

        An event never moves an order backwards and never out of a rejected status; one
        whose status does not apply is skipped in silence, so that no business step is
        ever blocked by it. Other addons call this with codes of their own
        ``sale.order.status.event`` records.

        :param str code: code of the event
        :return: the orders whose status changed
        """
        changes = []
        # sudo: an event acts by the company's rules, not by the rights of who caused it
        for order in self.sudo():
            status = order._get_event_status(code)
            if status and status != order.order_status_id:
                changes.append(StatusChange(order, status=status))
        if not changes:
            return self.browse()
        self.browse(change.order.id for change in changes)._lock_for_status_change()
        self._plan_status_changes(changes, check_groups=False, any_path=code == "order_cancelled")
        return self._apply_status_changes(changes, source="event")

    def _get_event_status(self, code):
        """Return the status this order (sudo) gets by the event, or an empty one."""
        self.ensure_one()
        nothing = self.env["sale.order.status"]
        if code == "order_cancelled":
            status = self.order_status_id
            keep = self.env.context.get("order_status_keep_rejected")
            if keep and status.category == "rejected":
                return nothing
            if not status and not (self.was_placed and self._has_automatic_status()):
                return nothing
            return nothing._get_for_event(code, self.document_type, self.company_id)
        if not self._is_order_placed() or not self._has_automatic_status():
            return nothing
        status = nothing._get_for_event(code, self.document_type, self.company_id)
        return status if status and status._comes_after(self.order_status_id) else nothing

    def _has_automatic_status(self):
        """Whether events set the status of this order at all, by the company's settings."""
        self.ensure_one()
        # sudo: the setting counts whoever causes the event
        return self.document_type != "sale" or self.company_id.sudo().order_status_on_sales_orders

    def _clear_status_on_draft(self):
        """A quotation is no order: empty status and flag, and keep that in the history."""
        # sudo: an event, see `_trigger_status_event`
        self.sudo().filtered("was_placed")._write_status_fields({"was_placed": False})
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
