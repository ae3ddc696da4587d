from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...promise import OPEN_STATES, Delivery, day_of, promise_state_of
from ...status_write import STATUS_WRITE, StatusWrite

# Fields that follow from what happens to the order, never written directly.
PROMISE_FIELDS = (
    "promised_date",
    "promise_moved_date",
    "promise_date",
    "promise_state",
    "promise_fulfilled_on",
    "promise_sequence",
    "promise_told",
)

# What the promise of an order is computed from, of its own fields.
COMPUTED_FROM = (
    *PROMISE_FIELDS,
    *("was_placed", "state", "company_id", "commitment_date"),
    *("order_status_id", "order_status_date"),
)


class SaleOrder(models.Model):
    """The promise: which day the customer was given first, which one holds today, what came of it.

    A promise is a day where the company is, for every reader the same. It is made when the order
    is placed, by the requested date or the expected dates of its lines, and covers the whole order:
    the day of the last goods. Today's date follows the requested date, the deliveries that other
    addons know of, and what a person gives as the new date. The e-mail about a delay is in
    ``delay.py``.
    """

    _inherit = "sale.order"

    promised_date = fields.Date(
        string="First promised for",
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="The requested or expected day of the whole order, as it was when it was placed.",
    )
    promise_moved_date = fields.Date(
        string="Moved by hand to", copy=False, readonly=True, groups="base.group_user"
    )
    promise_date = fields.Date(
        string="Promised for",
        compute="_compute_promise",
        store=True,
        copy=False,
        groups="base.group_user",
        help="The day on which the whole order is expected today.",
    )
    promise_state = fields.Selection(
        selection=[
            ("none", "No promise"),
            ("on_time", "On time"),
            ("at_risk", "At risk"),
            ("late", "Late"),
            ("kept", "Kept"),
            ("broken", "Broken"),
        ],
        string="Promise",
        compute="_compute_promise",
        store=True,
        copy=False,
        search="_search_promise_state",
        groups="base.group_user",
        help="At risk: today's date is after the first one. Late: today's date has passed and goods"
        " are open. Kept or broken: everything was delivered, by the first date or after it.",
    )
    promise_fulfilled_on = fields.Date(
        string="Fulfilled on",
        compute="_compute_promise",
        store=True,
        copy=False,
        groups="base.group_user",
    )
    promise_sequence = fields.Integer(
        compute="_compute_promise",
        store=True,
        copy=False,
        groups="base.group_user",
        help="How often the promised day has changed: calendars keep the highest one.",
    )

    _promise_open_idx = models.Index("(promise_date) WHERE promise_state IN ('on_time', 'at_risk')")

    # === COMPUTE METHODS === #

    @api.depends(
        "promised_date",
        "promise_moved_date",
        "commitment_date",
        "was_placed",
        "state",
        "order_status_id.category",
    )
    def _compute_promise(self):
        # Only these, not whole orders: a receipt that moves may move ten thousand promises.
        self.fetch(COMPUTED_FROM)
        promised = self.filtered(lambda order: order.was_placed and order.promised_date)
        values = {order: order._get_no_promise() for order in self - promised}
        # Whoever changes what the promise follows from may read only a part of it.
        deliveries = promised.sudo()._get_deliveries()
        unknown = Delivery()
        for company, orders in promised.grouped("company_id").items():
            zone = orders[:1]._get_promise_zone()
            today = orders._get_promise_days()[company]
            for order in orders:
                delivery = deliveries.get(order._origin.id, unknown)
                values[order] = order._get_promise(delivery, zone, today)
        self._set_changed(values)
        promised._follow_promises()

    def _get_no_promise(self):
        """Return what is computed of this order while nothing is promised."""
        return {
            "promise_date": False,
            "promise_fulfilled_on": False,
            "promise_state": "none",
            # Placed anew, it goes on counting: calendars keep the highest one.
            "promise_sequence": self.promise_sequence + bool(self.promise_date),
        }

    def _get_promise(self, delivery, zone, today):
        """Return what follows from the promise of this order.

        :param Delivery delivery: what is known of its goods
        :param str zone: the company's time zone
        :param date today: where the company is
        """
        first, before = self.promised_date, self.promise_date
        fulfilled_on = self._get_fulfilled_day(delivery, zone)
        present = before if fulfilled_on and before else self._get_present_promise(delivery, zone)
        state = promise_state_of(first, present, fulfilled_on, today)
        # Goods that move have not waited.
        waits = not fulfilled_on and not delivery.is_known and self._waits_to_start()
        return {
            "promise_date": present,
            "promise_fulfilled_on": fulfilled_on,
            "promise_state": "none" if waits or self._is_rejected() else state,
            "promise_sequence": self.promise_sequence + bool(before and present != before),
        }

    @api.model
    def _set_changed(self, values):
        """Set the computed fields that are not so yet: most stay as they are, and many change to
        the same.

        :param dict values: ``{order: {field: value}}``
        """
        changed = {}
        for order, computed in values.items():
            for name, value in computed.items():
                if not order.id or order[name] != value:
                    changed.setdefault((name, value), []).append(order.id)
        for (name, value), ids in changed.items():
            self.browse(ids)[name] = value

    def _get_present_promise(self, delivery, zone):
        """Return the day for which the order is promised today.

        :param Delivery delivery: what is known of its goods
        :param str zone: the company's time zone
        :rtype: date
        """
        requested = self.promise_moved_date or day_of(self.commitment_date, zone)
        planned = day_of(delivery.planned, zone)
        if requested and planned:
            return max(requested, planned)
        return requested or planned or self.promised_date

    def _get_fulfilled_day(self, delivery, zone):
        """Return the day on which the last goods left, False while something is open.

        Without deliveries of which an addon knows, the status tells it.

        :param Delivery delivery: what is known of its goods
        :param str zone: the company's time zone
        """
        if delivery.is_known:
            return not delivery.is_open and day_of(delivery.done, zone)
        if self.order_status_id.category != "done":
            return False
        # Another status of the same category changes nothing about when it was.
        return self.promise_fulfilled_on or day_of(
            self.order_status_date or fields.Datetime.now(), zone
        )

    def _get_deliveries(self):
        """Return what is known of the deliveries of these orders, all of them at once.

        Hook: addons that know of deliveries fill it. Read as superuser, in as many queries for a
        thousand orders as for one.

        :return: ``{order id: Delivery}``, of the orders of which anything is known
        :rtype: dict
        """
        return {}

    def _get_promise_zone(self):
        """Return the time zone in which the days of this order are counted: the company's."""
        # sudo: customers and salespeople need not read the partner of the company
        return self.company_id.sudo().partner_id.tz or "UTC"

    def _get_promise_days(self):
        """Return today's date of each company of these orders: ``{company: date}``."""
        now = fields.Datetime.now()
        # sudo: as above
        return {
            company: day_of(now, company.sudo().partner_id.tz or "UTC")
            for company in self.company_id
        }

    @api.model
    def _search_promise_state(self, operator, value):
        """Find by the state as it is today, also before the scheduled action has noted it."""
        if operator != "in":
            return NotImplemented
        # Found by SQL, which asks for no groups.
        self._check_field_access(self._fields["promise_state"], "read")
        states = tuple(state or "none" for state in value)
        self.flush_model(["promise_state", "promise_date", "company_id"])

        def to_sql(model, alias, query):
            return SQL("%s IN %s", self._select_promise_state(alias), states)

        return Domain.custom(to_sql=to_sql) if states else Domain.FALSE

    @api.model
    def _select_promise_state(self, alias="sale_order"):
        """SQL of the state of the promise as it is at this moment.

        :param str alias: of the table of orders
        """
        return SQL(
            "CASE WHEN %(state)s IN %(open)s AND %(date)s < %(today)s THEN 'late'"
            " ELSE COALESCE(%(state)s, 'none') END",
            state=SQL.identifier(alias, "promise_state"),
            date=SQL.identifier(alias, "promise_date"),
            open=OPEN_STATES,
            today=self._select_today(SQL.identifier(alias, "company_id")),
        )

    @api.model
    def _select_today(self, company):
        """SQL of today's date where a company is.

        :param SQL company: the column with its id
        """
        # sudo: of orders of every company
        companies = (
            self.env["res.company"].sudo().with_context(active_test=False).search(Domain.TRUE)
        )
        now = fields.Datetime.now()
        days = companies.grouped(lambda one: day_of(now, one.partner_id.tz or "UTC"))
        cases = SQL(" ").join(
            SQL("WHEN %s IN %s THEN %s::date", company, tuple(some.ids), day)
            for day, some in days.items()
        )
        return SQL("CASE %s END", cases)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `sale` to let nobody make a promise up.

        :raise UserError: when the values hold one
        """
        for vals in vals_list:
            self._check_no_promise_fields(name for name in vals if vals[name])
        return super().create(vals_list)

    def write(self, vals):
        """Override of `sale` to keep the promise what it is, and to follow the requested date.

        :raise UserError: when the values hold what only follows from the promise
        """
        # The writer's own values, see `_prepare_promise_values`.
        if not isinstance(self.env.context.get(STATUS_WRITE), StatusWrite):
            vals = self._drop_present_values(vals, PROMISE_FIELDS)
            self._check_no_promise_fields(vals)
        res = super().write(vals)
        if "commitment_date" in vals:
            self._follow_requested_date()
            self._settle_in_silence()
        return res

    def _check_no_promise_fields(self, names):
        if not set(PROMISE_FIELDS).isdisjoint(names):
            raise UserError(
                self.env._(
                    "What was promised cannot be written: it follows from the requested date and"
                    " the deliveries. Use “Move the date” to give the customer another"
                    " one."
                )
            )

    def _follow_requested_date(self):
        """A date that is requested later counts more than one given by hand before.

        Where nothing was promised yet it is the first promise.
        """
        # sudo: the promise is nobody's to write
        for order in self.sudo().filtered("was_placed"):
            values = {}
            if order.promise_moved_date:
                values["promise_moved_date"] = False
            if not order.promised_date and order.commitment_date:
                values["promised_date"] = day_of(order.commitment_date, order._get_promise_zone())
            if values:
                order._as_part_of_write()._write_status_fields(values)

    # === MAKING AND MOVING IT === #

    def _prepare_promise_values(self):
        """Return the values of the promise of an order that is placed at this moment."""
        self.ensure_one()
        moment = self.commitment_date or self._get_last_expected_date()
        return {
            "promised_date": day_of(moment, self._get_promise_zone()),
            "promise_moved_date": False,
            "promise_told": False,
        }

    def _get_last_expected_date(self):
        """Return when the last of the goods to be delivered is expected, False when there are none.

        Odoo's own ``expected_date`` is that of the first ones, which is no promise of an order.

        :rtype: datetime or False
        """
        goods = self.order_line.filtered(
            lambda line: (
                line.product_uom_qty > 0
                and line.product_id.type == "consu"
                and not line._is_delivery()
            )
        )
        return max((line._expected_date() for line in goods), default=False)

    def _move_promise(self, day, reason):
        """Give the customer another day, for a reason that the order's messages keep.

        :param date day: the new one
        :param str reason: internal
        :raise UserError: when nothing is promised any more, or goods are planned for later
        """
        self.ensure_one()
        self._lock_for_status_change()
        # sudo: the promise is nobody's to write; the caller has checked the access
        order = self.sudo()
        if refusal := order._get_move_refusal(day):
            raise UserError(refusal)
        before = order.promise_date
        order._write_status_fields({"promise_moved_date": day})
        order._settle_in_silence()
        self._message_log(
            body=self.env._(
                "Promised date moved from %(before)s to %(after)s: %(reason)s",
                before=fields.Date.to_string(before),
                after=fields.Date.to_string(day),
                reason=reason,
            )
        )

    def _get_move_refusal(self, day):
        """Return why the promise of this order (sudo) cannot be moved to a day, or False."""
        zone = self._get_promise_zone()
        delivery = self._get_deliveries().get(self.id) or Delivery()
        planned = day_of(delivery.planned, zone)
        is_fulfilled = self._get_fulfilled_day(delivery, zone)
        if not self.promised_date or self._is_rejected() or is_fulfilled:
            return self.env._(
                "%(order)s: nothing is promised, or all was delivered.", order=self.name
            )
        if day < day_of(fields.Datetime.now(), zone):
            return self.env._("The new date lies in the past.")
        if planned and day < planned:
            return self.env._(
                "The goods of %(order)s are planned for %(planned)s. Move their transfer first.",
                order=self.name,
                planned=fields.Date.to_string(planned),
            )
        return False

    # === WHAT THE CUSTOMER READS === #

    def _get_customer_promises(self):
        """Return the promises for a list of these orders: ``{order id: see below}``.

        Orders of which nothing is promised are left out.
        """
        orders = self.sudo()  # sudo: see below
        orders.fetch([*COMPUTED_FROM, "customer_status_id", "date_order"])
        # Most lists have orders of which nothing is promised; what day it is costs two queries.
        orders = orders.filtered("promised_date")
        days = orders._get_promise_days()
        return {order.id: order._get_customer_promise(days[order.company_id]) for order in orders}

    def _get_customer_promise(self, today=None):
        """Return the promise as the customer's pages show it, empty when there is none to show.

        None of a rejected order, whether its customer knows of the rejection or not.

        :param date today: where the company is, if the caller knows it
        :rtype: dict with ``first`` and ``present`` (date), ``is_moved``, ``is_late``,
            ``is_fulfilled`` and ``is_shown`` (bool)
        """
        self.ensure_one()
        # sudo: customers read no more of the promise than this
        order = self.sudo()
        if not order.promised_date or not order.was_placed or order._is_closed_to_customer():
            return {}
        today = today or order._get_promise_days()[order.company_id]
        has_passed = order.promise_date < today
        waits = order.promise_state == "none"  # for its customer: rejected ones are out already
        # Who reads that all has left is told of no delay, whatever is still open here.
        is_fulfilled = bool(
            order.promise_fulfilled_on or order.customer_status_id._says_that_all_left()
        )
        return {
            "first": order.promised_date,
            "present": order.promise_date,
            "is_moved": not (is_fulfilled or waits) and order.promise_date > order.promised_date,
            "is_late": not (is_fulfilled or waits) and has_passed,
            "is_fulfilled": is_fulfilled,
            "is_shown": not (is_fulfilled or waits and has_passed)
            and order._is_promise_worth_telling(),
        }

    def _is_promise_worth_telling(self):
        """Whether the promise says more than that goods without a lead time leave at once.

        Odoo expects those on the day of the order: a date that nobody has thought of. It is told
        where customers are told of delays.
        """
        return bool(
            self.commitment_date
            or self.promise_moved_date
            or self.promise_date > self.promised_date
            or self.promised_date > day_of(self.date_order, self._get_promise_zone())
            or self.company_id.order_status_delay_days
        )
