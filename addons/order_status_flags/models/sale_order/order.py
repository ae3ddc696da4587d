from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class SaleOrder(models.Model):
    """Order status and flags: the fields.

    What changes them is in ``writer.py``, what is not allowed in ``refusals.py``, what sets
    them by itself in ``events.py``.
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
        compute="_compute_was_placed",
        store=True,
        precompute=True,
        copy=False,
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
                if record and (refusal := self._get_misfit(order, record)):
                    raise ValidationError(refusal.tell(order))
