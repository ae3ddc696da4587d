from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

# Orders placed so long before the addon came are the archive: no ERP is asked to register them.
ARCHIVE = "7 days"
# Of an order that was cancelled longer ago nobody asks any more whether the ERP cancelled it too;
# the index below is read no further.
CANCELLED_WITHIN = timedelta(days=90)
# A feed that has not fetched for so long is nobody's: its orders need not wait to be deleted.
FETCHES_WITHIN = timedelta(days=30)


class SaleOrder(models.Model):
    """Whether an ERP has taken the order over, and who has fetched it."""

    _inherit = "sale.order"

    erp_placed_at = fields.Datetime(
        string="Placed on",
        compute="_compute_erp_placed_at",
        store=True,
        copy=False,
        groups="base.group_user",
        help="When the order was placed, from which the time to register it in the ERP counts.",
    )
    erp_fetch_ids = fields.One2many(
        comodel_name="order.flag.feed.fetch",
        inverse_name="order_id",
        string="Fetched by ERPs",
        readonly=True,
        groups="sales_team.group_sale_salesman",
    )
    is_erp_unregistered = fields.Boolean(
        string="Not in the ERP",
        compute="_compute_is_erp_unregistered",
        compute_sudo=True,
        search="_search_is_erp_unregistered",
        groups="base.group_user",
        help="No ERP has registered the order within the time that its feed gives.",
    )
    status_attention = fields.Selection(
        selection_add=[
            ("erp_unregistered", "Not in the ERP"),
            ("erp_still_open", "Cancelled here, still open in the ERP"),
        ]
    )

    _erp_unregistered_idx = models.Index(
        "(company_id, erp_placed_at)"
        " WHERE was_placed IS TRUE AND state != 'cancel' AND COALESCE(external_ref, '') = ''"
    )

    _cancelled_at_idx = models.Index(
        "((COALESCE(order_status_date, date_order))) WHERE state = 'cancel' AND was_placed IS TRUE"
    )

    # === COMPUTE METHODS === #

    def _auto_init(self):
        """Override of `base` to give this moment to the orders of the last days only.

        They may still be on their way into the ERP. All before is the archive, which no ERP is
        asked to register: it is neither computed nor in Needs attention.
        """
        if not column_exists(self.env.cr, self._table, "erp_placed_at"):
            create_column(self.env.cr, self._table, "erp_placed_at", "timestamp")
            self._fill_erp_placed_at()
        return super()._auto_init()

    @api.model
    def _fill_erp_placed_at(self):
        self.env.cr.execute(
            """
            UPDATE sale_order
               SET erp_placed_at = date_order
             WHERE was_placed
               AND state != 'cancel'
               AND date_order > (now() AT TIME ZONE 'UTC') - %s::interval
            """,
            [ARCHIVE],
        )

    @api.depends("was_placed", "state", "date_order")
    def _compute_erp_placed_at(self):
        """Tell when an order was placed; the date of an order that is not confirmed yet is that
        of its cart."""
        now = fields.Datetime.now()
        for order in self:
            if not order.was_placed:
                order.erp_placed_at = False
            elif order.state == "sale":
                order.erp_placed_at = order.date_order
            elif order.state == "cancel":
                # One of the archive was not placed at the moment when it is cancelled.
                order.erp_placed_at = order.erp_placed_at or order.date_order
            else:
                order.erp_placed_at = order.erp_placed_at or now

    @api.depends("external_ref", "erp_placed_at", "state", "erp_document_ids.state")
    def _compute_is_erp_unregistered(self):
        late = self._find_erp_orders(self._get_erp_attention_domains()["erp_unregistered"])
        for order in self:
            order.is_erp_unregistered = order._origin in late

    @api.model
    def _search_is_erp_unregistered(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._check_field_access(self._fields["is_erp_unregistered"], "read")
        # Found apart: a filter may name fields that whoever asks cannot read, and shows none.
        late = self._find_by_each([self._get_erp_attention_domains()["erp_unregistered"]])
        return Domain.OR(late if wanted else ~late for wanted in value)

    @api.depends("is_erp_unregistered", "order_status_date", "erp_document_ids.state")
    def _compute_status_attention(self):
        """Override of `order_status_flags` to hear of orders that an ERP lacks, or goes on with."""
        return super()._compute_status_attention()

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_untold_cancellation(self):
        """An ERP that was given an order goes on with it until it hears that it is cancelled."""
        # sudo: whoever deletes the order, and whether or not he reads who fetched it
        orders = self.sudo().filtered(lambda order: order.state in ("draft", "cancel"))
        fetched = orders.erp_fetch_ids.order_id
        if untold := fetched._find_untold_cancellations():
            order_id, feed = untold[0]
            raise UserError(
                self.env._(
                    "%(order)s cannot be deleted yet: “%(feed)s” has fetched it, and has not"
                    " looked since the order was last written. It hears of a cancellation with"
                    " its next fetch, after which the order can be deleted.",
                    order=self.browse(order_id).display_name,
                    feed=feed,
                )
            )

    def _find_untold_cancellations(self):
        """Return ``[(order id, name of a feed)]`` of those that have an earlier version of these.

        Of feeds that go on fetching, and of the order's company; one whose filter cannot be read
        is refused whatever it asks for.
        """
        if not self:
            return []
        filtering = self.env["order.flag.feed"].search([("export_domain", "!=", False)])
        broken = filtering.filtered(lambda feed: feed._find_filter_problem())
        # What is cancelled in this transaction is noted by the database.
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT fetched.order_id, feed.name
                  FROM order_flag_feed_fetch fetched
                  JOIN order_flag_feed feed ON feed.id = fetched.feed_id
                  JOIN sale_order ON sale_order.id = fetched.order_id
                                 AND sale_order.company_id = feed.company_id
             LEFT JOIN sale_order_erp_version known ON known.order_id = fetched.order_id
                 WHERE fetched.order_id = ANY(%s)
                   AND feed.active
                   AND feed.id != ALL(%s)
                   AND feed.last_fetch > %s
                   AND (fetched.version IS DISTINCT FROM known.version
                        OR known.seen_touch IS DISTINCT FROM (
                            SELECT id FROM sale_order_erp_touch
                             WHERE order_id = fetched.order_id
                          ORDER BY feed_position DESC
                             LIMIT 1
                        ))
              ORDER BY fetched.order_id, feed.name
                """,
                self.ids,
                broken.ids,
                fields.Datetime.now() - FETCHES_WITHIN,
            )
        )

    # === BUSINESS METHODS === #

    def _get_attention_reasons(self):
        """Override of `order_status_flags` to name orders that an ERP lacks, or goes on with."""
        # sudo: who reads an order may know whether it is in the ERP
        orders = self.sudo()
        found = orders._find_erp_orders(Domain.OR(self._get_erp_attention_domains().values()))
        cancelled = found.filtered(lambda order: order.state == "cancel")
        return {
            **super()._get_attention_reasons(),
            "erp_unregistered": set((found - cancelled).ids),
            "erp_still_open": set(cancelled.ids),
        }

    @api.model
    def _get_attention_domains(self):
        """Override of `order_status_flags` to find orders that an ERP lacks, or goes on with."""
        return {**super()._get_attention_domains(), **self._get_erp_attention_domains()}

    def _find_erp_orders(self, domain):
        """Return those of these orders that fit a domain, with their state, in one query."""
        if domain.is_false() or not self.ids:
            return self.browse()
        return self.search_fetch(Domain("id", "in", self.ids) & domain, ["state"])

    @api.model
    def _get_erp_attention_domains(self):
        """Return ``{reason: domain}`` of the orders that an ERP has not registered in time, and of
        those that it has not cancelled in time.

        Both by the minutes of the feeds: an ERP that does as it is told is no matter for a person.

        :rtype: dict[str, Domain]
        """
        # sudo: clerks do not read feeds, but see which of their orders wait for one
        feeds = self.env["order.flag.feed"].sudo().search([("registration_minutes", ">", 0)])
        wanted = Domain.OR(feed._get_late_domain() for feed in feeds)
        return {
            "erp_unregistered": wanted & self._get_erp_open_domain() if feeds else Domain.FALSE,
            "erp_still_open": self._get_erp_still_open_domain() if feeds else Domain.FALSE,
        }

    @api.model
    def _get_erp_open_domain(self):
        """Return the domain of placed orders that are in no ERP.

        By SQL, in the words of the index that holds only these few of the archive.

        :rtype: Domain
        """
        self.flush_model(["was_placed", "state", "external_ref"])
        self.env["sale.order.erp.document"].flush_model(["order_id", "kind", "state"])
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                """
                (%(order)s.was_placed IS TRUE
                    AND %(order)s.state != 'cancel'
                    AND COALESCE(%(order)s.external_ref, '') = ''
                    AND NOT EXISTS (
                        SELECT FROM sale_order_erp_document document
                         WHERE document.order_id = %(order)s.id
                           AND document.kind = 'order'
                           AND document.state = 'open'
                        ))
                """,
                order=SQL.identifier(alias),
            )
        )

    @api.model
    def _get_erp_still_open_domain(self):
        """Return the domain of cancelled orders that are open in an ERP: it may ship them.

        When it was cancelled is when it got its status; of an order without one, when it was made.
        An earlier number of an order that the same ERP has renumbered is none: another ERP knows
        nothing of that. Of an ERP that has not given the order its number, the last one counts. By
        SQL, in the words of the index that holds only these few of the archive.

        :rtype: Domain
        """
        self.flush_model(["was_placed", "state", "order_status_date", "date_order", "external_ref"])
        self.env["sale.order.erp.document"].flush_model(
            ["order_id", "feed_id", "kind", "state", "number"]
        )
        now = fields.Datetime.now()
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                """
                (%(order)s.state = 'cancel'
                    AND %(order)s.was_placed IS TRUE
                    AND COALESCE(%(order)s.order_status_date, %(order)s.date_order) > %(since)s
                    AND EXISTS (
                        SELECT FROM sale_order_erp_document document
                          JOIN order_flag_feed feed ON feed.id = document.feed_id
                         WHERE document.order_id = %(order)s.id
                           AND document.kind = 'order'
                           AND document.state = 'open'
                           AND (document.number = %(order)s.external_ref
                                OR NOT EXISTS (
                                    SELECT FROM sale_order_erp_document renumbered
                                     WHERE renumbered.feed_id = document.feed_id
                                       AND renumbered.order_id = document.order_id
                                       AND renumbered.kind = 'order'
                                       AND (renumbered.number = %(order)s.external_ref
                                            OR renumbered.id > document.id)
                                    ))
                           AND feed.active
                           AND feed.registration_minutes > 0
                           AND COALESCE(%(order)s.order_status_date, %(order)s.date_order)
                               < %(now)s - make_interval(mins => feed.registration_minutes)
                        ))
                """,
                order=SQL.identifier(alias),
                since=now - CANCELLED_WITHIN,
                now=now,
            )
        )
