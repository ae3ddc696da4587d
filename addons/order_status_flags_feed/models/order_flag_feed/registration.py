import ast
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, mute_logger

from ...erp_touch import QUIET_ORDER
from ...readable import find_unreadable, iter_fields

DEFAULT_DOMAIN = "[('document_type', '!=', 'sale')]"


class OrderFlagFeed(models.Model):
    """Which orders this ERP gets, and whether it has registered them."""

    _inherit = "order.flag.feed"

    export_domain = fields.Char(
        string="Orders for the ERP",
        required=True,
        default=DEFAULT_DOMAIN,
        help="Placed orders that match are given to the ERP when it asks for orders.",
    )
    watches_orders = fields.Boolean(
        string="Filter by what the ERP does not read",
        compute="_compute_watches_orders",
        store=True,
        help="Orders are looked at each time they are written, since their status, flag or the"
        " like may let them in.",
    )
    registration_minutes = fields.Integer(
        string="To be registered within (minutes)",
        default=60,
        help="Orders that no ERP has registered by then are listed under Needs attention."
        " 0 = never.",
    )
    last_fetch = fields.Datetime(string="Last fetch", readonly=True, copy=False)
    unregistered_count = fields.Integer(compute="_compute_unregistered_count")

    _registration_minutes_positive = models.Constraint(
        "CHECK(registration_minutes BETWEEN 0 AND 525600)",
        "The minutes to register an order must lie between 0 and 525600.",
    )

    # === COMPUTE METHODS === #

    @api.depends("export_domain")
    def _compute_watches_orders(self):
        """Tell the trigger on orders, see ``erp_touch.py``, what may let one in."""
        for feed in self:
            feed.watches_orders = feed._names_quiet_fields()

    @api.depends("export_domain", "registration_minutes", "active")
    def _compute_unregistered_count(self):
        orders = self.env["sale.order"]
        for feed in self:
            # A feed has a domain of its own, and there are few.
            feed.unregistered_count = orders.search_count(feed._get_unregistered_domain())

    @api.constrains("export_domain")
    def _check_export_domain(self):
        for feed in self:
            try:
                # Tried, not only read: what the database cannot compare would otherwise fail
                # for every clerk who opens the orders.
                with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                    # sudo: a filter may name fields that its author cannot read; it shows none
                    self.env["sale.order"].sudo().search(feed._get_export_domain(), limit=1)
            except Exception as error:  # whatever a typed domain can do wrong
                raise ValidationError(feed._get_filter_problem_text(error)) from error

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base` to take no filter by what its author may not read."""
        feeds = super().create(vals_list)
        feeds._check_filter_is_readable()
        return feeds

    def write(self, vals):
        """Override of `base` to bring orders that a new filter lets in, and to take none by what
        its author may not read."""
        filters = {feed: feed.export_domain for feed in self}
        res = super().write(vals)
        # What somebody with more rights has typed stays.
        self.filtered(lambda feed: feed.export_domain != filters[feed])._check_filter_is_readable()
        if {"export_domain", "company_id", "active"} & vals.keys():
            # For an archived feed nothing is noted that lets an order in: it is offered later.
            for feed in self.filtered("active"):
                feed._offer_new_orders()
        return res

    # === ACTION METHODS === #

    def action_view_unregistered(self):
        """Open the orders that this feed wants and no ERP has registered in time."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("sale.action_orders")
        action["name"] = self.env._("Not in the ERP")
        # As counted, by the minutes of this feed: the filter of orders asks all feeds.
        found = self.env["sale.order"].search(self._get_unregistered_domain())
        action["domain"] = [("id", "in", found.ids)]
        action["context"] = {"create": False}
        return action

    # === BUSINESS METHODS === #

    def _get_export_domain(self):
        """Return the domain of the placed orders that this ERP gets.

        :rtype: Domain
        """
        self.ensure_one()
        return (
            self._read_filter()
            & Domain("was_placed", "=", True)
            & Domain("company_id", "=", self.company_id.id)
        )

    def _read_filter(self):
        """Return the filter as it was typed."""
        return Domain(ast.literal_eval(self.export_domain or "[]"))

    def _names_quiet_fields(self):
        """Whether the filter may let an order in when nothing changes that an ERP reads.

        What a field that is no column of orders follows from, nobody can tell.
        """
        try:
            named = list(iter_fields(self.env["sale.order"], self._read_filter()))
        except (ValueError, KeyError, SyntaxError, TypeError):
            return False  # such a filter lets nothing in, and is refused when it is typed
        return any(
            field.name in QUIET_ORDER or not field.store or not field.column_type
            for field in named
            if field.model_name == "sale.order"
        )

    def _find_filter_problem(self):
        """Return why the filter cannot be read any more, or False.

        It could when it was typed: a field of it has gone with its addon.
        """
        try:
            self._get_export_domain().optimize(self.env["sale.order"])
        except ValueError as error:
            return str(error)
        return False

    def _check_filter_is_readable(self):
        """Check that the user may read all that these filters name.

        A feed is given what fits as the superuser: which orders come out would tell what is there.

        :raise ValidationError: with the field that is not his to read
        """
        if self.env.su:
            return
        for feed in self:
            if path := find_unreadable(self.env["sale.order"], feed._read_filter()):
                raise ValidationError(
                    self.env._(
                        "The filter of the orders for the ERP names what you may not read:"
                        " “%(field)s”. Please ask somebody who may.",
                        field=path,
                    )
                )

    def _get_filter_problem_text(self, problem):
        return self.env._(
            "The filter of the orders for the ERP cannot be read: %(problem)s", problem=problem
        )

    def _get_late_domain(self):
        """Return the domain of the orders that this ERP should have registered by now.

        :rtype: Domain
        """
        # Clerks open their orders, whatever is wrong with a feed; the ERP is told when it asks.
        if not self.registration_minutes or self._find_filter_problem():
            return Domain.FALSE
        limit = fields.Datetime.now() - timedelta(minutes=self.registration_minutes)
        return self._get_export_domain() & Domain("erp_placed_at", "<", limit)

    def _get_unregistered_domain(self):
        if not self.active:
            return Domain.FALSE
        return self._get_late_domain() & self.env["sale.order"]._get_erp_open_domain()

    def _offer_new_orders(self):
        """Bring the orders that match now and were never given to this ERP."""
        # sudo: a feed gets what its filter says, whoever may read which orders
        orders = self.env["sale.order"].sudo()
        domain = self._get_export_domain() & Domain.custom(to_sql=self._select_not_fetched)
        self.env["sale.order.erp.touch"]._touch(orders._search(domain, order="date_order, id"))

    def _select_not_fetched(self, _model, alias, _query):
        """Return SQL that leaves out the orders which this ERP was given.

        Asked of each order: of a list of hundreds of thousands, PostgreSQL would read half for
        each of them.
        """
        return SQL(
            """
            NOT EXISTS (
                SELECT FROM order_flag_feed_fetch fetched
                 WHERE fetched.feed_id = %s AND fetched.order_id = %s
            )
            """,
            self.id,
            SQL.identifier(alias, "id"),
        )
