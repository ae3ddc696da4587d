from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ...status_change import KEEP, StatusChange
from ...typed_text import clean_text

# From here to there each moment has a day in every time zone, and a year of four digits.
FIRST_MOMENT, LAST_MOMENT = datetime(1000, 1, 2), datetime(9999, 12, 31, 10)

NOTE_MAX_LENGTH = 10_000


class SaleOrder(models.Model):
    """Order status and flags: the fields, and the methods that people and systems call.

    How a change is written is in ``writer.py``, what is not allowed in ``refusals.py``, what
    sets a status by itself in ``events.py``.
    """

    _inherit = "sale.order"

    document_type = fields.Selection(
        selection="_selection_document_type",
        compute="_compute_document_type",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
        required=True,
        help="Kind of order; statuses and flags can be limited to one.",
    )
    order_status_id = fields.Many2one(
        comodel_name="sale.order.status",
        string="Order status",
        copy=False,
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
    # Computed, not related: customers could group and sort their orders by a related field,
    # whatever groups it has.
    order_status_color = fields.Integer(
        string="Status color",
        compute="_compute_order_colors",
        compute_sudo=True,
        groups="base.group_user",
    )
    order_flag_color = fields.Integer(
        string="Flag color",
        compute="_compute_order_colors",
        compute_sudo=True,
        groups="base.group_user",
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
        readonly=True,
        ondelete="restrict",
        help="The last status that is shown to customers; internal ones are left out.",
    )
    was_placed = fields.Boolean(
        compute="_compute_was_placed",
        store=True,
        precompute=True,
        copy=False,
        help="The order was placed and not taken back to a quotation since.",
    )
    is_status_stuck = fields.Boolean(
        string="Stuck",
        compute="_compute_is_status_stuck",
        compute_sudo=True,
        search="_search_is_status_stuck",
        groups="base.group_user",
        help="The order is longer in its status than the status allows.",
    )

    # A column of the kanban view, and what is stuck: the oldest of one status, without a sort.
    _status_since_idx = models.Index(
        "(order_status_id, order_status_date, id) WHERE order_status_id IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    @api.model
    def _selection_document_type(self):
        """Return the kinds of orders; addons extend it with their own.

        :rtype: list[tuple[str, str]]
        """
        return [("web", self.env._("Web order")), ("sale", self.env._("Sales order"))]

    def _compute_document_type(self):
        """Give new orders their kind; addons that bring another kind override it."""
        for order in self:
            order.document_type = order.document_type or "sale"

    @api.depends("state", "document_type")
    def _compute_was_placed(self):
        """Keep what ``_is_order_placed`` says where Python, searches and SQL read it."""
        for order in self:
            order.was_placed = order._is_order_placed()

    def _is_order_placed(self):
        """Tell whether this is an order (and not a quotation, cart or template).

        The one definition; the field ``was_placed`` keeps its answer. A back-office order is
        placed when it is confirmed, any other document type as soon as it leaves the cart; a
        cancelled order stays one.

        Hook: addons with carts of their own override it.

        :rtype: bool
        """
        self.ensure_one()
        if self.state == "cancel":
            return self.was_placed
        return self.state == "sale" or (self.state == "sent" and self.document_type != "sale")

    @api.depends("order_status_id.color", "order_flag_id.color")
    def _compute_order_colors(self):
        for order in self:
            order.order_status_color = order.order_status_id.color
            order.order_flag_color = order.order_flag_id.color

    @api.model
    def _get_numbered_domain(self):
        """Return the domain of what an order's number can mean.

        Hook: addons leave out what lies among the orders under a name that is no number.

        :rtype: Domain
        """
        return Domain.TRUE

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
        self._check_field_access(self._fields["is_status_stuck"], "read")
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
        used_or_not = statuses | statuses.search(statuses._check_company_domain(self.env.companies))
        return used_or_not.sorted(lambda status: (status.sequence, status.id))

    # === CONSTRAINT METHODS === #

    @api.constrains("commitment_date")
    def _check_commitment_date(self):
        """Refuse dates of which Odoo's own pages and transfers make an error."""
        for order in self.filtered("commitment_date"):
            if not FIRST_MOMENT <= order.commitment_date < LAST_MOMENT:
                raise ValidationError(
                    self.env._(
                        "Please check the requested date of %(order)s: the year is %(year)s.",
                        order=order.name,
                        year=order.commitment_date.year,
                    )
                )

    # Instead of `check_company`, which would look at every order once more on each change:
    # the writer checks what is set, this checks what is there when the order changes.
    @api.constrains("document_type", "company_id")
    def _check_status_fits(self):
        # sudo: an order may be changed by people who do not read the codebooks
        for order in self.sudo():
            for record in (order.order_status_id, order.order_flag_id):
                if record and (refusal := self._get_misfit(order, record)):
                    raise ValidationError(refusal.tell(order))

    @api.model
    def _check_codebook_fits(self, name, records):
        """Check that statuses or flags fit the orders which have them, after a change of theirs.

        :param str name: of the field
        :param records: ``sale.order.status`` or ``sale.order.flag``
        :raise ValidationError: with the number of the orders that they do not fit
        """
        for record in records:
            misfit = Domain.FALSE
            if record.document_type:
                misfit |= Domain("document_type", "!=", record.document_type)
            if record.company_id:
                misfit |= ~Domain("company_id", "child_of", record.company_id.id)
            if misfit.is_false():
                continue
            # sudo: orders of every company count, whoever changes the codebook
            count = self.sudo().search_count(Domain(name, "=", record.id) & misfit)
            if count:
                raise ValidationError(
                    self.env._(
                        "Orders that have “%(name)s” and are of another document type or company:"
                        " %(count)s. Give them another one first, or make a new one beside it.",
                        count=count,
                        name=record.name,
                    )
                )

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
        # sudo: see `StatusChange.work_out`; here once, and not for each of thousands of orders
        status = self._browse_codebook("sale.order.status", status_id).sudo()
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
        # sudo: see `StatusChange.work_out`; here once, and not for each of thousands of orders
        flag = self._browse_codebook("sale.order.flag", flag_id).sudo()
        note = self._clean_note(note)
        notes = {"flag_note": note or KEEP} if flag else {"note": note}
        self._change_status(
            [StatusChange(order, flag=flag, **notes) for order in self],
            source="flag",
            notify=notify,
        )
        return True

    # === WHAT COMES FROM OUTSIDE === #

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
            self.env._("There is no such status, or it belongs to another company.")
            if model == "sale.order.status"
            else self.env._("There is no such flag, or it belongs to another company.")
        )

    @api.model
    def _clean_note(self, note):
        if note and not isinstance(note, str):
            raise UserError(self.env._("The note must be a text."))
        too_long = self.env._("The note is too long: at most 10,000 characters.")
        return clean_text(note, NOTE_MAX_LENGTH, too_long) or False

    def _check_may_force(self):
        if not self._may_force_status():
            raise AccessError(
                self.env._("Only members of “Order status: Manager” may force a status.")
            )

    def _may_force_status(self):
        """Whether the user may override "May be followed by"."""
        return self.env.su or self.env.user.has_group("order_status_flags.group_status_manager")
