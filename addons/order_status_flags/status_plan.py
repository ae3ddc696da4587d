"""Judging and sorting wishes to change statuses and flags, before anything is written."""

from .status_change import StatusChange


class Refusal:
    """Why a change is not possible, worked out once for all orders alike.

    :param str text: translated, with ``%(order)s`` where the order is named
    :param values: for the other placeholders of the text
    """

    __slots__ = ("text", "values")

    def __init__(self, text, **values):
        self.text = text
        self.values = values

    def tell(self, order):
        """Return the refusal in words about this order.

        :rtype: str
        """
        return self.text % {**self.values, "order": order.display_name}


class StatusCase:
    """All that the rules may look at of one order and the change that is wished for it.

    Two orders of equal cases are judged once. The rules get the case and never the order, so
    that none of them can look at something which makes orders differ and is left out of the
    comparison: whoever needs more adds it in ``sale.order._prepare_status_facts``. Read as
    attributes: ``case.state``, ``case.new_status``.
    """

    __slots__ = ("_inputs", "_key")

    def __init__(self, **inputs):
        self._inputs = inputs
        self._key = (tuple(inputs), tuple(inputs.values()))

    def __getattr__(self, name):
        try:
            return self._inputs[name]
        except KeyError:
            raise AttributeError(f"the rules are not told of {name!r}") from None

    def __hash__(self):
        return hash(self._key)

    def __eq__(self, other):
        return isinstance(other, StatusCase) and self._key == other._key


class StatusPlan:
    """What becomes of a list of wishes: to apply, already there, refused with the reason.

    Nothing is written: previews and dry runs stop here, and the deed goes on from here.
    Several changes of one order are planned one on top of the other.

    :param sale.order rules: any orders; their model is asked what is allowed
    :param bool force: override "May be followed by" and allow clearing
    :param bool check_groups: whether the user must belong to the groups of the flags
    :param bool any_path: ignore "May be followed by" only
    :param bool takes_archived: whether archived statuses and flags may be set
    """

    def __init__(self, rules, force=False, check_groups=True, any_path=False, takes_archived=False):
        self.rules = rules.browse()
        self.options = {
            "force": force,
            "check_groups": check_groups,
            "any_path": any_path,
            "takes_archived": takes_archived,
        }
        self.changes = []
        self._planned = {}  # {order id: (status, flag, note)} after the changes so far
        self._cancelled = set()  # ids of orders that a change so far cancels
        self._refusals = {}  # {StatusCase: Refusal or False}
        # sudo: the present values count whoever asks; the callers checked the access. Once, and
        # not for each of thousands of orders.
        self._sudo_env = rules.sudo().env

    def add(self, change, **options):
        """Plan one more change and fill in what becomes of it.

        :param StatusChange change: of any order
        :param options: of the plan, other ones for this change alone
        :return: the change
        """
        order = change.order.with_env(self._sudo_env)
        present = self._get_present(order)
        change.work_out(*present)
        wanted = (change.new_status, change.new_flag, change.new_flag_note)
        refusal = wanted != present and self._judge(change, order, options)
        change.message = refusal.tell(order) if refusal else ""
        if wanted == present:
            change.outcome = "unchanged"
        elif refusal:
            change.outcome = "refused"
        else:
            change.outcome = "apply"
            self._planned[order.id] = wanted
            if change.cancels_order:
                self._cancelled.add(order.id)
        self.changes.append(change)
        return change

    def add_cancellation(self, order):
        """Plan that Odoo cancels the order, so that the changes after it are judged by that.

        The caller does it, after the changes of the plan are applied.

        :param sale.order order: one order
        """
        self._cancelled.add(order.id)

    def is_cancelled(self, order):
        """Whether the order (sudo) is cancelled in Odoo, or will be by the changes so far."""
        return order.state == "cancel" or order.id in self._cancelled

    def get_status(self, order):
        """Return the status that the order (sudo) has after the changes so far."""
        return self._get_present(order)[0]

    def _get_present(self, order):
        return self._planned.get(order.id) or (
            order.order_status_id,
            order.order_flag_id,
            order.order_flag_note,
        )

    def _judge(self, change, order, options):
        """Return the refusal of this change, or False; of cases alike only one is judged."""
        facts = order._prepare_status_facts()
        if order.id in self._cancelled:
            facts["state"] = "cancel"
        case = StatusCase(
            **facts,
            **{**self.options, **options},
            previous_status=change.previous_status,
            new_status=change.new_status,
            previous_flag=change.previous_flag,
            new_flag=change.new_flag,
            has_note=bool(change.new_flag_note),
            moves_flag=change.moves_flag,
            cancels_order=change.cancels_order,
        )
        if case not in self._refusals:
            self._refusals[case] = self.rules._get_status_change_refusal(case)
        return self._refusals[case]

    # === WHAT BECAME OF IT === #

    @property
    def to_apply(self):
        """The changes that are possible and change something."""
        return [change for change in self.changes if change.outcome == "apply"]

    @property
    def unchanged(self):
        """The changes that ask for what is there already."""
        return [change for change in self.changes if change.outcome == "unchanged"]

    @property
    def refused(self):
        """The changes that are not possible; their ``message`` says why."""
        return [change for change in self.changes if change.outcome == "refused"]

    @property
    def orders_to_cancel(self):
        """The orders that Odoo cancels too when this plan is applied."""
        return self.rules.union(*(change.order for change in self._get_cancelling()))

    def _get_cancelling(self):
        # sudo: an order that is cancelled already needs nothing, whoever asks
        return [
            change
            for change in self.to_apply
            if change.cancels_order and change.order.sudo().state != "cancel"
        ]

    def _get_following(self):
        """Return the changes that are in no plan, but follow when it is applied: the status by
        the event that an order is cancelled."""
        following = []
        for change in self._get_cancelling():
            order = change.order.with_env(self._sudo_env)
            present = self._get_present(order)
            status = order._get_cancelled_status(change.new_flag, present[0])
            if status and status != present[0]:
                event = StatusChange(change.order, status=status)
                event.work_out(*present)
                following.append(event)
        return following

    def get_mail_recipients(self, notify):
        """Return whom the e-mails of this plan would go to, as their templates say.

        :param bool notify: whether the customers are to be told at all
        :return: ``{order: list of names with addresses}``; nobody where no address is known
        :rtype: dict
        """
        by_template = {}
        for change in self._get_mailed_changes(notify):
            template = self.rules._get_change_template(change)
            by_template[template] = by_template.get(template, self.rules) | change.order
        return {
            order: found[order.id]
            for template, orders in by_template.items()
            for found in [orders._get_mail_recipients(template)]
            for order in orders
        }

    def _get_mailed_changes(self, notify):
        # Two statuses in one go: only the last one that the customer sees is told.
        changes = [*self.to_apply, *self._get_following()]
        last = {change.order: change for change in changes if change.overtakes_mails}
        return [
            change
            for change in last.values()
            if self.rules._get_mail_state(change, notify) == "pending"
        ]
