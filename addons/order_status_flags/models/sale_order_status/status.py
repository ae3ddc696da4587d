from markupsafe import Markup

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...status_change import CATEGORY_RANK

BADGE_CLASSES = {
    "new": "text-bg-info",
    "in_progress": "text-bg-primary",
    "done": "text-bg-success",
    "rejected": "text-bg-danger",
}


class SaleOrderStatus(models.Model):
    """The codebook of what the customer is told about an order.

    A status belongs to a category (how far the order is), says until when the customer
    may cancel, and may be set by events. *State* is Odoo's own field of the order; a
    *status* is what the customer reads. Example: "Shipped" (category In progress) is set
    by the event "everything is delivered", closes cancelling and sends an e-mail.
    """

    _name = "sale.order.status"
    _description = "Order Status"
    _order = "sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    code = fields.Char(
        readonly=True,
        copy=False,
        help="The next running number. It never changes, so that other systems can rely on it.",
    )
    name = fields.Char(
        required=True, translate=True, help="The customer reads it as the order status."
    )
    description = fields.Text(
        translate=True, help="A longer explanation, shown to the customer on the order status page."
    )
    document_type = fields.Selection(
        selection="_selection_document_type",
        help="Kind of order that may have this status. Empty: every kind.",
    )
    category = fields.Selection(
        selection=[
            ("new", "New"),
            ("in_progress", "In progress"),
            ("done", "Done"),
            ("rejected", "Rejected"),
        ],
        required=True,
        default="in_progress",
        help="How far an order with this status is. Automatic statuses only ever move forward:"
        " New, In progress, Done, and within one category by the order in this list.",
    )
    cancellation_qualifier = fields.Selection(
        selection=[
            ("allowed", "The customer may cancel"),
            ("on_request", "The customer may ask"),
            ("closed", "No longer possible"),
        ],
        required=True,
        default="closed",
        help="Until when the customer may cancel the order in the portal.",
    )
    is_public = fields.Boolean(
        string="Shown to the customer",
        default=True,
        help="Off: the customer goes on seeing the last status that was shown, and gets no e-mail.",
    )
    event_ids = fields.Many2many(
        comodel_name="sale.order.status.event",
        relation="sale_order_status_event_rel",
        column1="status_id",
        column2="event_id",
        string="Set when",
        help="Events that give an order this status by themselves.",
    )
    next_status_ids = fields.Many2many(
        comodel_name="sale.order.status",
        relation="sale_order_status_next_rel",
        column1="status_id",
        column2="next_status_id",
        string="May be followed by",
        # Archived ones count: without them, a list could look empty.
        context={"active_test": False},
        help="Empty: any status may follow.",
    )
    mail_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="E-mail to the customer",
        domain=[("model", "=", "sale.order")],
        ondelete="set null",
        help="Sent when an order gets this status. Empty: the customer gets no e-mail.",
    )
    is_mail_template_archived = fields.Boolean(
        compute="_compute_is_mail_template_archived", help="No e-mail is sent then."
    )
    max_days = fields.Integer(
        string="Stuck after (days)",
        help="Orders that stay longer in this status are listed as stuck. 0: no limit.",
    )
    fold = fields.Boolean(
        compute="_compute_fold",
        help="Folded in the kanban view: orders that nobody works on any more.",
    )
    sequence = fields.Integer(default=100)
    color = fields.Integer()
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company", help="Empty: the status is used in every company."
    )

    _code_uniq = models.Constraint("UNIQUE(code)", "A status with this code exists already.")
    _max_days_positive = models.Constraint(
        "CHECK(max_days BETWEEN 0 AND 36500)",
        "The number of days must lie between 0 and 36500.",
    )

    # === COMPUTE METHODS === #

    @api.depends("category")
    def _compute_fold(self):
        for status in self:
            status.fold = status.category in ("done", "rejected")

    @api.depends("mail_template_id.active")
    def _compute_is_mail_template_archived(self):
        for status in self:
            template = status.mail_template_id
            status.is_mail_template_archived = bool(template) and not template.active

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # sudo: whoever may create a status numbers it
            vals["code"] = self.env["ir.sequence"].sudo().next_by_code("sale.order.status")
        statuses = super().create(vals_list)
        self.env.registry.clear_cache()
        return statuses

    def write(self, vals):
        if "code" in vals:
            if any(status.code != vals["code"] for status in self):
                raise UserError(self.env._("The code of a status cannot be changed."))
            # An import of what was exported brings it along.
            vals = {name: value for name, value in vals.items() if name != "code"}
        hidden_or_shown = self.browse()
        if "is_public" in vals:
            hidden_or_shown = self.filtered(lambda s: s.is_public != bool(vals["is_public"]))
        res = super().write(vals)
        self.env.registry.clear_cache()
        hidden_or_shown._update_customer_statuses()
        return res

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for status, vals in zip(self, vals_list, strict=True):
            # One event sets one status: the copy starts without any.
            vals.update(event_ids=[], name=self.env._("%(name)s (copy)", name=status.name))
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self._is_used():
            raise UserError(
                self.env._(
                    "A status that orders have or had, or that a flag sets, cannot be deleted."
                    " Archive it instead:"
                    " it can then no longer be chosen, and old orders keep it."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_only_follower(self):
        # sudo: statuses of companies that the user does not see count too
        others = self.sudo().with_context(active_test=False)
        others = others.search([("next_status_ids", "in", self.ids), ("id", "not in", self.ids)])
        opened = others.filtered(lambda status: status._get_followers() <= self)
        if opened:
            if not self.env["sale.order"]._knows(opened[0]):
                raise UserError(
                    self.env._(
                        "Nothing else may follow a status of another company: without it, any"
                        " status could."
                    )
                )
            raise UserError(
                self.env._(
                    "Nothing else may follow “%(status)s”: without it, any status could. Change"
                    " “May be followed by” there first.",
                    status=opened[0].name,
                )
            )

    def _is_used(self):
        """Whether orders have or had one of these statuses, or a flag sets it.

        :rtype: bool
        """
        # sudo: the archive of every company counts, whoever asks
        history = self.env["sale.order.status.history"].sudo()
        flags = self.env["sale.order.flag"].sudo().with_context(active_test=False)
        had = Domain("status_id", "in", self.ids) | Domain("previous_status_id", "in", self.ids)
        return bool(
            history.search_count(had, limit=1)
            or flags.search_count([("status_id", "in", self.ids)], limit=1)
        )

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    def _update_field_translations(self, *args, **kwargs):
        """Override of `base` to forget what is cached for customers: this does not `write`."""
        res = super()._update_field_translations(*args, **kwargs)
        self.env.registry.clear_cache()
        return res

    # === BUSINESS METHODS === #

    @api.model
    def _selection_document_type(self):
        return self.env["sale.order"]._selection_document_type()

    def _get_followers(self):
        """Return the statuses that alone may follow this one, archived ones and those of other
        companies included; an empty set when any may follow, or for no status.

        By this, and never by the field, which the rights of whoever read it first may have cut.

        :rtype: sale.order.status (sudo)
        """
        ids = self._get_follower_ids().get(self.id, ())
        return self.sudo().browse(ids)  # sudo: the rule counts, whoever asks

    @api.model
    @tools.ormcache()
    def _get_follower_ids(self):
        """Return ``{status id: (ids of those that alone may follow)}``, cached for the writer."""
        return self._find_follower_ids()

    @api.model
    def _find_follower_ids(self):
        field = self._fields["next_status_ids"]
        columns = SQL.identifier(field.column1), SQL.identifier(field.column2)
        found = {}
        for status_id, follower_id in self.env.execute_query(
            SQL("SELECT %s, %s FROM %s ORDER BY 1, 2", *columns, SQL.identifier(field.relation))
        ):
            found.setdefault(status_id, []).append(follower_id)
        return {status_id: tuple(ids) for status_id, ids in found.items()}

    @api.model
    @tools.ormcache("code")
    def _get_event_rules(self, code):
        """Return who sets what on an event: ``((status id, document type, company id), ...)``.

        Cached, since every order that is placed asks; ids only, never records.
        """
        # sudo: the rules of every company, the reader's rights do not matter to an event
        # the caller's context must not decide what is cached for everybody
        statuses = self.sudo().with_context(active_test=True)
        statuses = statuses.search([("event_ids.code", "=", code)])
        return tuple((s.id, s.document_type or False, s.company_id.id) for s in statuses)

    @api.model
    def _get_for_event(self, code, document_type, company):
        """Return the status that the event sets on such an order, the most specific one:
        of the type and company, the company, the type, neither. What the parents of a branch
        have set holds for it too, after its own.

        :param str code: code of a ``sale.order.status.event``
        :param str document_type: the order's document type
        :param res.company company: the order's company
        :rtype: sale.order.status (sudo), empty when no status is set by the event
        """
        # sudo: an event acts by the company's rules, see `_get_event_rules`
        companies = [False, *company.sudo().parent_ids.ids]
        fitting = [
            (companies.index(rule_company), bool(rule_type), status_id)
            for status_id, rule_type, rule_company in self._get_event_rules(code)
            if rule_type in (False, document_type) and rule_company in companies
        ]
        # sudo: for the engine, which sets statuses for people who do not read the codebook
        return self.sudo().browse(max(fitting)[-1] if fitting else ())

    @api.model
    def _get_shipping_events(self):
        """Return the codes of the events that say that all goods of an order have left.

        Hook: addons that bring such an event name it. A status that has one tells the customer the
        same when a person, a flag or an ERP sets it.
        """
        return ()

    @api.model
    def _get_part_shipping_events(self):
        """Return the codes of the events that say that goods have left, and others have not.

        Hook: as above. A status that has one of these, too, does not say that all have left.
        """
        return ()

    def _says_that_all_left(self):
        """Whether who reads this status, or none, takes it that nothing is left to ship."""
        return self.id in self._get_all_left_ids()

    @api.model
    @tools.ormcache()
    def _get_all_left_ids(self):
        """Return the ids of the statuses that say so, cached, as lists of orders ask."""
        # sudo: of every company, the reader's rights do not matter; as in `_get_event_rules`
        # Archived ones say so, too: orders keep them.
        statuses = self.sudo().with_context(active_test=False)
        shipped = Domain("event_ids.code", "in", self._get_shipping_events())
        part = Domain("code", "in", self._get_part_shipping_events())
        shipped &= Domain("event_ids", "not any", part)
        return frozenset(statuses.search(Domain("category", "=", "done") | shipped).ids)

    def _fits(self, order):
        """Whether orders of this document type and company may have the status or flag."""
        self.ensure_one()
        # sudo: a seller of a branch may not read the companies above it
        companies = order.company_id.sudo().parent_ids
        return self.document_type in (False, order.document_type) and (self.company_id <= companies)

    def _get_mail_template(self):
        """Return the template of the e-mail about this status; empty = the customer gets none.

        An archived template sends nothing.

        :rtype: mail.template
        """
        template = self.mail_template_id
        # Asked for each of thousands of orders, where `filtered` would show.
        return template if template.active else template.browse()

    def _comes_after(self, other):
        """Whether this status is further on than the other one (an empty one is behind all).

        By category New < In progress < Done, then sequence. Nothing follows a rejected
        status, and a rejected one follows nothing: only cancelling leads there.
        """
        if not other:
            return True
        if "rejected" in (self.category, other.category):
            return False
        return (CATEGORY_RANK[self.category], self.sequence) > (
            CATEGORY_RANK[other.category],
            other.sequence,
        )

    def _get_customer_badge(self):
        """Return the badge of the status on the customer's pages, nothing for no status.

        No template: the list of orders has 80 of them, and what QWeb and `website` do for each
        element with a computed attribute would be a tenth of the whole page's time. For such
        a list see ``sale.order._get_customer_badges``.

        :rtype: Markup
        """
        if not self:
            return Markup()
        return Markup('<span class="badge rounded-pill o_order_status_badge %s">%s</span>') % (
            BADGE_CLASSES[self.category],
            self.name,
        )

    @api.model
    @tools.ormcache("self.env.lang", "company_ids")
    def _get_public_statuses(self, company_ids):
        """Return what customers read of the codebook, in its order and in their language.

        Cached, since each list of orders asks: no records.

        :param tuple[int] company_ids: companies whose statuses are wanted, besides the common
        :return: ``{status id: (name, badge, whether it is active)}``
        """
        # sudo: customers have no access to the codebook, only to what it calls public
        # the caller's context must not decide what is cached for everybody
        statuses = self.sudo().with_context(active_test=False)
        domain = [("is_public", "=", True), ("company_id", "in", [False, *company_ids])]
        return {
            status.id: (status.name, status._get_customer_badge(), status.active)
            for status in statuses.search_fetch(domain, ["name", "category", "active"])
        }

    def _update_customer_statuses(self):
        """Recompute what customers see after statuses were hidden or shown, set-based."""
        if not self:
            return
        history = self.env["sale.order.status.history"]
        orders = self.env["sale.order"]
        self.flush_model(["is_public"])
        history.flush_model(["order_id", "status_id"])
        orders.flush_model(["customer_status_id"])
        # Rows after the last clearing count; the last public status among them is shown.
        self.env.cr.execute(
            SQL(
                """
                WITH touched AS (
                    SELECT DISTINCT order_id FROM sale_order_status_history
                     WHERE status_id IN %(ids)s
                ), shown AS (
                    SELECT touched.order_id, (
                        SELECT row.status_id
                          FROM sale_order_status_history row
                          JOIN sale_order_status status ON status.id = row.status_id
                         WHERE row.order_id = touched.order_id
                           AND status.is_public
                           AND NOT EXISTS (
                               SELECT 1 FROM sale_order_status_history undo
                                WHERE undo.undone_id = row.id
                           )
                           AND row.id > COALESCE((
                               SELECT MAX(cleared.id)
                                 FROM sale_order_status_history cleared
                                WHERE cleared.order_id = touched.order_id
                                  AND cleared.status_id IS NULL
                           ), 0)
                      ORDER BY row.id DESC
                         LIMIT 1
                    ) AS status_id
                      FROM touched
                )
                UPDATE sale_order
                   SET customer_status_id = shown.status_id
                  FROM shown
                 WHERE sale_order.id = shown.order_id
                   AND customer_status_id IS DISTINCT FROM shown.status_id
                """,
                ids=tuple(self.ids),
            )
        )
        orders.invalidate_model(["customer_status_id"])
