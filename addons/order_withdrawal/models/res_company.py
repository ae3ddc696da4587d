from odoo import api, fields, models, tools

from ..deadline import get_days


class ResCompany(models.Model):
    _inherit = "res.company"

    withdrawal_enabled = fields.Boolean(
        string="Withdrawal function",
        help="Consumers withdraw from their contract online, without logging in.",
    )
    withdrawal_days = fields.Integer(
        string="Withdrawal period (days)", default=14, help="By the law at least 14."
    )
    withdrawal_companies = fields.Selection(
        selection=[
            ("never", "Never"),
            ("pl", "Sole traders in Poland"),
            ("always", "Always"),
        ],
        string="Offer it to companies",
        default="pl",
        required=True,
    )
    withdrawal_on_sales_orders = fields.Boolean(
        string="Withdrawal on sales orders",
        help="Offer it on orders that were made in the back office, too.",
    )
    withdrawal_retention_months = fields.Integer(
        string="Keep statements (months)",
        default=36,
        help="After that, what says who declared is taken out. 0 = never.",
    )

    _withdrawal_days_positive = models.Constraint(
        "CHECK(withdrawal_days BETWEEN 1 AND 36500)",
        "The days of the withdrawal period must lie between 1 and 36500.",
    )
    _withdrawal_retention_positive = models.Constraint(
        "CHECK(withdrawal_retention_months BETWEEN 0 AND 1200)",
        "The months that statements are kept must lie between 0 and 1200.",
    )

    def _get_order_status_page_fields(self):
        """Override of `order_status_flags` to read whether the function is offered, and to whom."""
        return [
            *super()._get_order_status_page_fields(),
            *("withdrawal_enabled", "withdrawal_days", "withdrawal_companies"),
            *("withdrawal_on_sales_orders", "resource_calendar_id"),
        ]

    @api.model
    def _get_withdrawal_company(self):
        """Return the company whose public form this is, empty where none has switched it on.

        A hook: an addon that knows which shop a visitor is in says which company's that is.

        :rtype: res.company
        """
        # sudo: visitors read no companies
        here = self.env.company.sudo()
        # Of a hundred fields, those that the page shows.
        here.fetch(here._get_order_status_page_fields())
        if here.withdrawal_enabled:
            return here
        return here.search([("withdrawal_enabled", "=", True)], order="sequence, id", limit=1)

    def cache_invalidation_fields(self):
        """Override of `base` to ask anew whether the function is used, see below."""
        return super().cache_invalidation_fields() | {"withdrawal_enabled"}

    @api.model
    @tools.ormcache()
    def _is_withdrawal_used(self):
        """Whether any company has the function switched on; without one there are no pages.

        Every order status page asks.
        """
        # sudo: visitors read no companies
        return bool(self.sudo().search_count([("withdrawal_enabled", "=", True)], limit=1))

    @api.model
    def _has_withdrawal_link(self):
        """Whether the footer of the pages of this company leads to the public form."""
        return self.env.company.sudo().withdrawal_enabled  # sudo: visitors read no companies

    def _get_withdrawal_zone(self):
        """Return the time zone of the company; of its contact nothing else is read.

        :rtype: str
        """
        self.ensure_one()
        self.fetch(["partner_id"])
        self.partner_id.fetch(["tz"])
        return self.partner_id.tz or "UTC"

    def _get_holidays(self, start, end):
        """Return the days off of the whole company: the time off of its calendar, nobody's own.

        :param datetime start: UTC, without zone
        :param datetime end: UTC, without zone
        :rtype: frozenset[date]
        """
        self.ensure_one()
        # sudo: asked for customers, who read no calendar
        calendar = self.sudo().resource_calendar_id
        zone, times_off = calendar._get_times_off(self.id)
        zone = zone or self.partner_id.tz or "UTC"
        return frozenset(
            day
            for date_from, date_to in times_off
            if date_from <= end and date_to > start
            # Of one that is entered without an end, only the days that are asked for.
            for day in get_days(max(date_from, start), min(date_to, end), zone)
        )
