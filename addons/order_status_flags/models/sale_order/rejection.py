from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.mail_delivery_retry.language import get_active_lang

from .undo import BY_HAND, UNDO_TIME

ACTIVITY = "order_status_flags.mail_activity_type_against_rejection"
ACTIVITY_CANCELLED = "order_status_flags.mail_activity_type_cancelled"
REJECTION_TYPES = [ACTIVITY, ACTIVITY_CANCELLED]
NOT_DONE = [("date_done", "=", False)]


class SaleOrder(models.Model):
    """Order status: what follows from a rejection, so that nothing contradicts it.

    A rejected order is one that is cancelled, or whose status is of category *Rejected*. Its
    customer can neither sign nor pay it. Where money or goods move against the rejection, no
    event brings the order back: a person is told, by an activity and under *Needs attention*,
    until the activity is done or the order is taken up again. An order that is taken up again
    after its customer was mailed the rejection tells its new status, whether that status has an
    e-mail of its own or not.
    """

    _inherit = "sale.order"

    was_rejection_mailed = fields.Boolean(
        string="Rejection was mailed",
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="An e-mail was made that tells the customer that the order is rejected.",
    )
    is_against_rejection = fields.Boolean(
        string="Rejected, but goes on",
        compute="_compute_is_against_rejection",
        compute_sudo=True,
        search="_search_is_against_rejection",
        groups="base.group_user",
        help="Money or goods move although the order is rejected. Mark the activity as done when"
        " you have looked after it.",
    )

    # === COMPUTE METHODS === #

    @api.depends("activity_ids.activity_type_id")
    def _compute_is_against_rejection(self):
        found = self.env["mail.activity"].search(self._get_contradiction_domain(self.ids))
        order_ids = set(found.mapped("res_id"))
        for order in self:
            order.is_against_rejection = order._origin.id in order_ids

    @api.model
    def _search_is_against_rejection(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Odoo asks the groups of fields when they are read, not when they are searched.
        self._check_field_access(self._fields["is_against_rejection"], "read")
        # "any!": who reads an order may know it, whoever has the activity
        found = Domain("activity_ids", "any!", self._get_contradiction_domain())
        return (found if True in value else Domain.FALSE) | (
            ~found if False in value else Domain.FALSE
        )

    @api.model
    def _get_contradiction_domain(self, order_ids=None):
        domain = Domain("res_model", "=", self._name) & Domain(
            "activity_type_id", "=", self.env.ref(ACTIVITY).id
        )
        return domain if order_ids is None else domain & Domain("res_id", "in", order_ids)

    # === WHAT THE CUSTOMER MAY DO === #

    def _has_to_be_signed(self):
        """Override of `sale` to have nothing signed that the customer reads as rejected."""
        return super()._has_to_be_signed() and not self._is_closed_to_payment()

    def _has_to_be_paid(self):
        """Override of `sale` to have nothing paid that the customer reads as rejected."""
        return super()._has_to_be_paid() and not self._is_closed_to_payment()

    def _is_closed_to_payment(self):
        """Hook: whether nothing is signed or paid any more, on no page and by no link.

        :rtype: bool
        """
        return self._is_closed_to_customer()

    def _is_rejected(self):
        """Whether the order (sudo) is cancelled, or its status is of category *Rejected*."""
        self.ensure_one()
        return self.state == "cancel" or self.order_status_id.category == "rejected"

    def _is_closed_to_customer(self):
        """Whether the customer can do nothing more: it is rejected, or he reads so."""
        self.ensure_one()
        order = self.sudo()  # customers do not read the internal status
        return order._is_rejected() or order.customer_status_id.category == "rejected"

    # === WHAT GOES ON ALL THE SAME === #

    def _tell_against_rejection(self, happened):
        """Tell a person of those of the orders that are rejected, and yet something happened.

        :param str happened: a key of ``_get_contradictions``; others are no contradiction
        """
        # sudo: an event, whatever the rights of who causes it
        rejected = self.sudo().filtered(lambda order: order._is_rejected())
        if not rejected or happened not in self._get_contradictions():
            return
        known = self._find_contradictions(rejected)
        for order in rejected:
            user = order._get_cancellation_user()
            lang = get_active_lang(order.env, user.lang or order.env.lang)
            in_words = order.with_context(lang=lang)
            summary = in_words._get_contradictions()[happened]
            if (order.id, summary) not in known:
                in_words.activity_schedule(ACTIVITY, summary=summary, user_id=user.id)

    @api.model
    def _get_mark_types(self):
        """Hook: return the types of activities that are all that remembers what they say.

        They outlive the login of whom they are for, see ``res.users._hand_over_marks``.

        :rtype: mail.activity.type
        """
        return self.env.ref(ACTIVITY)

    @api.model
    def _get_contradictions(self):
        """Return what a person is told when it happens to a rejected order, by its key.

        Hook: addons add what happens in theirs, by the code of the event.

        :rtype: dict[str, str]
        """
        return {
            "order_confirmed": self.env._("Confirmed although the order is rejected"),
            "payment_received": self.env._("Paid although the order is rejected"),
            "invoice_posted": self.env._("Invoiced although the order is rejected"),
            "invoice_paid": self.env._("Its invoice was paid although the order is rejected"),
            "money_held": self.env._("Rejected although the customer has paid online"),
        }

    @api.model
    def _find_contradictions(self, orders):
        """Return ``{(order id, summary)}`` of the open activities, so that none is doubled."""
        # sudo: the activities are other people's
        found = self.env["mail.activity"].sudo().search(self._get_contradiction_domain(orders.ids))
        return {(activity.res_id, activity.summary) for activity in found}

    def _tell_held_money(self):
        """Tell a person of those of the orders that are rejected while we hold their money."""
        # sudo: salespeople read no transactions
        paid = self.sudo().filtered(lambda order: order.transaction_ids._is_money_held())
        paid._tell_against_rejection("money_held")

    def _follow_rejections(self, changes):
        """Let follow what belongs to orders that were rejected, or taken up again.

        :param list[StatusChange] changes: the applied ones
        """
        rejected, restored, revived, by_hand = [], [], [], []
        for change in changes:
            was, now = change.previous_status.category, change.new_status.category
            if "rejected" not in (was, now) or was == now:
                continue
            if now == "rejected":
                (restored if change.undoes else rejected).append(change.order.id)
            else:
                is_undoable = change.source in BY_HAND and not change.undoes
                (by_hand if is_undoable else revived).append(change.order.id)
        self.browse(restored)._reopen_rejection()
        self.browse(rejected + restored)._tell_held_money()
        self.browse(revived)._close_rejection()
        self.browse(by_hand)._close_rejection_for_now()

    def _close_rejection(self):
        """Close what is open about the rejection of orders that are taken up again."""
        self._find_rejection_activities().unlink()

    def _close_rejection_for_now(self):
        """Close the same so that undoing the change opens it again.

        Archived without a day on which they were done: nobody has looked after them.
        """
        # What an earlier change has closed cannot be undone any more.
        activities = self._find_rejection_activities()
        still_open = activities.filtered("active")
        (activities - still_open).unlink()
        still_open.write({"active": False})
        still_open.date_done = False  # which Odoo has just set, and by which done ones are known
        self.invalidate_recordset(["activity_ids", "is_against_rejection"])

    def _reopen_rejection(self):
        """Open again what the change closed that is undone, and nothing that somebody has done."""
        closed = self._find_rejection_activities().filtered(lambda activity: not activity.active)
        closed.write({"active": True})
        self.invalidate_recordset(["activity_ids", "is_against_rejection"])

    def _find_rejection_activities(self):
        """Return the activities (sudo) about the rejection of these orders, open ones and those
        that were closed without being done."""
        if not self:
            return self.env["mail.activity"]
        # sudo: activities of colleagues
        orders = self.sudo().with_context(active_test=False)
        return orders.activity_search(REJECTION_TYPES, additional_domain=NOT_DONE)

    @api.autovacuum
    def _gc_closed_rejections(self):
        """Remove what was closed for now, and can be undone no more."""
        types = self.env["mail.activity.type"].union(*map(self.env.ref, REJECTION_TYPES))
        past = Domain("active", "=", False) & Domain("activity_type_id", "in", types.ids)
        past &= Domain("write_date", "<", fields.Datetime.now() - UNDO_TIME)
        # sudo: as above
        self.env["mail.activity"].sudo().search(past & Domain(NOT_DONE)).unlink()

    # === WHAT IS MAILED === #

    @api.model
    def _get_revival_template(self):
        """Return the template for statuses without one, when the customer knows of a rejection.

        An archived one sends nothing.

        :rtype: mail.template
        """
        template = self.env.ref(
            "order_status_flags.mail_template_status_changed", raise_if_not_found=False
        )
        return (template or self.env["mail.template"]).filtered("active")

    @api.model
    def _get_change_template(self, change):
        """Return the template of the e-mail about a change of status, an empty one for none.

        :param StatusChange change: a planned one
        :rtype: mail.template
        """
        template = change.new_status._get_mail_template()
        if template or not change.new_status:
            return template
        # sudo: what was mailed counts, whoever asks
        order = change.order.sudo()
        known = order.env["sale.order.status.history"]._is_rejection_known(order)
        return self._get_revival_template() if known else template
